"""What is written for each target: locks, time-outs, the net below a run, least rights; hostile texts stay texts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from drillrunner.errors import InvalidInput
from drillrunner.gameday.install.job import Target
from drillrunner.gameday.install.targets import written_for
from drillrunner.model.noun import JsonValue
from install_jobs import FROM_THE_LAST_RUN, HOSTILE, MONDAYS, hostile_job, job

RUN = ["schedule", "run", "--reports", "reports", "--confirm", "staging", "--", "drills/regional-outage.yaml"]
REVERT = ["schedule", "revert", "--reports", "reports", "--any-host"]


def one_file(target: Target, **changes: Any) -> str:
    (text,) = written_for(target, job(**changes), "/srv/drills/schedules").files.values()
    return text


def recorder(folder: Path) -> tuple[str, ...]:
    """A program that writes down the words that it is called with."""
    script = folder / "recorder.py"
    script.write_text("import json, os, sys\nprint(json.dumps([os.getcwd(), *sys.argv[1:]]))\n")
    return (sys.executable, str(script))


def called(command: str, folder: Path, **environment: str) -> list[list[str]]:
    """The words of each call that a shell makes of a command, the folder first."""
    ran = subprocess.run(
        ["/bin/bash", "-e", "-c", command],
        cwd=folder,
        env={"PATH": f"{folder}:/usr/bin:/bin", "HOME": "/nowhere", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert not list(folder.rglob("pwned"))
    return [json.loads(line) for line in ran.stdout.splitlines()]


def drill_on_the_path(folder: Path) -> None:
    """A `drill` that writes down its words, an `aws` that does nothing, a `sleep` that ends a loop."""
    python, script = recorder(folder)
    for name, line in {"drill": f'exec {python} {script} "$@"', "aws": "exit 0", "sleep": "exit 1"}.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)


def test_cron_looks_four_times_an_hour_and_never_twice_at_once() -> None:
    files = written_for("cron", job(), "/srv/drills/schedules").files
    lines = [line for line in files["drill-regional-outage.crontab"].splitlines() if not line.startswith("#")]
    script = "/srv/drills/schedules/drill-regional-outage.sh"
    assert lines == [
        f"0,15,30,45 * * * * flock -n -o -E 0 {script}.lock {script}",
        f"@reboot flock -n -o -E 0 {script}.lock {script} reverting",
    ]


def test_cron_s_script_stops_a_run_in_time_and_puts_back_what_is_left_whatever_its_end(tmp_path: Path) -> None:
    ends = tmp_path / "ends.py"
    ends.write_text("import sys\nprint(*sys.argv[1:3], flush=True)\nsys.exit(1 if sys.argv[2] == 'run' else 0)\n")
    program = (sys.executable, str(ends))
    found = written_for("cron", job(folder=str(tmp_path), program=program), str(tmp_path))
    script = found.files["drill-regional-outage.sh"]
    assert "timeout -s TERM -k 720 5400 " in script
    ran = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout.splitlines() == ["schedule run", "schedule revert"]
    assert ran.returncode == 1
    assert "drill regional-outage ended with exit code 1" in ran.stderr


def test_cron_s_script_says_loudly_when_something_may_be_left(tmp_path: Path) -> None:
    ends = tmp_path / "ends.py"
    ends.write_text("import sys\nsys.exit(6 if sys.argv[2] == 'revert' else 0)\n")
    found = written_for("cron", job(folder=str(tmp_path), program=(sys.executable, str(ends))), str(tmp_path))
    script = found.files["drill-regional-outage.sh"]
    ran = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 6
    assert "SOMETHING MAY STILL BE INJECTED" in ran.stderr


def test_hostile_texts_reach_the_program_as_they_are_through_cron_s_script(tmp_path: Path) -> None:
    folder = tmp_path / f"a {HOSTILE.replace('/', '')}"
    folder.mkdir()
    hostile = hostile_job(recorder(tmp_path), folder)
    script = written_for("cron", hostile, str(folder)).files["drill-regional-outage.sh"]
    run, revert = called(script, tmp_path)
    assert run == [str(folder), *hostile.run_words((), "--quiet")]
    assert revert == [str(folder), *hostile.revert_words(())]


def test_per_cent_signs_do_not_end_cron_s_command() -> None:
    files = written_for("cron", job(), "/srv/100%/schedules").files
    crontab = files["drill-regional-outage.crontab"]
    lines = [line for line in crontab.splitlines() if not line.startswith("#")]
    assert all("\\%" in line and "%" not in line.replace("\\%", "") for line in lines)


@pytest.mark.parametrize("target", ["cron", "systemd"])
def test_a_line_end_in_a_path_is_refused_where_no_line_can_hold_it(target: Target) -> None:
    with pytest.raises(InvalidInput, match="control character"):
        written_for(target, job(folder="/srv/a\nExecStart=/bin/sh"), "/srv/schedules")


def test_systemd_gives_a_run_time_to_stop_and_puts_back_after_it_and_at_boot() -> None:
    files = written_for("systemd", job(), "/srv/schedules").files
    service = files["drill-regional-outage.service"].splitlines()
    command = "/opt/drillrunner/bin/drill schedule"
    assert f"ExecStart={command} run --reports reports --confirm staging -- drills/regional-outage.yaml" in service
    assert f"ExecStartPre={command} revert --reports reports" in service
    assert f"ExecStopPost={command} revert --reports reports" in service
    assert {"TimeoutStartSec=5400", "TimeoutStopSec=720", "KillMode=mixed", "User=drills"} <= set(service)
    assert "Persistent=true" in files["drill-regional-outage.timer"]
    assert f"ExecStart={command} revert --reports reports" in files["drill-regional-outage-revert.service"]


def test_systemd_fills_nothing_into_hostile_texts(tmp_path: Path) -> None:
    hostile = hostile_job(("/opt/a b/drill",), tmp_path)
    service = written_for("systemd", hostile, "/srv/schedules").files["drill-regional-outage.service"]
    (start,) = [line for line in service.splitlines() if line.startswith("ExecStart=")]
    assert start.startswith('ExecStart="/opt/a b/drill" schedule run --reports "re it\'s \\"q\\" $$(touch pwned)')
    assert "%%n $$HOME ; & | # \\\\" in start
    (description,) = [line for line in service.splitlines() if line.startswith("Description=")]
    assert description.endswith("%%n $HOME ; & | # / ExecStart=/bin/touch pwned")


def test_systemd_is_told_the_state_folder_as_one_word() -> None:
    service = written_for("systemd", job(state="/var/lib/a b%"), "/srv").files["drill-regional-outage.service"]
    assert 'Environment="DRILLRUNNER_STATE=/var/lib/a b%%"' in service.splitlines()


def workflow(**changes: Any) -> dict[str, Any]:
    found = yaml.load(one_file("github", **changes), yaml.BaseLoader)
    assert isinstance(found, dict)
    return found


def test_github_has_the_least_rights_and_pins_every_action() -> None:
    found = workflow()
    assert found["permissions"] == {"contents": "read", "id-token": "write"}
    assert workflow(environment_kind="lab")["permissions"] == {"contents": "read"}
    assert found["concurrency"] == {"group": "drillrunner-staging", "cancel-in-progress": "false"}
    uses = [step["uses"] for step in found["jobs"]["drill"]["steps"] if "uses" in step]
    assert len(uses) == 4
    assert all(len(one.partition("@")[2]) == 40 for one in uses)


def test_github_puts_back_and_keeps_the_reports_whatever_happened() -> None:
    steps = workflow()["jobs"]["drill"]["steps"]
    drill, revert, keep = steps[-3:]
    assert "timeout -s TERM -k 720 5400 drill schedule run" in drill["run"]
    assert revert["if"] == keep["if"] == "always()"
    assert revert["run"].split() == ["drill", *REVERT]
    assert keep["with"]["path"] == "reports"
    limit = int(workflow()["jobs"]["drill"]["timeout-minutes"])
    assert limit > int(drill["timeout-minutes"]) + int(revert["timeout-minutes"])


@pytest.mark.parametrize(
    ("event", "flags"), [("schedule", ["--triggered-by", "0 8 * * 1"]), ("workflow_dispatch", ["--anyway"])]
)
def test_github_s_run_says_which_trigger_it_is_for_or_that_a_person_asked(
    tmp_path: Path, event: str, flags: list[str]
) -> None:
    drill_on_the_path(tmp_path)
    (drill,) = [step for step in workflow()["jobs"]["drill"]["steps"] if step.get("env")]
    (words,) = called(drill["run"], tmp_path, GITHUB_EVENT_NAME=event, TRIGGER="0 8 * * 1")
    assert words[1:] == [*RUN[:-2], *flags, *RUN[-2:]]


def filled_in(text: str) -> str:
    """What GitHub makes of a text in which every expression is the one that stands for two braces."""
    assert text.count("${{") == 2 * text.count("${{ '${{' }}")
    return text.replace("${{ '${{' }}", "${{")


def test_github_finds_no_expression_in_hostile_texts_and_no_shell_finds_a_command(tmp_path: Path) -> None:
    drill_on_the_path(tmp_path)
    hostile = hostile_job(("drill",), tmp_path)
    (text,) = written_for("github", hostile, "").files.values()
    steps = yaml.load(text, yaml.BaseLoader)["jobs"]["drill"]["steps"]
    (run,) = called(filled_in(steps[-3]["run"]), tmp_path, GITHUB_EVENT_NAME="x")
    assert run[1:] == list(hostile.run_words((), "--anyway"))
    (revert,) = called(filled_in(steps[-2]["run"]), tmp_path)
    assert revert[1:] == list(hostile.revert_words((), "--any-host"))


def test_github_cannot_know_of_the_last_run() -> None:
    with pytest.raises(InvalidInput, match="counts from the last run"):
        one_file("github", schedule=FROM_THE_LAST_RUN)


def test_github_s_jobs_end_after_six_hours() -> None:
    with pytest.raises(InvalidInput, match="a job has 360"):
        one_file("github", limit_seconds=6 * 3_600.0)


def template(**changes: Any) -> dict[str, Any]:
    found = yaml.safe_load(one_file("eventbridge", **changes))
    assert isinstance(found, dict)
    return found


def test_eventbridge_counts_in_the_schedule_s_zone_and_may_begin_this_build_alone() -> None:
    resources = template(schedule=MONDAYS)["Resources"]
    schedule = resources["Schedule"]["Properties"]
    assert schedule["ScheduleExpression"] == "cron(0 9 ? * MON *)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    (policy,) = resources["ScheduleRole"]["Properties"]["Policies"]
    (allowed,) = policy["PolicyDocument"]["Statement"]
    assert allowed["Action"] == ["codebuild:StartBuild"]
    assert allowed["Resource"] == {"Fn::GetAtt": ["Build", "Arn"]}


def test_eventbridge_s_build_runs_one_at_a_time_and_longer_than_the_run_may() -> None:
    build = template()["Resources"]["Build"]["Properties"]
    assert build["ConcurrentBuildLimit"] == 1
    assert build["TimeoutInMinutes"] * 60 > 5_400 + 2 * 720


def test_eventbridge_s_build_may_do_what_the_drill_s_policy_says_or_take_on_its_role() -> None:
    assert "DrillPolicyArn" in template()["Parameters"]
    role = "arn:aws:iam::123456789012:role/drills"
    found = template(drill_role_arn=role)
    assert "Parameters" not in found
    statements = found["Resources"]["BuildRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": role} in statements


def phases(text: str) -> dict[str, str]:
    spec = yaml.safe_load(yaml.safe_load(text)["Resources"]["Build"]["Properties"]["Source"]["BuildSpec"])
    return {name: phase["commands"][0] for name, phase in spec["phases"].items()}


def test_eventbridge_s_build_reverts_what_an_earlier_one_left_runs_and_reverts(tmp_path: Path) -> None:
    drill_on_the_path(tmp_path)
    found = phases(one_file("eventbridge"))
    before, run = called(found["build"], tmp_path, BUCKET="b")
    (after,) = called(found["post_build"], tmp_path, BUCKET="b")
    assert [before[1:], run[1:], after[1:]] == [REVERT, RUN, REVERT]


def test_a_build_whose_drill_misses_fails_after_its_copying_has_ended(tmp_path: Path) -> None:
    drill_on_the_path(tmp_path)
    build = phases(one_file("eventbridge"))["build"].replace("drill schedule run", "false")
    for shell in ("/bin/sh", "/bin/bash -e"):
        command = [*shell.split(), "-c", build]
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "BUCKET": "b"}
        ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False)
        assert (ran.returncode, ran.stderr) == (1, b"")


def test_hostile_texts_reach_the_program_as_they_are_through_the_build(tmp_path: Path) -> None:
    drill_on_the_path(tmp_path)
    hostile = hostile_job(("drill",), tmp_path)
    (text,) = written_for("eventbridge", hostile, "").files.values()
    _, run = called(phases(text)["build"], tmp_path, BUCKET="b")
    assert run[1:] == list(hostile.run_words(()))


def manifest(**changes: Any) -> dict[str, Any]:
    documents = {one["kind"]: one for one in yaml.safe_load_all(one_file("kubernetes", **changes))}
    assert set(documents) == {"ServiceAccount", "PersistentVolumeClaim", "CronJob"}
    return documents


def test_kubernetes_never_runs_two_at_once_nor_one_again_that_came_to_an_end() -> None:
    spec = manifest()["CronJob"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["timeZone"] == "Europe/Berlin"
    found = spec["jobTemplate"]["spec"]
    assert found["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [1, 2, 3, 4, 5]
    assert found["activeDeadlineSeconds"] > 5_400 + 720
    assert found["template"]["spec"]["terminationGracePeriodSeconds"] == 720


def test_kubernetes_puts_back_first_what_a_lost_pod_left() -> None:
    pod = manifest()["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (before,), (drill,) = pod["initContainers"], pod["containers"]
    home = "/var/lib/drillrunner/reports"
    assert before["command"] == ["drill", "schedule", "revert", "--reports", home, "--any-host"]
    assert drill["command"][:6] == ["timeout", "-s", "TERM", "-k", "720", "5400"]
    assert drill["command"][6:9] == ["drill", "schedule", "run"]


def test_kubernetes_gives_a_pod_no_more_than_it_needs() -> None:
    documents = manifest(role_arn="arn:aws:iam::123456789012:role/drills")
    pod = documents["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "eks.amazonaws.com/role-arn" in documents["ServiceAccount"]["metadata"]["annotations"]


def test_kubernetes_fills_no_variable_into_hostile_texts(tmp_path: Path) -> None:
    hostile = hostile_job(("drill",), tmp_path)
    (text,) = written_for("kubernetes", hostile, "").files.values()
    (cron_job,) = [one for one in yaml.safe_load_all(text) if one["kind"] == "CronJob"]
    words = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["command"]
    assert words[-1].replace("$$", "\0").count("$") == 0
    assert words[-1].replace("$$", "$") == hostile.file


def test_kubernetes_needs_an_image() -> None:
    with pytest.raises(InvalidInput, match="needs an image"):
        one_file("kubernetes", image=None)


@pytest.mark.parametrize("target", ["cron", "systemd", "github", "eventbridge", "kubernetes"])
def test_the_same_job_is_always_written_alike(target: Target) -> None:
    files: list[dict[str, JsonValue]] = [dict(written_for(target, job(), "/srv").files) for _ in range(2)]
    assert files[0] == files[1]
