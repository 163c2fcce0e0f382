"""A measured run beside the rehearsal that predicted it."""

from __future__ import annotations

from typing import Any

from drillrunner.judge.prediction import compare
from drillrunner.model.comparison import ComparedObjective, Comparison
from drillrunner.model.rehearsal import Rehearsal, RehearsedRun
from drillrunner.model.verdict import ObjectiveVerdict, Share, Verdict
from fabricated_rehearsal import TARGETS, full_rehearsal, objective, random_run, refused_run, rehearsal, rto_run, run
from made_up_verdict import verdict


def predicted(**changes: Any) -> Rehearsal:
    """A hundred runs with RTOs of 51 to 150 s: 20 s of detection, the rest propagation."""
    runs = [rto_run(n, 50.0 + n, anatomy={"detect": 20.0, "propagate": 30.0 + n}) for n in range(1, 101)]
    return rehearsal(runs, **changes)


def measured(low: float | None, high: float | None, **changes: Any) -> Verdict:
    rto = ObjectiveVerdict(name="rto", probe="checkout", target=180.0, low=low, high=high, outcome="met", why="")
    return verdict(**{"objectives": (rto,), "anatomy": (), **changes})


def only(comparison: Comparison) -> ComparedObjective:
    (one,) = comparison.objectives
    return one


def test_a_run_within_nine_in_ten_was_predicted() -> None:
    comparison = compare(measured(99.0, 100.0), predicted())
    one = only(comparison)
    assert (one.predicted_low, one.predicted_high) == (54.0, 145.0)
    assert one.within
    assert comparison.predicted
    assert one.percentile == 49.5
    assert one.sentence == "RTO of checkout 1m39s–1m40s, at P50: within nine rehearsed runs in ten (54s–2m25s)"


def test_a_run_that_is_too_slow_or_too_quick_was_not() -> None:
    assert not only(compare(measured(150.0, 151.0), predicted())).within
    assert not only(compare(measured(50.0, 51.0), predicted())).within
    assert only(compare(measured(300.0, 301.0), predicted())).percentile == 100.0


def test_a_run_that_never_recovered_is_outside_of_a_bounded_prediction() -> None:
    one = only(compare(measured(100.0, None), predicted()))
    assert not one.within
    assert one.percentile is None
    assert "at least 1m40s" in one.sentence


def never_back(seed: int) -> RehearsedRun:
    return run(seed, objective(low=400.0, high=None, outcome="missed"))


def test_a_prediction_that_nothing_bounds_holds_an_open_end() -> None:
    prediction = rehearsal([*predicted().runs, *(never_back(seed) for seed in range(10))])
    one = only(compare(measured(100.0, None), prediction))
    assert one.predicted_high is None
    assert one.within


def test_where_all_rehearsed_runs_are_alike_the_same_figure_is_in_the_middle() -> None:
    prediction = rehearsal([run(n, objective("rpo", "orders", 0.0, 0.0)) for n in range(40)], targets=TARGETS[1:2])
    rpo = ObjectiveVerdict(name="rpo", probe="orders", target=5.0, low=0.0, high=0.0, outcome="met", why="")
    one = only(compare(measured(1.0, 2.0, objectives=(rpo,)), prediction))
    assert (one.within, one.percentile) == (True, 50.0)


def test_an_availability_ranks_from_good_to_bad() -> None:
    runs = [run(n, objective("availability", low=0.9 + n / 1000, high=0.9 + n / 1000)) for n in range(100)]
    good = ObjectiveVerdict(
        name="availability", probe="checkout", target=0.9, low=0.995, high=0.995, outcome="met", why=""
    )
    one = only(compare(measured(1.0, 2.0, objectives=(good,)), rehearsal(runs, targets=TARGETS[2:])))
    assert one.percentile == 4.5
    assert not one.within  # better than 95 in 100: the model does not know such a run
    assert one.sentence.startswith("availability of checkout 99.5%, at P4: outside nine rehearsed runs in ten (90.4%–")


def test_what_only_one_of_them_measured_is_left_out() -> None:
    assert compare(measured(None, None), predicted()).objectives == ()
    assert compare(measured(90.0, 91.0), rehearsal([refused_run(1)])).objectives == ()
    assert compare(verdict(objectives=()), predicted()).predicted is False


def anatomy(detect: float, propagate: float) -> tuple[Share, ...]:
    return Share(part="detect", seconds=detect), Share(part="propagate", seconds=propagate)


def test_the_part_that_left_its_band_by_most_is_what_the_model_missed() -> None:
    comparison = compare(measured(110.0, 111.0, anatomy=anatomy(31.0, 80.0)), predicted())
    part = comparison.furthest
    assert part is not None
    assert (part.part, part.predicted_median, part.predicted_low, part.predicted_high) == ("detect", 20.0, 20.0, 20.0)
    assert part.outside == 11.0
    assert comparison.deviation == (
        "Detect took 31s, more than the model knows: median 20s, nine rehearsed runs in ten 20s"
    )


def test_where_no_part_left_its_band_the_one_furthest_from_its_median_is_named() -> None:
    comparison = compare(measured(120.0, 121.0, anatomy=anatomy(20.0, 101.0)), predicted())
    assert comparison.furthest is not None
    assert (comparison.furthest.part, comparison.furthest.outside) == ("propagate", 0.0)
    assert comparison.deviation == (
        "no part of the RTO left its prediction; Propagate is furthest off: 1m41s, median 1m20s (35s–2m05s)"
    )


def test_reasons_to_doubt_the_comparison_are_given() -> None:
    few = rehearsal([rto_run(1, 60.0)], drill="another", overrides={"route53.ttl": "30"})
    comparison = compare(measured(60.0, 61.0, ended_by="aborted: SIGINT"), few)
    assert comparison.cautions == (
        "the run is of regional-outage, the rehearsal of another",
        "the run did not complete: aborted: SIGINT",
        "the rehearsal is of a what-if: route53.ttl = 30",
        "1 of at least 20 runs were rehearsed: too few to tell nine in ten",
    )


def test_of_runs_like_the_rehearsed_ones_nine_in_ten_are_predicted() -> None:
    prediction = full_rehearsal(200, targets=TARGETS[:1])
    drawn = [random_run(seed, 180.0).objectives[0] for seed in range(10_001, 10_401)]
    within = sum(only(compare(measured(one.low, one.high), prediction)).within for one in drawn)
    assert 0.85 < within / len(drawn) < 0.95
