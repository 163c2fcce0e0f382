"""What a measured RTO would have been with the time that people took to decide. Pure."""

from __future__ import annotations

from drillrunner.model.exercise_measured import DecidedRto, MeasuredIn, MeasuredRto
from drillrunner.model.history import worst_of
from drillrunner.model.verdict import Outcome, Verdict


def measured_rto(verdict: Verdict, source: MeasuredIn) -> MeasuredRto | None:
    """The RTO of a completed run; None where it measured none from end to end."""
    rto = worst_of(verdict.objectives, "rto")
    if rto is None or rto.low is None or rto.high is None or verdict.ended_by != "completed" or not verdict.anatomy:
        return None
    return MeasuredRto(
        source=source,
        run_id=verdict.run_id,
        began_wall=verdict.began_wall,
        environment=verdict.environment,
        probe=rto.probe,
        low=rto.low,
        high=rto.high,
        target=rto.target,
        outcome=rto.outcome,
        anatomy=verdict.anatomy,
    )


def with_people(measured: MeasuredRto, people_seconds: float) -> DecidedRto:
    """The same run with that time for its share `decide`: both ends move by the difference."""
    later = people_seconds - measured.decide_seconds
    low, high = max(0.0, measured.low + later), max(0.0, measured.high + later)
    switch = next((share.seconds for share in measured.anatomy if share.part == "switch"), 0.0)
    return DecidedRto(
        measured=measured,
        people_seconds=people_seconds,
        low=low,
        high=high,
        outcome=_outcome(low, high, measured.target),
        anatomy=tuple(
            share.model_copy(update={"seconds": people_seconds}) if share.part == "decide" else share
            for share in measured.anatomy
        ),
        by_itself=switch == 0.0,
    )


def _outcome(low: float, high: float, target: float) -> Outcome:
    """As any RTO is judged: met by its high end, missed by its low one."""
    return "met" if high <= target else "missed" if low > target else "inconclusive"
