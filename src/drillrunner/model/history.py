"""Runs of the past, as lists and reports show them. All times are drill seconds; stamps are ISO 8601 UTC."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.noun import Noun
from drillrunner.model.verdict import ObjectiveVerdict, Outcome, RevertResult

Kind = Literal["lab", "aws"]

_BADNESS = {"met": 0, "inconclusive": 1, "missed": 2}


class EarlierRun(Noun):
    """A run of the same drill in the same environment, for the first screen of a later one's report.

    `rto_low` and `rto_high` are seconds; both None where no RTO was measured, `rto_high` alone where
    users were not seen to be served again.
    """

    run_id: str
    began_wall: str
    outcome: Outcome
    rto_low: float | None
    rto_high: float | None

    @property
    def rto_seconds(self) -> float | None:
        """The middle of the interval; None where it has no two ends."""
        return middle(self.rto_low, self.rto_high)


class PastRun(Noun):
    """One run of the past. `folder` is where its files lie.

    `place` is the topology of a lab, or the account of AWS. `under_way` says that its process lives still,
    so that nothing here is the last word.
    """

    run_id: str
    folder: str
    drill: str
    environment: str
    kind: Kind
    place: str | None
    began_wall: str
    outcome: Outcome
    why: str
    ended_by: str
    objectives: tuple[ObjectiveVerdict, ...]
    revert: RevertResult | None
    under_way: bool = False

    @property
    def completed(self) -> bool:
        return self.ended_by == "completed"


class BrokenRun(Noun):
    """A run's folder that cannot be read, and why."""

    run_id: str
    folder: str
    why: str


class PastRehearsal(Noun):
    """One rehearsal: how often the drill was rehearsed, and what can be promised of its first RTO objective.

    `rto_seconds_p90` is what nine runs in ten kept to (None: not bounded, or there is no such objective);
    `rto_met` of `rto_of` runs met the target of `rto_target` seconds.
    """

    folder: str
    drill: str
    environment: str
    topology: str
    outcome: Outcome
    runs: int
    rto_seconds_p90: float | None
    rto_target: float | None
    rto_met: int
    rto_of: int


class History(Noun):
    """What a reports folder holds, newest first. `more` says that older ones were left out."""

    runs: tuple[PastRun, ...]
    rehearsals: tuple[PastRehearsal, ...] = ()
    broken: tuple[BrokenRun, ...] = ()
    more: bool = False


def moment(wall: str) -> datetime | None:
    """An ISO 8601 stamp as a moment in UTC; None where it is none."""
    try:
        found = datetime.fromisoformat(wall)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # OverflowError: its zone takes it out of the calendar
        return None


def middle(low: float | None, high: float | None) -> float | None:
    """Half way between two ends; None where one is not known."""
    return None if low is None or high is None else (low + high) / 2


def worst_of(objectives: Iterable[ObjectiveVerdict], name: ObjectiveName) -> ObjectiveVerdict | None:
    """Of several objectives of that name (one for each probe) the one that a run is judged by."""
    return max((one for one in objectives if one.name == name), key=_badness, default=None)


def _badness(objective: ObjectiveVerdict) -> tuple[int, float]:
    high = math.inf if objective.high is None else objective.high
    return _BADNESS[objective.outcome], -high if objective.name == "availability" else high
