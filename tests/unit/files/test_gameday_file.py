"""Game days as they are read: every key, the drills' files, and what lies in the past."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.files.gameday.file import gameday_names, locate_gameday, past_dates, read_gameday, read_gameday_file
from drillrunner.files.locate import drill_names
from drillrunner.model.schedule import Every

ROOT = Path(__file__).parents[3]
DRILLS = ROOT / "tests" / "bad_gamedays" / "drills"
WHOLE = """\
gameday: quarterly
version: 1
title: every quarter
environment: lab
schedule: {every: quarter, starts: 2027-02-09T10:00, time_zone: Europe/Berlin}
roles: {facilitator: shift lead, participants: [Ops, Sre]}
drills:
  - id: first
    drill: outage
    vars: {region: eu-west-1}
    set: {route53.ttl: 30}
    on_miss: go_on
    at_least: 0%
    cool_down: 5m
  - {drill: outage, needs: first}
announcements: {before: soon, lead: 10m}
freeze: [{from: 2098-12-18T00:00:00+01:00, to: 2099-01-04T00:00:00Z, why: end of year}]
approvals: {needed: 1, by: [pilot], allowed_signers: signers}
rehearsal: {runs: 10, at_least: 0.9, max_age: 24h}
time_box: 2h
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    shutil.copytree(DRILLS, tmp_path / "drills")
    (tmp_path / "drills" / "gamedays").mkdir()
    (tmp_path / "drills" / "gamedays" / "signers").write_text("")
    return tmp_path


def written(base: Path, text: str, name: str = "quarterly") -> Path:
    path = base / "drills" / "gamedays" / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_is_read(base: Path) -> None:
    found = read_gameday_file(written(base, WHOLE))
    day, (first, second) = found.gameday, found.gameday.drills
    assert (day.name, day.environment, day.time_box_seconds, day.lead_seconds) == ("quarterly", "lab", 7200.0, 600.0)
    assert day.schedule is not None
    assert day.schedule.every == Every(months=3)
    assert day.roles == {"facilitator": ("shift lead",), "participants": ("Ops", "Sre")}
    assert (first.id, first.on_miss, first.at_least, first.cool_down_seconds) == ("first", "go_on", 0.0, 300.0)
    assert (second.id, second.on_miss, second.needs) == ("outage", "stop", ("first",))
    assert day.settings == {"route53.ttl": "30"}
    assert day.rehearsal is not None
    assert (day.rehearsal.runs, day.rehearsal.at_least, day.rehearsal.max_age_seconds) == (10, 0.9, 86_400.0)
    assert day.approvals is not None
    assert day.approvals.allowed_signers == str((base / "drills" / "gamedays" / "signers").resolve())


def test_each_drill_is_read_as_its_vars_make_it(base: Path) -> None:
    drills = read_gameday_file(written(base, WHOLE)).drills
    assert [one.drill.vars["region"] for one in drills.values()] == ["eu-west-1", "us-east-1"]


def test_a_drill_may_lie_beside_the_game_day_and_is_no_game_day(base: Path) -> None:
    folder = base / "drills" / "gamedays"
    shutil.copy(base / "drills" / "outage.yaml", folder / "own.yaml")
    path = written(base, WHOLE.replace("{drill: outage, needs: first}", "{drill: own, id: outage}"))
    assert read_gameday_file(path).drills["outage"].file == folder / "own.yaml"
    assert gameday_names(base) == ["quarterly"]
    assert "quarterly" not in drill_names(base)


def test_a_name_that_no_game_day_has_is_told_with_the_nearest(base: Path) -> None:
    written(base, WHOLE)
    assert locate_gameday("quarterly", base).name == "quarterly.yaml"
    with pytest.raises(InvalidInput) as caught:
        locate_gameday("quartely", base)
    assert caught.value.advice == 'did you mean "quarterly"?'


def test_a_rule_that_has_named_its_last_date_lies_in_the_past_and_one_that_goes_on_does_not(base: Path) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    rules = {"FREQ=YEARLY;COUNT=2": ["G130"], "FREQ=YEARLY;COUNT=20": [], "FREQ=YEARLY": []}
    for rule, codes in rules.items():
        schedule = f'schedule: {{rrule: "{rule}", starts: 2020-01-14T10:00}}\n'
        text = WHOLE.replace(WHOLE.splitlines(keepends=True)[4], schedule)
        assert [one.code for one in past_dates(read_gameday_file(written(base, text)), now)] == codes


def test_the_shipped_game_days_are_sound() -> None:
    for name in gameday_names(ROOT):
        path = locate_gameday(name, ROOT)
        assert read_gameday(path).name == name
