"""The anatomy of an RTO: which part of it went into detecting, deciding, switching, propagating and stabilising."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from drillrunner.judge.recovery import Outage, rto
from drillrunner.judge.story import Effect, detections, failover_steps, number
from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue
from drillrunner.model.plan import Plan
from drillrunner.model.verdict import AnatomyPart, Share

PARTS: tuple[AnatomyPart, ...] = ("detect", "decide", "switch", "propagate", "stabilise")
_MICRO = 1_000_000


def anatomy(
    plan: Plan, entries: Sequence[Entry], outage: Outage, effect: Effect, ttl_seconds: float | None = None
) -> tuple[Share, ...]:
    """The five parts of the RTO's high end, each in whole microseconds, so that they sum to it exactly.

    The high end is the one that objectives are met by. Empty where there is no RTO. The parts meet at:
    the effect, the detection (where there is none, the first failed reading), the first failover
    step's begin, the last one's end, the first good reading after the outage began, and the recovery.
    A boundary that lies before the one it follows is moved up to it, so its part is zero. `ttl_seconds`
    is the longest that a DNS probe was answered with.
    """
    length = rto(outage, effect)
    if length is None or outage.recovered is None:
        return ()
    total = round(length.high * _MICRO)
    marks = [round((moment - effect.low) * _MICRO) for moment in _boundaries(entries, outage)]
    edges = [0]
    for mark in marks:
        edges.append(min(total, max(edges[-1], mark)))
    edges.append(total)
    whys, leasts = _whys(entries, outage), _leasts(plan, ttl_seconds)
    return tuple(
        Share(part=part, seconds=(end - begin) / _MICRO, least_seconds=leasts.get(part), why=whys.get(part))
        for part, (begin, end) in zip(PARTS, pairwise(edges), strict=True)
    )


def _boundaries(entries: Sequence[Entry], outage: Outage) -> tuple[float, float, float, float]:
    """Where the first four parts end, not yet in order."""
    recovered = outage.recovered.high if outage.recovered else 0.0
    steps = [step for step in failover_steps(entries) if step.began <= recovered]
    detected = _detected(entries, outage)
    if steps:  # whoever began to act had noticed
        detected = min(detected, steps[0].began)
    decided = steps[0].began if steps else detected
    ends = [step.done for step in steps if step.done is not None and step.done <= recovered]
    under_way = recovered if steps else decided
    switched = max(ends) if ends else under_way
    served = recovered if outage.first_good is None else outage.first_good
    return detected, decided, switched, served


def _detected(entries: Sequence[Entry], outage: Outage) -> float:
    flips = [moment.high for _, moment in detections(entries)]
    first_failed = outage.began.high if outage.began else 0.0
    return min(flips) if flips else first_failed


def _whys(entries: Sequence[Entry], outage: Outage) -> dict[AnatomyPart, str]:
    whys: dict[AnatomyPart, str] = {}
    if not detections(entries):
        whys["detect"] = "no detection signal was seen: counted to the first failed reading"
    steps = failover_steps(entries)
    recovered = outage.recovered.high if outage.recovered else 0.0
    if not steps:
        whys["switch"] = "no failover step was taken: the system fails over by itself"
    elif any(step.began <= recovered and (step.done is None or step.done > recovered) for step in steps):
        whys["switch"] = "a step was still under way when users were served again"
    if outage.relapses:
        whys["stabilise"] = f"the recovery was lost again {_times(outage.relapses)}"
    return whys


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _leasts(plan: Plan, ttl_seconds: float | None) -> dict[AnatomyPart, float]:
    """The least that the configuration allows, where the plan or a DNS probe shows it.

    A Route 53 endpoint check needs FailureThreshold observations RequestInterval apart
    (route53 HealthCheckConfig); a resolver may keep a record for its TTL (route53 ResourceRecordSet).
    """
    leasts: dict[AnatomyPart, float] = {}
    changes = [change for item in (*plan.faults, *plan.failover) for change in item.changes]
    documents = [document for change in changes for document in (change.prior, *_params(change.apply))]
    checks = [
        interval * threshold
        for found in _mappings(documents)
        if (interval := number(found.get("RequestInterval"))) and (threshold := number(found.get("FailureThreshold")))
    ]
    ttls = [ttl for found in _mappings(documents) if (ttl := number(found.get("TTL"))) is not None]
    if checks:
        leasts["detect"] = min(checks)
    if ttl_seconds is not None:
        ttls.append(ttl_seconds)
    if ttls:
        leasts["propagate"] = max(ttls)
    return leasts


def _params(calls: Sequence[object]) -> Iterator[JsonValue]:
    for call in calls:
        params = getattr(call, "params", None)
        if isinstance(params, dict):
            yield params


def _mappings(documents: Sequence[JsonValue]) -> Iterator[dict[str, JsonValue]]:
    """Every mapping within the documents, however deep."""
    waiting = list(documents)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
