"""The state of an exercise, made from its events: `reduce(exercise, events)`. Nothing else is kept anywhere.

An event is taken as it stands in the journal; what may happen when is the business of `commands.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

from drillrunner.model.exercise import Exercise, ExpectedAction, Inject, Publish, Subject
from drillrunner.model.exercise_event import Actor, ExerciseEvent
from drillrunner.model.exercise_outcome import (
    DrawnEvent,
    ExerciseStatus,
    FindingRow,
    FindingSort,
    InjectStatus,
    Participant,
    Rating,
)
from drillrunner.tabletop.clock import Moment, ScenarioClock

# for players too, who do not see what was expected of them
TICKED_OFF = "(decided; the words were not written down)"


@dataclass(frozen=True, slots=True)
class InjectProgress:
    """An inject and what became of it. `hints_given` holds the numbers of its hints, from 1."""

    inject: Inject
    status: InjectStatus = "pending"
    drawn: bool = False
    published: Moment | None = None
    automatic: bool = False
    skipped_reason: str | None = None
    hints_given: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """A decision or an action, and what it answers."""

    seq: int
    kind: str
    actor: Actor
    text: str
    moment: Moment
    inject_id: str | None = None
    expected_id: str | None = None
    decides: Subject | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question by its number, and the facilitator's answer."""

    number: int
    actor: Actor
    text: str
    moment: Moment
    inject_id: str | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """Who did an expected action, and when."""

    actor: Actor | None
    moment: Moment


@dataclass(frozen=True, slots=True)
class Rated:
    rating: Rating
    reason: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class ExerciseState:
    """All that is known of an exercise so far. `injects` are in the order in which they are due, drawn ones too."""

    exercise: Exercise
    clock: ScenarioClock = field(default_factory=ScenarioClock)
    seed: int | None = None
    publish: Publish = "manual"
    began_at: datetime | None = None
    ended_at: datetime | None = None
    injects: Mapping[str, InjectProgress] = field(default_factory=dict)
    drawn: tuple[DrawnEvent, ...] = ()
    said: tuple[Said, ...] = ()
    questions: tuple[Question, ...] = ()
    done: Mapping[str, Done] = field(default_factory=dict)
    participants: tuple[Participant, ...] = ()
    ratings: Mapping[str, Rated] = field(default_factory=dict)
    findings: tuple[FindingRow, ...] = ()
    interruptions: int = 0
    events: tuple[ExerciseEvent, ...] = ()

    @property
    def status(self) -> ExerciseStatus:
        if self.ended_at is not None:
            return "ended"
        if not self.clock.started:
            return "not_started"
        return "running" if self.clock.running else "paused"

    def scenario_seconds(self, real_seconds: float) -> float:
        """What the scenario's clock shows at a moment of real time."""
        return self.clock.at(real_seconds).scenario_seconds

    def expected(self, expected_id: str) -> ExpectedAction | None:
        every = (one for progress in self.injects.values() for one in progress.inject.expected)
        return next((one for one in every if one.id == expected_id), None)

    def question(self, number: int) -> Question | None:
        return next((one for one in self.questions if one.number == number), None)

    def present(self) -> tuple[Participant, ...]:
        """Who has joined and not left."""
        return tuple(one for one in self.participants if one.left_seconds is None)


def reduce(exercise: Exercise, events: Iterable[ExerciseEvent]) -> ExerciseState:
    """The state after those events, oldest first."""
    state = ExerciseState(exercise, injects=_in_order(InjectProgress(inject) for inject in exercise.injects))
    for event in events:
        state = apply(state, event)
    return state


def apply(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    """The state after one event more."""
    clock = state.clock.at(event.real_seconds)
    if event.kind == "resumed":  # until its last sign of life the process ran, and the clock with it
        clock = state.clock.stop(cast(float, event.data["alive_until_real_seconds"])).at(event.real_seconds)
    state = replace(state, clock=clock, events=(*state.events, event))
    change = _CHANGES.get(event.kind)
    return change(state, event) if change else state


def is_blocked(state: ExerciseState, inject: Inject) -> bool:
    """Whether another inject, after which it is to come, is not published yet."""
    return any(state.injects[other].status != "published" for other in inject.after if other in state.injects)


def due_injects(state: ExerciseState, real_seconds: float) -> tuple[Inject, ...]:
    """What is due by the scenario's clock and may be published, first those that are due longest."""
    now = state.scenario_seconds(real_seconds)
    if not state.clock.started or state.ended_at is not None:
        return ()
    pending = (progress.inject for progress in state.injects.values() if progress.status == "pending")
    return tuple(inject for inject in pending if inject.at_seconds <= now and not is_blocked(state, inject))


def next_inject(state: ExerciseState, real_seconds: float) -> Inject | None:
    """The first pending inject that is not due yet."""
    now = state.scenario_seconds(real_seconds)
    pending = (progress.inject for progress in state.injects.values() if progress.status == "pending")
    return next((inject for inject in pending if inject.at_seconds > now), None)


def _in_order(progress: Iterable[InjectProgress]) -> dict[str, InjectProgress]:
    ordered = sorted(progress, key=lambda one: one.inject.at_seconds)
    return {one.inject.id: one for one in ordered}


def _began(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    publish = cast(Publish, event.data.get("publish", state.exercise.publish))
    return replace(state, began_at=event.at, seed=cast("int | None", event.data.get("seed")), publish=publish)


def _drawn(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    befallen = next(one for one in state.exercise.randomise if one.id == event.data["id"])
    happens = bool(event.data["happens"])
    drawn = DrawnEvent(id=befallen.id, text=befallen.text, chance=befallen.chance, happens=happens)
    state = replace(state, drawn=(*state.drawn, drawn))
    if not happens:
        return state
    progress = InjectProgress(befallen.as_inject(), drawn=True)
    return replace(state, injects=_in_order([progress, *state.injects.values()]))


def _runs(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    return replace(state, clock=state.clock.run(event.real_seconds))


def _stands(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    return replace(state, clock=state.clock.stop(event.real_seconds))


def _skipped_to(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    return replace(state, clock=state.clock.skip(event.real_seconds, cast(float, event.data["to_seconds"])))


def _published(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    moment = Moment(event.scenario_seconds, state.clock.people_seconds)
    return _progress(state, event, status="published", published=moment, automatic=bool(event.data.get("automatic")))


def _left_out(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    return _progress(state, event, status="skipped", skipped_reason=event.data.get("reason"))


def _hinted(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    given = state.injects[str(event.data["inject"])].hints_given
    return _progress(state, event, hints_given=(*given, event.data["hint"]))


def _progress(state: ExerciseState, event: ExerciseEvent, **changes: object) -> ExerciseState:
    inject_id = str(event.data["inject"])
    changed = replace(state.injects[inject_id], **changes)  # type: ignore[arg-type]  # named by the callers above
    return replace(state, injects={**state.injects, inject_id: changed})


def _said(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    moment = Moment(event.scenario_seconds, state.clock.people_seconds)
    said = Said(
        seq=event.seq,
        kind=event.kind,
        actor=event.actor,
        text=str(event.data["text"]),
        moment=moment,
        inject_id=cast("str | None", event.data.get("inject")),
        expected_id=cast("str | None", event.data.get("expected")),
        decides=cast("Subject | None", event.data.get("decides")),
    )
    state = replace(state, said=(*state.said, said))
    return _with_done(state, said.expected_id, Done(event.actor, moment)) if said.expected_id else state


def _asked(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    moment = Moment(event.scenario_seconds, state.clock.people_seconds)
    inject_id = cast("str | None", event.data.get("inject"))
    question = Question(event.seq, event.actor, str(event.data["text"]), moment, inject_id)
    return replace(state, questions=(*state.questions, question))


def _answered(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    number, text = event.data["question"], str(event.data["text"])
    questions = (replace(one, answer=text) if one.number == number else one for one in state.questions)
    return replace(state, questions=tuple(questions))


def _joined(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    participant = Participant(actor=event.actor, joined_seconds=event.scenario_seconds)
    return replace(state, participants=(*state.participants, participant))


def _gone(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    gone = {"left_seconds": event.scenario_seconds}
    participants = (
        one.model_copy(update=gone) if one.actor == event.actor and one.left_seconds is None else one
        for one in state.participants
    )
    return replace(state, participants=tuple(participants))


def _was_done(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    expected_id, who = str(event.data["expected"]), event.data.get("who")
    shown_by = next((said for said in state.said if said.seq == event.data.get("event")), None)
    if shown_by is not None:
        return _was_said(state, expected_id, shown_by)
    done = Done(Actor(role=str(who)) if who else None, Moment(event.scenario_seconds, state.clock.people_seconds))
    return _with_done(_ticked_decision(state, event, expected_id, done), expected_id, done)


def _ticked_decision(state: ExerciseState, event: ExerciseEvent, expected_id: str, done: Done) -> ExerciseState:
    """A decision that is ticked off without its words was made by then: later perhaps than it was, never sooner."""
    expected = state.expected(expected_id)
    if expected is None or expected.decides is None:
        return state
    decision = Said(
        seq=event.seq,
        kind="decision",
        actor=done.actor or event.actor,
        text=TICKED_OFF,
        moment=done.moment,
        inject_id=expected_id.rpartition(".")[0],
        expected_id=expected_id,
        decides=expected.decides,
    )
    return replace(state, said=(*state.said, decision))


def _was_said(state: ExerciseState, expected_id: str, shown_by: Said) -> ExerciseState:
    """What somebody said was that expected action: it was done then, and decides what that was expected to decide."""
    expected = state.expected(expected_id)
    decides = expected.decides if expected and shown_by.kind == "decision" else None
    inject_id = shown_by.inject_id or expected_id.rpartition(".")[0]
    known = replace(shown_by, expected_id=expected_id, inject_id=inject_id, decides=shown_by.decides or decides)
    said = tuple(known if one.seq == known.seq else one for one in state.said)
    return _with_done(replace(state, said=said), expected_id, Done(shown_by.actor, shown_by.moment))


def _with_done(state: ExerciseState, expected_id: str, done: Done) -> ExerciseState:
    """Once done stays done: what comes later does not make it later."""
    return replace(state, done={expected_id: done, **state.done})


def _found(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    texts = {
        key: cast("str | None", event.data.get(key))
        for key in ("action", "owner", "due", "ticket", "retest", "objective")
    }
    row = FindingRow(
        number=len(state.findings) + 1,
        sort=cast(FindingSort, event.data["sort"]),
        text=str(event.data["text"]),
        found_by=event.actor,
        **texts,
    )
    return replace(state, findings=(*state.findings, row))


def _rated(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    rated = Rated(cast(Rating, event.data["rating"]), str(event.data["reason"]), event.actor)
    return replace(state, ratings={**state.ratings, str(event.data["objective"]): rated})


def _ended(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    return replace(_stands(state, event), ended_at=event.at)


def _taken_up(state: ExerciseState, event: ExerciseEvent) -> ExerciseState:
    return replace(state, interruptions=state.interruptions + 1)


_CHANGES = {
    "exercise_began": _began,
    "drawn": _drawn,
    "clock_started": _runs,
    "clock_resumed": _runs,
    "clock_paused": _stands,
    "clock_skipped": _skipped_to,
    "inject_published": _published,
    "inject_skipped": _left_out,
    "hint_given": _hinted,
    "decision": _said,
    "action": _said,
    "question": _asked,
    "answer": _answered,
    "joined": _joined,
    "left": _gone,
    "expected_done": _was_done,
    "finding": _found,
    "rating": _rated,
    "exercise_ended": _ended,
    "resumed": _taken_up,
}
