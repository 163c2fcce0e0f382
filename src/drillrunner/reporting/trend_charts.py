"""A trend's drawing: every run's interval as an upright bar, the periods' medians, and the target that held then."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.trend import By, TrendLine, TrendRun
from drillrunner.reporting.svg import CHARACTER_WIDTH, drawing, fits, group, line, path, rect, text
from drillrunner.reporting.trend_wording import bounds, figure, target_words, title
from drillrunner.reporting.wording import OUTCOME_MARK, utc_minute

WIDTH = 1080.0
LEFT, RIGHT = 64.0, 1064.0
TOP, HEIGHT = 38.0, 190.0
LABELS_AT = 12.0
BOTTOM = TOP + HEIGHT
BAR_WIDTH_MOST, BAR_HEIGHT_LEAST = 22.0, 3.0
SLOTS_LEAST, RUNS_MOST = 10, 240
MARKS_MOST = 60
OUTCOME_COLOURS = {"met": "green", "missed": "red", "inconclusive": "yellow"}
_SECONDS = (0.001, 0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200)
_FRACTIONS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25)


@dataclass(frozen=True, slots=True)
class Plot:
    """The runs that are drawn, each in a slot of its own, and the figures from `low` to `high` as heights."""

    runs: Sequence[TrendRun]
    low: float
    high: float

    @property
    def slot(self) -> float:
        """Pixels for each run."""
        return (RIGHT - LEFT) / max(SLOTS_LEAST, len(self.runs))

    def x(self, number: float) -> float:
        """The left edge of a slot; half a slot further is its middle."""
        return LEFT + number * self.slot

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return BOTTOM - min(1.0, max(0.0, share)) * HEIGHT


def runs_left_out(trend_line: TrendLine) -> int:
    """How many of the oldest runs the drawing has no room for."""
    return max(0, len(trend_line.runs) - RUNS_MOST)


def trend_chart(trend_line: TrendLine, by: By) -> Markup:
    """The whole drawing, oldest run on the left."""
    plot = _plot(trend_line)
    label = f"{title(trend_line)} of {len(plot.runs)} runs, {target_words(trend_line.objective, plot.runs[-1].target)}"
    bars = [piece for number, run in enumerate(plot.runs) for piece in _bar(trend_line, plot, number, run)]
    parts = [_grid(trend_line.objective, plot), *_periods(trend_line, plot, by), *bars, *_targets(trend_line, plot)]
    return drawing(parts, WIDTH, BOTTOM + 26, label)


def _plot(trend_line: TrendLine) -> Plot:
    runs = trend_line.runs[-RUNS_MOST:]
    if trend_line.objective == "availability":
        known = [value for run in runs for value in (run.low, run.target) if value is not None]
        margin = max((1.0 - min(known)) * 0.15, 0.001)
        return Plot(runs, max(0.0, min(known) - margin), 1.0)
    bounded = [value for run in runs for value in (run.high, run.target) if value is not None]
    return Plot(runs, 0.0, max(bounded) * 1.12 or 1.0)


def _grid(name: ObjectiveName, plot: Plot) -> Markup:
    span = plot.high - plot.low
    step = next((step for step in (_FRACTIONS if name == "availability" else _SECONDS) if span / step <= 5), span / 5)
    parts = []
    for number in range(math.ceil(plot.low / step - 1e-9), math.floor(plot.high / step + 1e-9) + 1):
        y = plot.y(number * step)
        parts.append(line(LEFT, y, RIGHT, y))
        parts.append(text(LEFT - 8, y + 4, figure(name, number * step), anchor="end", size=11))
    return group(parts)


def _bar(trend_line: TrendLine, plot: Plot, number: int, run: TrendRun) -> Iterator[Markup]:
    """The interval; one that is open reaches the edge. A run that measured nothing is a question mark on the axis."""
    middle = plot.x(number + 0.5)
    if run.low is None and run.high is None:
        yield text(middle, BOTTOM - 4, "?", anchor="middle")
        return
    top = TOP if run.high is None else plot.y(run.high)
    bottom = BOTTOM if run.low is None else plot.y(run.low)
    height = max(BAR_HEIGHT_LEAST, bottom - top)
    width = max(1.0, min(BAR_WIDTH_MOST, plot.slot * 0.7))
    words = bounds(trend_line.objective, run.low, run.high)
    named = f"{utc_minute(run.began_wall)} · {run.run_id}: {words}, {run.outcome}"
    upper = max(TOP, (top + bottom - height) / 2)
    yield rect(middle - width / 2, upper, width, height, OUTCOME_COLOURS[run.outcome], named)
    if len(plot.runs) <= MARKS_MOST:
        mark = OUTCOME_MARK[run.outcome] if run.high is not None else f"{OUTCOME_MARK[run.outcome]}↑"
        yield text(middle, upper - 5, mark, colour="ink", anchor="middle")


def _stretches(runs: Sequence[TrendRun], of: Callable[[TrendRun], object]) -> Iterator[tuple[int, int]]:
    """First and past-the-last number of each stretch of runs that have the same of something."""
    first = 0
    for number in range(1, len(runs) + 1):
        if number == len(runs) or of(runs[number]) != of(runs[first]):
            yield first, number
            first = number


def _periods(trend_line: TrendLine, plot: Plot, by: By) -> Iterator[Markup]:
    """Where a period begins, its name under it where there is room, and its median across it."""
    medians = {period.name: period.median for period in trend_line.periods}
    free_from = LEFT
    for first, end in _stretches(plot.runs, lambda run: run.period):
        name, left, right = plot.runs[first].period, plot.x(first), plot.x(end)
        shown = plot.runs[first].began_wall[5:10] if by == "run" else name
        yield line(left, TOP, left, BOTTOM + 6)
        if left >= free_from:
            yield text(left + 4, BOTTOM + 18, shown, size=11)
            free_from = left + 8 + len(shown) * CHARACTER_WIDTH
        median = medians.get(name)
        if by != "run" and median is not None:
            y = plot.y(median)
            yield path(f"M{left:.1f} {y:.1f}H{right:.1f}", "soft", width=1.4, dash="2 3")


def _targets(trend_line: TrendLine, plot: Plot) -> Iterator[Markup]:
    """A strong line over the runs that had the target; its figure stands above the plot, where no bar covers it."""
    for first, end in _stretches(plot.runs, lambda run: run.target):
        target = plot.runs[first].target
        y, left = plot.y(target), plot.x(first)
        right = RIGHT if end == len(plot.runs) else plot.x(end)
        yield line(left, y, right, y, "ink", 2)
        label = f"target {target_words(trend_line.objective, target)}"
        if fits(label, right - left):
            yield text(left + 2, LABELS_AT, label, colour="ink")
