"""The words that a rehearsal's text and page share: its headline, chances, percentiles, swings and endings."""

from __future__ import annotations

import math
from collections.abc import Sequence

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.rehearsal import Rehearsal, RehearsedObjective, RehearsedRun
from drillrunner.model.rehearsal_figures import (
    WANTED_SHARE,
    Chance,
    Coverage,
    Dominant,
    Move,
    ObjectiveFigures,
    RehearsalFigures,
)
from drillrunner.reporting.wording import OBJECTIVE_TITLES, PART_TITLES, Headline, Word, length, percent, span

SEEDS_MOST = 12
MEANING = "P90: nine runs in ten were at least as good. Of each run its interval's worse end, by nearest rank."
WORDS: dict[str, Word] = {"met": "PASS", "missed": "FAIL", "inconclusive": "INCONCLUSIVE"}


def rehearsal_headline(figures: RehearsalFigures) -> Headline:
    """`PASS · all objectives met in 200 of 200 runs`."""
    return Headline(WORDS[figures.outcome], figures.why)


def times(count: int, noun: str) -> str:
    """`1 run`, `200 runs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def whereabouts(rehearsal: Rehearsal) -> str:
    """`lab, topology checkout`: where it was rehearsed."""
    return f"{rehearsal.environment}, topology {rehearsal.topology}"


def figure_of(name: ObjectiveName, value: float) -> str:
    """A duration, or a percentage for availability."""
    return percent(value) if name == "availability" else length(value)


def target_of(target: ObjectiveFigures) -> str:
    """`≤ 3m`, or `≥ 97%` for availability."""
    return f"{'≥' if target.name == 'availability' else '≤'} {figure_of(target.name, target.target)}"


def percentile_of(objective: ObjectiveFigures, value: float | None) -> str:
    """A percentile's value, one that never reads like a target from which it differs; `no end seen` for None."""
    if not objective.chance.of:
        return "not measured"
    if value is None:
        return "no end seen"
    if objective.name == "availability":
        return percent(value)
    return span(value, value, objective.target)


def objective_title(objective: ObjectiveFigures) -> str:
    """`RTO checkout`."""
    return f"{OBJECTIVE_TITLES[objective.name]} {objective.probe}"


def unrecovered_words(objective: ObjectiveFigures) -> str | None:
    """How many runs no histogram shows, because users were not served again; None where all were."""
    missing = objective.chance.of - sum(bucket.count for bucket in objective.histogram)
    return f"{times(missing, 'more run')} saw no end" if missing else None


def what_if(rehearsal: Rehearsal) -> list[str]:
    """`route53.ttl = 30`, for each setting that was changed for the rehearsal."""
    return [f"{name} = {value}" for name, value in sorted(rehearsal.overrides.items())]


def often(count: int) -> str:
    """`once`, `200 times`."""
    return "once" if count == 1 else f"{count:,} times"


def chance_interval(chance: Chance) -> str:
    """`98.1%–100%`, rounded outward, so that it promises no more than is known."""
    low, high = math.floor(chance.low * 1000 + 1e-9) / 10, math.ceil(chance.high * 1000 - 1e-9) / 10
    return f"{low:g}%–{high:g}%"


def chance_words(objective: ObjectiveFigures) -> str:
    """`met in 199 of 200 runs (97.2%–100%), 1 inconclusive`."""
    chance = objective.chance
    if not chance.of:
        return "not measured in any run"
    unsure = f", {chance.inconclusive:,} inconclusive" if chance.inconclusive else ""
    early = f", {objective.apart:,} ended early" if objective.apart else ""
    return f"met in {chance.met:,} of {times(chance.of, 'run')} ({chance_interval(chance)}){unsure}{early}"


def measured_in(objective: RehearsedObjective) -> str:
    """What one run measured, as an interval."""
    if objective.name != "availability" or objective.low is None or objective.high is None:
        return span(objective.low, objective.high)
    low, high = percent(objective.low), percent(objective.high)
    return low if low == high else f"{low}–{high}"


def ended_words(run: RehearsedRun) -> str:
    """How one run ended."""
    return run.ended_by if run.reverted else f"{run.ended_by}, NOT PUT BACK"


def seeds_words(seeds: tuple[int, ...]) -> str:
    """`seed 4`, `seeds 4, 17 and 3 more`."""
    named = ", ".join(map(str, seeds[:SEEDS_MOST]))
    more = f" and {len(seeds) - SEEDS_MOST:,} more" if len(seeds) > SEEDS_MOST else ""
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {named}{more}"


def endings_words(figures: RehearsalFigures) -> list[str]:
    """The runs that did not complete, counted apart, with their reasons; empty where all completed."""
    ends = figures.endings
    if not ends.refused and not ends.interrupted:
        return []
    parts = [
        f"{times(count, 'run')} {what}"
        for count, what in ((ends.refused, "refused"), (ends.interrupted, "ended early"))
        if count
    ]
    whys = [f"{count:,} × {why}" for why, count in ends.whys[:SEEDS_MOST]]
    left_out = len(ends.whys) - len(whys)
    return [f"{', '.join(parts)}: counted apart", *whys, *([f"{left_out:,} other reasons"] if left_out else [])]


def coverage_words(coverage: Coverage) -> str:
    """In how many runs the measured interval held the simulator's truth."""
    if not coverage.of:
        return "no run had both a measured RTO and the simulator's truth"
    outside = f": not in {seeds_words(coverage.seeds_outside)}" if coverage.seeds_outside else ""
    return f"interval held the simulator's truth in {coverage.held:,} of {times(coverage.of, 'run')}{outside}"


def move_values(move: Move) -> tuple[str, str]:
    """`60 → 5`, and `1m19s → 41s`."""
    medians = f"{median_words(move.first_seconds)} → {median_words(move.second_seconds)}"
    return f"{move.first} → {move.second}", medians


def median_words(seconds: float | None) -> str:
    """A median RTO; None where none was measured."""
    return "not measured" if seconds is None else length(seconds)


def dominant_words(dominant: Sequence[Dominant]) -> str:
    """`at P50 Propagate takes longest (31s of 1m19s), at P90 Detect (41s of 1m31s)`."""
    return ", ".join(
        f"at P{one.percentile} {PART_TITLES[one.part]}{'' if number else ' takes longest'}"
        f" ({length(one.mean_seconds)} of {length(one.rto_seconds)})"
        for number, one in enumerate(dominant)
    )


def no_change_words(rehearsal: Rehearsal, figures: RehearsalFigures) -> str | None:
    """That no single setting that was tried is enough, where that is so."""
    rto = next((one for one in figures.objectives if one.name == "rto"), None)
    short = rto is not None and rto.chance.share is not None and rto.chance.share < WANTED_SHARE
    if figures.cheapest or not rehearsal.swings or not short:
        return None
    return "no single setting that was tried meets the RTO's objective in 95% of runs"
