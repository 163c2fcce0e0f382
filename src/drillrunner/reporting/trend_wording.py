"""The words that a trend's text and page share: titles, figures of either unit, targets and what is not counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.trend import LeftOut, Period, Trend, TrendLine
from drillrunner.reporting.wording import OBJECTIVE_TITLES, length, percent, span, utc_minute

LEFT_OUT_WORDS = {
    "aborted": "aborted",
    "refused": "refused",
    "died": "died before the end",
    "running": "still running",
    "undated": "without a date",
}


def figure(name: ObjectiveName, value: float) -> str:
    """Seconds as a duration, a fraction as a percentage."""
    return percent(value) if name == "availability" else length(value)


def bounds(name: ObjectiveName, low: float | None, high: float | None) -> str:
    """An interval of either unit; `≥ 17m40s` where an end was not seen."""
    if name != "availability" or low is None or high is None:
        return span(low, high)
    first, last = percent(low), percent(high)
    return first if first == last else f"{first}–{last}"


def target_words(name: ObjectiveName, target: float) -> str:
    """`≤ 15m`, or `≥ 97%`."""
    return f"{'≥' if name == 'availability' else '≤'} {figure(name, target)}"


def targets_words(line: TrendLine) -> str:
    """`target ≤ 3m`; each change with the day since when it holds: `target ≤ 3m, since 2026-10-01 ≤ 2m`."""
    first, *later = line.targets
    changes = (f", since {one.began_wall[:10]} {target_words(line.objective, one.target)}" for one in later)
    return f"target {target_words(line.objective, first.target)}{''.join(changes)}"


def period_targets(line: TrendLine, period: Period) -> str:
    """The targets that a period's runs had, `≤ 3m, ≤ 2m` where they differ."""
    return ", ".join(target_words(line.objective, one) for one in period.targets)


def title(line: TrendLine) -> str:
    """`RTO of checkout`."""
    return f"{OBJECTIVE_TITLES[line.objective]} of {line.probe}"


def place_words(one: TrendLine | LeftOut) -> str:
    """`lab (simulated, topology checkout)`, `staging (AWS account 123456789012)`."""
    if one.kind == "lab":
        topology = f", topology {one.place}" if one.place else ""
        return f"{one.environment} (simulated{topology})"
    return f"{one.environment} (AWS{f' account {one.place}' if one.place else ''})"


def median_words(line: TrendLine, period: Period) -> str:
    """The median; `not bounded` where too many runs have no high end, `—` where nothing was measured."""
    if period.median is not None:
        return figure(line.objective, period.median)
    return "not bounded" if period.measured else "—"


def met_words(period: Period) -> str:
    """`11/12 91%`, rounded down."""
    return f"{period.met}/{period.runs} {period.met * 100 // period.runs}%"


def period_label(line: TrendLine, period: Period) -> str:
    """A quarter or month as it is called; a single run by when it began."""
    run = next((run for run in line.runs if run.run_id == period.name), None)
    return period.name if run is None else utc_minute(run.began_wall)


def left_out_words(found: Iterable[LeftOut]) -> Iterator[str]:
    """`regional-outage in lab (…): 2 aborted, 1 refused`, one for each drill and place."""
    counts: dict[tuple[str, str], list[str]] = {}
    for one in found:
        words = f"{one.count} {LEFT_OUT_WORDS.get(one.ended, one.ended)}"
        counts.setdefault((one.drill, place_words(one)), []).append(words)
    return (f"{drill} · {place}: {', '.join(words)}" for (drill, place), words in counts.items())


def groups(trend: Trend) -> Iterator[tuple[str, str, list[TrendLine]]]:
    """The lines by drill and place, each with the words for both."""
    found: dict[tuple[str, str], list[TrendLine]] = {}
    for line in trend.lines:
        found.setdefault((line.drill, place_words(line)), []).append(line)
    return ((drill, place, lines) for (drill, place), lines in found.items())
