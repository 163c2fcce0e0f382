"""What would change the RTO, and the cheapest change that is enough."""

from __future__ import annotations

import pytest

from drillrunner.judge.rehearsal import cheapest_change, figures
from drillrunner.judge.rehearsal_changes import same_value
from drillrunner.model.rehearsal import Rehearsal, Setting, Swing
from fabricated_rehearsal import ROBOT, THRESHOLD, TTL, refused_run, rehearsal, rto_run, swing


def short_of_target(*swings: Swing) -> Rehearsal:
    """Half of its runs miss the objective."""
    runs = [rto_run(seed, 60.0 if seed % 2 else 300.0) for seed in range(20)]
    return rehearsal(runs, swings=swings)


def test_the_widest_swing_comes_first_and_the_unmeasured_last() -> None:
    narrow, wide, unknown = swing(ROBOT, 30.0, 31.0), swing(TTL, 90.0, 20.0), swing(THRESHOLD, None, 50.0)
    moves = figures(short_of_target(unknown, narrow, wide)).tornado
    assert [move.setting for move in moves] == [TTL, ROBOT, THRESHOLD]
    assert [move.reach_seconds for move in moves] == [70.0, 1.0, None]


def test_a_swing_is_told_from_what_is_set() -> None:
    move = figures(short_of_target(swing(TTL, 41.0, 79.0))).tornado[0]
    assert (move.first, move.first_seconds, move.second, move.second_seconds) == ("60", 79.0, "5", 41.0)
    between = TTL.model_copy(update={"now": "30"})
    move = figures(short_of_target(swing(between, 41.0, 79.0))).tornado[0]
    assert (move.first, move.second, move.now) == ("5", "60", "30")


def test_the_least_effort_wins_over_the_best_result() -> None:
    found = cheapest_change(short_of_target(swing(ROBOT, 20.0, chance_low=1.0), swing(TTL, 41.0, chance_low=0.96)))
    assert found is not None
    assert (found.setting, found.value, found.chance, found.rto_seconds) == (TTL, "5", 0.96, 41.0)
    assert found.sentence == (
        "set TTL of checkout from 60 to 5 (a configuration value): met in 96% of runs, RTO P50 41s"
    )


def test_of_two_that_cost_the_same_the_smaller_change_wins() -> None:
    found = cheapest_change(short_of_target(swing(TTL), swing(THRESHOLD)))
    assert found is not None
    assert found.setting == THRESHOLD  # 3 to 1 is less than 60 to 5


def test_what_is_set_now_is_no_change() -> None:
    as_it_is = TTL.model_copy(update={"now": "5.0"})
    assert cheapest_change(short_of_target(swing(as_it_is, chance_low=1.0, chance_high=0.1))) is None


def test_nothing_is_proposed_where_nothing_is_enough() -> None:
    assert cheapest_change(short_of_target(swing(TTL, chance_low=0.94))) is None


def test_nothing_is_proposed_where_the_objective_is_met_or_was_never_measured() -> None:
    good = rehearsal([rto_run(seed, 60.0) for seed in range(20)], swings=[swing()])
    assert cheapest_change(good) is None
    assert cheapest_change(rehearsal([refused_run(1)], swings=[swing()])) is None
    assert cheapest_change(rehearsal([rto_run(1, 300.0)], targets=(), swings=[swing()])) is None


def test_a_setting_of_unknown_value_moves_furthest() -> None:
    unknown = Setting(name="a", title="something", low="x", high="y", effort=1)
    found = cheapest_change(short_of_target(swing(unknown, chance_low=1.0, chance_high=1.0), swing(TTL)))
    assert found is not None
    assert found.setting == TTL


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("60", "60.0", True), ("1m", "60s", True), ("50%", "0.5", True), ("robot", "person", False), ("nan", "nan", True)],
)
def test_values_are_compared_by_what_they_set(one: str, other: str, same: bool) -> None:
    assert same_value(one, other) is same
