"""What the forms of the desk ask for, as doings at the table. Whether it is allowed, the session says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast, get_args

from drillrunner.errors import ExerciseRefused
from drillrunner.model.exercise import Subject, parse_offset
from drillrunner.model.exercise_event import Actor, ExerciseEvent
from drillrunner.model.exercise_outcome import FindingSort
from drillrunner.tabletop import commands, talk
from drillrunner.tabletop.desk import Desk
from drillrunner.tabletop.session import due_injects
from drillrunner.web.tabletop.table import Doing

_PLACE = re.compile(r"[a-z][a-z0-9-]{0,40}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form that was sent; a file is no text, and counts as left out."""

    fields: Mapping[str, object]

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def maybe(self, name: str) -> str | None:
        """None where it was left blank."""
        return self.text(name).strip() or None

    def number(self, name: str) -> int | None:
        text = self.text(name).strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def place(self) -> str:
        """Where on the page the form was, as the end of an address."""
        text = self.text("place")
        return f"#{text}" if _PLACE.match(text) else ""


Made = Callable[[Form, Actor], Doing]


def _start(_form: Form, by: Actor) -> Doing:
    return lambda desk: desk.do(commands.start_clock, by)


def _pause(form: Form, by: Actor) -> Doing:
    return lambda desk: desk.do(commands.pause_clock, by, reason=form.maybe("reason"))


def _resume(_form: Form, by: Actor) -> Doing:
    return lambda desk: desk.do(commands.resume_clock, by)


def _put_forward(form: Form, by: Actor) -> Doing:
    try:
        to_seconds = parse_offset(form.text("to").strip())
    except ValueError as error:
        raise ExerciseRefused(str(error)) from None
    return lambda desk: desk.do(commands.skip_clock, by, to_seconds=to_seconds)


def _publish(form: Form, by: Actor) -> Doing:
    return lambda desk: desk.do(commands.publish, by, inject_id=form.text("inject"))


def _publish_due(_form: Form, by: Actor) -> Doing:
    """What is due, and what that makes due."""

    def doing(desk: Desk) -> tuple[ExerciseEvent, ...]:
        events = desk.do(commands.publish_due, by)
        while due_injects(desk.state, desk.now()):
            events += desk.do(commands.publish_due, by)
        return events

    return doing


def _leave_out(form: Form, by: Actor) -> Doing:
    inject, reason = form.text("inject"), form.text("reason")
    return lambda desk: desk.do(commands.skip_inject, by, inject_id=inject, reason=reason)


def _hint(form: Form, by: Actor) -> Doing:
    inject, hint = form.text("inject"), form.number("hint")
    return lambda desk: desk.do(commands.give_hint, by, inject_id=inject, hint=hint)


def _answer(form: Form, by: Actor) -> Doing:
    question = form.number("question") or 0
    return lambda desk: desk.do(talk.answer, by, question=question, text=form.text("text"))


def _done(form: Form, by: Actor) -> Doing:
    expected, who, event = form.text("expected"), form.maybe("who"), form.number("event")
    return lambda desk: desk.do(talk.mark_done, by, expected_id=expected, who=who, event=event)


def _find(form: Form, by: Actor) -> Doing:
    sort = form.text("sort")
    if sort not in get_args(FindingSort):
        raise ExerciseRefused("a finding is a strength or an area for improvement")
    return lambda desk: desk.do(
        talk.find,
        by,
        sort=cast(FindingSort, sort),
        text=form.text("text"),
        action=form.maybe("action"),
        owner=form.maybe("owner"),
        due=form.maybe("due"),
        ticket=form.maybe("ticket"),
        retest=form.maybe("retest"),
        objective=form.maybe("objective"),
    )


def _rate(form: Form, by: Actor) -> Doing:
    objective, rating, reason = form.text("objective"), form.text("rating"), form.text("reason")
    return lambda desk: desk.do(talk.rate, by, objective_id=objective, rating=rating, reason=reason)


def _end(form: Form, by: Actor) -> Doing:
    return lambda desk: desk.do(commands.end, by, reason=form.maybe("reason"))


def _write_down(form: Form, by: Actor) -> Doing:
    """What somebody at the table said or did, or what the writer saw."""
    kind, text, about = form.text("kind"), form.text("text"), form.maybe("about")
    role = form.maybe("who")
    who = Actor(role=role, person=form.maybe("person")) if role else None
    if kind == "decision":
        subject = form.maybe("decides")
        decides = cast("Subject | None", subject if subject in get_args(Subject) else None)
        return lambda desk: desk.do(talk.decide, by, text=text, who=who, inject_id=about, decides=decides)
    if kind == "action":
        return lambda desk: desk.do(talk.act, by, text=text, who=who, inject_id=about)
    if kind == "question":
        return lambda desk: desk.do(talk.ask, by, text=text, who=who, inject_id=about)
    if kind == "observation":
        return lambda desk: desk.do(talk.observe, by, text=text, who=who, inject_id=about)
    return lambda desk: desk.do(talk.note, by, text=text, inject_id=about)


FORMS: dict[str, Made] = {
    "start": _start,
    "pause": _pause,
    "resume": _resume,
    "forward": _put_forward,
    "publish": _publish,
    "publish-due": _publish_due,
    "leave-out": _leave_out,
    "hint": _hint,
    "answer": _answer,
    "done": _done,
    "find": _find,
    "rate": _rate,
    "end": _end,
    "write": _write_down,
}
