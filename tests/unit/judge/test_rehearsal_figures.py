"""What many runs promise: percentiles, chances, anatomy, coverage and the histogram."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillrunner.judge.rehearsal import BUCKETS_MOST, buckets, figures, nearest_rank
from drillrunner.judge.rehearsal_outcome import runs_to_decide
from drillrunner.model.rehearsal import RehearsedRun
from drillrunner.model.rehearsal_figures import RehearsalFigures
from fabricated_rehearsal import (
    RTO_TARGET,
    TARGETS,
    aborted_run,
    full_rehearsal,
    objective,
    refused_run,
    rehearsal,
    rto_run,
    run,
)


def figures_of(*runs: RehearsedRun) -> RehearsalFigures:
    return figures(rehearsal(runs))


def never_back(seed: int) -> RehearsedRun:
    return run(seed, objective(low=600.0, high=None, outcome="missed"), outcome="missed")


def undecided(seed: int) -> RehearsedRun:
    return run(seed, objective(low=179.5, high=180.5, outcome="inconclusive"))


def test_a_percentile_is_a_value_that_was_measured() -> None:
    said = figures_of(*(rto_run(seed, 10.0 * seed) for seed in range(1, 11)))
    p = said.objectives[0].percentiles
    assert (p.p50, p.p90, p.p99) == (50.0, 90.0, 100.0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0, 1e5)), min_size=1, max_size=60), st.sampled_from((0.5, 0.9, 0.99)))
def test_so_many_runs_are_at_least_as_good_as_a_percentile(values: list[float | None], share: float) -> None:
    value = nearest_rank(values, share)
    as_good = sum(one is not None and (value is None or one <= value) for one in values)
    assert value is None or as_good >= share * len(values) - 1e-9
    if value is None:
        assert as_good < share * len(values)


def test_a_run_without_a_recovery_is_worse_than_any_other() -> None:
    said = figures_of(*(rto_run(seed, 60.0) for seed in range(9)), never_back(9))
    p = said.objectives[0].percentiles
    assert (p.p50, p.p90, p.p99) == (60.0, 60.0, None)


def test_of_an_availability_the_low_end_is_promised_and_more_is_better() -> None:
    runs = [run(n, objective("availability", low=0.9 + n / 1000, high=1.0)) for n in range(1, 11)]
    p = figures(rehearsal(runs, targets=TARGETS[2:])).objectives[0].percentiles
    assert (p.p50, p.p90, p.p99) == (0.906, 0.902, 0.901)


def test_a_run_that_cannot_tell_has_not_met_its_objective() -> None:
    said = figures_of(*(rto_run(seed, 60.0) for seed in range(18)), undecided(18), undecided(19))
    chance = said.objectives[0].chance
    assert (chance.met, chance.of, chance.inconclusive) == (18, 20, 2)
    assert chance.share == 0.9
    assert (chance.low, chance.high) == pytest.approx((0.6830, 0.9877), abs=1e-4)


def test_refused_and_aborted_runs_are_counted_apart_with_their_reasons() -> None:
    said = figures_of(rto_run(1, 60.0), refused_run(2), refused_run(3), aborted_run(4), aborted_run(5, "deadline"))
    assert (said.objectives[0].chance.of, said.objectives[0].apart) == (1, 2)
    assert (said.endings.completed, said.endings.refused, said.endings.interrupted) == (1, 2, 2)
    assert said.endings.whys[0] == ("refused: the steady state did not hold", 2)
    assert len(said.endings.whys) == 3


def test_an_aborted_run_that_had_missed_its_objective_counts() -> None:
    late = rto_run(2, 400.0, ended_by="aborted: deadline: it took longer than the guard had allowed for")
    chance = figures_of(rto_run(1, 60.0), late).objectives[0].chance
    assert (chance.met, chance.of) == (1, 2)


def many(count: int, high: float, first: int = 0) -> list[RehearsedRun]:
    return [rto_run(first + seed, high) for seed in range(count)]


def test_enough_runs_that_all_met_promise_it() -> None:
    said = figures_of(*many(72, 60.0))
    assert (said.outcome, said.why, said.decide) == ("met", "all objectives met in 72 of 72 runs", None)


def test_one_run_fewer_is_not_enough_and_says_what_would_be() -> None:
    said = figures_of(*many(71, 60.0))
    assert (said.outcome, said.why) == ("inconclusive", "RTO met in 71 of 71 runs, not enough to promise 95%")
    assert said.decide == "about 72 runs, if they go on like these"


def test_too_many_misses_are_a_miss() -> None:
    said = figures_of(*many(60, 60.0), *many(20, 300.0, 60))
    assert (said.outcome, said.why) == ("missed", "RTO met in 60 of 80 runs, 95% wanted")


def test_runs_that_could_not_tell_are_no_misses_and_no_promise() -> None:
    said = figures_of(*many(60, 60.0), *(undecided(seed) for seed in range(60, 100)))
    assert said.outcome == "inconclusive"
    assert said.decide == "runs that tell: 40 of 100 ended early or could not"


def test_aborted_runs_keep_a_promise_from_being_made() -> None:
    said = figures_of(*many(100, 60.0), *(aborted_run(seed) for seed in range(100, 110)))
    assert said.objectives[0].chance.share == 1.0
    assert said.outcome == "inconclusive"


def test_a_run_that_left_something_injected_outweighs_every_figure() -> None:
    said = figures_of(*many(100, 60.0), rto_run(100, 60.0, reverted=False))
    assert (said.outcome, said.why) == ("missed", "not put back in 1 of 101 runs")
    assert said.seeds_not_reverted == (100,)


def test_a_chance_at_the_wanted_one_is_never_decided() -> None:
    assert runs_to_decide(19, 20) is None
    assert runs_to_decide(20, 20) == 72


def test_a_rehearsal_of_refused_runs_promises_nothing() -> None:
    said = figures_of(refused_run(1))
    assert (said.outcome, said.why) == ("inconclusive", "RTO was not measured in any run")
    assert said.objectives[0].chance.share is None
    assert (said.objectives[0].chance.low, said.objectives[0].chance.high) == (0.0, 1.0)
    assert not said.anatomy
    assert not said.dominant


def with_anatomy(seed: int, detect: float, propagate: float) -> RehearsedRun:
    return rto_run(seed, detect + propagate, anatomy={"detect": detect, "propagate": propagate})


def test_the_parts_of_the_anatomy_share_the_mean_rto() -> None:
    said = figures_of(with_anatomy(1, 20.0, 40.0), with_anatomy(2, 40.0, 20.0), rto_run(3, 60.0))
    parts = {part.part: (part.mean_seconds, part.share) for part in said.anatomy}
    assert list(parts) == ["detect", "decide", "switch", "propagate", "stabilise"]
    assert parts["detect"] == (30.0, 0.5)
    assert parts["decide"] == (0.0, 0.0)
    assert math.fsum(share for _, share in parts.values()) == pytest.approx(1.0)


def test_another_part_may_dominate_the_slow_runs() -> None:
    usual = [with_anatomy(seed, 30.0, 20.0) for seed in range(80)]
    slow = [with_anatomy(seed, 30.0, 60.0) for seed in range(80, 100)]
    middle, late = figures_of(*usual, *slow).dominant
    assert (middle.percentile, middle.part, middle.mean_seconds, middle.rto_seconds) == (50, "detect", 30.0, 50.0)
    assert (late.percentile, late.part, late.mean_seconds, late.rto_seconds) == (90, "propagate", 60.0, 90.0)


def test_coverage_names_the_seeds_whose_interval_missed_the_truth() -> None:
    said = figures_of(
        rto_run(1, 60.0, truth_rto=59.5),
        rto_run(2, 60.0, truth_rto=60.0000005),
        rto_run(3, 60.0, truth_rto=58.9),
        rto_run(4, 60.0, truth_rto=61.0),
        rto_run(5, 60.0, truth_rto=None),
        refused_run(6),
    )
    assert (said.coverage.held, said.coverage.of, said.coverage.seeds_outside) == (2, 4, (3, 4))


def test_an_end_that_was_not_seen_bounds_nothing() -> None:
    said = figures_of(never_back(1).model_copy(update={"truth_rto": 5000.0}))
    assert (said.coverage.held, said.coverage.of) == (1, 1)


spreads = st.lists(st.floats(0, 1e5), min_size=1, max_size=80)


@settings(max_examples=150, deadline=None)
@given(spreads)
def test_a_histogram_holds_every_run_once_in_few_buckets(values: list[float]) -> None:
    found = buckets([objective(low=0.0, high=value) for value in values], BUCKETS_MOST)
    assert 1 <= len(found) <= BUCKETS_MOST
    assert sum(bucket.count for bucket in found) == len(values)
    width = found[0].high - found[0].low
    assert all(bucket.high - bucket.low == pytest.approx(width, rel=1e-6) for bucket in found)
    assert found[0].low <= min(values) * (1 + 1e-6) + 1e-9
    assert max(values) <= found[-1].high * (1 + 1e-6) + 1e-9


@pytest.mark.parametrize("spread", [12.0, 25.0, 47.0, 90.0, 350.0, 4000.0])
def test_a_spread_has_eight_to_twelve_buckets(spread: float) -> None:
    found = buckets([objective(high=60.0 + spread * share / 50) for share in range(51)], BUCKETS_MOST)
    assert 8 <= len(found) <= 12


def test_buckets_count_outcomes_apart_and_leave_out_what_never_ended() -> None:
    said = figures_of(rto_run(1, 100.0), rto_run(2, 180.5), rto_run(3, 300.0), never_back(4))
    found = said.objectives[0].histogram
    assert sum(bucket.met for bucket in found) == 1
    assert sum(bucket.inconclusive for bucket in found) == 1
    assert sum(bucket.missed for bucket in found) == 1


def test_the_figures_are_the_same_whenever_they_are_made() -> None:
    assert figures(full_rehearsal()) == figures(full_rehearsal())
    assert figures(full_rehearsal()).objectives[0].target == RTO_TARGET
