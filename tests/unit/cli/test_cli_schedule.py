"""`drill schedule` as a user types it, over plain folders."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drillrunner.cli import cli
from drillrunner.cli.schedule.run import words_if_due
from drillrunner.errors import InvalidInput
from drillrunner.model.journal import line_of
from fabricated_run import EPOCH, Scribe
from past_reports import LAB, day, rto, verdict_on, write_run

DRILL = """\
drill: {name}
title: {name} is practised
owner: team-checkout
environment: {environment}
objectives: {{rto: 3m}}
probes:
  checkout:
    http.get: {{url: "https://checkout.example.test/health"}}
    user_facing: true
faults:
  - lambda.throttle: {{region: us-east-1, functions: [checkout]}}
{more}
"""
ENVIRONMENTS = 'lab: {kind: lab}\nstaging: {kind: aws, account: "123456789012", regions: [us-east-1]}\n'
MONDAYS = 'schedule: {cron: "0 9 * * 1", time_zone: Europe/Berlin, grace: 2d}'
MONDAY = "2026-11-16T08:30Z"
GAMEDAY = """\
gameday: day
version: 1
title: Two drills on one day
environment: lab
roles: {facilitator: shift lead}
drills: [{id: first, drill: mondays}]
schedule: {cron: "0 9 * * 1", grace: 2d}
"""


def drill(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, list(map(str, words)), catch_exceptions=False, standalone_mode=False)


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project: a drill that comes on Mondays, one on AWS, one that counts from its last run, one with a person."""
    drills = {
        "mondays": ("lab", MONDAYS),
        "staged": ("staging", MONDAYS),
        "quarterly": ("lab", "schedule: {every: quarter}"),
        "manned": ("lab", f"{MONDAYS}\nfailover:\n  - manual: Call the bank"),
        "plain": ("lab", ""),
        "over": ("lab", "schedule: {rrule: FREQ=DAILY;COUNT=3, starts: 2024-01-01T10:00}"),
    }
    (tmp_path / "drills").mkdir()
    (tmp_path / "drills" / "environments.yaml").write_text(ENVIRONMENTS)
    for name, (environment, more) in drills.items():
        text = DRILL.format(name=name, environment=environment, more=more)
        (tmp_path / "drills" / f"{name}.yaml").write_text(text)
    (tmp_path / "drills" / "gamedays").mkdir()
    (tmp_path / "drills" / "gamedays" / "day.yaml").write_text(GAMEDAY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(base: Path, number: int, **changes: Any) -> None:
    changes = {"drill": "mondays", **changes}
    write_run(base / "reports", verdict_on(day(2026, 11, number), rto(60.0, 61.0), **changes), LAB)


def due(name: str, at: str, line: str | None = None) -> tuple[tuple[str, ...] | None, str]:
    return words_if_due(name, None, None, Path("reports"), line, at, anyway=False)


def test_files_are_written_and_written_again_unchanged(base: Path) -> None:
    first = drill("schedule", "install", "mondays", "--to", "systemd").stdout
    assert "schedules/drill-mondays.timer: written" in first
    assert "sudo systemctl enable --now drill-mondays.timer" in first
    again = drill("schedule", "install", "mondays", "--to", "systemd").stdout
    assert again.count(": unchanged") == 3
    assert (base / "schedules" / "drill-mondays.timer").is_file()


def test_what_was_written_is_told_as_json_too(base: Path) -> None:
    told = json.loads(drill("schedule", "install", "mondays", "--to", "kubernetes", "--image", "x", "--json").stdout)
    assert told["files"] == {"schedules/drill-mondays.yaml": "written"}
    assert told["next_steps"][0] == f"kubectl apply -f {base}/schedules/drill-mondays.yaml"
    assert told["limit_seconds"] > told["stop_seconds"] > 0


def test_a_file_that_was_changed_by_hand_is_written_over_by_force_alone_and_no_other_is_touched(base: Path) -> None:
    drill("schedule", "install", "mondays", "--to", "systemd")
    service, timer = base / "schedules" / "drill-mondays.service", base / "schedules" / "drill-mondays.timer"
    service.unlink()
    timer.write_text(timer.read_text().replace("Persistent=true", "Persistent=false"))
    with pytest.raises(InvalidInput, match="changed by hand"):
        drill("schedule", "install", "mondays", "--to", "systemd")
    assert not service.exists()
    assert (
        "drill-mondays.timer: written anew"
        in drill("schedule", "install", "mondays", "--to", "systemd", "--force").stdout
    )
    assert "Persistent=true" in timer.read_text()


def test_a_file_of_somebody_else_s_is_not_written_over(base: Path) -> None:
    workflow = base / ".github" / "workflows" / "drill-mondays.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("on: push\n")
    with pytest.raises(InvalidInput, match="not written by drill schedule"):
        drill("schedule", "install", "mondays", "--to", "github")
    assert workflow.read_text() == "on: push\n"


def test_a_changed_schedule_is_written_anew(base: Path) -> None:
    drill("schedule", "install", "mondays", "--to", "systemd")
    file = base / "drills" / "mondays.yaml"
    file.write_text(file.read_text().replace("0 9 * * 1", "0 9 * * 5"))
    told = drill("schedule", "install", "mondays", "--to", "systemd").stdout
    assert "drill-mondays.timer: written anew" in told
    assert "drill-mondays.service: unchanged" in told


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("plain", "--to", "cron"), "plain has no schedule"),
        (("over", "--to", "cron"), "no date that is still to come"),
        (("staged", "--to", "cron"), 'environment "staging" wants to be confirmed'),
        (("mondays", "--to", "cron", "--confirm", "staging"), 'the environment is "lab"'),
        (("manned", "--to", "cron"), "needs a person"),
        (("quarterly", "--to", "github"), "knows nothing"),
        (("mondays", "--to", "kubernetes"), "needs an image"),
        (("mondays", "--to", "github", "--role", "x"), "--role cannot be"),
        (("mondays", "--to", "cron", "--limit", "1x"), "--limit"),
        (("mondays", "--to", "github", "--reports", "/var/reports"), "lies outside this folder"),
        (("monday", "--to", "cron"), 'there is no drill "monday"'),
    ],
)
def test_what_cannot_run_by_itself_is_refused(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        drill("schedule", "install", *words)


def test_a_confirmed_environment_is_confirmed_in_what_is_written(base: Path) -> None:
    drill("schedule", "install", "staged", "--to", "systemd", "--confirm", "staging", "--limit", "2h")
    service = (base / "schedules" / "drill-staged.service").read_text()
    assert "schedule run --reports reports --confirm staging -- drills/staged.yaml" in service
    assert "TimeoutStartSec=7200" in service


def test_a_state_folder_that_the_shell_was_told_is_told_to_the_other_scheduler(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DRILLRUNNER_STATE", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", "states")
    drill("schedule", "install", "mondays", "--to", "systemd")
    service = (base / "schedules" / "drill-mondays.service").read_text()
    assert f'Environment="DRILLRUNNER_STATE={base}/states/drillrunner"' in service


@pytest.mark.usefixtures("base")
def test_the_next_moments_are_shown_with_what_triggers_each_target() -> None:
    shown = drill("schedule", "show", "mondays", "--now", "2027-03-20T00:00Z", "--next", "2").stdout
    assert "Mon 2027-03-22 09:00 +0100 (08:00Z)" in shown
    assert "Mon 2027-03-29 09:00 +0200 (07:00Z)" in shown
    assert "Mon *-*-* 9:00:00 Europe/Berlin\n" in shown
    (document,) = json.loads(drill("schedule", "show", "mondays", "--json").stdout)
    assert document["triggers"]["github"] == {"at": ["0 7 * * 1", "0 8 * * 1"], "exact": False}


@pytest.mark.usefixtures("base")
def test_everything_with_a_schedule_is_shown_where_nothing_is_named() -> None:
    shown = drill("schedule", "show").stdout
    assert "mondays · lab" in shown
    assert "counts from the last completed run, and there is none" in shown
    assert "plain" not in shown


@pytest.mark.usefixtures("base")
def test_what_is_due_is_run_as_drill_run_does_without_asking_anybody() -> None:
    words, why = due("mondays", MONDAY)
    assert words == ("run", "--reports", "reports", "--no-input", "--plain", "--", "drills/mondays.yaml")
    assert why == "mondays is due: 2026-11-16 09:00 Europe/Berlin"


@pytest.mark.usefixtures("base")
def test_a_game_day_is_run_as_one_where_it_says_itself() -> None:
    words, why = due("day", "2026-11-16T09:30Z")
    file = "drills/gamedays/day.yaml"
    assert words == ("gameday", "run", "--reports", "reports", "--no-input", "--plain", "--", file)
    assert why == "day is due: 2026-11-16 09:00 UTC"
    with pytest.raises(InvalidInput, match="cannot be run in staging"):
        words_if_due("day", "staging", None, Path("reports"), None, None, anyway=True)


@pytest.mark.parametrize(("outcome", "is_due"), [("refused", True), ("missed", False), (None, False)])
def test_a_game_day_that_began_since_answers_it_unless_it_was_refused(
    base: Path, outcome: str | None, is_due: bool
) -> None:
    scribe = Scribe()
    scribe.write(0.0, "gameday.began", environment="lab")
    if outcome is not None:
        scribe.write(9.0, "gameday.ended", outcome=outcome)
    folder = base / "reports" / "20261117-100000-gameday-day-0a1b2c"
    folder.mkdir(parents=True)
    (folder / "gameday.jsonl").write_bytes(b"".join(map(line_of, scribe.entries)))
    cron = f"{EPOCH.minute} {EPOCH.hour} * * *"
    file = base / "drills" / "gamedays" / "day.yaml"
    file.write_text(GAMEDAY.replace("0 9 * * 1", cron).replace("2d", "1d"))
    later = (EPOCH + timedelta(hours=23)).isoformat()
    assert (due("day", later)[0] is not None) is is_due


def test_a_run_that_began_since_answers_it_unless_it_was_refused(base: Path) -> None:
    ran(base, 16, ended_by="refused: frozen")
    assert due("mondays", "2026-11-17T13:00Z")[0] is not None
    ran(base, 17, ended_by="aborted: SIGINT")
    assert due("mondays", "2026-11-17T13:00Z") == (None, "mondays is not due")


@pytest.mark.usefixtures("base")
def test_what_counts_from_a_run_says_that_there_was_none() -> None:
    words, why = due("quarterly", MONDAY)
    assert words is None
    assert "never completed" in why


@pytest.mark.usefixtures("base")
def test_a_trigger_that_is_no_moment_runs_nothing() -> None:
    assert due("mondays", MONDAY, "0 8 * * 1")[0] is not None
    assert due("mondays", MONDAY, "0 7 * * 1")[0] is None
    with pytest.raises(InvalidInput, match="did not trigger today or yesterday"):
        due("mondays", MONDAY, "0 8 * * 4")


@pytest.mark.usefixtures("base")
def test_where_nothing_is_due_the_exit_code_is_0_and_quiet_means_quiet() -> None:
    done = drill("schedule", "run", "mondays", "--quiet", "--now", "2026-11-20T08:00Z")
    assert (done.exit_code, done.output) == (0, "")


def test_the_command_becomes_the_run_and_ends_with_its_exit_code(base: Path) -> None:
    command = [sys.executable, "-m", "drillrunner", "schedule", "run", "staged", "--anyway"]
    ran = subprocess.run(command, cwd=base, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 4
    assert 'environment "staging" wants to be confirmed' in ran.stderr


def test_nothing_to_put_back_is_no_error(base: Path) -> None:
    assert drill("schedule", "revert").return_value == 0
    ran(base, 16)
    assert drill("schedule", "revert").return_value == 0
