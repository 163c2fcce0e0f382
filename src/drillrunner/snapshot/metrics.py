"""Lags and latencies as CloudWatch measured them over the last day, where it did."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from drillrunner.lab.topology import Latency
from drillrunner.model.call import AwsCall
from drillrunner.model.noun import JsonValue
from drillrunner.ports import Outside
from drillrunner.snapshot.pages import read_pages

WINDOW_SECONDS = 86_400
PERIOD_SECONDS = 3_600  # one-minute data may be asked for by the hour (botocore cloudwatch, MetricStat.Period)
LEAST_MS = 0.001
QUERIES_AT_ONCE = 500  # botocore cloudwatch, GetMetricDataInput.MetricDataQueries


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric whose values are times; `milliseconds` is how many its unit has."""

    region: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    milliseconds: float = 1.0


def calls(regions: Sequence[str]) -> list[AwsCall]:
    """The Calls that measuring makes, for the list of permissions."""
    return [_asking(region, [], datetime(2026, 1, 1, tzinfo=UTC), 1.0) for region in regions]


async def measured(metrics: Sequence[Metric], outside: Outside) -> dict[Metric, Latency]:
    """The distribution of each metric that has data above 0: the median hour's p50, and the worst hour's p99.

    Raises CallFailed.
    """
    distributions: dict[Metric, Latency] = {}
    for region in dict.fromkeys(metric.region for metric in metrics):
        there = [metric for metric in metrics if metric.region == region]
        for batch in _batches(there):
            values = await _values(region, batch, outside)
            distributions |= {metric: latency for metric in batch if (latency := _distribution(metric, batch, values))}
    return distributions


def _batches(metrics: Sequence[Metric]) -> Iterator[Sequence[Metric]]:
    size = QUERIES_AT_ONCE // 2
    yield from (metrics[start : start + size] for start in range(0, len(metrics), size))


async def _values(region: str, batch: Sequence[Metric], outside: Outside) -> dict[str, list[float]]:
    """The values of each query by its id; a query may be answered over several pages."""
    queries = [query for number, metric in enumerate(batch) for query in _queries(number, metric)]
    asking = _asking(region, queries, outside.clock.wall(), outside.clock.real(1.0))
    gathered: dict[str, list[float]] = {}
    for result in await read_pages(outside, asking, "MetricDataResults", {"NextToken": "NextToken"}):
        gathered.setdefault(result["Id"], []).extend(result.get("Values") or ())
    return gathered


def _distribution(metric: Metric, batch: Sequence[Metric], values: dict[str, list[float]]) -> Latency | None:
    """None where nothing was ever above 0: an idle replica has no lag to measure, and a broken one has -1.

    A median of 0 is somewhere below the metric's unit: half of it.
    """
    number = batch.index(metric)
    medians, tails = ([value for value in values.get(f"{stat}_{number}", ()) if value >= 0] for stat in ("p50", "p99"))
    if not medians or not any(tails):
        return None
    median_ms = max((statistics.median(medians) or 0.5) * metric.milliseconds, LEAST_MS)
    p99_ms = max(max(tails) * metric.milliseconds, median_ms)
    return Latency(median_ms=round(median_ms, 3), p99_ms=round(p99_ms, 3))


def _queries(number: int, metric: Metric) -> list[JsonValue]:
    dimensions: JsonValue = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    named: JsonValue = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    return [
        {"Id": f"{stat}_{number}", "MetricStat": {"Metric": named, "Period": PERIOD_SECONDS, "Stat": stat}}
        for stat in ("p50", "p99")
    ]


def _asking(region: str, queries: list[Any], now: datetime, real_seconds: float) -> AwsCall:
    """The last day; a drill second takes so many real ones."""
    start = now - timedelta(seconds=WINDOW_SECONDS * real_seconds)
    return AwsCall(
        service="cloudwatch",
        operation="GetMetricData",
        region=region,
        params={"MetricDataQueries": queries, "StartTime": start.isoformat(), "EndTime": now.isoformat()},
    )
