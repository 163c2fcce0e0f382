"""The exact binomial interval against published values and the definition."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillrunner.judge.binomial import at_least, exact_interval


@pytest.mark.parametrize(
    ("met", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (5, 10, 0.1871, 0.8129),
        (8, 10, 0.4439, 0.9748),
        (1, 20, 0.0013, 0.2487),
        (98, 100, 0.9296, 0.9976),
        (200, 200, 0.9817, 1.0),
    ],
)
def test_the_interval_is_the_published_one(met: int, of: int, low: float, high: float) -> None:
    assert exact_interval(met, of) == pytest.approx((low, high), abs=5e-5)


def test_nothing_is_known_of_no_runs() -> None:
    assert exact_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("of", [1, 7, 72, 5000])
def test_all_of_them_and_none_of_them_have_a_closed_form(of: int) -> None:
    assert exact_interval(of, of)[0] == pytest.approx(0.025 ** (1 / of))
    assert exact_interval(0, of)[1] == pytest.approx(1 - 0.025 ** (1 / of))


counts = st.integers(1, 300).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


def exact_tail(count: int, of: int, chance: float) -> float:
    return math.fsum(math.comb(of, k) * chance**k * (1 - chance) ** (of - k) for k in range(count, of + 1))


@settings(max_examples=150, deadline=None)
@given(counts, st.floats(0.001, 0.999))
def test_the_tail_is_the_sum_of_its_terms(count: tuple[int, int], chance: float) -> None:
    met, of = count
    assert at_least(met, of, chance) == pytest.approx(exact_tail(met, of, chance), rel=1e-9, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(counts)
def test_each_end_leaves_a_fortieth_out_and_holds_what_was_seen(count: tuple[int, int]) -> None:
    met, of = count
    low, high = exact_interval(met, of)
    assert low <= met / of <= high
    if met:
        assert exact_tail(met, of, low) == pytest.approx(0.025, rel=1e-6)
    if met < of:
        assert 1 - exact_tail(met + 1, of, high) == pytest.approx(0.025, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(counts)
def test_failures_mirror_successes(count: tuple[int, int]) -> None:
    met, of = count
    low, high = exact_interval(met, of)
    assert exact_interval(of - met, of) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_many_runs_are_no_trouble() -> None:
    low, high = exact_interval(99_000, 100_000)
    assert (low, high) == pytest.approx((0.98936, 0.99061), abs=1e-5)
