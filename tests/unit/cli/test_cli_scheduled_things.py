"""Game days are due and in the calendar beside drills, answered by those that came to their end."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drillrunner.cli import cli
from drillrunner.cli.scheduled import scheduled_things
from drillrunner.model.journal import line_of
from fabricated_run import Scribe

DRILLS = Path(__file__).parents[2] / "bad_gamedays" / "drills"
GAMEDAY = """\
gameday: quarterly
title: every quarter
environment: lab
schedule: {every: quarter, grace: 14d}
roles: {facilitator: shift lead, owner: team-checkout}
drills: [{drill: outage}]
"""


def drill(*words: str) -> Result:
    return CliRunner().invoke(cli, words, catch_exceptions=False, standalone_mode=False)


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one drill and one game day, which was held whole on 20 November 2026."""
    shutil.copytree(DRILLS, tmp_path / "drills")
    (tmp_path / "drills" / "broken.yaml").unlink()
    (tmp_path / "drills" / "gamedays").mkdir()
    (tmp_path / "drills" / "gamedays" / "quarterly.yaml").write_text(GAMEDAY)
    held(tmp_path / "reports", "missed")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def held(reports: Path, outcome: str) -> None:
    """A game day's folder with a journal that ends so."""
    scribe = Scribe()
    scribe.write(0.0, "gameday.began", gameday="quarterly", environment="lab")
    scribe.write(1.0, "gameday.ended", outcome=outcome, exit_code=1)
    folder = reports / "20261120-140000-gameday-quarterly-7f3a9c"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gameday.jsonl").write_bytes(b"".join(line_of(entry) for entry in scribe.entries))


def test_a_game_day_is_a_scheduled_thing_with_the_last_that_came_to_its_end(base: Path) -> None:
    (thing,) = scheduled_things(None, base / "reports", datetime(2026, 11, 21, tzinfo=UTC))
    assert (thing.name, thing.kind, thing.owner, thing.environment) == ("quarterly", "gameday", "team-checkout", "lab")
    assert (thing.last_completed, thing.last_outcome) == (datetime(2026, 11, 20, 14, 0, tzinfo=UTC), "missed")


@pytest.mark.parametrize("outcome", ["refused", "aborted", "abandoned"])
def test_one_that_was_refused_or_ended_early_answers_no_schedule(base: Path, outcome: str) -> None:
    held(base / "reports", outcome)
    (thing,) = scheduled_things(None, base / "reports", datetime(2026, 11, 21, tzinfo=UTC))
    assert thing.last_completed is None


def test_due_lists_it_and_says_by_its_exit_code_that_it_is_overdue(base: Path) -> None:
    listed = drill("due", "--now", "2026-11-21T12:00Z")
    assert "game day quarterly" in listed.stdout
    assert listed.return_value == 0
    late = drill("due", "--now", "2027-06-01T12:00Z", "--json")
    assert late.return_value == 1
    assert json.loads(late.stdout)["gamedays"][0]["due"]["state"] == "overdue"


def test_the_calendar_holds_it_with_the_command_that_runs_it(base: Path) -> None:
    assert "game day quarterly" in drill("calendar", "--now", "2026-11-21T12:00Z").stdout
    drill("calendar", "--now", "2026-11-21T12:00Z", "--ics", "day.ics")
    text = (base / "day.ics").read_text(encoding="utf-8")
    assert "SUMMARY:Game day: every quarter" in text
    assert "drill gameday run quarterly" in text


def test_a_game_day_that_cannot_be_read_is_named_and_hides_no_other(base: Path) -> None:
    (base / "drills" / "gamedays" / "torn.yaml").write_text("gameday: torn\n")
    listed = drill("due", "--now", "2026-11-21T12:00Z")
    assert "game day quarterly" in listed.stdout
    assert "! torn is left out" in listed.stderr
    assert listed.return_value == 2


def test_check_says_what_is_wrong_and_validate_says_the_same(base: Path) -> None:
    assert drill("gameday", "check").stdout == "1 game day is valid\n"
    (base / "drills" / "gamedays" / "torn.yaml").write_text("gameday: torn\n")
    checked = drill("gameday", "check")
    assert checked.return_value == 2
    assert "drills/gamedays/torn.yaml:1:1 error[G101]" in checked.stderr
