"""GitHub Actions: a workflow that is triggered by the schedule, or by a person.

GitHub counts in UTC, begins late when it is busy, and keeps nothing between two runs. So the triggers are the moments
of the schedule in UTC, in both halves of the year, and the trigger itself (`github.event.schedule`) says which of them
a run is for, however late it begins.
"""

from __future__ import annotations

import math
from typing import Any

from drillrunner.errors import InvalidInput
from drillrunner.gameday.install.job import Job, Written, shell
from drillrunner.gameday.install.triggers import Triggers, counts_from_run, cron_lines, triggers_of
from drillrunner.gameday.install.yaml_text import Script, yaml_text

# Actions by the commit of the release that is named; a tag could be moved.
CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683"  # v4.2.2
PYTHON = "actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065"  # v5.6.0
UPLOAD = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02"  # v4.6.2
CREDENTIALS = "aws-actions/configure-aws-credentials@b47578312673ae6fa5b5096b330d9fbac3d116df"  # v4.2.1
# What a runner of GitHub's own grants a job, and the longest that AWS lends credentials to a role.
MINUTES_MOST, ROLE_SECONDS_MOST = 360, 43_200
RETENTION_DAYS = 90
_SETUP_MINUTES = 15

_COMMENT = """\
# {label}
# Runs it if it is due, stops it in time, puts back whatever is left, and keeps the reports.
# Not for an account where a fault must not outlive this runner: the journal that a revert works from is on its disk
# alone. Where the runner itself is lost in mid-run, it has to be put back by hand (see docs/schedule.md).
# Actions: checkout v4.2.2, setup-python v5.6.0, configure-aws-credentials v4.2.1, upload-artifact v4.6.2.
"""

_RUN = """\
if [ "$GITHUB_EVENT_NAME" = schedule ]; then
  set -- --triggered-by "$TRIGGER"
else
  set -- --anyway
fi
{run}
"""


def github(job: Job) -> Written:
    """The workflow. Raises InvalidInput for what a runner cannot do."""
    if counts_from_run(job.schedule):
        message = f"the schedule of {job.label} counts from the last run, of which a runner of GitHub's knows nothing"
        raise InvalidInput(message, advice="give the schedule a starts")
    minutes = math.ceil(job.total_seconds / 60) + _SETUP_MINUTES
    if minutes > MINUTES_MOST:
        message = f"{job.label} may take {minutes} minutes, and a job has {MINUTES_MOST}"
        raise InvalidInput(message, advice="give a lower --limit, or install it elsewhere")
    triggers = triggers_of(job.schedule, "UTC")
    text = _COMMENT.format(label=job.label) + yaml_text(_workflow(job, triggers, minutes))
    steps = ["commit it on the default branch: GitHub triggers schedules from there alone"]
    if job.environment_kind == "aws" and job.role_arn is None:
        steps.append("set the variable DRILLRUNNER_ROLE_ARN: a role that trusts this repository (OIDC)")
    return Written({f"{job.unit}.yml": text}, (), tuple(steps))


def _workflow(job: Job, triggers: Triggers, minutes: int) -> dict[str, Any]:
    permissions = {"contents": "read"}
    if job.environment_kind == "aws":
        permissions["id-token"] = "write"  # the role is taken on by a token of this job, no key is kept
    return {
        "name": _literal(f"{job.label} ({job.environment})"),
        "on": {"schedule": [{"cron": line} for line in cron_lines(triggers)], "workflow_dispatch": {}},
        "permissions": permissions,
        "concurrency": {"group": f"drillrunner-{job.environment}", "cancel-in-progress": False},
        "jobs": {"drill": {"runs-on": "ubuntu-24.04", "timeout-minutes": minutes, "steps": _steps(job)}},
    }


def _steps(job: Job) -> list[dict[str, Any]]:
    words = job.limited(job.run_words(("drill",)))
    limited = f'{shell(words[:-2])} "$@" {shell(words[-2:])}'
    stop_minutes = math.ceil(job.stop_seconds / 60)
    steps: list[dict[str, Any]] = [
        {"uses": CHECKOUT, "with": {"persist-credentials": False}},
        {"uses": PYTHON, "with": {"python-version": "3.12"}},
        {"name": "Install drillrunner", "run": _literal(f"python -m pip install {shell((job.package,))}")},
    ]
    if job.environment_kind == "aws":
        steps.append(_credentials(job))
    steps += [
        {
            "name": _literal(job.label[:1].upper() + job.label[1:]),
            "env": {"TRIGGER": "${{ github.event.schedule }}"},
            "run": Script(_literal(_RUN.format(run=limited))),
            "timeout-minutes": math.ceil((job.limit_seconds + job.stop_seconds) / 60) + 1,
        },
        {
            "name": "Put back whatever is left",
            "if": "always()",
            "run": _literal(shell(job.revert_words(("drill",), "--any-host"))),
            "timeout-minutes": stop_minutes,
        },
        {"name": "Keep the reports", "if": "always()", "uses": UPLOAD, "with": _artifact(job)},
    ]
    return steps


def _credentials(job: Job) -> dict[str, Any]:
    role = _literal(job.role_arn) if job.role_arn else "${{ vars.DRILLRUNNER_ROLE_ARN }}"
    seconds = min(max(job.total_seconds, 3_600), ROLE_SECONDS_MOST)
    given = {"role-to-assume": role, "aws-region": job.region or "us-east-1", "role-duration-seconds": seconds}
    return {"uses": CREDENTIALS, "with": given}


def _artifact(job: Job) -> dict[str, Any]:
    return {
        "name": f"{job.unit}-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}",
        "path": _literal(job.reports),
        "if-no-files-found": "ignore",
        "retention-days": RETENTION_DAYS,
    }


def _literal(text: str) -> str:
    """A text in which GitHub finds no expression of its own."""
    return text.replace("${{", "${{ '${{' }}")
