"""Statistics of a period, and the lab's own time line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drillrunner.clock import Clock
from drillrunner.lab.databases.cloudwatch.metrics import MetricKey, Metrics
from drillrunner.lab.databases.cloudwatch.statistics import Sample
from drillrunner.lab.world import World

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class HandClock:
    """Real seconds that a test moves by hand."""

    def __init__(self) -> None:
        self.real_seconds = 0.0

    def clock(self, scale: float) -> Clock:
        return Clock(scale, lambda: self.real_seconds, lambda: BEGAN + timedelta(seconds=self.real_seconds))


def sample_of(*values: float) -> Sample:
    sample = Sample()
    for value in values:
        sample.add(value)
    return sample


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Sum", 10.0),
        ("Average", 2.5),
        ("Minimum", 1.0),
        ("Maximum", 4.0),
        ("SampleCount", 4.0),
        ("p50", 2.5),
        ("p100", 4.0),
    ],
)
def test_statistics_of_four_values(name: str, expected: float) -> None:
    assert sample_of(1.0, 2.0, 3.0, 4.0).statistic(name) == expected


def test_a_period_without_values_has_no_statistic() -> None:
    assert Sample().statistic("Sum") is None
    assert Sample().statistic("p99") is None


def test_an_unknown_statistic_is_an_error_and_not_nothing() -> None:
    with pytest.raises(ValueError, match="Median"):
        sample_of(1.0).statistic("Median")


def test_a_percentile_of_a_statistic_set_is_unknown_unless_it_is_one_value() -> None:
    spread, flat = Sample(), Sample()
    spread.add_set(4, 20, 2, 8)
    flat.add_set(4, 20, 5, 5)
    assert spread.statistic("p95") is None
    assert flat.statistic("p95") == 5.0
    assert spread.statistic("Average") == 5.0


def test_stamps_advance_with_drill_time_and_callers_times_are_carried_over() -> None:
    hand = HandClock()
    world = World(hand.clock(scale=10.0), seed=1)
    metrics = Metrics(world)
    hand.real_seconds = 30.0  # five drill minutes
    metrics.record("us-east-1", "Shop", "Errors", {"Api": "a"}, 1.0)
    assert metrics.now() == BEGAN + timedelta(minutes=5)
    key = MetricKey("us-east-1", "Shop", "Errors", frozenset({("Api", "a")}))
    start, end = (metrics.carried_over(BEGAN + timedelta(seconds=real)) for real in (27.0, 33.0))
    assert [(at, sample.total) for at, sample in metrics.periods(key, start, end, 60)] == [
        (BEGAN + timedelta(minutes=5), 1.0)
    ]


def test_periods_are_aligned_and_longer_ones_merge_minutes() -> None:
    hand = HandClock()
    metrics = Metrics(World(hand.clock(scale=1.0), seed=1))
    for real in (10.0, 70.0, 130.0, 310.0):
        hand.real_seconds = real
        metrics.record("us-east-1", "Shop", "Errors", {}, 1.0)
    key = MetricKey("us-east-1", "Shop", "Errors", frozenset())
    found = metrics.periods(key, BEGAN, BEGAN + timedelta(minutes=10), 300)
    assert [(at, sample.total) for at, sample in found] == [(BEGAN, 3.0), (BEGAN + timedelta(minutes=5), 1.0)]
    assert metrics.periods(key, BEGAN + timedelta(minutes=6), BEGAN + timedelta(minutes=10), 60) == []
