"""How a drill went when it was rehearsed or run, as the plan of its exercise needs it. Pure.

Moments are seconds after the first fault took effect, which is T+0 of the scenario.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drillrunner.model.drill import Drill
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import AnatomyPart, Verdict

# where nothing was rehearsed: what a plan begins with, until somebody knows better
ASSUMED_DETECT_SECONDS = 60.0
ASSUMED_STEP_SECONDS = 60.0
ASSUMED_PROPAGATE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Course:
    """How long each part takes, and in words where that is known from. `measured` is False where it is assumed.

    `users_suffer` is False where none of the runs showed users an outage.
    """

    source: str
    measured: bool
    detect_seconds: float
    switch_seconds: float
    propagate_seconds: float
    stabilise_seconds: float
    users_suffer: bool = True

    @property
    def after_the_decision_seconds(self) -> float:
        """How long it takes from the decision until users are served again."""
        return self.switch_seconds + self.propagate_seconds + self.stabilise_seconds


@dataclass(frozen=True, slots=True)
class Sight:
    """What users met in the last `window_seconds` before a moment; `why` is the most frequent reason of failure."""

    window_seconds: float
    good: int
    bad: int
    why: str | None

    @property
    def asked(self) -> int:
        return self.good + self.bad


def course_of(verdicts: Sequence[Verdict], source: str) -> Course:
    """The median of each part over some runs of the drill."""
    return Course(
        source=source,
        measured=True,
        detect_seconds=statistics.median(detected_seconds(one) for one in verdicts),
        switch_seconds=_median(verdicts, "switch"),
        propagate_seconds=_median(verdicts, "propagate"),
        stabilise_seconds=_median(verdicts, "stabilise"),
        users_suffer=any(one.anatomy or any(each.outage for each in one.recoveries) for one in verdicts),
    )


def assumed_course(drill: Drill) -> Course:
    """What a plan begins with where nothing was rehearsed."""
    detection = next((one.target for one in drill.objectives if one.name == "detection"), ASSUMED_DETECT_SECONDS)
    return Course(
        source="nothing was rehearsed: the times are assumed",
        measured=False,
        detect_seconds=detection,
        switch_seconds=ASSUMED_STEP_SECONDS * len(drill.failover),
        propagate_seconds=ASSUMED_PROPAGATE_SECONDS,
        stabilise_seconds=0.0,
    )


def detected_seconds(verdict: Verdict) -> float:
    """When the outage was known: the anatomy's first part, else the detection's objective, else at once."""
    parts = {share.part: share.seconds for share in verdict.anatomy}
    if "detect" in parts:
        return parts["detect"]
    return next((one.high for one in verdict.objectives if one.name == "detection" and one.high is not None), 0.0)


def sight(readings: Iterable[Reading], users: frozenset[str], moment: float, window_seconds: float) -> Sight:
    """What the user-facing probes were answered in the window before `moment` (drill-clock seconds)."""
    good, whys = 0, list[str]()
    for reading in readings:
        if reading.probe in users and moment - window_seconds <= reading.answered <= moment:
            if reading.ok:
                good += 1
            elif reading.ok is False:
                whys.append(reading.why or "no reason told")
    return Sight(window_seconds, good, len(whys), statistics.mode(whys) if whys else None)


def _median(verdicts: Sequence[Verdict], part: AnatomyPart) -> float:
    return statistics.median(
        next((share.seconds for share in one.anatomy if share.part == part), 0.0) for one in verdicts
    )
