"""A rehearsal's figures: what can be promised, how surely, where the time goes and what would change it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from drillrunner.judge.anatomy import PARTS
from drillrunner.judge.binomial import exact_interval
from drillrunner.judge.rehearsal_changes import cheapest_of, tornado
from drillrunner.judge.rehearsal_outcome import merge, outcome_of
from drillrunner.model.drill import ObjectiveName
from drillrunner.model.rehearsal import Rehearsal, RehearsedObjective, RehearsedRun, RehearsedTarget
from drillrunner.model.rehearsal_figures import (
    Bucket,
    Chance,
    CheapestChange,
    Coverage,
    Dominant,
    Endings,
    ObjectiveFigures,
    PartFigures,
    Percentiles,
    RehearsalFigures,
)
from drillrunner.model.verdict import AnatomyPart

SAME_SECONDS = 1e-6  # the judge rounds to microseconds
BAND = 0.05
BUCKETS_MOST, FINE_BUCKETS_MOST = 12, 24
_STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)


def figures(rehearsal: Rehearsal) -> RehearsalFigures:
    """All figures of a rehearsal, whichever runs it holds: none, refused ones, or ones that never recovered."""
    objectives = tuple(objective_figures(rehearsal, target) for target in rehearsal.targets)
    not_reverted = tuple(run.seed for run in rehearsal.runs if not run.reverted)
    outcome, why, decide = merge(objectives, len(rehearsal.runs), len(not_reverted))
    anatomies = [run.anatomy for run in rehearsal.runs if run.anatomy and not refused(run)]
    return RehearsalFigures(
        outcome=outcome,
        why=why,
        decide=decide,
        runs=len(rehearsal.runs),
        drill_seconds=sum(run.drill_seconds for run in rehearsal.runs),
        objectives=objectives,
        anatomy=anatomy_shares(anatomies),
        dominant=tuple(dominant(anatomies, percentile) for percentile in (50, 90) if anatomies),
        coverage=coverage(rehearsal),
        tornado=tornado(rehearsal.swings),
        cheapest=cheapest_change(rehearsal),
        endings=endings(rehearsal.runs),
        seeds_not_reverted=not_reverted,
    )


def refused(run: RehearsedRun) -> bool:
    """Whether nothing was injected, so that nothing could be measured."""
    return run.ended_by.startswith("refused")


def completed(run: RehearsedRun) -> bool:
    return run.ended_by == "completed"


def of_objective(run: RehearsedRun, name: ObjectiveName, probe: str) -> RehearsedObjective | None:
    """What a run says of an objective; None where it does not mention it."""
    return next((one for one in run.objectives if (one.name, one.probe) == (name, probe)), None)


def counted(rehearsal: Rehearsal, target: RehearsedTarget) -> list[RehearsedObjective]:
    """What the runs measured of an objective, in their order.

    A run that completed counts whatever it says, an undecided one too. One that was stopped early counts
    only where the objective had been decided by then; one that was refused does not.
    """
    found = []
    for run in rehearsal.runs:
        one = of_objective(run, target.name, target.probe)
        if one is not None and not refused(run) and (completed(run) or one.outcome != "inconclusive"):
            found.append(one)
    return found


def promised(one: RehearsedObjective) -> float | None:
    """The end of the interval that can be promised: at most so long; of an availability, at least so much."""
    return one.low if one.name == "availability" else one.high


def objective_figures(rehearsal: Rehearsal, target: RehearsedTarget) -> ObjectiveFigures:
    """Percentiles of an objective, and the chance to meet it."""
    measured = counted(rehearsal, target)
    values = [promised(one) for one in measured]
    begun = sum(not refused(run) for run in rehearsal.runs)
    more_is_better = target.name == "availability"
    chance, apart = chance_of(measured), begun - len(measured)
    return ObjectiveFigures(
        name=target.name,
        probe=target.probe,
        target=target.target,
        percentiles=Percentiles(
            p50=nearest_rank(values, 0.50, more_is_better=more_is_better),
            p90=nearest_rank(values, 0.90, more_is_better=more_is_better),
            p99=nearest_rank(values, 0.99, more_is_better=more_is_better),
        ),
        chance=chance,
        apart=apart,
        outcome=outcome_of(chance, apart),
        histogram=buckets(measured, BUCKETS_MOST),
        histogram_fine=buckets(measured, FINE_BUCKETS_MOST),
    )


def chance_of(measured: Sequence[RehearsedObjective]) -> Chance:
    """How many met it, with the exact interval; an undecided one did not."""
    outcomes = Counter(one.outcome for one in measured)
    low, high = exact_interval(outcomes["met"], len(measured))
    return Chance(met=outcomes["met"], of=len(measured), inconclusive=outcomes["inconclusive"], low=low, high=high)


def nearest_rank(values: Sequence[float | None], share: float, *, more_is_better: bool = False) -> float | None:
    """The value that so large a share of all is as good as, by nearest rank; None (not bounded) is worse than any."""
    if not values:
        return None
    known = sorted((value for value in values if value is not None), reverse=more_is_better)
    rank = max(1, math.ceil(share * len(values) - 1e-9))
    return known[rank - 1] if rank <= len(known) else None


def cheapest_change(rehearsal: Rehearsal) -> CheapestChange | None:
    """The cheapest setting with which the RTO's objective would be met often enough, if it is not so already."""
    target = next((target for target in rehearsal.targets if target.name == "rto"), None)
    return cheapest_of(rehearsal.swings, chance_of(counted(rehearsal, target)).share if target else None)


def anatomy_shares(anatomies: Sequence[dict[str, float]]) -> tuple[PartFigures, ...]:
    """The mean of each part, and its share of the mean RTO; empty where no run had an anatomy."""
    if not anatomies:
        return ()
    means = {part: _mean(anatomies, part) for part in PARTS}
    whole = sum(means.values())
    return tuple(
        PartFigures(part=part, mean_seconds=mean, share=mean / whole if whole else 0.0) for part, mean in means.items()
    )


def dominant(anatomies: Sequence[dict[str, float]], percentile: int) -> Dominant:
    """The longest part near a percentile of the RTO; one run alone would say what one seed drew."""
    ranked = sorted(anatomies, key=lambda anatomy: sum(anatomy.values()))
    first, last = (_rank(len(ranked), percentile / 100 + offset) for offset in (-BAND, BAND))
    near = ranked[first - 1 : last]
    part = max(PARTS, key=lambda part: _mean(near, part))
    rto = sum(ranked[_rank(len(ranked), percentile / 100) - 1].values())
    return Dominant(percentile=percentile, part=part, mean_seconds=_mean(near, part), rto_seconds=rto)


def _rank(count: int, share: float) -> int:
    return min(count, max(1, math.ceil(share * count - 1e-9)))


def _mean(anatomies: Sequence[dict[str, float]], part: AnatomyPart) -> float:
    return math.fsum(anatomy.get(part, 0.0) for anatomy in anatomies) / len(anatomies)


def coverage(rehearsal: Rehearsal) -> Coverage:
    """In how many runs the RTO's interval held the simulator's own RTO (within a microsecond)."""
    outside, compared = [], 0
    for run in rehearsal.runs:
        rto = next((one for one in run.objectives if one.name == "rto"), None)
        if run.truth_rto is None or rto is None or (rto.low is None and rto.high is None):
            continue
        compared += 1
        if not _holds(rto, run.truth_rto):
            outside.append(run.seed)
    return Coverage(held=compared - len(outside), of=compared, seeds_outside=tuple(outside))


def _holds(measured: RehearsedObjective, truth: float) -> bool:
    """An end that was not seen bounds nothing."""
    above = measured.low is None or truth >= measured.low - SAME_SECONDS
    return above and (measured.high is None or truth <= measured.high + SAME_SECONDS)


def endings(runs: Sequence[RehearsedRun]) -> Endings:
    """How the runs ended, and why those that did not complete."""
    whys = Counter(run.ended_by for run in runs if not completed(run))
    done, no = sum(map(completed, runs)), sum(map(refused, runs))
    return Endings(
        completed=done,
        refused=no,
        interrupted=len(runs) - done - no,
        whys=tuple(sorted(whys.items(), key=lambda item: (-item[1], item[0]))),
    )


def buckets(measured: Sequence[RehearsedObjective], most: int) -> tuple[Bucket, ...]:
    """A histogram of what can be promised, at most so many buckets of one round width; unbounded runs are not in it.

    The width is no finer than durations are written: 1 ms, 0.1 s from a second, 1 s from a minute (availability:
    0.1 %).
    """
    known = [(value, one.outcome) for one in measured if (value := promised(one)) is not None]
    if not known:
        return ()
    lowest, highest = min(value for value, _ in known), max(value for value, _ in known)
    fraction = measured[0].name == "availability"
    width = _width(lowest, highest, most, 0.001 if fraction else _finest(highest))
    first = math.floor(lowest / width + 1e-9)
    count = max(1, math.ceil(highest / width - 1e-9) - first)
    held = [Counter[str]() for _ in range(count)]
    for value, outcome in known:
        held[min(count - 1, max(0, math.floor(value / width + 1e-9) - first))][outcome] += 1
    return tuple(
        Bucket(
            low=(first + index) * width,
            high=(first + index + 1) * width,
            met=counter["met"],
            inconclusive=counter["inconclusive"],
            missed=counter["missed"],
        )
        for index, counter in enumerate(held)
    )


def _finest(seconds: float) -> float:
    return 1.0 if seconds >= 60 else 0.1 if seconds >= 1 else 0.001


def _width(lowest: float, highest: float, most: int, finest: float) -> float:
    """The least round width that covers the range in at most so many buckets that begin at its multiples."""
    for power in range(-3, 12):
        for step in _STEPS:
            width = step * 10.0**power
            if width < finest * 0.999:
                continue
            if math.ceil(highest / width - 1e-9) - math.floor(lowest / width + 1e-9) <= most:
                return width
    return highest - lowest or 1.0
