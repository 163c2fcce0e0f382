"""What facilitator, scribe and evaluator see of an exercise, as rows for the templates. Pure.

None of this is for players: what they see is `tabletop.players_view`, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from drillrunner.errors import ExerciseRefused
from drillrunner.model.exercise import ExpectedAction, format_offset
from drillrunner.model.exercise_event import Actor, EventKind
from drillrunner.model.exercise_outcome import ExerciseStatus
from drillrunner.tabletop.clock import Moment
from drillrunner.tabletop.rights import check_may
from drillrunner.tabletop.session import ExerciseState, InjectProgress, Said, due_injects, is_blocked

InjectStand = Literal["pending", "waits", "due", "published", "skipped"]
DESK_KINDS: tuple[EventKind, ...] = (
    "clock_started",
    "inject_published",
    "inject_skipped",
    "hint_given",
    "answer",
    "decision",
    "observation",
    "note",
    "expected_done",
    "finding",
    "rating",
    "exercise_ended",
)
STATUS_WORDS: dict[ExerciseStatus, str] = {
    "not_started": "not started",
    "running": "the clock runs",
    "paused": "paused",
    "ended": "ended",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """The clocks. `people_seconds` leave out pauses and skips; `over_seconds` is how far the time box is passed."""

    status: ExerciseStatus
    words: str
    scenario: str
    real_seconds: float
    people_seconds: float
    time_box_seconds: float | None
    is_over: bool
    interruptions: int


@dataclass(frozen=True, slots=True)
class HintRow:
    number: int
    text: str
    is_given: bool


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """An expected action. `done` says when and by whom; empty while it is not."""

    id: str
    action: str
    who: str | None
    by: str
    done: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class InjectRow:
    """An inject with all that belongs to it; `number` is its place on the page, `words` says how it stands."""

    number: int
    id: str
    stand: InjectStand
    words: str
    due: str
    sender: str
    to: str
    phase: str
    step: str
    text: str
    artifact: str | None
    notes: str | None
    is_drawn: bool
    hints: tuple[HintRow, ...]
    expected: tuple[ExpectedRow, ...]
    answers: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class RatingRow:
    """An objective and its last rating; `rating` is None where nobody rated it."""

    id: str
    text: str
    rating: str | None
    reason: str
    by: str


def named(actor: Actor | None) -> str:
    """`Api (incident commander)`, or the role alone."""
    if actor is None:
        return "somebody"
    return f"{actor.person} ({actor.role})" if actor.person else actor.role


def at(moment: Moment) -> str:
    return format_offset(moment.scenario_seconds)


def allowed(state: ExerciseState, by: Actor) -> frozenset[EventKind]:
    """What that role may do, of all that the page has a form for."""

    def may(kind: EventKind) -> bool:
        try:
            check_may(state.exercise, by, kind)
        except ExerciseRefused:
            return False
        return True

    return frozenset(kind for kind in DESK_KINDS if may(kind))


def figures(state: ExerciseState, now: float) -> Figures:
    clock = state.clock.at(now)
    box = state.exercise.time_box_seconds
    return Figures(
        status=state.status,
        words=STATUS_WORDS[state.status],
        scenario=format_offset(clock.scenario_seconds),
        real_seconds=now,
        people_seconds=clock.people_seconds,
        time_box_seconds=box,
        is_over=box is not None and clock.people_seconds > box,
        interruptions=state.interruptions,
    )


def inject_rows(state: ExerciseState, now: float) -> tuple[InjectRow, ...]:
    """Every inject in the order in which they are due; a random event that was drawn is one of them."""
    due = {inject.id for inject in due_injects(state, now)}
    return tuple(
        _inject_row(state, number, progress, progress.inject.id in due, now)
        for number, progress in enumerate(state.injects.values(), 1)
    )


def _inject_row(state: ExerciseState, number: int, progress: InjectProgress, is_due: bool, now: float) -> InjectRow:
    inject = progress.inject
    stand, words = _stand(state, progress, is_due)
    return InjectRow(
        number=number,
        id=inject.id,
        stand=stand,
        words=words,
        due=format_offset(inject.at_seconds),
        sender=inject.sender,
        to=", ".join(inject.to),
        phase=inject.phase or "",
        step=inject.step or "",
        text=inject.text,
        artifact=inject.artifact,
        notes=inject.facilitator_only,
        is_drawn=progress.drawn,
        hints=tuple(HintRow(n, text, n in progress.hints_given) for n, text in enumerate(inject.hints, 1)),
        expected=tuple(_expected_row(state, one, now) for one in inject.expected),
        answers=tuple(one for one in state.said if one.inject_id == inject.id),
    )


def _stand(state: ExerciseState, progress: InjectProgress, is_due: bool) -> tuple[InjectStand, str]:
    inject = progress.inject
    if progress.published is not None:
        by_itself = ", by itself" if progress.automatic else ""
        return "published", f"published at {at(progress.published)}{by_itself}"
    if progress.status == "skipped":
        return "skipped", f"left out: {progress.skipped_reason}"
    if is_blocked(state, inject):
        waits = next(other for other in inject.after if state.injects[other].status != "published")
        return "waits", f"comes after {waits}"
    if is_due:
        return "due", f"due since {format_offset(inject.at_seconds)}"
    return "pending", f"due at {format_offset(inject.at_seconds)}"


def _expected_row(state: ExerciseState, expected: ExpectedAction, now: float) -> ExpectedRow:
    done = state.done.get(expected.id)
    published = state.injects[expected.id.rpartition(".")[0]].published is not None
    reached = done.moment.scenario_seconds if done else state.scenario_seconds(now) if published else 0.0
    return ExpectedRow(
        id=expected.id,
        action=expected.action,
        who=expected.who,
        by=format_offset(expected.by_seconds),
        done=f"done at {at(done.moment)} by {named(done.actor)}" if done else "",
        is_late=reached > expected.by_seconds,
    )


def rating_rows(state: ExerciseState) -> Iterator[RatingRow]:
    for objective in state.exercise.objectives:
        rated = state.ratings.get(objective.id)
        yield RatingRow(
            id=objective.id,
            text=objective.text,
            rating=rated.rating if rated else None,
            reason=rated.reason if rated else "",
            by=named(rated.actor) if rated else "",
        )


def published_ids(state: ExerciseState) -> tuple[str, ...]:
    return tuple(name for name, progress in state.injects.items() if progress.status == "published")


def speakers(state: ExerciseState) -> tuple[str, ...]:
    """The roles in whose name something may be written down."""
    return tuple(role.name for role in state.exercise.roles if role.kind not in ("simulated", "facilitator"))
