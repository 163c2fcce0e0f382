"""Each objective's measure and verdict: met, missed, or inconclusive with what would decide it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from drillrunner.judge.case import Case
from drillrunner.judge.histogram import RELATIVE_ERROR, Histogram
from drillrunner.judge.recovery import Outage, explain, observe, outward
from drillrunner.judge.story import Effect, Moment, detections
from drillrunner.judge.tracks import BAD, GOOD, Track
from drillrunner.model.drill import Objective, ObjectiveName
from drillrunner.model.duration import format_duration
from drillrunner.model.verdict import ObjectiveVerdict, Outcome

_NO_EFFECT = "no fault took effect, so there was nothing to measure"
_READ_BACK = "a fault whose read-back shows when it took effect"
_PACES_SECONDS = (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure that lies between two ends (None: that end is not known), and how it came about.

    `firm` is false where the figure rests on an effect that no read-back confirmed: then it can miss
    a target, but not meet one. `decide` says what would decide it if the ends do not.
    """

    low: float | None
    high: float | None
    why: str
    decide: str | None = None
    firm: bool = True
    estimated: bool = False


def judge_objective(case: Case, objective: Objective) -> ObjectiveVerdict:
    """Measure one objective and hold the measure against its target."""
    measure = _MEASURES[objective.name](case, objective)
    outcome = _at_least(measure, objective.target)
    if objective.name != "availability":
        outcome = _at_most(measure, objective.target)
    return ObjectiveVerdict(
        name=objective.name,
        probe=objective.probe,
        target=objective.target,
        low=measure.low,
        high=measure.high,
        outcome=outcome,
        why=measure.why,
        decide=(measure.decide or _straddle(case, objective, measure)) if outcome == "inconclusive" else None,
        estimated=measure.estimated,
    )


def _at_most(measure: Measure, target: float) -> Outcome:
    if measure.low is not None and measure.low > target:
        return "missed"
    if measure.high is not None and measure.high <= target and measure.firm:
        return "met"
    return "inconclusive"


def _at_least(measure: Measure, target: float) -> Outcome:
    if measure.high is not None and measure.high < target:
        return "missed"
    if measure.low is not None and measure.low >= target and measure.firm:
        return "met"
    return "inconclusive"


def _straddle(case: Case, objective: Objective, measure: Measure) -> str | None:
    """What would decide a figure whose interval holds the target."""
    if measure.low is None or measure.high is None:
        return None
    if not measure.firm:
        return _READ_BACK
    if objective.name == "latency":
        return "more readings, or a target further from what was measured"
    if objective.name == "availability":
        return f"answers to the polls that proved nothing: with them it lies between {_percents(measure)}"
    spec = case.spec(objective.probe)
    pace = _finer(spec.every_seconds) if spec else None
    width = format_duration(measure.high - measure.low)
    if spec is None or pace is None:
        return f"a finer measure: the interval is {width} wide and the target lies in it"
    return f"probe every {format_duration(pace)}: the interval is {width} wide and the target lies in it"


def _percents(measure: Measure) -> str:
    return f"{_percent(measure.low or 0.0)} and {_percent(measure.high or 0.0)}"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.4g} %"


def _finer(every_seconds: float) -> float | None:
    """The longest usual interval that is at most a quarter of this one."""
    return max((pace for pace in _PACES_SECONDS if pace <= every_seconds / 4), default=None)


def between(low: float, high: float) -> str:
    """`42s`, or `between 41s and 43s` where the two read differently."""
    first, second = format_duration(low), format_duration(high)
    return first if first == second else f"between {first} and {second}"


def _rto(case: Case, objective: Objective) -> Measure:
    effect = case.effect
    if effect is None:
        return Measure(None, None, _NO_EFFECT)
    failed = [outage for outage in case.outages if outage.failures]
    blind = [outage for outage in case.outages if not outage.answers]
    if not failed:
        return _unseen(case, blind)
    low = max(0.0, *(_lowest_rto(outage, effect) for outage in failed))
    open_ended = [outage for outage in failed if outage.recovered is None] + blind
    if open_ended:
        return _unrecovered(case, open_ended[0], low, effect)
    high = max(outage.recovered.high for outage in failed if outage.recovered) - effect.low
    span = outward(low, high)
    why = f"good again {between(span.low, span.high)} after the fault took effect{_worst_of(failed)}"
    return Measure(span.low, span.high, why, firm=effect.observed)


def _unseen(case: Case, blind: Sequence[Outage]) -> Measure:
    """No user-facing reading failed: nothing can be said about a recovery."""
    if not case.outages:
        return Measure(None, None, "no probe asks what users ask", "a user-facing probe")
    why = explain((blind or case.outages)[0], case.drill.stable_for_seconds) or ""
    return Measure(None, None, why, "a probe that answers" if blind else "a fault that reaches what the probe asks")


def _lowest_rto(outage: Outage, effect: Effect) -> float:
    last_failed = outage.last_failed if outage.last_failed is not None else effect.high
    return last_failed - effect.high


def _unrecovered(case: Case, outage: Outage, low: float, effect: Effect) -> Measure:
    reason = explain(outage, case.drill.stable_for_seconds)
    why = f"{outage.probe}: {reason}; it took more than {format_duration(low)}"
    decide = "a longer recovery phase, so that the good readings can prove that they last"
    return Measure(low, None, why, decide if outage.answers else "a probe that answers", firm=effect.observed)


def _worst_of(outages: Sequence[Outage]) -> str:
    if len(outages) == 1:
        return ""
    worst = worst_outage(outages)
    return f" (the worst of {len(outages)}: {worst.probe} from {worst.vantage})" if worst else ""


def worst_outage(outages: Sequence[Outage]) -> Outage | None:
    """The one that recovered last; None where one that failed never did."""
    failed = [outage for outage in outages if outage.failures]
    if not failed or any(outage.recovered is None for outage in failed):
        return None
    return max(failed, key=lambda outage: outage.recovered.high if outage.recovered else 0.0)


def _rpo(case: Case, objective: Objective) -> Measure:
    loss = case.losses.get(objective.probe)
    if case.effect is None:
        return Measure(None, None, _NO_EFFECT)
    if loss is None:
        return Measure(None, None, "there is neither a ledger nor a lag to tell it from", "a ledger probe")
    result = loss.result
    if result.rpo is None:
        return Measure(None, None, result.why or "", "a ledger that can be read back after the recovery")
    return Measure(
        result.rpo.low,
        result.rpo.high,
        result.why or "",
        "a ledger probe: a lag only estimates" if result.estimated else None,
        firm=case.effect.observed,
        estimated=result.estimated,
    )


def _availability(case: Case, objective: Objective) -> Measure:
    if case.effect is None:
        return Measure(None, None, _NO_EFFECT)
    counts = [_counts(track, case.effect.low, case.closed) for track in case.gathered.of(objective.probe)]
    counts = [count for count in counts if count.good + count.bad]
    if not counts:
        return Measure(None, None, "no reading was answered after the fault took effect", "a probe that answers")
    worst = min(counts, key=lambda count: count.good / count.total)
    unknown = f", {worst.unknown} proved nothing" if worst.unknown else ""
    why = f"{worst.good} of {worst.good + worst.bad} answers were good from the fault's effect to the failback{unknown}"
    low = min(count.good / count.total for count in counts)
    high = min((count.good + count.unknown) / count.total for count in counts)
    return Measure(low, high, why, firm=case.effect.observed)


@dataclass(frozen=True, slots=True)
class _Counts:
    """`unknown` has the polls that proved nothing, and those that the schedule owes."""

    good: int
    bad: int
    unknown: int

    @property
    def total(self) -> int:
        return self.good + self.bad + self.unknown


def _counts(track: Track, opened: float, closed: float) -> _Counts:
    codes = [track.codes[index] for index in track.within(opened, closed)]
    # what a process that died no longer asked is not owed
    end = min(closed - track.timeout_seconds, max(track.asked, default=opened))
    owed = math.floor((end - opened) / track.every_seconds) - 1 if track.every_seconds > 0 else 0
    good, bad = codes.count(GOOD), codes.count(BAD)
    return _Counts(good, bad, max(len(codes), owed) - good - bad)


def _latency(case: Case, objective: Objective) -> Measure:
    if case.effect is None:
        return Measure(None, None, _NO_EFFECT)
    fraction = objective.percentile or 0.95
    histograms = [_durations(track, case.effect.low, case.closed) for track in case.gathered.of(objective.probe)]
    histograms = [histogram for histogram in histograms if histogram.count]
    if not histograms:
        return Measure(None, None, "no good reading was answered after the fault took effect", "a probe that answers")
    worst = max(histograms, key=lambda histogram: histogram.percentile(fraction))
    seconds = worst.percentile(fraction)
    why = f"p{100 * fraction:g} of {worst.count} good answers was {format_duration(seconds)}"
    return Measure(seconds * (1 - RELATIVE_ERROR), seconds * (1 + RELATIVE_ERROR), why, firm=case.effect.observed)


def _durations(track: Track, opened: float, closed: float) -> Histogram:
    histogram = Histogram()
    for index in track.within(opened, closed):
        if track.codes[index] == GOOD:
            histogram.add(track.answered[index] - track.asked[index])
    return histogram


def _detection(case: Case, objective: Objective) -> Measure:
    effect = case.effect
    if effect is None:
        return Measure(None, None, _NO_EFFECT)
    flip = next((moment for probe, moment in detections(case.entries) if probe == objective.probe), None)
    if flip is None:
        flip = _first_flip(case, objective.probe, effect)
    if flip is None:
        return _undetected(case, objective.probe, effect)
    span = outward(flip.low - effect.high, flip.high - effect.low)
    why = f"the detection signal flipped {between(span.low, span.high)} after the fault took effect"
    return Measure(span.low, span.high, why, firm=effect.observed)


def _first_flip(case: Case, probe: str, effect: Effect) -> Moment | None:
    """The flip as the probe's own readings show it, for a journal that does not have it."""
    outages = (observe(track, effect.low, case.closed, 0.0) for track in case.gathered.of(probe))
    began = [outage.began for outage in outages if outage.began is not None]
    return min(began) if began else None


def _undetected(case: Case, probe: str, effect: Effect) -> Measure:
    unflipped = [
        track.asked[index]
        for track in case.gathered.of(probe)
        for index in track.within(effect.low, case.closed)
        if track.codes[index] == GOOD
    ]
    if not unflipped:
        return Measure(None, None, "the detection signal was never read after the fault", "a probe that answers")
    low = max(0.0, max(unflipped) - effect.high)
    why = f"the detection signal had not flipped {format_duration(low)} after the fault took effect"
    return Measure(low, None, why, "a longer wait for the detection", firm=effect.observed)


_MEASURES: Mapping[ObjectiveName, Callable[[Case, Objective], Measure]] = {
    "rto": _rto,
    "rpo": _rpo,
    "availability": _availability,
    "latency": _latency,
    "detection": _detection,
}
