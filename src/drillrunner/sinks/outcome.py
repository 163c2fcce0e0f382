"""The few figures of a verdict that every receiver wants. Pure."""

from __future__ import annotations

from typing import NamedTuple

from drillrunner.model.verdict import Interval, Recovery, Verdict


class Outage(NamedTuple):
    """From the first failed reading to the recovery, in drill seconds after the run began."""

    first_failed_at: float
    recovered_at: float | None


def rto_of(verdict: Verdict) -> Interval | None:
    """The RTO in seconds: the objective's, else that of the probe whose recovery took longest."""
    for one in verdict.objectives:
        if one.name == "rto" and one.low is not None and one.high is not None:
            return Interval(low=one.low, high=one.high)
    measured = [recovery.rto for recovery in verdict.recoveries if recovery.rto is not None]
    return max(measured, key=lambda rto: rto.high, default=None)


def rpo_of(verdict: Verdict) -> Interval | None:
    """The greatest RPO of any ledger, in seconds."""
    measured = [ledger.rpo for ledger in verdict.ledgers if ledger.rpo is not None]
    return max(measured, key=lambda rpo: rpo.high, default=None)


def outage_of(verdict: Verdict) -> Outage | None:
    """The outage of all users together; None where nobody saw one."""
    failed: list[tuple[Recovery, float]] = [
        (one, one.first_failed_at) for one in verdict.recoveries if one.first_failed_at is not None
    ]
    if not failed:
        return None
    ends = [one.recovered_at for one, _ in failed]
    known = [end for end in ends if end is not None]
    return Outage(min(at for _, at in failed), max(known) if len(known) == len(ends) else None)


def range_text(interval: Interval) -> str:
    """`97.1 to 98.7 s`, or `98.7 s` where both ends read the same."""
    low, high = f"{interval.low:.1f}", f"{interval.high:.1f}"
    return f"{high} s" if low == high else f"{low} to {high} s"
