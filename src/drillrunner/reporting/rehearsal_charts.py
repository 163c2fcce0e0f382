"""A rehearsal's drawings: the RTO's histogram with target and percentiles, and the tornado of what would change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from drillrunner.model.rehearsal_figures import Bucket, Move, ObjectiveFigures
from drillrunner.model.verdict import Outcome
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.rehearsal_wording import move_values
from drillrunner.reporting.svg import (
    CHARACTER_WIDTH,
    clipped,
    drawing,
    group,
    line,
    path,
    rect,
    text,
    ticks,
    value_steps,
)
from drillrunner.reporting.wording import length

WIDTH = 1080.0
LEFT, RIGHT = 56.0, 1064.0
TOP, HEIGHT = 80.0, 190.0
LABEL_ROW = 17.0
BUCKETS_LEAST = 12  # room for so many, so that one bucket alone is not drawn as a wall
TARGET_REACH = 8.0  # a target that would squeeze the buckets to less than an eighth is named beside them
NAMES_WIDTH, ROW_HEIGHT, BAR_HEIGHT = 330.0, 34.0, 16.0
TIME_STEPS = (0.001, 0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200)
LAYERS: tuple[tuple[Outcome, str], ...] = (("met", "green"), ("inconclusive", "yellow"), ("missed", "red"))


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds from `low` to `high` laid on pixels from `left` to `right`."""

    low: float
    high: float
    left: float
    right: float

    def x(self, seconds: float) -> float:
        share = (seconds - self.low) / (self.high - self.low)
        return self.left + min(1.0, max(0.0, share)) * (self.right - self.left)

    def holds(self, seconds: float) -> bool:
        return self.low <= seconds <= self.high

    def drawn(self, top: float, bottom: float, *, grid: bool = False) -> Markup:
        """Round moments under the axis."""
        span, parts = self.high - self.low, [line(self.left, bottom, self.right, bottom)]
        step = next((step for step in TIME_STEPS if span / step <= 10), span / 10)
        for number in range(-int(-self.low // step), int(self.high // step) + 1):
            x = self.x(number * step)
            parts.append(line(x, top if grid else bottom, x, bottom + 4))
            parts.append(text(x, bottom + 18, length(number * step), anchor="middle", size=11))
        return group(parts)


def rto_histogram(objective: ObjectiveFigures) -> Markup:
    """How many runs had which RTO, coloured by outcome, with the target and P50, P90 and P99 as uprights."""
    found = objective.histogram_fine
    scale = _scale(found, objective.target)
    bottom = TOP + HEIGHT
    y, grid = _counts(max(bucket.count for bucket in found), bottom)
    bars = [bar for bucket in found for bar in _stack(bucket, scale, y)]
    label = f"Histogram of the RTO of {objective.probe}, target {length(objective.target)}"
    parts = [grid, *bars, scale.drawn(TOP, bottom), *_uprights(objective, scale, bottom)]
    return drawing(parts, WIDTH, bottom + 26, label)


def _scale(found: Sequence[Bucket], target: float) -> Scale:
    low, high = found[0].low, found[-1].high
    missing = max(0.0, BUCKETS_LEAST * (found[0].high - low) - (high - low))
    low, high = max(0.0, low - missing / 2), high + missing / 2
    wide, narrow = max(high, target), min(low, target)
    if wide - narrow <= TARGET_REACH * (high - low):
        low, high = narrow, wide
    margin = (high - low) * 0.02
    return Scale(max(0.0, low - margin), high + margin, LEFT, RIGHT)


def _counts(most: int, bottom: float) -> tuple[Callable[[float], float], Markup]:
    """From a number of runs to its pixel, and the grid with its numbers."""

    def y(count: float) -> float:
        return bottom - HEIGHT * count / most

    parts = []
    for value in ticks(most, [step for step in value_steps() if step >= 1], 5):
        parts.append(line(LEFT, y(value), RIGHT, y(value)))
        parts.append(text(LEFT - 8, y(value) + 4, f"{value:g}", anchor="end", size=11))
    return y, group(parts)


def _stack(bucket: Bucket, scale: Scale, y: Callable[[float], float]) -> Iterator[Markup]:
    left, right = scale.x(bucket.low), scale.x(bucket.high)
    below = 0
    for outcome, colour in LAYERS:
        count = getattr(bucket, outcome)
        if count:
            title = f"{length(bucket.low)}–{length(bucket.high)}: {count} {outcome}"
            above = y(below + count)
            yield rect(left + 0.5, above, right - left - 1, y(below) - above, colour, title)
            below += count


def _uprights(objective: ObjectiveFigures, scale: Scale, bottom: float) -> Iterator[Markup]:
    """Each in a row of labels of its own, so that none covers another; a target off the scale is an arrow."""
    p = objective.percentiles
    for row, (name, value) in enumerate((("P50", p.p50), ("P90", p.p90), ("P99", p.p99))):
        if value is not None:
            yield from _upright(f"{name} {length(value)}", scale.x(value), row, bottom, dashed=True)
    if scale.holds(objective.target):
        yield from _upright(f"target {length(objective.target)}", scale.x(objective.target), 3, bottom, dashed=False)
    elif objective.target > scale.high:
        yield text(RIGHT, 4 * LABEL_ROW - 4, f"target {length(objective.target)} →", colour="ink", anchor="end")
    else:
        yield text(LEFT, 4 * LABEL_ROW - 4, f"← target {length(objective.target)}", colour="ink")


def _upright(words: str, x: float, row: int, bottom: float, *, dashed: bool) -> Iterator[Markup]:
    top = (row + 1) * LABEL_ROW
    at_end = x + len(words) * CHARACTER_WIDTH + 8 > RIGHT
    yield path(
        f"M{x:.1f} {top - 12:.1f}V{bottom:.1f}", "ink", width=1.2 if dashed else 2.4, dash="4 3" if dashed else None
    )
    yield text(x - 5 if at_end else x + 5, top - 4, words, colour="ink", anchor="end" if at_end else "start")


def tornado_chart(moves: Sequence[Move], target: float | None) -> Markup:
    """One bar for each setting, from its RTO at one value to that at the other, the widest on top."""
    seconds = [value for move in moves for value in (move.first_seconds, move.second_seconds) if value is not None]
    bottom = 26 + ROW_HEIGHT * len(moves)
    scale = _tornado_scale(seconds, target)
    parts = [scale.drawn(22, bottom, grid=True)]
    if target is not None and scale.holds(target):
        x = scale.x(target)
        parts += [
            line(x, 16, x, bottom, "ink", 2.4),
            text(x, 12, f"target {length(target)}", colour="ink", anchor="middle"),
        ]
    for row, move in enumerate(moves):
        parts += _swing(move, scale, 28 + row * ROW_HEIGHT)
    return drawing(parts, WIDTH, bottom + 26, "How far each setting moves the RTO's median")


def _tornado_scale(seconds: Sequence[float], target: float | None) -> Scale:
    low, high = min(seconds, default=0.0), max(seconds, default=1.0)
    if target is not None and max(high, target) - min(low, target) <= TARGET_REACH * (high - low):
        low, high = min(low, target), max(high, target)
    margin = max((high - low) * 0.1, 0.5)
    return Scale(max(0.0, low - margin), high + margin, NAMES_WIDTH, RIGHT)


def _swing(move: Move, scale: Scale, top: float) -> list[Markup]:
    values, medians = move_values(move)
    name = clipped(visible(f"{move.setting.title} {values}"), NAMES_WIDTH - 20)
    parts = [text(NAMES_WIDTH - 14, top + BAR_HEIGHT - 3, name, colour="ink", anchor="end", size=12)]
    if move.first_seconds is None or move.second_seconds is None:
        return [*parts, text(NAMES_WIDTH + 6, top + BAR_HEIGHT - 3, medians)]
    first, second = scale.x(move.first_seconds), scale.x(move.second_seconds)
    left, right = min(first, second), max(first, second)
    better = move.second_seconds <= move.first_seconds
    title = f"{move.setting.title} {values}: {medians}"
    parts.append(rect(left, top, max(2.0, right - left), BAR_HEIGHT, "green" if better else "orange", title))
    parts.append(rect(first - 1.5, top - 3, 3, BAR_HEIGHT + 6, "ink"))
    beyond = right + 8 + len(medians) * CHARACTER_WIDTH > RIGHT
    return [
        *parts,
        text(left - 8 if beyond else right + 8, top + BAR_HEIGHT - 3, medians, anchor="end" if beyond else "start"),
    ]
