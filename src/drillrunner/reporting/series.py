"""Readings turned into what the charts draw: counts and small histograms per column of time, in constant memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading

Readings = Callable[[], Iterator[Reading]]

COLUMNS_MOST = 240
COLUMNS_LEAST = 60
READINGS_PER_COLUMN = 5
NAMES_MOST = 100
WIDTHS_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
_GROWTH = math.log(1.02)  # a bucket's middle is at most 1 % from what it holds
_SMALLEST_SECONDS = 1e-5
OTHER = "other"


@dataclass(slots=True)
class Extent:
    """What a first pass learns: the span of the readings on the drill clock, and how many each probe made."""

    first: float = math.inf
    last: float = -math.inf
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Columns:
    """Time cut into `count` columns of `width_seconds`, from `began` on the drill clock."""

    began: float
    width_seconds: float
    count: int

    @property
    def span_seconds(self) -> float:
        return self.width_seconds * self.count

    def index(self, moment: float) -> int:
        """The column of a moment; what lies outside falls into the first or last."""
        return min(self.count - 1, max(0, int((moment - self.began) / self.width_seconds)))


@dataclass(slots=True)
class ErrorRow:
    """Failures of one probe for one reason. Moments are drill-clock seconds."""

    count: int
    first: float
    last: float


@dataclass(slots=True)
class Lag:
    """Lowest and highest value per column; None where nothing could be read."""

    low: list[float | None]
    high: list[float | None]


@dataclass(slots=True)
class Series:
    """Everything that the charts draw. `served` and `failed` count the user-facing probes' readings per column."""

    columns: Columns
    served: dict[str, list[int]] = field(default_factory=dict)
    failed: dict[str, list[int]] = field(default_factory=dict)
    latency: dict[str, list[dict[int, int]]] = field(default_factory=dict)
    lags: dict[str, Lag] = field(default_factory=dict)
    errors: dict[tuple[str, str], ErrorRow] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)


def extent(readings: Iterator[Reading]) -> Extent:
    """The first pass."""
    found = Extent()
    first, last, counts = found.first, found.last, found.counts
    for reading in readings:
        first = min(first, reading.asked)
        last = max(last, reading.answered)
        name = reading.probe
        counts[name] = counts.get(name, 0) + 1
    found.first, found.last = first, last
    return found


def lay_columns(began: float, ended: float, readings_per_probe: int) -> Columns:
    """Columns of a round width, few enough that each holds some readings of the probe that makes fewest."""
    length = max(ended - began, 1.0)
    most = max(COLUMNS_LEAST, min(COLUMNS_MOST, readings_per_probe // READINGS_PER_COLUMN))
    fitting = (width for width in WIDTHS_SECONDS if length / width <= most)
    width = next(fitting, length / most)
    return Columns(began, width, max(1, math.ceil(length / width)))


def bucket(seconds: float) -> int:
    """The histogram bucket of a latency; buckets grow by 2 %."""
    return int(math.log(max(seconds, _SMALLEST_SECONDS) / _SMALLEST_SECONDS) / _GROWTH)


def bucket_seconds(number: int) -> float:
    """The middle of a bucket."""
    return _SMALLEST_SECONDS * math.exp((number + 0.5) * _GROWTH)


def quantile(histogram: dict[int, int], fraction: float) -> float | None:
    """The value in seconds under which that fraction lies (nearest rank), or None of an empty histogram."""
    wanted = math.ceil(fraction * sum(histogram.values()))
    seen = 0
    for number in sorted(histogram):
        seen += histogram[number]
        if seen >= wanted:
            return bucket_seconds(number)
    return None


def _named(table: dict[str, list[int]], name: str, count: int) -> list[int]:
    if name not in table and len(table) >= NAMES_MOST:
        name = OTHER
    return table.setdefault(name, [0] * count)


def is_lag(kind: str) -> bool:
    """Whether a probe of that kind answers a lag in seconds."""
    return kind.rsplit(".", 1)[-1].endswith("lag")


@dataclass(slots=True)
class _Gatherer:
    """The second pass: one method per question a chart asks."""

    series: Series
    users: frozenset[str]
    lags: frozenset[str]

    def add(self, reading: Reading) -> None:
        index = self.series.columns.index(reading.asked)
        if reading.ok is False:
            self._fail(reading, index)
        elif reading.ok is None:
            self.series.unknown[reading.probe] = self.series.unknown.get(reading.probe, 0) + 1
        elif reading.probe in self.users:
            self._serve(reading, index)
        if reading.value is not None and reading.probe in self.lags:
            self._lag(reading.probe, reading.value, index)

    def _serve(self, reading: Reading, index: int) -> None:
        series = self.series
        _named(series.served, reading.region or "region not told", series.columns.count)[index] += 1
        if (columns := series.latency.get(reading.probe)) is not None:
            number = bucket(reading.answered - reading.asked)
            columns[index][number] = columns[index].get(number, 0) + 1

    def _fail(self, reading: Reading, index: int) -> None:
        series, why = self.series, reading.why or "no reason told"
        if reading.probe in self.users:
            _named(series.failed, why, series.columns.count)[index] += 1
        key = (reading.probe, why)
        if key not in series.errors and len(series.errors) >= NAMES_MOST:
            key = (reading.probe, OTHER) if (reading.probe, OTHER) in series.errors else (OTHER, OTHER)
        row = series.errors.setdefault(key, ErrorRow(0, reading.asked, reading.asked))
        row.count += 1
        row.first, row.last = min(row.first, reading.asked), max(row.last, reading.asked)

    def _lag(self, probe: str, value: float, index: int) -> None:
        if not math.isfinite(value):
            return
        lag = self.series.lags[probe]
        low, high = lag.low[index], lag.high[index]
        lag.low[index] = value if low is None else min(low, value)
        lag.high[index] = value if high is None else max(high, value)


def _ended(plan: Plan, began: float, found: Extent, journal_last: float) -> float:
    """Where the charts end. A revert long after a run that died does not squeeze the run to nothing."""
    last = max(found.last, began + 1.0) if math.isfinite(found.last) else journal_last
    return max(last, min(journal_last, last + 0.5 * (last - began) + plan.drill.revert_within_seconds))


def gather(plan: Plan, readings: Readings, began: float, journal_last: float) -> Series:
    """Stream the readings twice: once for their span, once into columns.

    `began` and `journal_last` are the run's first and last moment on the drill clock.
    """
    found = extent(readings())
    users = frozenset(probe.name for probe in plan.drill.user_facing)
    lags = frozenset(probe.name for probe in plan.drill.probes if is_lag(probe.kind))
    fewest = min((found.counts[name] for name in users if name in found.counts), default=0)
    columns = lay_columns(began, _ended(plan, began, found, journal_last), fewest)
    series = Series(columns)
    series.latency = {name: [{} for _ in range(columns.count)] for name in sorted(users)[:6]}
    series.lags = {name: Lag([None] * columns.count, [None] * columns.count) for name in sorted(lags)[:6]}
    gatherer = _Gatherer(series, users, lags & series.lags.keys())
    for reading in readings():
        gatherer.add(reading)
    return series
