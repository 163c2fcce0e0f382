"""What people say in an exercise: decisions, actions, questions, what is noted, found and rated.

Commands as in `commands.py`. Facilitator and scribe may give `who` it was that said it.
"""

from __future__ import annotations

from datetime import date

from pydantic import JsonValue

from drillrunner.errors import ExerciseRefused
from drillrunner.model.exercise import Subject
from drillrunner.model.exercise_event import Actor, EventKind
from drillrunner.model.exercise_outcome import RATING_WORDS, FindingSort
from drillrunner.tabletop.commands import Drafts, draft, known_inject, refuse_unless_started, told, wanted
from drillrunner.tabletop.rights import check_may, check_speaks_for, role_of
from drillrunner.tabletop.session import ExerciseState


def decide(
    state: ExerciseState,
    now: float,
    by: Actor,
    *,
    text: str,
    who: Actor | None = None,
    inject_id: str | None = None,
    expected_id: str | None = None,
    decides: Subject | None = None,
) -> Drafts:
    """A decision, of the inject that it answers, or of the expected action that it is."""
    return _say(state, now, by, "decision", text, who, inject_id, expected_id, decides)


def act(
    state: ExerciseState,
    now: float,
    by: Actor,
    *,
    text: str,
    who: Actor | None = None,
    inject_id: str | None = None,
    expected_id: str | None = None,
) -> Drafts:
    """Something that somebody does, or says that they would do."""
    return _say(state, now, by, "action", text, who, inject_id, expected_id, None)


def ask(
    state: ExerciseState, now: float, by: Actor, *, text: str, who: Actor | None = None, inject_id: str | None = None
) -> Drafts:
    """A question to the facilitator; its number will be the event's."""
    return _say(state, now, by, "question", text, who, inject_id, None, None)


def answer(state: ExerciseState, now: float, by: Actor, *, question: int, text: str) -> Drafts:
    """The facilitator's answer, which the role that asked can read."""
    check_may(state.exercise, by, "answer")
    asked = state.question(question)
    if asked is None:
        open_ones = ", ".join(str(one.number) for one in state.questions if one.answer is None)
        advice = f"open questions: {open_ones}" if open_ones else "no question is open"
        raise ExerciseRefused(f"there is no question {question}", advice=advice)
    if asked.answer is not None:
        raise ExerciseRefused(f"question {question} was answered already")
    return (draft(state, now, by, "answer", {"question": question, "text": wanted(text, "an answer")}),)


def observe(
    state: ExerciseState, now: float, by: Actor, *, text: str, who: Actor | None = None, inject_id: str | None = None
) -> Drafts:
    """What somebody saw at the table; before the start and after the end too."""
    return _write_down(state, now, by, "observation", text, who, inject_id)


def note(state: ExerciseState, now: float, by: Actor, *, text: str, inject_id: str | None = None) -> Drafts:
    """A line of the scribe's log."""
    return _write_down(state, now, by, "note", text, None, inject_id)


def join(state: ExerciseState, now: float, by: Actor) -> Drafts:
    check_may(state.exercise, by, "joined")
    _refuse_before_begin(state)
    if any(one.actor == by for one in state.present()):
        raise ExerciseRefused(f"{_named(by)} is there already")
    return (draft(state, now, by, "joined"),)


def leave(state: ExerciseState, now: float, by: Actor) -> Drafts:
    check_may(state.exercise, by, "left")
    if all(one.actor != by for one in state.present()):
        raise ExerciseRefused(f"{_named(by)} is not there")
    return (draft(state, now, by, "left"),)


def mark_done(
    state: ExerciseState,
    now: float,
    by: Actor,
    *,
    expected_id: str,
    who: str | None = None,
    event: int | None = None,
) -> Drafts:
    """Tick off an expected action: done now by the role `who` (the one that was expected to, if none is given).

    With the `event` of the decision or action that showed it: done then, and by whoever said that.
    """
    check_may(state.exercise, by, "expected_done")
    refuse_unless_started(state)
    _check_expected(state, expected_id)
    expected = state.expected(expected_id)
    doer = who or (expected.who if expected else None)
    data: dict[str, JsonValue] = {"expected": expected_id}
    if doer is not None:
        data["who"] = role_of(state.exercise, doer).name
    if event is not None:
        _check_said(state, event)
        data["event"] = event
    return (draft(state, now, by, "expected_done", data),)


def find(
    state: ExerciseState,
    now: float,
    by: Actor,
    *,
    sort: FindingSort,
    text: str,
    action: str | None = None,
    owner: str | None = None,
    due: str | None = None,
    ticket: str | None = None,
    retest: str | None = None,
    objective: str | None = None,
) -> Drafts:
    """A strength, or an area for improvement with what is to be done about it, by whom and until when."""
    check_may(state.exercise, by, "finding")
    _refuse_before_begin(state)
    if objective is not None:
        _check_objective(state, objective)
    if due is not None:
        due = _day(due)
    row = told(action=action, owner=owner, due=due, ticket=ticket, retest=retest, objective=objective)
    return (draft(state, now, by, "finding", {"sort": sort, "text": wanted(text, "a finding"), **row}),)


def rate(state: ExerciseState, now: float, by: Actor, *, objective_id: str, rating: str, reason: str) -> Drafts:
    """Rate an objective P, S, M or U; the last rating holds. The reason is what makes it worth reading."""
    check_may(state.exercise, by, "rating")
    refuse_unless_rateable(state)
    _check_objective(state, objective_id)
    letter = rating.strip().upper()
    if letter not in RATING_WORDS:
        ways = ", ".join(f"{each} ({words})" for each, words in RATING_WORDS.items())
        raise ExerciseRefused(f'"{rating}" is no rating', advice=f"rate it {ways}")
    data: dict[str, JsonValue] = {"objective": objective_id, "rating": letter, "reason": wanted(reason, "a reason")}
    return (draft(state, now, by, "rating", data),)


def refuse_unless_rateable(state: ExerciseState) -> None:
    """Objectives are rated from the start of the clock on, after the end too."""
    _refuse_before_begin(state)
    if not state.clock.started:
        raise ExerciseRefused("nothing was practised yet: the clock is not started")


def _say(
    state: ExerciseState,
    now: float,
    by: Actor,
    kind: EventKind,
    text: str,
    who: Actor | None,
    inject_id: str | None,
    expected_id: str | None,
    decides: Subject | None,
) -> Drafts:
    check_may(state.exercise, by, kind)
    refuse_unless_started(state)
    speaker = who or by
    check_speaks_for(state.exercise, by, speaker)
    _check_can_say(state, speaker, kind)
    data: dict[str, JsonValue] = {"text": wanted(text, f"the {kind}")}
    if expected_id is not None:
        _check_expected(state, expected_id)
        data["expected"] = expected_id
        expected = state.expected(expected_id)
        decides = decides or (expected.decides if expected and kind == "decision" else None)
        inject_id = inject_id or expected_id.rpartition(".")[0]
    if inject_id is not None:
        _check_published(state, inject_id)
        data["inject"] = inject_id
    if decides is not None:
        data["decides"] = decides
    return (draft(state, now, speaker, kind, data | _recorded(by, speaker)),)


def _write_down(
    state: ExerciseState,
    now: float,
    by: Actor,
    kind: EventKind,
    text: str,
    who: Actor | None,
    inject_id: str | None,
) -> Drafts:
    check_may(state.exercise, by, kind)
    _refuse_before_begin(state)
    speaker = who or by
    check_speaks_for(state.exercise, by, speaker)
    role_of(state.exercise, speaker.role)
    data: dict[str, JsonValue] = {"text": wanted(text, f"the {kind}")}
    if inject_id is not None:
        data["inject"] = known_inject(state, inject_id)
    return (draft(state, now, speaker, kind, data | _recorded(by, speaker)),)


def _recorded(by: Actor, speaker: Actor) -> dict[str, JsonValue]:
    return {"recorded_by": by.role} if by.role != speaker.role else {}


def _check_can_say(state: ExerciseState, speaker: Actor, kind: EventKind) -> None:
    if role_of(state.exercise, speaker.role).kind not in ("player", "facilitator"):
        players = ", ".join(role.name for role in state.exercise.players())
        raise ExerciseRefused(f'a {kind} is a player\'s, and "{speaker.role}" is none', advice=f"players: {players}")


def _check_published(state: ExerciseState, inject_id: str) -> None:
    if state.injects[known_inject(state, inject_id)].status != "published":
        raise ExerciseRefused(f'"{inject_id}" is not published: nobody can answer it yet')


def _check_expected(state: ExerciseState, expected_id: str) -> None:
    if state.expected(expected_id) is None:
        every = [one.id for progress in state.injects.values() for one in progress.inject.expected]
        advice = "these are expected: " + ", ".join(every) if every else "nothing is expected in this exercise"
        raise ExerciseRefused(f'there is no expected action "{expected_id}"', advice=advice)
    if expected_id in state.done:
        raise ExerciseRefused(f'"{expected_id}" was done already')
    _check_published(state, expected_id.rpartition(".")[0])


def _check_said(state: ExerciseState, event: int) -> None:
    if all(said.seq != event for said in state.said):
        numbers = ", ".join(str(said.seq) for said in state.said)
        advice = f"these are: {numbers}" if numbers else "nothing was decided or done yet"
        raise ExerciseRefused(f"event {event} is no decision and no action", advice=advice)


def _check_objective(state: ExerciseState, objective_id: str) -> None:
    if state.exercise.objective(objective_id) is None:
        advice = "the objectives are " + ", ".join(one.id for one in state.exercise.objectives)
        raise ExerciseRefused(f'there is no objective "{objective_id}"', advice=advice)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise ExerciseRefused(f'"{text}" is no day', advice="write it like 2027-01-31") from None


def _refuse_before_begin(state: ExerciseState) -> None:
    if state.began_at is None:
        raise ExerciseRefused("the exercise has not begun")


def _named(by: Actor) -> str:
    return f"{by.person} ({by.role})" if by.person else by.role
