"""A measured run beside its rehearsal, for the terminal: was it predicted, and what did the model miss."""

from __future__ import annotations

from collections.abc import Iterator

from drillrunner.model.comparison import ComparedPart, Comparison
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.wording import PART_TITLES, length, mark, span


def comparison_lines(comparison: Comparison) -> list[str]:
    """The whole comparison, its result first."""
    lines = [
        f"{_headline(comparison)} · {comparison.drill} · run {comparison.run_id} · seed {comparison.seed}",
        *(f"  ! {caution}" for caution in comparison.cautions),
        *(f"  {mark(one.within)} {one.sentence}" for one in comparison.objectives),
        *_parts(comparison),
    ]
    return [visible(line) for line in lines]


def _headline(comparison: Comparison) -> str:
    if not comparison.objectives:
        return "NOT COMPARED · no objective was measured in both"
    outside = sum(not one.within for one in comparison.objectives)
    if outside:
        return f"NOT AS REHEARSED · {outside} of {len(comparison.objectives)} objectives outside the prediction"
    return "AS REHEARSED · every objective within the prediction"


def _parts(comparison: Comparison) -> Iterator[str]:
    if not comparison.parts:
        return
    yield f"  {'Part of the RTO':<16} {'measured':>9} {'median':>9}  nine rehearsed runs in ten"
    for part in comparison.parts:
        band = span(part.predicted_low, part.predicted_high)
        figures = f"{length(part.seconds):>9} {length(part.predicted_median):>9}"
        yield f"  {PART_TITLES[part.part]:<16} {figures}  {band:<14} {_side(part)}".rstrip()
    label = "what the model missed" if comparison.furthest and comparison.furthest.outside else "anatomy"
    yield f"  {label}: {comparison.deviation}"


def _side(part: ComparedPart) -> str:
    if not part.outside:
        return ""
    return f"{length(part.outside)} {'above' if part.seconds > part.predicted_high else 'below'}"
