"""What happens in an exercise, as it is journaled: the truth that the session and the report are made from.

`actor` is the role whose doing it is. `data` by kind (seconds are of scenario time unless they say otherwise):

| kind | data |
|---|---|
| exercise_began | drill, title, exercise_sha256, seed, publish (manual, auto), version |
| drawn | id, happens (true, false), chance, seed: one for each random event |
| clock_started / clock_paused / clock_resumed | reason? |
| clock_skipped | from_seconds, to_seconds |
| inject_published | inject, due_seconds, automatic (true where the clock did it) |
| inject_skipped | inject, reason |
| decision / action | text, inject?, expected? (an expected action's id), decides? (failover, failback), recorded_by? |
| observation / note | text, inject?, recorded_by? |
| question | text, inject?, recorded_by?; its number is the event's seq |
| answer | question (that number), text |
| hint_given | inject, hint (from 1), text |
| joined / left | nothing: the actor did |
| expected_done | expected, who?, event? (the decision or action that showed it) |
| finding | sort (strength, improvement), text, action?, owner?, due?, ticket?, retest?, objective? |
| rating | objective, rating (P, S, M, U), reason |
| exercise_ended | reason? |
| resumed | alive_until_real_seconds, dead_seconds, was_running: the process had died; the clock stands since it did |
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from drillrunner.model.noun import Noun

EventKind = Literal[
    "exercise_began",
    "drawn",
    "clock_started",
    "clock_paused",
    "clock_resumed",
    "clock_skipped",
    "inject_published",
    "inject_skipped",
    "decision",
    "action",
    "observation",
    "note",
    "question",
    "answer",
    "hint_given",
    "joined",
    "left",
    "expected_done",
    "finding",
    "rating",
    "exercise_ended",
    "resumed",
]


class Actor(Noun):
    """Somebody at the table: a role, and the person who has it where that is known."""

    role: str
    person: str | None = None


class EventDraft(Noun):
    """An event that is not journaled yet: it has no number and no stamp."""

    kind: EventKind
    actor: Actor
    scenario_seconds: float
    data: dict[str, JsonValue] = Field(default_factory=dict)


class ExerciseEvent(Noun):
    """One line of events.jsonl. `at` is UTC, `real_seconds` are since the first event, pauses included."""

    seq: int
    at: datetime
    real_seconds: float
    scenario_seconds: float
    actor: Actor
    kind: EventKind
    data: dict[str, JsonValue] = Field(default_factory=dict)
