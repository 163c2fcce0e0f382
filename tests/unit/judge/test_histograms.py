"""The histogram's percentiles against exact ones."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillrunner.judge.histogram import RELATIVE_ERROR, Histogram

durations = st.lists(st.floats(1e-6, 1e5), min_size=1, max_size=60)


def filled(values: list[float]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


@settings(max_examples=200, deadline=None)
@given(durations, st.sampled_from((0.0, 0.5, 0.95, 0.99, 1.0)))
def test_a_percentile_is_within_the_stated_error_of_the_exact_one(values: list[float], fraction: float) -> None:
    exact = sorted(values)[max(1, math.ceil(fraction * len(values))) - 1]
    assert filled(values).percentile(fraction) == pytest.approx(exact, rel=RELATIVE_ERROR * 1.0001)


@settings(max_examples=50, deadline=None)
@given(durations, durations)
def test_merging_is_as_good_as_having_counted_all_in_one(first: list[float], second: list[float]) -> None:
    merged = filled(first)
    merged.merge(filled(second))
    assert merged == filled(first + second)


def test_the_stated_error_is_at_most_one_percent() -> None:
    assert RELATIVE_ERROR <= 0.01


def test_answers_in_no_time_count_as_zero() -> None:
    histogram = filled([0.0, 0.0, 5.0])
    assert histogram.percentile(0.5) == 0.0
    assert histogram.percentile(1.0) == pytest.approx(5.0, rel=RELATIVE_ERROR)


def test_an_empty_histogram_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="empty"):
        Histogram().percentile(0.5)


def test_a_million_values_take_few_buckets() -> None:
    histogram = filled([1.0001**index * 1e-3 for index in range(100_000)])
    assert len(histogram.buckets) < 1100
