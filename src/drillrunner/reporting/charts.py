"""The report's charts over time as static drawings, all on one axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from drillrunner.reporting.plotted import Line, Plot, Values, duration_words
from drillrunner.reporting.series import Columns
from drillrunner.reporting.svg import (
    TimeAxis,
    area,
    drawing,
    figure,
    fits,
    group,
    haloed,
    hatching,
    line,
    line_key,
    path,
    rect,
    square_key,
    text,
    ticks,
    value_steps,
)

WIDTH = 1080
LEFT = 168.0
RIGHT = 1064.0
PLOT_TOP, PLOT_HEIGHT = 12.0, 118.0
HATCH = "hatch"
LABEL_HEIGHT = 16.0

Band = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Legend:
    """One entry of a chart's legend: how it looks, its name, and figures in words."""

    key: Markup
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its legend in text; the rest is the plot's own."""

    plot: Plot
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


def _runs(columns: Columns, values: Values, bridged: int) -> list[list[tuple[float, float]]]:
    """Points in the middle of their columns, broken where more than so many columns are empty."""
    axis, runs, last = time_axis(columns), list[list[tuple[float, float]]](), -columns.count
    for index, value in enumerate(values):
        if value is None:
            continue
        if not runs or index - last > bridged + 1:
            runs.append([])
        runs[-1].append((axis.x((index + 0.5) * columns.width_seconds), value))
        last = index
    return runs


def _polyline(points: Sequence[tuple[float, float]], y: Callable[[float], float]) -> str:
    if len(points) == 1:  # a lone point is drawn as a short dash
        x, value = points[0]
        points = [(x - 1.5, value), (x + 1.5, value)]
    return "M" + "L".join(f"{figure(x)} {figure(y(value))}" for x, value in points)


def _stacked_path(columns: Columns, below: Values, above: Values, y: Callable[[float], float]) -> str:
    """The outline of one layer as steps; columns in which it is empty are left out."""
    axis, parts = time_axis(columns), []
    for index, (low, high) in enumerate(zip(below, above, strict=True)):
        if (high or 0) > (low or 0):
            left = axis.x(index * columns.width_seconds)
            right = axis.x((index + 1) * columns.width_seconds)
            parts.append(
                f"M{figure(left)} {figure(y(low or 0))}V{figure(y(high or 0))}H{figure(right)}V{figure(y(low or 0))}Z"
            )
    return "".join(parts)


def _widest(counts: Values) -> tuple[int, int]:
    """The longest stretch of columns in which a layer is there, as first index and the one after the last."""
    best, began = (0, 0), 0
    for index, count in enumerate([*counts, 0]):
        if count:
            continue
        best = max(best, (began, index), key=lambda stretch: stretch[1] - stretch[0])
        began = index + 1
    return best


def _layer_label(plot: Plot, layer: Line, below: Values, y: Callable[[float], float]) -> Markup:
    """The layer's name within it, in the middle of its widest stretch, where there is room."""
    first, after = _widest(layer.drawn)
    if after <= first:
        return Markup("")
    axis, middle = time_axis(plot.drawn), (first + after) // 2
    left, right = axis.x(first * plot.drawn.width_seconds), axis.x(after * plot.drawn.width_seconds)
    low, high = y(below[middle] or 0), y((below[middle] or 0) + (layer.drawn[middle] or 0))
    if not fits(layer.name, right - left) or low - high < LABEL_HEIGHT:
        return Markup("")
    return haloed((left + right) / 2, (low + high) / 2 + 4, layer.name)


def _per_second(count: float, columns: Columns) -> str:
    return f"{count / columns.width_seconds:.3g}/s" if count else "0"


def _stack(plot: Plot, band: Band) -> Markup:
    columns = plot.drawn
    totals = [sum(count or 0 for count in column) for column in zip(*(one.drawn for one in plot.lines), strict=True)]
    y, grid = _value_axis(max(totals, default=1), lambda count: _per_second(count, columns))
    below: Values = [0] * columns.count
    marks, labels = [hatching(f"{HATCH}-{plot.key}")] if any(one.hatched for one in plot.lines) else [], []
    for layer in plot.lines:
        above = [(low or 0) + (count or 0) for low, count in zip(below, layer.drawn, strict=True)]
        outline = _stacked_path(columns, below, above, y)
        marks.append(area(outline, layer.colour, title=layer.name, opacity="0.88"))
        if layer.hatched:
            marks.append(area(outline, "white", pattern=f"{HATCH}-{plot.key}"))
        labels.append(_layer_label(plot, layer, below, y))
        below = above
    return _frame(columns, band, grid, [*marks, *labels], plot.label)


def _lines(plot: Plot, band: Band) -> Markup:
    highest = max(value for one in plot.lines for value in one.drawn if value is not None)
    y, grid = _value_axis(highest, duration_words)
    marks = [
        path(_polyline(points, y), one.colour, width=one.width, dash=one.dash or None)
        for one in plot.lines
        for points in _runs(plot.drawn, one.drawn, plot.bridged(plot.drawn))
    ]
    return _frame(plot.drawn, band, grid, marks, plot.label)


def _legend(plot: Plot) -> tuple[Legend, ...]:
    if plot.kind == "stack":
        return tuple(Legend(square_key(one.colour, hatched=one.hatched), one.name, one.detail) for one in plot.lines)
    keys = {one.name: line_key(one.colour, one.width, one.dash or None) for one in plot.lines}
    return tuple(Legend(keys[one.name], one.name, one.detail) for one in reversed(plot.lines))


def all_charts(plots: Sequence[Plot], band: Band) -> list[Chart]:
    """Every plot drawn."""
    return [
        Chart(plot, _stack(plot, band) if plot.kind == "stack" else _lines(plot, band), _legend(plot)) for plot in plots
    ]
