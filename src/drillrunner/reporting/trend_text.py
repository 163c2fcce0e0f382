"""A trend for the terminal: each period's median, spread and share of targets met, with a bar against the target."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.trend import Period, Trend, TrendLine, TrendRun
from drillrunner.reporting.history_text import broken_lines
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.table_text import aligned
from drillrunner.reporting.trend_wording import (
    bounds,
    left_out_words,
    median_words,
    met_words,
    period_label,
    period_targets,
    place_words,
    targets_words,
    title,
)

BAR_CELLS = 32
SPARKS = "▁▂▃▄▅▆▇█"
SPARKS_MOST = 60


def trend_lines(trend: Trend, names: Collection[ObjectiveName]) -> list[str]:
    """A block for each line whose objective is among `names`, then what is not counted and what is broken."""
    shown = [line for line in trend.lines if line.objective in names]
    lines = [row for line in shown for row in _block(line, trend)]
    if not shown:
        lines = ["no completed run is there that measured this"]
    left_out = [f"not counted: {words}" for words in left_out_words(trend.left_out)]
    return [*lines, *map(visible, left_out), *broken_lines(trend.broken)]


def _block(line: TrendLine, trend: Trend) -> Iterator[str]:
    yield visible(f"{line.drill} · {place_words(line)} · {title(line)} · {targets_words(line)}")
    header = (trend.by, "median", "lowest–highest", "runs", "met", "target", "")
    scale = _scale(line)
    rows = [_row(line, period, scale) for period in line.periods]
    yield from (f"  {row}" for row in aligned([header, *rows], right=(1, 3)))
    yield f"  {'last run' if len(line.runs) == 1 else 'each run'}  {sparkline(line)}"
    yield ""


def _row(line: TrendLine, period: Period, scale: float) -> tuple[str, ...]:
    return (
        period_label(line, period),
        median_words(line, period),
        bounds(line.objective, period.low, period.high) if period.measured else "not measured",
        str(period.runs),
        met_words(period),
        period_targets(line, period),
        bar(period, scale),
    )


def _scale(line: TrendLine) -> float:
    """What the whole length of a bar stands for: the largest bounded figure or target, and a little more."""
    if line.objective == "availability":
        return 1.0
    known = [value for run in line.runs for value in (run.high, run.target) if value is not None]
    return max(known, default=0.0) * 1.05 or 1.0


def bar(period: Period, scale: float, cells: int = BAR_CELLS) -> str:
    """`···━━●━━━···│··`: from the lowest to the highest end, the median, and an upright at the target.

    Where no end is known to bound it, the bar runs on to the right with `→`.
    """
    drawn = ["·"] * cells
    if period.measured:
        first = _cell(period.low or 0.0, scale, cells)
        last = cells - 1 if period.high is None else _cell(period.high, scale, cells)
        drawn[first : last + 1] = ["━"] * (last + 1 - first)
        if period.high is None:
            drawn[-1] = "→"
    for target in period.targets:
        drawn[_cell(target, scale, cells)] = "│"
    if period.median is not None:
        drawn[_cell(period.median, scale, cells)] = "●"
    return "".join(drawn)


def _cell(value: float, scale: float, cells: int) -> int:
    return min(cells - 1, max(0, int(value / scale * cells)))


def sparkline(line: TrendLine) -> str:
    """The last runs, oldest first, the middle of each against the line's scale: `×` not bounded, `·` not measured."""
    scale = _scale(line)
    shown: Sequence[TrendRun] = line.runs[-SPARKS_MOST:]
    return ("…" if len(line.runs) > len(shown) else "") + "".join(_spark(run, scale) for run in shown)


def _spark(run: TrendRun, scale: float) -> str:
    if run.low is None and run.high is None:
        return "·"
    if run.low is None or run.high is None:
        return "×"
    return SPARKS[_cell((run.low + run.high) / 2, scale, len(SPARKS))]
