"""What a run taught: each finding has a stable code, what was seen, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from drillrunner.judge.case import Case, ttl_seconds
from drillrunner.judge.histogram import Histogram
from drillrunner.judge.objectives import worst_outage
from drillrunner.judge.recovery import Outage
from drillrunner.judge.runbook_findings import runbook_findings
from drillrunner.judge.story import PersonStep, detections, person_steps
from drillrunner.judge.tracks import BAD, GOOD, Track
from drillrunner.model.duration import format_duration
from drillrunner.model.verdict import Finding, ObjectiveVerdict, RevertResult, Share

# code: what it is about
CODES = {
    "F101": "the fault had no visible effect",
    "F102": "propagation dominates the RTO",
    "F103": "the decision took long",
    "F104": "detection dominates the RTO",
    "F105": "a probe is too slow to decide an objective",
    "F106": "a probe's schedule was not held",
    "F107": "the standby was cold",
    "F108": "a recovery was lost again",
    "F109": "acknowledged records were lost",
    "F110": "records came late",
    "F111": "a ledger could not be read back",
    "F112": "something is still injected",
    "F113": "the detection signal never flipped",
    "F114": "the steady state is not restored",
    "F115": "records were lost after the recovery",
    "F116": "no read-back confirmed the fault",
    "F117": "a probe fell silent",
    "F118": "the TTL is long for the RTO's target",
    "F119": "the detection signal was good again during the outage",
    "F120": "a person was waited for",
    "F121": "a runbook's step took longer than expected",
    "F122": "a runbook's step was never begun",
    "F123": "a runbook's step was left open",
}

_LARGE_SHARE = 0.5
_LONG_DECISION_SHARE = 1 / 3
# shorter ones are not worth a meeting
_WORTH_SECONDS = 10.0
_LATE_SHARE = 0.05
_COLD_FACTOR = 3.0
_COLD_SECONDS = 0.1
# what fails over by itself hangs on it, whether or not the drill names it as its detection probe
_SIGNAL_KINDS = ("route53.health_status",)
# a 99th percentile of fewer is the slowest one
_ENOUGH_READINGS = 10
_TEXT_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Judged:
    """The parts of the verdict that findings are drawn from."""

    case: Case
    objectives: Sequence[ObjectiveVerdict]
    anatomy: Sequence[Share]
    revert: RevertResult | None
    steady_after: bool | None


def findings(judged: Judged) -> tuple[Finding, ...]:
    """All findings, what is still injected first, then by code."""
    found = [finding for look in _LOOKS for finding in look(judged)]
    found += runbook_findings(judged.case.entries)
    return tuple(sorted(found, key=lambda finding: (finding.code != "F112", finding.code)))


def _no_visible_effect(judged: Judged) -> Iterator[Finding]:
    case = judged.case
    if case.effect is not None and case.outages and not any(outage.failures for outage in case.outages):
        yield Finding(
            code="F101",
            message="no user-facing reading failed after the fault took effect",
            advice="check that the fault reaches what the probe asks; if it does, the system absorbs it: "
            "practise a harder one",
        )


def _shares(judged: Judged) -> Iterator[Finding]:
    total = sum(share.seconds for share in judged.anatomy)
    for share in judged.anatomy:
        part = share.seconds / total if total else 0.0
        took = f"{format_duration(share.seconds)} of {format_duration(total)}"
        least = f" (at least {format_duration(share.least_seconds)} as configured)" if share.least_seconds else ""
        if share.seconds < _WORTH_SECONDS:
            continue
        if share.part == "propagate" and part >= _LARGE_SHARE:
            advice = "lower the TTL of the records that fail over, and see that clients do not cache beyond it"
            yield Finding(code="F102", message=f"propagation took {took}{least}", advice=advice)
        if share.part == "decide" and part >= _LONG_DECISION_SHARE:
            advice = "write down who decides on which signal, or let the signal start the failover"
            yield Finding(code="F103", message=f"deciding took {took}", advice=advice)
        if share.part == "detect" and part >= _LARGE_SHARE:
            advice = "shorten the health check's interval (10 s is the least in Route 53) or lower its threshold"
            yield Finding(code="F104", message=f"detection took {took}{least}", advice=advice)


def _undecided(judged: Judged) -> Iterator[Finding]:
    for verdict in judged.objectives:
        known = verdict.low is not None and verdict.high is not None
        if verdict.outcome == "inconclusive" and known and verdict.decide and verdict.decide.startswith("probe every"):
            yield Finding(
                code="F105",
                message=f"{verdict.probe} is too slow to decide {verdict.name}: the target lies within the interval",
                advice=verdict.decide,
            )


def _schedules(judged: Judged) -> Iterator[Finding]:
    for spec in judged.case.drill.probes:
        for track in judged.case.gathered.of(spec.name):
            if track.late > _LATE_SHARE * len(track):
                yield Finding(
                    code="F106",
                    message=f"{track.late} of {len(track)} polls of {_named(track)} were asked late",
                    advice="probe less often, or run where there is more processor time",
                )


def _named(track: Track) -> str:
    return track.probe if track.vantage == "here" else f"{track.probe} from {track.vantage}"


def _cold_standby(judged: Judged) -> Iterator[Finding]:
    """Compares the region that took over with the one that served the baseline: p99 of the same probe."""
    for spec in judged.case.drill.user_facing:
        usual = _in_phases(judged.case, spec.name, ("baseline",))
        if not usual:
            continue
        home, before = max(usual.items(), key=lambda item: (item[1].count, item[0]))
        for region, after in sorted(_in_phases(judged.case, spec.name, ("failover", "recover")).items()):
            if region == home or min(before.count, after.count) < _ENOUGH_READINGS:
                continue
            was, now = before.percentile(0.99), after.percentile(0.99)
            if now > _COLD_FACTOR * was and now - was > _COLD_SECONDS:
                yield Finding(
                    code="F107",
                    message=f"{spec.name} from {region}: p99 {format_duration(now)} after the failover, "
                    f"{format_duration(was)} from {home} before",
                    advice="keep the standby warm (provisioned concurrency, filled caches, open connections)",
                )


def _in_phases(case: Case, probe: str, phases: Sequence[str]) -> dict[str, Histogram]:
    merged: dict[str, Histogram] = {}
    for (name, phase, region), histogram in case.gathered.latencies.items():
        if name == probe and phase in phases and region is not None:
            merged.setdefault(region, Histogram()).merge(histogram)
    return merged


def _relapses(judged: Judged) -> Iterator[Finding]:
    for outage in judged.case.outages:
        if outage.relapses:
            yield Finding(
                code="F108",
                message=f"{outage.probe} failed again after it had recovered ({outage.relapses}x)",
                advice="look for clients that hold old addresses, and for a standby that does not bear the load",
            )
        if outage.gaps:
            yield Finding(
                code="F117",
                message=f"{outage.probe} fell silent {outage.gaps}x while it was good, so the recovery counts later",
                advice="see why the probe could not ask; a suspended or overloaded runner looks like this",
            )


def _records(judged: Judged) -> Iterator[Finding]:
    for probe, loss in sorted(judged.case.losses.items()):
        result = loss.result
        failed_over = result.lost - loss.gone
        if failed_over - result.late > 0:
            message = f"{probe}: {failed_over - result.late} of {result.acknowledged} acknowledged records were lost"
            advice = "replicate before acknowledging what must not be lost, or plan how to reconcile"
            yield Finding(code="F109", message=message, advice=advice)
        if result.late:
            message = f"{probe}: {result.late} records were missing after the recovery and came later"
            advice = "writes in the standby may be overwritten by them: see how conflicts are resolved"
            yield Finding(code="F110", message=message, advice=advice)
        if loss.unreadable:
            message = f"{probe} could not be read back: {loss.unreadable}"
            advice = "see that the standby can be read with the drill's permissions"
            yield Finding(code="F111", message=message, advice=advice)
        if loss.gone:
            message = f"{probe}: {loss.gone} records written or found after the recovery were gone before the revert"
            advice = "the failback discards what the standby took: replicate back before switching"
            yield Finding(code="F115", message=message, advice=advice)


def _left(judged: Judged) -> Iterator[Finding]:
    for left in judged.revert.left if judged.revert else ():
        advice = "run `drill revert` on this run, and see by hand that it is gone"
        yield Finding(code="F112", message=f"still injected: {left}", advice=advice)


def _unflipped(judged: Judged) -> Iterator[Finding]:
    """The hollow check: users saw an outage that the detection signal slept through."""
    outages = [outage for outage in judged.case.outages if outage.failures]
    user_facing = {outage.probe for outage in judged.case.outages}
    signals = [probe for probe, _ in detections(judged.case.entries) if probe not in user_facing]
    watched = _signal_probes(judged.case)
    measured = any(verdict.name == "detection" and verdict.high is None for verdict in judged.objectives)
    if outages and not signals and (watched or measured):
        passed = "".join(f"; {words}" for words in _passed(judged.case, watched, outages[0]))
        yield Finding(
            code="F113",
            message=f"users saw an outage ({outages[0].failures} failed readings of {outages[0].probe}), "
            f"but the detection signal never flipped{passed}",
            advice="a health check that does not ask what users ask cannot fail over: check its path and its threshold",
        )


def _signal_probes(case: Case) -> list[str]:
    """The probes that failing over hangs on, other than those that ask what users ask."""
    user_facing = {outage.probe for outage in case.outages}
    drill = case.drill
    watched = {spec.name for spec in drill.probes if spec.kind in _SIGNAL_KINDS or spec.name == drill.detection_probe}
    return sorted(watched - user_facing)


def _passed(case: Case, probes: Sequence[str], outage: Outage) -> Iterator[str]:
    """Of each signal that looked while users failed and never saw it: how often it passed."""
    if outage.first_failed is None or outage.last_failed is None:
        return
    for probe in probes:
        codes = [
            track.codes[index]
            for track in case.gathered.of(probe)
            for index in track.within(outage.first_failed, outage.last_failed)
        ]
        if GOOD in codes and BAD not in codes:
            yield f"{probe} passed {codes.count(GOOD)}x meanwhile"


def _turned_back(judged: Judged) -> Iterator[Finding]:
    """A signal that flipped and then passed again while users still failed: traffic may return to what is broken."""
    case = judged.case
    last_failed = max((one.last_failed for one in case.outages if one.last_failed is not None), default=None)
    if case.effect is None or last_failed is None:
        return
    for probe in _signal_probes(case):
        for track in case.gathered.of(probe):
            back = _good_again(track, case.effect.low, last_failed)
            if back is not None and last_failed - back >= _WORTH_SECONDS:
                yield Finding(
                    code="F119",
                    message=f"{_named(track)} was good again {format_duration(last_failed - back)} "
                    "before users saw their last failure",
                    advice="while a check passes, DNS may send users back to what is broken: let it ask what "
                    "users ask, and do not invert it beside another fault",
                )


def _good_again(track: Track, low: float, high: float) -> float | None:
    """When the first good answer after a bad one was given, between two moments."""
    failed = False
    for index in track.within(low, high):
        failed = failed or track.codes[index] == BAD
        if failed and track.codes[index] == GOOD:
            return track.answered[index]
    return None


def _long_ttl(judged: Judged) -> Iterator[Finding]:
    """However the run went: what resolvers may keep bounds what can be promised."""
    kept = next((share.least_seconds for share in judged.anatomy if share.part == "propagate"), None)
    ttl = ttl_seconds(judged.case) if kept is None else kept
    target = min((one.target for one in judged.objectives if one.name == "rto"), default=None)
    if ttl and target and ttl >= _LARGE_SHARE * target:
        yield Finding(
            code="F118",
            message=f"resolvers may keep the old answer for {format_duration(ttl)}, and the RTO's target is "
            f"{format_duration(target)}",
            advice="lower the TTL of the records that fail over; Route 53 advises 60 s or less beside a health check",
        )


def _persons(judged: Judged) -> Iterator[Finding]:
    """What people took of the outage, where it was longer than the drill expects, or else a large part of the RTO."""
    total = sum(share.seconds for share in judged.anatomy)
    worst = worst_outage(judged.case.outages)
    until = worst.recovered.high if worst is not None and worst.recovered is not None else None
    for step in person_steps(judged.case.entries):
        took = _within_outage(step, until)
        aim = _expected(judged, step)
        too_long = took > aim if aim is not None else total > 0 and took >= _LONG_DECISION_SHARE * total
        if took >= _WORTH_SECONDS and too_long:
            expected = f" (expected: {format_duration(aim)})" if aim is not None else ""
            yield Finding(
                code="F120",
                message=f'"{_clipped(step.text)}" waited {format_duration(took)} for a person{expected}',
                advice="say who does it and how they are reached at night, prepare it, or let automation do it",
            )


def _within_outage(step: PersonStep, until: float | None) -> float:
    """Seconds of the step before users were served again; one that never ended lasted until then."""
    ends = [end for end in (step.done, until) if end is not None]
    return max(0.0, min(ends) - step.began) if ends else 0.0


def _expected(judged: Judged, step: PersonStep) -> float | None:
    """The most that the drill expects people to take."""
    planned = judged.case.drill.failover
    takes = planned[step.index].takes_seconds if 0 <= step.index < len(planned) else None
    return None if takes is None else takes[1]


def _clipped(text: str) -> str:
    return text if len(text) <= _TEXT_CHARACTERS else f"{text[: _TEXT_CHARACTERS - 1]}…"


def _unsteady(judged: Judged) -> Iterator[Finding]:
    if judged.steady_after is False:
        advice = "the system is not what it was before the drill: look at the user-facing probes now"
        yield Finding(code="F114", message="the steady state did not come back after the revert", advice=advice)


def _unconfirmed(judged: Judged) -> Iterator[Finding]:
    effect = judged.case.effect
    if effect is not None and not effect.observed:
        advice = "see why the call or its read-back failed; without it nothing can be met"
        yield Finding(code="F116", message="no read-back showed when the fault took effect", advice=advice)


_LOOKS: tuple[Callable[[Judged], Iterator[Finding]], ...] = (
    _left,
    _no_visible_effect,
    _shares,
    _undecided,
    _schedules,
    _cold_standby,
    _relapses,
    _records,
    _unflipped,
    _turned_back,
    _long_ttl,
    _persons,
    _unsteady,
    _unconfirmed,
)
