"""What a run taught: each finding has a stable code, what was seen, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from drillrunner.judge.case import Case
from drillrunner.judge.histogram import Histogram
from drillrunner.judge.story import detections
from drillrunner.judge.tracks import Track
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
    drill = judged.case.drill
    watched = {drill.detection_probe} | {spec.name for spec in drill.probes if spec.kind in _SIGNAL_KINDS}
    expected = bool(watched - user_facing - {None})
    measured = any(verdict.name == "detection" and verdict.high is None for verdict in judged.objectives)
    if outages and not signals and (expected or measured):
        yield Finding(
            code="F113",
            message=f"users saw an outage ({outages[0].failures} failed readings of {outages[0].probe}), "
            "but the detection signal never flipped",
            advice="a health check that does not ask what users ask cannot fail over: check its path and its threshold",
        )


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
    _unsteady,
    _unconfirmed,
)
