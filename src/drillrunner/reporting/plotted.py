"""What the charts over time show, as data: the drawn columns, and finer ones for zooming. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from drillrunner.model.duration import format_duration
from drillrunner.reporting.records import FATES, Fate
from drillrunner.reporting.series import Columns, Series, quantile
from drillrunner.reporting.svg import clipped

KINDS_MOST = 6
# a reading is missing once so many intervals have passed without one
LATE_READING = 1.5
REGION_COLOURS = ("blue", "green", "purple", "yellow", "sky", "orange", "grey")
ERROR_COLOURS = ("red", "purple", "orange", "yellow", "sky", "blue", "grey")
FATE_COLOURS: dict[Fate, str] = {
    "kept": "green",
    "late": "yellow",
    "lost": "red",
    "gone": "purple",
    "not read back": "sky",
    "not acknowledged": "grey",
}
# name, fraction, colour, width in pixels, dashes
PERCENTILES: tuple[tuple[str, float, str, float, str], ...] = (
    ("p99", 0.99, "purple", 3.6, ""),
    ("p95", 0.95, "green", 1.8, "6 3"),
    ("p50", 0.5, "blue", 1.8, ""),
)

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One line or layer: what it is called, how it looks, its values per drawn column and per fine column.

    A layer's values are counts, a line's are seconds (None where nothing was measured). `detail` is a figure in
    words for the legend. `hatched` marks what is bad, so that it shows without its colour.
    """

    name: str
    colour: str
    detail: str
    drawn: Values
    fine: Values
    width: float = 1.8
    dash: str = ""
    hatched: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """One chart over time. Layers of a stack are given from the bottom up, lines in the order of drawing.

    `every_seconds` is how often the probe of a line is asked.
    """

    key: str
    kind: Literal["stack", "lines"]
    heading: str
    note: str
    label: str
    lines: tuple[Line, ...]
    drawn: Columns
    fine: Columns
    every_seconds: float = 0.0

    def bridged(self, columns: Columns) -> int:
        """So many empty columns in a row do not break a line: no more than pass between two readings of the probe."""
        return max(1, int(LATE_READING * self.every_seconds / columns.width_seconds))

    @property
    def column_words(self) -> str:
        return f"each column is {format_duration(self.drawn.width_seconds)}"


@dataclass(frozen=True, slots=True)
class _Layer:
    """The names that one layer of a stack counts together."""

    label: str
    colour: str
    names: tuple[str, ...]
    hatched: bool = False

    def counts(self, table: Mapping[str, Sequence[int]], columns: Columns) -> Sequence[int]:
        rows = [table[name] for name in self.names]
        return [sum(column) for column in zip(*rows, strict=True)] if rows else [0] * columns.count


def _first_column(counts: Sequence[int]) -> int:
    return next((index for index, count in enumerate(counts) if count), len(counts))


def _layers(table: Mapping[str, Sequence[int]], colours: Sequence[str]) -> list[_Layer]:
    """The most frequent names in the order of their coming, each with its own colour; the rest together."""
    names = sorted(table, key=lambda name: (-sum(table[name]), name))
    first = sorted(names[:KINDS_MOST], key=lambda name: (_first_column(table[name]), name))
    layers = [_Layer(name, colours[index], (name,)) for index, name in enumerate(first)]
    if rest := names[KINDS_MOST:]:
        layers.append(_Layer(f"{len(rest)} others", colours[KINDS_MOST], tuple(rest)))
    return layers


def _counted(layer: _Layer, drawn: Mapping[str, Sequence[int]], fine: Mapping[str, Sequence[int]], at: _Levels) -> Line:
    counts = layer.counts(drawn, at.drawn.columns)
    return Line(
        name=layer.label,
        colour=layer.colour,
        detail=f"{sum(counts):,}",
        drawn=counts,
        fine=layer.counts(fine, at.fine.columns),
        hatched=layer.hatched,
    )


@dataclass(frozen=True, slots=True)
class _Levels:
    """The same readings in the columns that are drawn, and in those for zooming."""

    drawn: Series
    fine: Series


def _requests(levels: _Levels) -> Plot | None:
    """User-facing readings by the region that served them, and those that failed."""
    drawn, fine = levels.drawn, levels.fine
    lines = [_counted(layer, drawn.served, fine.served, levels) for layer in _layers(drawn.served, REGION_COLOURS)]
    if drawn.failed:
        failed = _Layer("failed", "red", tuple(drawn.failed), hatched=True)
        lines.append(_counted(failed, drawn.failed, fine.failed, levels))
    if not lines:
        return None
    return Plot(
        key="requests",
        kind="stack",
        heading="Requests by serving region",
        note="user-facing probes, readings per second",
        label="Probe requests per second by serving region over time",
        lines=tuple(lines),
        drawn=drawn.columns,
        fine=fine.columns,
    )


def _errors(levels: _Levels) -> Plot | None:
    """Failures of the user-facing probes by reason."""
    drawn, fine = levels.drawn, levels.fine
    if not drawn.failed:
        return None
    layers = _layers(drawn.failed, ERROR_COLOURS)
    return Plot(
        key="errors",
        kind="stack",
        heading="Errors by kind",
        note="failed readings of user-facing probes, per second",
        label="Failed probe requests per second by reason over time",
        lines=tuple(_counted(layer, drawn.failed, fine.failed, levels) for layer in layers),
        drawn=drawn.columns,
        fine=fine.columns,
    )


def _latencies(levels: _Levels) -> Iterator[Plot]:
    """Three percentiles of the time that good answers took."""
    for number, probe in enumerate(levels.drawn.latency):
        lines = [_percentile(levels, probe, *look) for look in PERCENTILES]
        if any(value is not None for value in lines[0].drawn):
            yield Plot(
                key=f"latency-{number}",
                kind="lines",
                heading=f"Latency of {clipped(probe, 400)}",
                note="good answers only",
                label=f"Latency of {probe} over time: p50, p95 and p99",
                lines=tuple(lines),
                drawn=levels.drawn.columns,
                fine=levels.fine.columns,
                every_seconds=levels.fine.every_seconds.get(probe, 0.0),
            )


def _percentile(levels: _Levels, probe: str, name: str, fraction: float, colour: str, width: float, dash: str) -> Line:
    drawn = [quantile(one, fraction) for one in levels.drawn.latency[probe]]
    fine = [quantile(one, fraction) for one in levels.fine.latency[probe]]
    highest = max((value for value in drawn if value is not None), default=0.0)
    return Line(name, colour, f"highest {duration_words(highest)}", drawn, fine, width, dash)


def duration_words(seconds: float) -> str:
    """A duration on an axis; zero without a unit."""
    return "0" if seconds == 0 else format_duration(seconds)


def _lags(levels: _Levels) -> Iterator[Plot]:
    """Lowest and highest lag per column."""
    for number, (probe, drawn) in enumerate(levels.drawn.lags.items()):
        fine = levels.fine.lags[probe]
        known = [value for value in (*drawn.high, *drawn.low) if value is not None]
        if known:
            top, least = f"up to {duration_words(max(known))}", f"down to {duration_words(min(known))}"
            yield Plot(
                key=f"lag-{number}",
                kind="lines",
                heading=f"Replication lag seen by {clipped(probe, 400)}",
                note="the line breaks where no lag could be read",
                label=f"Replication lag seen by {probe} over time",
                lines=(
                    Line("highest in a column", "purple", top, drawn.high, fine.high, width=3.0),
                    Line("lowest in a column", "blue", least, drawn.low, fine.low, width=1.6),
                ),
                drawn=levels.drawn.columns,
                fine=levels.fine.columns,
                every_seconds=levels.fine.every_seconds.get(probe, 0.0),
            )


def _records(levels: _Levels) -> Iterator[Plot]:
    """What became of the records that each ledger wrote, by when they were written."""
    for number, (probe, drawn) in enumerate(levels.drawn.fate.items()):
        fine = levels.fine.fate[probe]
        bad = ("late", "lost", "gone")
        layers = [_Layer(FATES[fate], FATE_COLOURS[fate], (fate,), fate in bad) for fate in FATES if sum(drawn[fate])]
        if layers:
            yield Plot(
                key=f"records-{number}",
                kind="stack",
                heading=f"Records of {clipped(probe, 400)}",
                note="per second, by when they were written, and what became of them",
                label=f"Records that {probe} wrote per second over time, by what became of them",
                lines=tuple(_counted(layer, drawn, fine, levels) for layer in layers),
                drawn=levels.drawn.columns,
                fine=levels.fine.columns,
            )


def all_plots(fine: Series) -> list[Plot]:
    """Every chart for which there are readings."""
    levels = _Levels(fine.drawn(), fine)
    plots = [_requests(levels), *_latencies(levels), _errors(levels), *_lags(levels), *_records(levels)]
    return [plot for plot in plots if plot is not None]
