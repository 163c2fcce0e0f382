"""A measured run held against the rehearsal of the same drill: was it predicted, and what did the model miss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drillrunner.judge.rehearsal import SAME_SECONDS, counted, nearest_rank, promised, refused
from drillrunner.model.comparison import ComparedObjective, ComparedPart, Comparison
from drillrunner.model.drill import ObjectiveName
from drillrunner.model.duration import format_duration
from drillrunner.model.rehearsal import Rehearsal, RehearsedObjective, RehearsedTarget
from drillrunner.model.verdict import ObjectiveVerdict, Share, Verdict

EDGE_SHARE = 0.05
RUNS_LEAST = 20
_TITLES = {"rto": "RTO", "rpo": "RPO", "availability": "availability", "latency": "latency", "detection": "detection"}


@dataclass(frozen=True, slots=True)
class _Band:
    low: float | None
    high: float | None

    def holds(self, low: float | None, high: float | None) -> bool:
        """An open end of the measurement lies within only where the band is open there too."""
        above = self.low is None or (low is not None and low >= self.low - SAME_SECONDS)
        return above and (self.high is None or (high is not None and high <= self.high + SAME_SECONDS))


def compare(verdict: Verdict, rehearsal: Rehearsal) -> Comparison:
    """Hold a run's verdict against a rehearsal. Objectives that only one of them measured are left out."""
    found = [_objective(one, target, rehearsal) for one, target in _in_both(verdict, rehearsal)]
    objectives = tuple(one for one in found if one is not None)
    parts = _parts(verdict.anatomy, rehearsal)
    most = furthest(parts)
    return Comparison(
        drill=verdict.drill,
        run_id=verdict.run_id,
        seed=rehearsal.seed,
        predicted=bool(objectives) and all(one.within for one in objectives),
        objectives=objectives,
        parts=parts,
        furthest=most,
        deviation=None if most is None else _deviation(most),
        cautions=_cautions(verdict, rehearsal),
    )


def _in_both(verdict: Verdict, rehearsal: Rehearsal) -> list[tuple[ObjectiveVerdict, RehearsedTarget]]:
    targets = {(target.name, target.probe): target for target in rehearsal.targets}
    return [(one, targets[one.name, one.probe]) for one in verdict.objectives if (one.name, one.probe) in targets]


def _objective(one: ObjectiveVerdict, target: RehearsedTarget, rehearsal: Rehearsal) -> ComparedObjective | None:
    rehearsed = [each for each in counted(rehearsal, target) if each.low is not None or each.high is not None]
    if not rehearsed or (one.low is None and one.high is None):
        return None
    band = _Band(_low_edge([each.low for each in rehearsed]), nearest_rank([e.high for e in rehearsed], 1 - EDGE_SHARE))
    within, percentile = band.holds(one.low, one.high), _percentile(one, rehearsed)
    return ComparedObjective(
        name=one.name,
        probe=one.probe,
        low=one.low,
        high=one.high,
        predicted_low=band.low,
        predicted_high=band.high,
        percentile=percentile,
        within=within,
        runs=len(rehearsed),
        sentence=_sentence(one, band, within, percentile),
    )


def _low_edge(lows: Sequence[float | None]) -> float | None:
    """The 5th percentile by nearest rank; a low end that nothing bounds is the lowest of all."""
    known = sorted(low for low in lows if low is not None)
    rank = math.ceil(EDGE_SHARE * len(lows)) - (len(lows) - len(known))
    return known[rank - 1] if rank > 0 else None


def _percentile(one: ObjectiveVerdict, rehearsed: Sequence[RehearsedObjective]) -> float | None:
    """Which of the rehearsal's percentiles the run is, by the end that can be promised; None where not seen."""
    at = one.low if one.name == "availability" else one.high
    if at is None:
        return None
    values = [value for each in rehearsed if (value := promised(each)) is not None]
    same = sum(abs(value - at) <= SAME_SECONDS for value in values)
    better = at + SAME_SECONDS if one.name == "availability" else at - SAME_SECONDS
    ahead = sum(value > better if one.name == "availability" else value < better for value in values)
    return 100 * (ahead + same / 2) / len(rehearsed)


def _sentence(one: ObjectiveVerdict, band: _Band, within: bool, percentile: float | None) -> str:
    measured, predicted = _span(one.name, one.low, one.high), _span(one.name, band.low, band.high)
    place = "" if percentile is None else f", at P{percentile:.0f}"
    where = "within" if within else "outside"
    return f"{_TITLES[one.name]} of {one.probe} {measured}{place}: {where} nine rehearsed runs in ten ({predicted})"


def _span(name: ObjectiveName, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        known = _figure(name, high if low is None else low)
        return f"at most {known}" if low is None else f"at least {known}"
    first, last = _figure(name, low), _figure(name, high)
    return first if first == last else f"{first}–{last}"


def _figure(name: ObjectiveName, value: float | None) -> str:
    if value is None:
        return "anything"
    if name == "availability":
        return f"{math.floor(value * 10_000 + 1e-6) / 100:g}%"
    return format_duration(value) if value >= 0.0005 else "0s"


def _parts(anatomy: Sequence[Share], rehearsal: Rehearsal) -> tuple[ComparedPart, ...]:
    """Every part of the measured RTO beside what the rehearsed runs had; empty where either has no anatomy."""
    anatomies = [run.anatomy for run in rehearsal.runs if run.anatomy and not refused(run)]
    if not anatomies:
        return ()
    return tuple(_part(share, [one.get(share.part, 0.0) for one in anatomies]) for share in anatomy)


def _part(share: Share, rehearsed: Sequence[float]) -> ComparedPart:
    low, median, high = (nearest_rank(rehearsed, rank) or 0.0 for rank in (EDGE_SHARE, 0.5, 1 - EDGE_SHARE))
    beyond = max(share.seconds - high, low - share.seconds)
    return ComparedPart(
        part=share.part,
        seconds=share.seconds,
        predicted_median=median,
        predicted_low=low,
        predicted_high=high,
        outside=beyond if beyond > SAME_SECONDS else 0.0,
    )


def furthest(parts: Sequence[ComparedPart]) -> ComparedPart | None:
    """The part that left its band by most seconds; where none did, the one furthest from its median."""
    return max(parts, key=lambda one: (one.outside, abs(one.seconds - one.predicted_median)), default=None)


def _deviation(most: ComparedPart) -> str:
    """What the model missed, or that it missed nothing."""
    took, median = _figure("rto", most.seconds), _figure("rto", most.predicted_median)
    band = _span("rto", most.predicted_low, most.predicted_high)
    title = most.part.capitalize()
    if not most.outside:
        return f"no part of the RTO left its prediction; {title} is furthest off: {took}, median {median} ({band})"
    less = "more" if most.seconds > most.predicted_high else "less"
    return f"{title} took {took}, {less} than the model knows: median {median}, nine rehearsed runs in ten {band}"


def _cautions(verdict: Verdict, rehearsal: Rehearsal) -> tuple[str, ...]:
    """Reasons why the two may not be alike."""
    found = []
    if verdict.drill != rehearsal.drill:
        found.append(f"the run is of {verdict.drill}, the rehearsal of {rehearsal.drill}")
    if verdict.ended_by != "completed":
        found.append(f"the run did not complete: {verdict.ended_by}")
    if rehearsal.overrides:
        changed = ", ".join(f"{name} = {value}" for name, value in sorted(rehearsal.overrides.items()))
        found.append(f"the rehearsal is of a what-if: {changed}")
    if len(rehearsal.runs) < RUNS_LEAST:
        found.append(f"{len(rehearsal.runs)} of at least {RUNS_LEAST} runs were rehearsed: too few to tell nine in ten")
    return tuple(found)
