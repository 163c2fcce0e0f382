"""Readings turned into columns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillrunner.model.reading import Reading
from drillrunner.reporting.series import bucket, bucket_seconds, gather, lay_columns, quantile
from fabricated_run import BEGAN_AT, fabricated_plan, fabricated_run


@given(st.floats(min_value=1e-5, max_value=3600))
def test_a_bucket_is_within_one_percent_of_what_it_holds(seconds: float) -> None:
    assert bucket_seconds(bucket(seconds)) == pytest.approx(seconds, rel=0.0101)


def test_quantiles_are_of_the_nearest_rank() -> None:
    histogram: dict[int, int] = {}
    for milliseconds in range(1, 101):
        number = bucket(milliseconds / 1000)
        histogram[number] = histogram.get(number, 0) + 1
    assert quantile(histogram, 0.5) == pytest.approx(0.050, rel=0.02)
    assert quantile(histogram, 0.99) == pytest.approx(0.099, rel=0.02)
    assert quantile({}, 0.5) is None


def test_columns_are_round_and_cover_the_run() -> None:
    columns = lay_columns(0.0, 200.0, 200)
    assert (columns.width_seconds, columns.count) == (5, 40)
    assert lay_columns(0.0, 3600.0, 36_000).width_seconds == 15
    assert [columns.index(moment) for moment in (-1.0, 0.0, 4.9, 5.0, 199.9, 900.0)] == [0, 0, 0, 1, 39, 39]


def test_every_reading_of_the_user_facing_probe_is_in_exactly_one_place() -> None:
    plan, entries, readings = fabricated_run()
    series = gather(plan, lambda: iter(readings), BEGAN_AT, entries[-1].at)
    mine = [one for one in readings if one.probe == "checkout"]
    served = {region: sum(counts) for region, counts in series.served.items()}
    assert served == dict(Counter(str(one.region) for one in mine if one.ok))
    assert {why: sum(counts) for why, counts in series.failed.items()} == {"status 429": 98}
    assert sum(served.values()) + 98 == len(mine)
    assert sum(sum(one.values()) for one in series.latency["checkout"]) == len(mine) - 98


def test_failures_of_every_probe_are_counted_with_their_first_and_last_moment() -> None:
    plan, entries, readings = fabricated_run()
    series = gather(plan, lambda: iter(readings), BEGAN_AT, entries[-1].at)
    failed = [one for one in readings if (one.probe, one.why) == ("health", "unhealthy")]
    row = series.errors["health", "unhealthy"]
    assert (row.count, row.first, row.last) == (len(failed), failed[0].asked, failed[-1].asked)
    assert series.unknown == {"lag": sum(one.ok is None for one in readings)}


def test_no_reading_at_all_gives_empty_columns() -> None:
    series = gather(fabricated_plan(), lambda: iter(()), BEGAN_AT, BEGAN_AT + 12.0)
    assert series.served == {}
    assert series.columns.span_seconds >= 12.0


def _wild() -> Iterator[Reading]:
    for number in range(5000):
        at = BEGAN_AT + number * 0.01
        yield Reading("checkout", number, at, at, at + 0.1, ok=False, why=f"reason {number}", region=f"r{number}")
        yield Reading("checkout", number, at, at, at + 0.1, ok=True, region=f"region-{number}")
        yield Reading("lag", number, at, at, at, ok=True, value=math.nan)


def test_memory_stays_bounded_whatever_names_come_in() -> None:
    series = gather(fabricated_plan(), _wild, BEGAN_AT, BEGAN_AT + 50)
    assert len(series.served) <= 101
    assert len(series.failed) <= 101
    assert len(series.errors) <= 102
    assert sum(sum(counts) for counts in series.served.values()) == 5000
    assert sum(row.count for row in series.errors.values()) == 5000


def test_a_revert_days_later_does_not_squeeze_the_run_to_nothing() -> None:
    plan, _, readings = fabricated_run()
    series = gather(plan, lambda: iter(readings), BEGAN_AT, BEGAN_AT + 2 * 86_400)
    assert series.columns.span_seconds < 1000
