"""When each inject of a planned exercise is due: from the drill's objectives and how it went in rehearsal. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable

from drillrunner.authoring.exercise.course import Course
from drillrunner.model.drill import Drill
from drillrunner.model.noun import Noun

# the least that people are given to decide in, and what they are given where no RTO says it
DECIDE_LEAST_SECONDS = 60.0
DECIDE_USUAL_SECONDS = 300.0
STEP_LEAST_SECONDS = 60.0
QUIET_BEFORE_FAILBACK_SECONDS = 600.0
FAILBACK_DECIDE_SECONDS = 300.0
PUT_BACK_SECONDS = 600.0
HOT_WASH_SECONDS = 600.0


class Timeline(Noun):
    """Moments of the scenario in whole seconds. `decide_by` is the latest decision that still keeps the RTO.

    `kept` is False where the RTO leaves people less than a minute, so that `decide_by` does not keep it. `steps` has
    when each failover step is due, `steps_by` when each is expected done.
    """

    alarm: float
    symptom: float
    customers: float
    data: float
    decision: float
    decide_by: float
    kept: bool
    steps: tuple[float, ...]
    steps_by: tuple[float, ...]
    standby: float
    served: float
    served_by: float
    failback: float
    failback_by: float
    put_back_by: float
    closing: float
    closing_by: float
    time_box: float


def lay_timeline(drill: Drill, course: Course, step_seconds: tuple[float | None, ...]) -> Timeline:
    """`step_seconds` says for each failover step how long the runbook expects it to take; None: it does not say."""
    alarm = rounded(course.detect_seconds)
    target = next((one.target for one in drill.objectives if one.name == "rto"), None)
    latest = None if target is None else target - course.after_the_decision_seconds
    kept = latest is None or rounded(latest, math.floor) >= alarm + DECIDE_LEAST_SECONDS
    decide_by = alarm + DECIDE_USUAL_SECONDS if latest is None else rounded(latest, math.floor)
    decide_by = decide_by if kept else alarm + DECIDE_LEAST_SECONDS
    early = [min(decide_by, rounded(alarm + share * (decide_by - alarm))) for share in (0.2, 0.4, 0.5, 0.6)]
    each = course.switch_seconds / max(1, len(step_seconds))
    steps = tuple(rounded(decide_by + number * each) for number in range(len(step_seconds)))
    served = rounded(decide_by + course.after_the_decision_seconds + STEP_LEAST_SECONDS / 2)
    served_by = rounded(served + drill.stable_for_seconds + STEP_LEAST_SECONDS)
    failback = rounded(served_by + QUIET_BEFORE_FAILBACK_SECONDS)
    put_back_by = rounded(failback + FAILBACK_DECIDE_SECONDS + PUT_BACK_SECONDS)
    return Timeline(
        alarm=alarm,
        symptom=early[0],
        customers=early[1],
        data=early[2],
        decision=early[3],
        decide_by=decide_by,
        kept=kept,
        steps=steps,
        steps_by=tuple(
            rounded(at + (seconds or max(STEP_LEAST_SECONDS, 2 * each)))
            for at, seconds in zip(steps, step_seconds, strict=True)
        ),
        standby=rounded((decide_by + served) / 2),
        served=served,
        served_by=served_by,
        failback=failback,
        failback_by=failback + FAILBACK_DECIDE_SECONDS,
        put_back_by=put_back_by,
        closing=put_back_by,
        closing_by=put_back_by + FAILBACK_DECIDE_SECONDS,
        time_box=900.0 * math.ceil((put_back_by + FAILBACK_DECIDE_SECONDS + HOT_WASH_SECONDS) / 900.0),
    )


def rounded(seconds: float, way: Callable[[float], int] = math.ceil) -> float:
    """A round moment: to 5 s below two minutes, 15 s below ten, whole minutes from there. Up, or down by `floor`."""
    grid = 5.0 if seconds < 120 else 15.0 if seconds < 600 else 60.0
    return max(0.0, grid * way(round(seconds / grid, 6)))
