"""Kubernetes: a CronJob with a volume for reports and state, and a service account of its own.

A pod that is lost in mid-run is followed by another, which finds the journal on the volume: it puts back what was left,
finds the moment used, and ends. A run that came to its end, well or not, is not repeated.
"""

from __future__ import annotations

from typing import Any

from drillrunner.errors import InvalidInput
from drillrunner.gameday.install.job import Job, Written, shell
from drillrunner.gameday.install.triggers import Triggers, one_cron_line
from drillrunner.gameday.install.yaml_text import yaml_text

HOME = "/var/lib/drillrunner"
STORAGE = "5Gi"
_USER = 10_001
_NAME_MOST = 43  # of a CronJob 52, and what a person makes of it by hand has more behind it
# How a run ends by itself; anything else (6, a signal, a lost node) is looked after by another pod.
_ENDINGS = [1, 2, 3, 4, 5]
_LATEST_START_SECONDS = 3_600

_COMMENT = """\
# {label}
# A pod at each time below puts back what an earlier one left, runs what is due, and is stopped in time.
# The lock that keeps two runs off one account is a file on the volume: CronJobs with volumes of their own do not
# exclude each other.
"""


def kubernetes(job: Job, triggers: Triggers, folder: str) -> Written:
    """The manifest. Raises InvalidInput where it is not said which image holds drillrunner and the drills."""
    if job.image is None:
        advice = "name it with --image: drillrunner, coreutils and this folder as its working directory"
        raise InvalidInput("a CronJob needs an image", advice=advice)
    name = name_of(job)
    text = _COMMENT.format(label=job.label) + yaml_text(
        _account(job, name), _volume(name), _cron_job(job, name, triggers)
    )
    file = f"{job.unit}.yaml"
    more = f"--from=cronjob/{name} {name}-by-hand"
    steps = (
        f"kubectl apply -f {shell((f'{folder}/{file}',))}",
        f"kubectl create job {more}   # to try it: it runs only what is due",
    )
    return Written({file: text}, (), steps)


def name_of(job: Job) -> str:
    """A name as Kubernetes takes it: small letters, digits and hyphens."""
    return job.unit.lower().replace("_", "-")[:_NAME_MOST].rstrip("-")


def _labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": "drillrunner", "app.kubernetes.io/instance": name}


def _account(job: Job, name: str) -> dict[str, Any]:
    about: dict[str, Any] = {"name": name, "labels": _labels(name)}
    if job.role_arn:
        about["annotations"] = {"eks.amazonaws.com/role-arn": job.role_arn}
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": about,
        "automountServiceAccountToken": False,
    }


def _volume(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "labels": _labels(name)},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": STORAGE}}},
    }


def _cron_job(job: Job, name: str, triggers: Triggers) -> dict[str, Any]:
    late = max(_LATEST_START_SECONDS, int(job.schedule.grace_seconds))
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "labels": _labels(name)},
        "spec": {
            "schedule": one_cron_line(triggers),
            "timeZone": triggers.time_zone,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": late,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 5,
            "jobTemplate": {"metadata": {"labels": _labels(name)}, "spec": _job(job, name)},
        },
    }


def _job(job: Job, name: str) -> dict[str, Any]:
    endings = {"containerName": "drill", "operator": "In", "values": _ENDINGS}
    return {
        "backoffLimit": 3,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": endings}]},
        "activeDeadlineSeconds": 2 * job.total_seconds,
        "ttlSecondsAfterFinished": 14 * 86_400,
        "template": {"metadata": {"labels": _labels(name)}, "spec": _pod(job, name)},
    }


def _pod(job: Job, name: str) -> dict[str, Any]:
    on_volume = job.model_copy(update={"reports": f"{HOME}/reports"})
    before = on_volume.revert_words(("drill",), "--any-host")
    return {
        "restartPolicy": "Never",
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": job.stop_whole_seconds,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [_container(job, "revert", before)],
        "containers": [_container(job, "drill", on_volume.limited(on_volume.run_words(("drill",))))],
        "volumes": [
            {"name": "home", "persistentVolumeClaim": {"claimName": name}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
        ],
    }


def _container(job: Job, name: str, words: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": name,
        "image": job.image,
        "command": [_literal(word) for word in words],
        "env": [
            {"name": "HOME", "value": HOME},
            {"name": "DRILLRUNNER_STATE", "value": f"{HOME}/state"},
        ],
        "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "home", "mountPath": HOME}, {"name": "tmp", "mountPath": "/tmp"}],
    }


def _literal(text: str) -> str:
    """A word in which Kubernetes fills in no variable."""
    return text.replace("$", "$$")
