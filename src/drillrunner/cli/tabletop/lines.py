"""What a facilitator types: one short line for each thing that happens at the table."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from drillrunner.errors import ExerciseRefused
from drillrunner.files.nearest import did_you_mean
from drillrunner.model.exercise import Exercise, Role, Subject, parse_offset
from drillrunner.model.exercise_event import Actor, ExerciseEvent
from drillrunner.tabletop import commands, talk
from drillrunner.tabletop.desk import Desk

Events = tuple[ExerciseEvent, ...]
_TAG = re.compile(r"\s+([@!])([A-Za-z0-9._-]+)\s*\Z")
_SUBJECTS: dict[str, Subject] = {"failover": "failover", "failback": "failback"}
_ROW_KEYS = ("owner", "due", "ticket", "retest", "objective")


class Verb(NamedTuple):
    """A word that a line begins with: what follows it, what it does, and how it is done."""

    follows: str
    does: str
    perform: Callable[[Desk, str], Events]


class _Tagged(NamedTuple):
    """What is left of a line without its `@alarm` or `@alarm.1`, and `!failover`."""

    text: str
    target: str | None
    decides: Subject | None


def perform_line(desk: Desk, line: str) -> Events:
    """Do what a line says, and answer what was journaled. Raises ExerciseRefused with what to type instead."""
    word, _, rest = line.strip().partition(" ")
    return _verb(word).perform(desk, rest.strip())


def _verb(word: str) -> Verb:
    lowered = word.lower()
    name = SHORT.get(lowered, lowered)
    starting = [verb for verb in VERBS if verb.startswith(name)]
    if name in VERBS:
        return VERBS[name]
    if len(starting) == 1 and name:
        return VERBS[starting[0]]
    advice = did_you_mean(lowered, [*VERBS, *OTHER_WORDS]) or "type help to see what can be said"
    raise ExerciseRefused(f'"{word}" is no command', advice=advice)


def help_lines() -> tuple[str, ...]:
    """Every command in a line of at most 80 columns."""
    short = {verb: key for key, verb in SHORT.items()}
    lines = [(f"{name} {verb.follows}".strip(), verb.does, short.get(name, "")) for name, verb in VERBS.items()]
    every = [*lines, *((word, does, "") for word, does in OTHER_WORDS.items())]
    return tuple(f"{key:>2} {usage:<34} {does}".rstrip() for usage, does, key in every)


def actor_named(exercise: Exercise, text: str) -> Actor:
    """The role that was meant, by its name or the beginning of it, with the person who has it."""
    wanted = " ".join(text.split()).casefold()
    roles = [role for role in exercise.roles if role.kind != "simulated"]
    exact = [role for role in roles if role.name.casefold() == wanted]
    near = exact or [role for role in roles if wanted and role.name.casefold().startswith(wanted)]
    if len(near) != 1:
        what = f'"{text}" could be {_listed(near)}' if near else f'nobody at this table is "{text}"'
        raise ExerciseRefused(what, advice=f"the roles are {_listed(roles)}")
    return Actor(role=near[0].name, person=near[0].person)


def _listed(roles: list[Role]) -> str:
    return ", ".join(role.name for role in roles)


def _spoken(desk: Desk, rest: str, what: str) -> tuple[Actor, str]:
    """`incident commander: fail over` as who and what."""
    who, colon, words = rest.partition(":")
    if not colon:
        raise ExerciseRefused("it is not said who", advice=f"write {what} ROLE: WORDS")
    return actor_named(desk.state.exercise, who), words.strip()


def _untagged(desk: Desk, words: str) -> _Tagged:
    target: str | None = None
    decides: Subject | None = None
    text = f" {words}"
    while match := _TAG.search(text):
        sign, name = match.groups()
        if sign == "!" and name in _SUBJECTS:
            decides = _SUBJECTS[name]
        elif sign == "@" and target is None:
            target = name
        else:
            break
        text = text[: match.start()]
    return _Tagged(text.strip(), target, decides)


def _targets(desk: Desk, target: str | None) -> dict[str, str]:
    """What a decision, an action or a question is about: `@alarm` an inject, `@alarm.1` an expected action."""
    if target is None:
        return {}
    return {"expected_id" if "." in target else "inject_id": target}


def _start(desk: Desk, _rest: str) -> Events:
    return desk.do(commands.start_clock, desk.facilitator())


def _pause(desk: Desk, rest: str) -> Events:
    return desk.do(commands.pause_clock, desk.facilitator(), reason=rest or None)


def _resume(desk: Desk, _rest: str) -> Events:
    return desk.do(commands.resume_clock, desk.facilitator())


def _to(desk: Desk, rest: str) -> Events:
    return desk.do(commands.skip_clock, desk.facilitator(), to_seconds=_offset(rest))


def _offset(text: str) -> float:
    try:
        return parse_offset(text)
    except ValueError as error:
        raise ExerciseRefused(str(error)) from None


def _publish(desk: Desk, rest: str) -> Events:
    if rest:
        return desk.do(commands.publish, desk.facilitator(), inject_id=rest)
    published = desk.do(commands.publish_due, desk.facilitator())
    if not published:
        raise ExerciseRefused("nothing is due", advice="publish ID shows an inject before its time")
    return published


def _skip(desk: Desk, rest: str) -> Events:
    inject_id, _, reason = rest.partition(" ")
    return desk.do(commands.skip_inject, desk.facilitator(), inject_id=inject_id, reason=reason)


def _hint(desk: Desk, rest: str) -> Events:
    inject_id, _, number = rest.partition(" ")
    hint = _number(number) if number.strip() else None
    return desk.do(commands.give_hint, desk.facilitator(), inject_id=inject_id, hint=hint)


def _decision(desk: Desk, rest: str) -> Events:
    who, words = _spoken(desk, rest, "decision")
    tagged = _untagged(desk, words)
    about = _targets(desk, tagged.target)
    return desk.do(talk.decide, desk.facilitator(), text=tagged.text, who=who, decides=tagged.decides, **about)


def _action(desk: Desk, rest: str) -> Events:
    who, words = _spoken(desk, rest, "action")
    tagged = _untagged(desk, words)
    return desk.do(talk.act, desk.facilitator(), text=tagged.text, who=who, **_targets(desk, tagged.target))


def _question(desk: Desk, rest: str) -> Events:
    who, words = _spoken(desk, rest, "question")
    tagged = _untagged(desk, words)
    return desk.do(talk.ask, desk.facilitator(), text=tagged.text, who=who, inject_id=tagged.target)


def _answer(desk: Desk, rest: str) -> Events:
    number, _, words = rest.partition(" ")
    return desk.do(talk.answer, desk.facilitator(), question=_number(number), text=words)


def _observation(desk: Desk, rest: str) -> Events:
    tagged = _untagged(desk, rest)
    return desk.do(talk.observe, desk.facilitator(), text=tagged.text, inject_id=tagged.target)


def _note(desk: Desk, rest: str) -> Events:
    return desk.do(talk.note, desk.facilitator(), text=rest)


def _done(desk: Desk, rest: str) -> Events:
    expected_id, _, tail = rest.partition(" ")
    by = tail.strip().removeprefix("by ").strip()
    who = actor_named(desk.state.exercise, by).role if by else None
    return desk.do(talk.mark_done, desk.facilitator(), expected_id=expected_id, who=who)


def _rate(desk: Desk, rest: str) -> Events:
    objective, _, tail = rest.partition(" ")
    rating, _, reason = tail.strip().partition(" ")
    return desk.do(talk.rate, desk.facilitator(), objective_id=objective, rating=rating, reason=reason)


def _finding(desk: Desk, rest: str) -> Events:
    text, row = _row(rest)
    words, arrow, action = text.partition(" > ")
    return desk.do(
        talk.find, desk.facilitator(), sort="improvement", text=words, action=action if arrow else None, **row
    )


def _strength(desk: Desk, rest: str) -> Events:
    text, row = _row(rest)
    return desk.do(talk.find, desk.facilitator(), sort="strength", text=text, objective=row.get("objective"))


def _row(rest: str) -> tuple[str, dict[str, str]]:
    """`words; owner=Api; due=2027-01-31` as the words and the rest of the improvement plan's row."""
    text, *parts = (part.strip() for part in rest.split(";"))
    row: dict[str, str] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals or key.strip() not in _ROW_KEYS:
            advice = "after a semicolon write " + ", ".join(f"{each}=…" for each in _ROW_KEYS)
            raise ExerciseRefused(f'"{part}" says nothing about a finding', advice=advice)
        row[key.strip()] = value.strip()
    return text, row


def _join(desk: Desk, rest: str) -> Events:
    return desk.do(talk.join, _comer(desk, rest))


def _leave(desk: Desk, rest: str) -> Events:
    return desk.do(talk.leave, _comer(desk, rest))


def _comer(desk: Desk, rest: str) -> Actor:
    """`incident commander: Api`, or the role alone for the person whom the exercise names."""
    role, colon, person = rest.partition(":")
    actor = actor_named(desk.state.exercise, role)
    return Actor(role=actor.role, person=person.strip() or None) if colon else actor


def _end(desk: Desk, rest: str) -> Events:
    return desk.do(commands.end, desk.facilitator(), reason=rest or None)


def _number(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text.strip(), re.ASCII):
        raise ExerciseRefused(f'"{text}" is no number')
    return int(text)


VERBS: dict[str, Verb] = {
    "start": Verb("", "start the clock: T+00:00 is now", _start),
    "publish": Verb("[ID]", "show all that is due, or one inject", _publish),
    "skip": Verb("ID REASON", "leave an inject out", _skip),
    "hint": Verb("ID [NUMBER]", "give the next hint, or that one", _hint),
    "pause": Verb("[REASON]", "stop the clock", _pause),
    "resume": Verb("", "let it run on", _resume),
    "to": Verb("T+12m", "put the clock forward", _to),
    "decision": Verb("ROLE: WORDS [@ID]", "what somebody decided", _decision),
    "action": Verb("ROLE: WORDS [@ID]", "what somebody did", _action),
    "question": Verb("ROLE: WORDS [@ID]", "what somebody asked", _question),
    "answer": Verb("NUMBER WORDS", "answer a question", _answer),
    "observation": Verb("WORDS [@ID]", "what you saw", _observation),
    "note": Verb("WORDS", "a line for the log", _note),
    "done": Verb("ID.N [by ROLE]", "an expected action was done", _done),
    "join": Verb("ROLE[: PERSON]", "somebody came", _join),
    "leave": Verb("ROLE[: PERSON]", "somebody went", _leave),
    "finding": Verb("WORDS [> ACTION][; owner=…]", "an area for improvement", _finding),
    "strength": Verb("WORDS", "what went well", _strength),
    "rate": Verb("OBJECTIVE P|S|M|U REASON", "rate an objective", _rate),
    "end": Verb("[REASON]", "end the play; rating goes on", _end),
}
SHORT = {
    "p": "publish",
    "h": "hint",
    "d": "decision",
    "a": "action",
    "q": "question",
    "o": "observation",
    "n": "note",
    "x": "done",
    "f": "finding",
    "r": "rate",
}
# words that journal nothing
OTHER_WORDS = {
    "show ID": "an inject with its hints and notes",
    "show": "every inject, expectation and objective",
    "help": "this list",
    "quit": "leave; it can be resumed",
}
