"""The report's charts over time, all on one axis: requests by region, latency, errors, replication lag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from drillrunner.model.duration import format_duration
from drillrunner.reporting.series import Columns, Lag, Series, quantile
from drillrunner.reporting.svg import (
    TimeAxis,
    area,
    clipped,
    drawing,
    figure,
    group,
    line,
    path,
    rect,
    text,
    ticks,
    value_steps,
)

WIDTH = 1080
LEFT = 168.0
RIGHT = 1064.0
PLOT_TOP, PLOT_HEIGHT = 12.0, 118.0
KINDS_MOST = 6
REGION_COLOURS = ("blue", "green", "purple", "yellow", "sky", "orange", "grey")
ERROR_COLOURS = ("red", "purple", "orange", "yellow", "sky", "blue", "grey")

Layer = tuple[str, str, Sequence[int]]
Band = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Legend:
    """One entry of a chart's legend: a colour, its name, and figures in words."""

    colour: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with a heading, a note, and a legend in text."""

    heading: str
    note: str
    drawing: Markup
    legend: tuple[Legend, ...]


def time_axis(columns: Columns) -> TimeAxis:
    """The axis that every chart and the timeline share."""
    return TimeAxis(columns.span_seconds, LEFT, RIGHT)


def outage_band(axis: TimeAxis, band: Band, top: float, bottom: float) -> Markup:
    """A faint red band where users saw the outage."""
    if band is None:
        return Markup("")
    left, right = axis.x(band[0]), axis.x(band[1])
    return rect(left, top, right - left, bottom - top, "red", fill_opacity="0.10")


def _value_axis(most: float, words: Callable[[float], str]) -> tuple[Callable[[float], float], Markup]:
    """From a value to its pixel, and the grid's lines with their words."""
    top = max(most, 1e-9) * 1.08
    bottom = PLOT_TOP + PLOT_HEIGHT

    def y(value: float) -> float:
        return bottom - PLOT_HEIGHT * min(1.0, max(0.0, value / top))

    parts = []
    for value in ticks(top, value_steps(), 4):
        parts.append(line(LEFT, y(value), RIGHT, y(value)))
        parts.append(text(LEFT - 8, y(value) + 4, words(value), anchor="end", size=11))
    return y, group(parts)


def _frame(columns: Columns, band: Band, grid: Markup, marks: Sequence[Markup], label: str) -> Markup:
    axis = time_axis(columns)
    bottom = PLOT_TOP + PLOT_HEIGHT
    parts = [outage_band(axis, band, PLOT_TOP, bottom), axis.drawn(PLOT_TOP, bottom), grid, *marks]
    return drawing(parts, WIDTH, bottom + 22, label)


def _runs(columns: Columns, values: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    """Points in the middle of their columns, broken where a column is empty and its neighbours are too."""
    axis, runs, last = time_axis(columns), list[list[tuple[float, float]]](), -10
    for index, value in enumerate(values):
        if value is None:
            continue
        if index - last > 2:
            runs.append([])
        runs[-1].append((axis.x((index + 0.5) * columns.width_seconds), value))
        last = index
    return runs


def _polyline(points: Sequence[tuple[float, float]], y: Callable[[float], float]) -> str:
    if len(points) == 1:  # a lone point is drawn as a short dash
        x, value = points[0]
        points = [(x - 1.5, value), (x + 1.5, value)]
    return "M" + "L".join(f"{figure(x)} {figure(y(value))}" for x, value in points)


def _stacked_path(columns: Columns, below: Sequence[int], above: Sequence[int], y: Callable[[float], float]) -> str:
    """The outline of one layer as steps; columns in which it is empty are left out."""
    axis, parts = time_axis(columns), []
    for index, (low, high) in enumerate(zip(below, above, strict=True)):
        if high > low:
            left = axis.x(index * columns.width_seconds)
            right = axis.x((index + 1) * columns.width_seconds)
            parts.append(f"M{figure(left)} {figure(y(low))}V{figure(y(high))}H{figure(right)}V{figure(y(low))}Z")
    return "".join(parts)


def _per_second(count: float, columns: Columns) -> str:
    return f"{count / columns.width_seconds:.3g}/s" if count else "0"


def _stack(columns: Columns, layers: Sequence[Layer], band: Band, label: str) -> Markup:
    totals = [sum(column) for column in zip(*(counts for _, _, counts in layers), strict=True)]
    y, grid = _value_axis(max(totals, default=1), lambda count: _per_second(count, columns))
    below, marks = [0] * columns.count, []
    for name, colour, counts in layers:
        above = [low + count for low, count in zip(below, counts, strict=True)]
        marks.append(area(_stacked_path(columns, below, above, y), colour, title=name, opacity="0.88"))
        below = above
    return _frame(columns, band, grid, marks, label)


def _first_column(counts: Sequence[int]) -> int:
    return next((index for index, count in enumerate(counts) if count), len(counts))


def _layers(table: dict[str, list[int]], colours: Sequence[str]) -> list[Layer]:
    """The most frequent names in the order of their coming, each with its own colour; the rest together."""
    names = sorted(table, key=lambda name: (-sum(table[name]), name))
    names[:KINDS_MOST] = sorted(names[:KINDS_MOST], key=lambda name: (_first_column(table[name]), name))
    layers: list[Layer] = [(name, colours[index], table[name]) for index, name in enumerate(names[:KINDS_MOST])]
    if rest := names[KINDS_MOST:]:
        together = [sum(column) for column in zip(*(table[name] for name in rest), strict=True)]
        layers.append((f"{len(rest)} others", colours[KINDS_MOST], together))
    return layers


def _counted(layers: Sequence[Layer]) -> tuple[Legend, ...]:
    return tuple(Legend(colour, name, f"{sum(counts):,}") for name, colour, counts in layers)


def _column_words(columns: Columns) -> str:
    return f"each column is {format_duration(columns.width_seconds)}"


def requests_chart(series: Series, band: Band) -> Chart | None:
    """User-facing readings by the region that served them, and those that failed."""
    layers = _layers(series.served, REGION_COLOURS)
    if series.failed:
        failed = [sum(column) for column in zip(*series.failed.values(), strict=True)]
        layers.append(("failed", "red", failed))
    if not layers:
        return None
    picture = _stack(series.columns, layers, band, "Probe requests per second by serving region over time")
    note = f"user-facing probes, readings per second; {_column_words(series.columns)}"
    return Chart("Requests by serving region", note, picture, _counted(layers))


def errors_chart(series: Series, band: Band) -> Chart | None:
    """Failures of the user-facing probes by reason."""
    layers = _layers(series.failed, ERROR_COLOURS)
    if not layers:
        return None
    picture = _stack(series.columns, layers, band, "Failed probe requests per second by reason over time")
    return Chart("Errors by kind", "failed readings of user-facing probes, per second", picture, _counted(layers))


def latency_chart(probe: str, columns: Columns, histograms: Sequence[dict[int, int]], band: Band) -> Chart | None:
    """Three percentiles of the time that good answers took."""
    kinds = (("p99", 0.99, "purple", None), ("p95", 0.95, "orange", "6 3"), ("p50", 0.5, "blue", None))
    lines = {name: [quantile(one, fraction) for one in histograms] for name, fraction, _, _ in kinds}
    highest = max((value for value in lines["p99"] if value is not None), default=None)
    if highest is None:
        return None
    y, grid = _value_axis(highest, _milliseconds)
    marks = [
        path(_polyline(points, y), colour, width=3.6 if name == "p99" else 1.8, dash=dash)
        for name, _, colour, dash in kinds
        for points in _runs(columns, lines[name])
    ]
    legend = tuple(
        Legend(colour, name, f"highest {_milliseconds(max(v for v in lines[name] if v is not None))}")
        for name, _, colour, _ in reversed(kinds)
    )
    picture = _frame(columns, band, grid, marks, f"Latency of {probe} over time: p50, p95 and p99")
    return Chart(f"Latency of {clipped(probe, 400)}", f"good answers only; {_column_words(columns)}", picture, legend)


def _milliseconds(seconds: float) -> str:
    return "0" if seconds == 0 else format_duration(seconds)


def lag_chart(probe: str, columns: Columns, lag: Lag, band: Band) -> Chart | None:
    """Lowest and highest lag per column."""
    highest = max((value for value in lag.high if value is not None), default=None)
    if highest is None:
        return None
    y, grid = _value_axis(highest, _milliseconds)
    marks = [path(_polyline(points, y), "orange", width=3) for points in _runs(columns, lag.high)]
    marks += [path(_polyline(points, y), "blue", width=1.6) for points in _runs(columns, lag.low)]
    lowest = min(value for value in lag.low if value is not None)
    legend = (
        Legend("orange", "highest in a column", f"up to {_milliseconds(highest)}"),
        Legend("blue", "lowest in a column", f"down to {_milliseconds(lowest)}"),
    )
    picture = _frame(columns, band, grid, marks, f"Replication lag seen by {probe} over time")
    note = "the line breaks where no lag could be read"
    return Chart(f"Replication lag seen by {clipped(probe, 400)}", note, picture, legend)


def all_charts(series: Series, band: Band) -> list[Chart]:
    """Every chart for which there are readings."""
    columns = series.columns
    charts = [
        requests_chart(series, band),
        *(latency_chart(probe, columns, histograms, band) for probe, histograms in series.latency.items()),
        errors_chart(series, band),
        *(lag_chart(probe, columns, lag, band) for probe, lag in series.lags.items()),
    ]
    return [chart for chart in charts if chart is not None]
