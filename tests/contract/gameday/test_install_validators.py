"""What is written for other schedulers, held against their own tools. A tool that is not there makes its test skip."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drillrunner.gameday.install.head import with_head
from drillrunner.gameday.install.job import Job, Target
from drillrunner.gameday.install.systemd import on_calendar
from drillrunner.gameday.install.targets import written_for
from drillrunner.gameday.install.triggers import triggers_of
from drillrunner.gameday.occurrences import occurrences
from drillrunner.model.schedule import Every, Schedule
from install_jobs import IN_THE_GAP, MONDAYS, SECOND_TUESDAYS, hostile_job, job

BEGINS = datetime(2027, 1, 1, tzinfo=UTC)
_ELAPSE = re.compile(r"(?:Next elapse|Iter\. #\d+): \w{3} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")
SCHEDULES = {
    "mondays": MONDAYS,
    "second Tuesdays": SECOND_TUESDAYS,
    "in the gap of a change of clocks": IN_THE_GAP,
    "month ends": Schedule(every=Every(months=1), starts=datetime(2027, 1, 31, 10), time_zone="America/New_York"),
    "leap days": Schedule(rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", starts=datetime(2024, 2, 29, 8)),
}
JOBS = ["ordinary", "hostile"]


def tool(name: str) -> str:
    """The tool's path: of PATH, or beside this Python."""
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def passes(*command: str | Path) -> str:
    environment = {**os.environ, "TZ": "UTC", "SYSTEMD_LOG_LEVEL": "info"}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=110, env=environment, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.fixture(params=JOBS)
def a_job(request: pytest.FixtureRequest, tmp_path: Path) -> Job:
    """A job whose program and folder are there, as systemd looks for them."""
    folder = tmp_path / "a folder, 100% $HOME"
    folder.mkdir()
    if request.param == "hostile":
        return hostile_job((sys.executable,), folder)
    return job(folder=str(folder), program=(sys.executable,), state=str(tmp_path))


def written(target: Target, one: Job, folder: Path) -> list[Path]:
    paths = []
    for name, body in written_for(target, one, str(folder)).files.items():
        paths.append(folder / name)
        paths[-1].write_text(with_head(body, "drill schedule install", "0.1.0"), encoding="utf-8")
    return paths


def test_systemd_finds_nothing_wrong_with_its_units(a_job: Job, tmp_path: Path) -> None:
    verify = tool("systemd-analyze")
    assert passes(verify, "--man=no", "verify", *written("systemd", a_job, tmp_path)) == ""


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_systemd_s_own_calendar_looks_at_every_moment_through_three_years(schedule: Schedule) -> None:
    analyze = tool("systemd-analyze")
    looks: set[datetime] = set()
    until = BEGINS + timedelta(days=1_100)
    for event in on_calendar(triggers_of(schedule)):
        base = f"--base-time={BEGINS - timedelta(seconds=1):%Y-%m-%d %H:%M:%S} UTC"
        told = passes(analyze, "calendar", base, "--iterations=1200", event)
        looks |= {datetime.fromisoformat(f"{found}+00:00") for found in _ELAPSE.findall(told)}
    moments = set(occurrences(schedule, BEGINS, until))
    assert moments
    assert moments - looks == set()
    if triggers_of(schedule).exact and schedule.starts is None:
        assert {at for at in looks if BEGINS < at <= until} == moments


def test_actionlint_finds_nothing_wrong_with_the_workflow(a_job: Job, tmp_path: Path) -> None:
    passes(tool("actionlint"), *written("github", a_job, tmp_path))


def test_cfn_lint_finds_nothing_wrong_with_the_template(a_job: Job, tmp_path: Path) -> None:
    passes(tool("cfn-lint"), *written("eventbridge", a_job, tmp_path))


def test_the_schemas_of_kubernetes_hold_the_manifest_strictly(a_job: Job, tmp_path: Path) -> None:
    validate = tool("kubernetes-validate")
    told = passes(validate, "--strict", "-k", "1.32", *written("kubernetes", a_job, tmp_path))
    assert told.count("passed") == 3


def test_cron_reads_the_crontab(a_job: Job, tmp_path: Path) -> None:
    crontab, script = written("cron", a_job, tmp_path)
    passes("/bin/sh", "-n", script)
    passes(tool("crontab"), "-n", crontab)
