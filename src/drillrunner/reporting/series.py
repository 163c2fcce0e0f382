"""Readings turned into what the charts draw: counts and small histograms per column of time, in constant memory.

They are gathered once, in columns fine enough to zoom into; the drawn columns are so many fine ones each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.reporting.records import FATES, ReadBacks

Readings = Callable[[], Iterator[Reading]]

COLUMNS_MOST = 240
COLUMNS_LEAST = 60
FINE_COLUMNS_MOST = 2000
READINGS_PER_COLUMN = 5
NAMES_MOST = 100
PROBES_MOST = 6
WIDTHS_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
_GROWTH = math.log(1.02)  # a bucket's middle is at most 1 % from what it holds
_SMALLEST_SECONDS = 1e-5
OTHER = "other"


@dataclass(slots=True)
class Extent:
    """How far the readings reach on the drill clock, and how many each probe made."""

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

    def divided(self, by: int) -> Columns:
        """Each cut into so many."""
        return Columns(self.began, self.width_seconds / by, self.count * by)


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

    def merged(self, by: int) -> Lag:
        """So many columns in one."""
        return Lag(_ends(self.low, by, min), _ends(self.high, by, max))


def _ends(values: Sequence[float | None], by: int, end: Callable[[list[float]], float]) -> list[float | None]:
    groups = ([value for value in values[at : at + by] if value is not None] for at in range(0, len(values), by))
    return [end(group) if group else None for group in groups]


def _sums(table: Mapping[str, Sequence[int]], by: int) -> dict[str, list[int]]:
    return {name: [sum(counts[at : at + by]) for at in range(0, len(counts), by)] for name, counts in table.items()}


def _together(histograms: Sequence[dict[int, int]], by: int) -> list[dict[int, int]]:
    merged: list[dict[int, int]] = [{} for _ in range(0, len(histograms), by)]
    for index, histogram in enumerate(histograms):
        whole = merged[index // by]
        for number, count in histogram.items():
            whole[number] = whole.get(number, 0) + count
    return merged


@dataclass(slots=True)
class Series:
    """Everything that the charts draw, per column. `served` and `failed` count the user-facing probes' readings.

    `fate` says for each ledger what became of the records written then. A drawn column is `per_drawn` of these.
    `every_seconds` is how often each probe is asked.
    """

    columns: Columns
    per_drawn: int = 1
    every_seconds: dict[str, float] = field(default_factory=dict)
    served: dict[str, list[int]] = field(default_factory=dict)
    failed: dict[str, list[int]] = field(default_factory=dict)
    latency: dict[str, list[dict[int, int]]] = field(default_factory=dict)
    lags: dict[str, Lag] = field(default_factory=dict)
    errors: dict[tuple[str, str], ErrorRow] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    fate: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    def merged(self, by: int) -> Series:
        """The same in fewer columns, so many of these in each. `by` divides `per_drawn`."""
        columns = self.columns
        return Series(
            columns=Columns(columns.began, columns.width_seconds * by, columns.count // by),
            per_drawn=self.per_drawn // by,
            every_seconds=self.every_seconds,
            served=_sums(self.served, by),
            failed=_sums(self.failed, by),
            latency={probe: _together(histograms, by) for probe, histograms in self.latency.items()},
            lags={probe: lag.merged(by) for probe, lag in self.lags.items()},
            errors=self.errors,
            unknown=self.unknown,
            fate={probe: _sums(table, by) for probe, table in self.fate.items()},
        )

    def drawn(self) -> Series:
        """In the columns that the static charts draw."""
        return self.merged(self.per_drawn)


def lay_columns(began: float, ended: float, readings_per_probe: int) -> Columns:
    """Columns of a round width, few enough that each holds some readings of the probe that makes fewest."""
    length = max(ended - began, 1.0)
    most = max(COLUMNS_LEAST, min(COLUMNS_MOST, readings_per_probe // READINGS_PER_COLUMN))
    fitting = (width for width in WIDTHS_SECONDS if length / width <= most)
    width = next(fitting, length / most)
    return Columns(began, width, max(1, math.ceil(length / width)))


def finer(columns: Columns, every_seconds: float) -> int:
    """Into how many each column is cut for zooming: about one reading in each, and never more than the most.

    Where that costs no more than half of them, each is a whole multiple of the probe's interval, so that a steady
    probe looks steady.
    """
    most = FINE_COLUMNS_MOST // columns.count
    longest = max(1, min(most, math.floor(columns.width_seconds / every_seconds + 1e-6)))
    even = next((by for by in range(longest, 0, -1) if _is_multiple(columns.width_seconds / by, every_seconds)), 1)
    return even if 2 * even >= longest else longest


def _is_multiple(width_seconds: float, every_seconds: float) -> bool:
    ratio = width_seconds / every_seconds
    return abs(ratio - round(ratio)) < 1e-6


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
    """The row of a name, made when it first comes; of too many names, the last share one."""
    row = table.get(name)
    if row is None:
        name = name if len(table) < NAMES_MOST else OTHER
        row = table.setdefault(name, [0] * count)
    return row


def is_lag(kind: str) -> bool:
    """Whether a probe of that kind answers a lag in seconds."""
    return kind.rsplit(".", 1)[-1].endswith("lag")


@dataclass(slots=True)
class _Gatherer:
    """One pass: a method for each question that a chart asks."""

    series: Series
    users: frozenset[str]
    lags: frozenset[str]
    ledgers: Mapping[str, ReadBacks]
    found: Extent = field(default_factory=Extent)

    def add(self, reading: Reading) -> None:
        asked, answered, probe = reading.asked, reading.answered, reading.probe
        if not 0.0 <= answered - asked < math.inf:
            return  # the judge cannot use it either
        found, columns = self.found, self.series.columns
        found.counts[probe] = found.counts.get(probe, 0) + 1
        found.last = max(found.last, answered)
        index = columns.index(asked)
        if reading.ok is False:
            self._fail(reading, index)
        elif reading.ok is None:
            self.series.unknown[probe] = self.series.unknown.get(probe, 0) + 1
        elif probe in self.users:
            self._serve(reading, index)
        if reading.value is not None and probe in self.lags:
            self._lag(probe, reading.value, index)
        if probe in self.ledgers:
            self.series.fate[probe][self.ledgers[probe].fate(reading)][index] += 1

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


def gather(
    plan: Plan,
    readings: Readings,
    began: float,
    journal_last: float,
    ledgers: Mapping[str, ReadBacks] | None = None,
) -> Series:
    """Stream the readings into columns fine enough for zooming.

    `began` and `journal_last` are the run's first and last moment on the drill clock; `ledgers` has what was read
    back of each ledger probe. The columns are laid by what the plan and the journal let expect; where the readings
    turn out otherwise (a run that died, a probe that hung), they are streamed once more.
    """
    length = journal_last - began
    expected = int(length / max((probe.every_seconds for probe in plan.drill.user_facing), default=1.0))
    laid = _lay(plan, began, journal_last, expected)
    gathered = _stream(plan, readings, laid, ledgers or {})
    found = gathered.found
    fewest = min((found.counts[one.name] for one in plan.drill.user_facing if one.name in found.counts), default=0)
    right = _lay(plan, began, _ended(plan, began, found, journal_last), fewest)
    return gathered.series if laid == right else _stream(plan, readings, right, ledgers or {}).series


def _lay(plan: Plan, began: float, ended: float, readings_per_probe: int) -> tuple[Columns, int]:
    """The columns that are drawn, and into how many fine ones each is cut."""
    columns = lay_columns(began, ended, readings_per_probe)
    planned = max((probe.every_seconds for probe in plan.drill.user_facing), default=1.0)
    interval = min(planned, columns.span_seconds / max(1, readings_per_probe))
    return columns, finer(columns, max(1e-6, interval))


def _stream(plan: Plan, readings: Readings, laid: tuple[Columns, int], ledgers: Mapping[str, ReadBacks]) -> _Gatherer:
    """One pass over the readings."""
    series = _empty(plan, laid[0].divided(laid[1]), laid[1], ledgers)
    users = frozenset(probe.name for probe in plan.drill.user_facing)
    wanted = {name: read for name, read in ledgers.items() if name in series.fate}
    gatherer = _Gatherer(series, users, frozenset(series.lags), wanted)
    for reading in readings():
        gatherer.add(reading)
    return gatherer


def _empty(plan: Plan, columns: Columns, per_drawn: int, ledgers: Mapping[str, ReadBacks]) -> Series:
    """Columns in which nothing is counted yet, of the probes that are drawn."""
    users = sorted({probe.name for probe in plan.drill.user_facing})[:PROBES_MOST]
    lags = sorted({probe.name for probe in plan.drill.probes if is_lag(probe.kind)})[:PROBES_MOST]
    count = columns.count
    return Series(
        columns,
        per_drawn,
        {probe.name: probe.every_seconds for probe in plan.drill.probes},
        latency={name: [{} for _ in range(count)] for name in users},
        lags={name: Lag([None] * count, [None] * count) for name in lags},
        fate={name: {fate: [0] * count for fate in FATES} for name in sorted(ledgers)[:PROBES_MOST]},
    )
