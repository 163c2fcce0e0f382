"""A rehearsal for the terminal: what can be promised first, then where the time goes and what would change it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from drillrunner.model.rehearsal import Rehearsal
from drillrunner.model.rehearsal_figures import Bucket, Move, ObjectiveFigures, RehearsalFigures
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.rehearsal_wording import (
    MEANING,
    chance_words,
    coverage_words,
    dominant_words,
    endings_words,
    move_values,
    no_change_words,
    objective_title,
    often,
    percentile_of,
    rehearsal_headline,
    seeds_words,
    target_of,
    times,
    unrecovered_words,
    what_if,
    whereabouts,
)
from drillrunner.reporting.wording import OBJECTIVE_TITLES, OUTCOME_MARK, PART_TITLES, length

BAR_WIDTH, SWING_BAR_WIDTH = 30, 14
WIDTH = 80


def rehearsal_lines(rehearsal: Rehearsal, figures: RehearsalFigures) -> list[str]:
    """The whole rehearsal, with the figures that the judge made of it, for 80 columns; long names make longer lines."""
    lines = [
        str(rehearsal_headline(figures)),
        f"  {rehearsal.drill} · {whereabouts(rehearsal)}",
        f"  rehearsed {often(figures.runs)} on virtual time"
        f" ({length(figures.drill_seconds)} of it) · seed {rehearsal.seed}",
        *_warnings(figures),
        *(line for one in figures.objectives for line in _objective(one)),
        *(_prose(MEANING) if figures.objectives else []),
        *_distribution(figures),
        *_anatomy(figures),
        *_swings(figures),
        *_cheapest(rehearsal, figures),
        *_conditions(rehearsal, figures),
    ]
    return [visible(line) for line in lines]


def _prose(text: str, indent: str = "  ") -> list[str]:
    """A sentence in lines of 80 columns, broken between words alone."""
    return textwrap.wrap(
        visible(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _warnings(figures: RehearsalFigures) -> Iterator[str]:
    left = figures.seeds_not_reverted
    if left:
        yield f"  NOT PUT BACK in {times(len(left), 'run')}: {seeds_words(left)}"
    if figures.decide:
        yield from _prose(f"to decide it: {figures.decide}")
    for line in endings_words(figures):
        yield from _prose(f"! {line}")


def _objective(one: ObjectiveFigures) -> Iterator[str]:
    values = (one.percentiles.p50, one.percentiles.p90, one.percentiles.p99)
    if one.chance.of:
        named = zip(("P50", "P90", "P99"), values, strict=True)
        shown = "  ".join(f"{name} {percentile_of(one, value)}" for name, value in named)
        yield f"  {objective_title(one):<24} {shown}  target {target_of(one)}"
    else:
        yield f"  {objective_title(one):<24} target {target_of(one)}"
    yield f"  {'':<24} {chance_words(one)} {OUTCOME_MARK[one.outcome]}"


def _distribution(figures: RehearsalFigures) -> Iterator[str]:
    """A histogram of the RTO objective; nothing where no run recovered."""
    one = next((one for one in figures.objectives if one.name == "rto"), None)
    if one is None or not one.histogram:
        return
    found = one.histogram
    drawn, most = sum(bucket.count for bucket in found), max(bucket.count for bucket in found)
    yield ""
    yield f"  {OBJECTIVE_TITLES['rto']} of {one.probe} in {times(drawn, 'run')}"
    labels = [f"{length(bucket.low)}–{length(bucket.high)}" for bucket in found]
    widest = max(map(len, labels))
    for bucket, label in zip(found, labels, strict=True):
        bar = bar_of(bucket.count, most)
        marks = ", ".join(_standing_in(bucket, one, last=bucket is found[-1]))
        yield f"    {label:>{widest}} {bucket.count:>5,}  {bar:<{BAR_WIDTH}}  {marks}".rstrip()
    if (words := unrecovered_words(one)) is not None:
        yield f"    {words}"


def _standing_in(bucket: Bucket, one: ObjectiveFigures, *, last: bool) -> list[str]:
    """What lies in a bucket, percentiles and the target, in their order."""
    p = one.percentiles
    named = (("P50", p.p50), ("P90", p.p90), ("P99", p.p99), ("target", one.target))
    known = sorted((value, number, name) for number, (name, value) in enumerate(named) if value is not None)
    return [name for at, _, name in known if bucket.low <= at < bucket.high or (last and at == bucket.high)]


def bar_of(value: float, most: float, width: int = BAR_WIDTH) -> str:
    """A bar of at most `width` blocks; what is not nothing has at least one."""
    if value <= 0 or most <= 0:
        return ""
    return "▇" * max(1, round(width * value / most))


def _anatomy(figures: RehearsalFigures) -> Iterator[str]:
    if not figures.anatomy:
        return
    most = max(part.mean_seconds for part in figures.anatomy)
    yield ""
    yield "  Where the time goes (mean of the runs)"
    for part in figures.anatomy:
        figure = f"{PART_TITLES[part.part]:<10} {length(part.mean_seconds):>7} {part.share:>5.0%}"
        yield f"    {figure}  {bar_of(part.mean_seconds, most)}".rstrip()
    yield from _prose(dominant_words(figures.dominant))


def _swings(figures: RehearsalFigures) -> Iterator[str]:
    if not figures.tornado:
        return
    most = max(move.reach_seconds or 0.0 for move in figures.tornado)
    names = [f"{move.setting.title} {move_values(move)[0]}" for move in figures.tornado]
    widest = max(map(len, names))
    yield ""
    yield "  What would change it (RTO P50 at each value)"
    for name, move in zip(names, figures.tornado, strict=True):
        yield f"    {name:<{widest}}  {move_values(move)[1]:<16} {_swing_bar(move, most)}".rstrip()


def _swing_bar(move: Move, most: float) -> str:
    now = f" (now {move.now})" if move.now else ""
    return f"{bar_of((move.reach_seconds or 0.0), most, SWING_BAR_WIDTH)}{now}"


def _cheapest(rehearsal: Rehearsal, figures: RehearsalFigures) -> Iterator[str]:
    if figures.cheapest is not None:
        yield from _prose(f"Cheapest change that meets the objective: {figures.cheapest.sentence}")
    elif (words := no_change_words(rehearsal, figures)) is not None:
        yield from _prose(words)


def _conditions(rehearsal: Rehearsal, figures: RehearsalFigures) -> Iterator[str]:
    yield ""
    yield from _prose(coverage_words(figures.coverage))
    yield from (f"  what if: {setting}" for setting in what_if(rehearsal))
    yield from _randomised(rehearsal.randomised)


def _randomised(distributions: Sequence[str]) -> Iterator[str]:
    """Each distribution from a line of its own: together they are longer than one text from outside may be."""
    if not distributions:
        yield "  randomised: nothing"
        return
    yield "  randomised:"
    for one in distributions:
        yield from _prose(one, indent="    ")
