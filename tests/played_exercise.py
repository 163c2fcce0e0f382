"""A small exercise, and a desk whose time a test sets: no clock, no disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drillrunner.model.exercise import (
    Exercise,
    ExerciseObjective,
    ExpectedAction,
    Inject,
    RandomEvent,
    Role,
)
from drillrunner.model.exercise_event import Actor, EventDraft, ExerciseEvent
from drillrunner.tabletop.commands import begin, start_clock
from drillrunner.tabletop.desk import Desk

BEGAN = datetime(2026, 11, 21, 9, tzinfo=UTC)
FACILITATOR = Actor(role="facilitator", person="Ops")
COMMANDER = Actor(role="incident commander", person="Api")
ON_CALL = Actor(role="on-call engineer")

EXERCISE = Exercise(
    drill="outage",
    title="The primary region stops serving checkout",
    time_box_seconds=3600.0,
    roles=(
        Role(name="facilitator", kind="facilitator", person="Ops"),
        Role(name="scribe", kind="scribe"),
        Role(name="evaluator", kind="evaluator"),
        Role(name="incident commander", kind="player", person="Api"),
        Role(name="on-call engineer", kind="player"),
        Role(name="auditor", kind="observer"),
        Role(name="monitoring", kind="simulated"),
    ),
    objectives=(
        ExerciseObjective(id="rto", text="Users are served again within the RTO", drill_objective="rto"),
        ExerciseObjective(id="tell", text="Customers are told in time"),
    ),
    injects=(
        Inject(
            id="alarm",
            at_seconds=0.0,
            sender="monitoring",
            to=("on-call engineer",),
            text="The health check fails.",
            phase="detect",
            artifact="artifacts/alarm.md",
            expected=(ExpectedAction(id="alarm.1", action="Declare", by_seconds=300.0, who="on-call engineer"),),
            hints=("SECRET-HINT-1", "SECRET-HINT-2"),
            facilitator_only="SECRET-NOTE",
        ),
        Inject(
            id="decision",
            at_seconds=360.0,
            to=("incident commander",),
            text="What do you do?",
            phase="failover",
            after=("alarm",),
            artifact="artifacts/t6.svg",
            expected=(
                ExpectedAction(
                    id="decision.1",
                    action="SECRET-EXPECTATION",
                    by_seconds=600.0,
                    who="incident commander",
                    decides="failover",
                ),
            ),
        ),
        Inject(id="back", at_seconds=1800.0, text="It is healthy again.", phase="failback", after=("decision",)),
    ),
    randomise=(
        RandomEvent(id="no-chat", text="The chat tool is down.", chance=1.0, at_seconds=120.0),
        RandomEvent(id="on-a-plane", text="SECRET-DRAW", chance=0.0),
    ),
)


class MemoryLog:
    """Events in a list; `now` is set by the test, in real seconds since the first event."""

    def __init__(self) -> None:
        self.now = 0.0
        self.events: list[ExerciseEvent] = []

    def real_seconds(self) -> float:
        return self.now

    def append(self, draft: EventDraft, real_seconds: float) -> ExerciseEvent:
        event = ExerciseEvent(
            seq=len(self.events) + 1,
            at=BEGAN + timedelta(seconds=real_seconds),
            real_seconds=real_seconds,
            **dict(draft),
        )
        self.events.append(event)
        return event


def begun(exercise: Exercise = EXERCISE, *, seed: int = 7) -> tuple[Desk, MemoryLog]:
    """A desk with the exercise begun, and its log."""
    log = MemoryLog()
    desk = Desk(exercise, log)
    desk.do(begin, FACILITATOR, seed=seed, exercise_sha256="0" * 64, version="1")
    return desk, log


def started(exercise: Exercise = EXERCISE, *, seed: int = 7) -> tuple[Desk, MemoryLog]:
    """The same with the clock running since real second 10."""
    desk, log = begun(exercise, seed=seed)
    log.now = 10.0
    desk.do(start_clock, FACILITATOR)
    return desk, log
