"""What came of an exercise: the figures and rows that its report draws. Made by `tabletop/outcome.py`, from events.

Scenario seconds are those of the clock that the players saw. People's seconds leave out pauses and what was skipped:
they are how long people really took, and what is put beside the figures of a live drill.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.exercise import Subject
from drillrunner.model.exercise_event import Actor
from drillrunner.model.noun import Noun

Rating = Literal["P", "S", "M", "U"]
# HSEEP's words: the Homeland Security Exercise and Evaluation Program, appendix on exercise evaluation guides
RATING_WORDS: dict[Rating, str] = {
    "P": "performed without challenges",
    "S": "performed with some challenges",
    "M": "performed with major challenges",
    "U": "unable to be performed",
}
FindingSort = Literal["strength", "improvement"]
InjectStatus = Literal["pending", "published", "skipped"]
ExpectedStatus = Literal["in_time", "late", "missing", "not_asked"]
ExerciseStatus = Literal["not_started", "running", "paused", "ended"]


class InjectOutcome(Noun):
    """An inject, and the first decision that answered it. None where it was not published, or nobody decided.

    `decision_latency_seconds` is people's time from the one to the other.
    """

    inject_id: str
    text: str
    status: InjectStatus
    due_seconds: float
    drawn: bool = False
    published_seconds: float | None = None
    skipped_reason: str | None = None
    decision: str | None = None
    decided_by: Actor | None = None
    decided_seconds: float | None = None
    decision_latency_seconds: float | None = None
    hints_given: int = 0


class ExpectedOutcome(Noun):
    """An expected action against what was done: `expected by T+10, done at T+14`. Moments are scenario seconds.

    `not_asked` is what belongs to an inject that was never published.
    """

    expected_id: str
    inject_id: str
    action: str
    who: str | None
    by_seconds: float
    status: ExpectedStatus
    done_seconds: float | None = None
    done_by: Actor | None = None

    @property
    def late_seconds(self) -> float:
        """How much later than expected; 0 where it was in time or not done."""
        return max(0.0, self.done_seconds - self.by_seconds) if self.done_seconds is not None else 0.0


class ObjectiveOutcome(Noun):
    """An objective with its last rating; None where nobody rated it."""

    objective_id: str
    text: str
    drill_objective: ObjectiveName | None
    rating: Rating | None = None
    reason: str | None = None
    rated_by: Actor | None = None


class FindingRow(Noun):
    """A strength, or an area for improvement with its row of the improvement plan. `due` is a date like 2027-01-31."""

    number: int
    sort: FindingSort
    text: str
    action: str | None = None
    owner: str | None = None
    due: str | None = None
    ticket: str | None = None
    retest: str | None = None
    objective: str | None = None
    found_by: Actor


class Participant(Noun):
    """Who took part: a role, a person, and when they came and went (scenario seconds)."""

    actor: Actor
    joined_seconds: float
    left_seconds: float | None = None


class DecideTime(Noun):
    """People's time from the first inject to the first decision on a subject, and which inject and words those were.

    `marked` is False where no decision was marked as the one that decides: the first that answered an inject of that
    phase was taken.
    """

    subject: Subject
    seconds: float
    from_inject: str
    decision: str
    decided_by: Actor
    marked: bool


class DrawnEvent(Noun):
    """What the dice said of a random event."""

    id: str
    text: str
    chance: float
    happens: bool


class ExerciseOutcome(Noun):
    """All that a report says of one exercise. Stamps are UTC; `ended_at` is None where it was not ended."""

    drill: str
    title: str
    status: ExerciseStatus
    seed: int | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None
    scenario_seconds: float = 0.0
    people_seconds: float = 0.0
    paused_seconds: float = 0.0
    skipped_seconds: float = 0.0
    interruptions: int = 0
    participants: tuple[Participant, ...] = ()
    drawn: tuple[DrawnEvent, ...] = ()
    injects: tuple[InjectOutcome, ...] = ()
    expected: tuple[ExpectedOutcome, ...] = ()
    objectives: tuple[ObjectiveOutcome, ...] = ()
    findings: tuple[FindingRow, ...] = ()
    decide: DecideTime | None = None
    failback_decide: DecideTime | None = None
    unanswered_questions: int = 0

    def strengths(self) -> tuple[FindingRow, ...]:
        return tuple(row for row in self.findings if row.sort == "strength")

    def improvements(self) -> tuple[FindingRow, ...]:
        """The improvement plan's rows."""
        return tuple(row for row in self.findings if row.sort == "improvement")
