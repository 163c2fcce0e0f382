"""A measured RTO with people's decision in it: only that share changes."""

from __future__ import annotations

import pytest

from drillrunner.judge.exercise_rto import measured_rto, with_people
from drillrunner.model.exercise_measured import MeasuredRto
from drillrunner.model.verdict import AnatomyPart, Share
from past_reports import day, rto, verdict_on

PARTS: dict[AnatomyPart, float] = {
    "detect": 30.0,
    "decide": 5.0,
    "switch": 25.0,
    "propagate": 20.0,
    "stabilise": 0.0,
}
ANATOMY = tuple(Share(part=part, seconds=seconds) for part, seconds in PARTS.items())


def measured(low: float = 79.0, high: float = 80.0, target: float = 180.0, **parts: float) -> MeasuredRto:
    anatomy = tuple(Share(part=one.part, seconds=parts.get(one.part, one.seconds)) for one in ANATOMY)
    found = measured_rto(verdict_on(day(2026, 11, 20), rto(low, high, target), anatomy=anatomy), "lab")
    assert found is not None
    return found


def test_both_ends_move_by_what_people_took_longer_than_the_run() -> None:
    found = with_people(measured(), 65.0)
    assert (found.low, found.high, found.outcome) == (139.0, 140.0, "met")
    assert {share.part: share.seconds for share in found.anatomy} == PARTS | {"decide": 65.0}


def test_people_who_are_quicker_than_the_run_make_it_shorter() -> None:
    assert with_people(measured(), 0.0).high == 75.0


@pytest.mark.parametrize(("seconds", "outcome"), [(105.0, "met"), (105.5, "inconclusive"), (107.0, "missed")])
def test_it_is_judged_as_any_interval_is(seconds: float, outcome: str) -> None:
    assert with_people(measured(), seconds).outcome == outcome


def test_a_run_without_a_step_is_said_to_have_failed_over_by_itself() -> None:
    assert with_people(measured(switch=0.0), 60.0).by_itself
    assert not with_people(measured(), 60.0).by_itself


def test_nothing_is_made_of_a_run_that_measured_no_whole_rto() -> None:
    at = day(2026, 11, 20)
    assert measured_rto(verdict_on(at, rto(79.0, None), anatomy=ANATOMY), "lab") is None
    assert measured_rto(verdict_on(at, rto(79.0, 80.0), anatomy=()), "lab") is None
    assert measured_rto(verdict_on(at, rto(79.0, 80.0), anatomy=ANATOMY, ended_by="died"), "lab") is None
    assert measured_rto(verdict_on(at, anatomy=ANATOMY), "lab") is None
