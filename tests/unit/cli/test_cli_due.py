"""`drill due` and `drill calendar` as a user types them, over plain folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drillrunner.cli import cli
from past_reports import LAB, STAGING, day, rto, verdict_on, write_run

DRILL = """\
drill: {name}
title: {name} is practised
owner: team-checkout
objectives: {{rto: 3m}}
probes:
  checkout:
    http.get: {{url: "https://checkout.example.test/health"}}
    user_facing: true
faults:
  - lambda.throttle: {{region: us-east-1, functions: [checkout]}}
"""
ENVIRONMENTS = 'lab: {kind: lab}\nstaging: {kind: aws, account: "123456789012", regions: [us-east-1]}\n'
NOW = "2026-11-21T12:00Z"


def drill(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, list(map(str, words)), catch_exceptions=False, standalone_mode=False)


def ran(folder: Path, name: str, month: int, number: int, **changes: Any) -> None:
    where = changes.pop("where", LAB)
    write_run(folder, verdict_on(day(2026, month, number), rto(60.0, 61.0), drill=name, **changes), where)


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project: a drill that is kept, one that is late, one never run, one without a schedule."""
    schedules = {
        "kept": 'schedule: {cron: "0 9 * * 1", time_zone: Europe/Berlin, grace: 14d}',
        "late": "schedule: {every: quarter, grace: 14d}",
        "new": "schedule: {every: year}",
        "plain": "",
    }
    (tmp_path / "drills").mkdir()
    (tmp_path / "drills" / "environments.yaml").write_text(ENVIRONMENTS)
    for name, schedule in schedules.items():
        (tmp_path / "drills" / f"{name}.yaml").write_text(DRILL.format(name=name) + schedule + "\n")
    reports = tmp_path / "reports"
    ran(reports, "kept", 11, 17)
    ran(reports, "late", 7, 1)
    ran(reports, "late", 11, 1, ended_by="aborted: SIGINT")
    ran(reports, "late", 11, 2, environment="staging", where=STAGING)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_due_lists_each_drill_and_fails_while_one_is_overdue(base: Path) -> None:
    told = drill("due", "--now", NOW)
    assert told.return_value == 1
    rows = [line.split("  ") for line in told.output.splitlines()]
    states = {row[0].strip(): row[-1].strip() for row in rows[1:]}
    assert states == {
        "kept": "ok until 2026-11-23 09:00 Europe/Berlin",
        "late": "OVERDUE by 51d: was due on 2026-10-01 12:00 UTC",
        "new": "never run",
        "plain": "no schedule",
    }
    assert "2026-07-01 12:00Z   ✓ met" in told.output


def test_a_run_that_was_aborted_or_elsewhere_does_not_count(base: Path) -> None:
    told = json.loads(drill("due", "late", "--now", NOW, "--json").output)
    assert told["drills"][0]["last_began"] == "2026-07-01T12:00:00+00:00"
    elsewhere = drill("due", "late", "--environment", "staging", "--now", NOW, "--json")
    assert elsewhere.return_value == 0
    assert json.loads(elsewhere.output)["drills"][0]["due"] == {
        "state": "ok",
        "due_at": "2027-02-02T12:00:00Z",
        "overdue_seconds": 0.0,
        "missed": 0,
    }


def test_what_is_due_within_its_grace_fails_nothing(base: Path) -> None:
    told = drill("due", "kept", "--now", "2026-11-24T12:00Z")
    assert told.return_value == 0
    assert "due on 2026-11-23 09:00 Europe/Berlin, at the latest 14d later" in told.output
    assert drill("due", "kept", "--now", "2026-12-08T12:00Z").return_value == 1


def test_a_run_of_the_future_is_not_known_yet(base: Path) -> None:
    told = json.loads(drill("due", "kept", "--now", "2026-11-16T12:00Z", "--json").output)
    assert told["drills"][0]["last_run"] is None


def test_a_drill_that_cannot_be_read_is_named_and_hides_no_other(base: Path) -> None:
    (base / "drills" / "torn.yaml").write_text("drill: torn\n")
    told = drill("due", "--now", "2026-08-01T12:00Z")
    assert told.return_value == 2
    assert "! torn is left out: 5 problems; see with: drill validate torn" in told.stderr
    assert "ok until 2026-10-01 12:00 UTC" in told.output


def test_the_calendar_lists_what_comes_and_says_what_it_cannot_count(base: Path) -> None:
    told = drill("calendar", "--months", "1", "--now", NOW)
    assert told.return_value == 0
    assert [line[:16] for line in told.stdout.splitlines()[1:]] == [
        "2026-11-23 09:00",
        "2026-11-30 09:00",
        "2026-12-07 09:00",
        "2026-12-14 09:00",
        "2026-12-21 09:00",
    ]
    assert "! new was never run, and its schedule counts from there" in told.stderr


def test_the_file_holds_the_same_and_is_the_same_when_it_is_written_again(base: Path) -> None:
    told = drill("calendar", "--ics", "drills.ics", "--months", "3", "--alarm", "--now", NOW)
    assert told.stdout == "drills.ics: 14 drills\n"
    written = (base / "drills.ics").read_bytes()
    assert written.count(b"BEGIN:VEVENT\r\n") == written.count(b"BEGIN:VALARM\r\n") == 14
    assert b"DTSTART:20270101T120000Z\r\n" in written  # late: two quarters after its last run
    drill("calendar", "--ics", "drills.ics", "--months", "3", "--alarm", "--now", NOW)
    assert (base / "drills.ics").read_bytes() == written


@pytest.mark.parametrize("now", ["tomorrow", "1926-01-01", "9999-12-31T23:59:59Z"])
def test_a_moment_that_is_none_is_refused(base: Path, now: str) -> None:
    from drillrunner.errors import InvalidInput

    with pytest.raises(InvalidInput, match="--now cannot read"):
        drill("due", "--now", now)
