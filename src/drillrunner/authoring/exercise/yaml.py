"""Writes an exercise as YAML that people edit: the reader of exercises finds the same Exercise in it. Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from drillrunner.model.exercise import ALL, FACILITATOR, Exercise, ExpectedAction, Inject, RandomEvent, Role

LINE = 110
MODELINE = "# yaml-language-server: $schema=./exercise.schema.json"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_ ,.'()%/+-]*[A-Za-z0-9.)%]\Z", re.ASCII)
_WORDS_OF_YAML = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
_FOLDS = re.compile(r"\S+(?: \S+)+\Z")


def exercise_yaml(exercise: Exercise, comments: Sequence[str] = ()) -> str:
    """The whole file, which tells editors where its schema is. `comments` stand at its top, a line each."""
    lines = [MODELINE, *(f"# {line}".rstrip() for line in comments)]
    lines += [f"version: {exercise.version}", f"drill: {exercise.drill}", f"title: {scalar(exercise.title)}"]
    if exercise.time_box_seconds is not None:
        box = duration_text(exercise.time_box_seconds)
        lines.append(f"time_box: {box} # no inject lies beyond it; skip the clock where nothing is to be said")
    if exercise.publish != "manual":
        lines.append(f"publish: {exercise.publish}")
    lines += ["", *_roles(exercise.roles), "", *_objectives(exercise), "", *_injects(exercise.injects)]
    if exercise.randomise:
        lines += ["", *_randomise(exercise.randomise)]
    return "\n".join(lines) + "\n"


def offset_text(seconds: float) -> str:
    """`T+2m15s`, exactly."""
    return f"T+{duration_text(seconds)}"


def duration_text(seconds: float) -> str:
    """`1h05m30s`, exactly; zero is `0`."""
    whole, rest = divmod(seconds, 60.0)
    hours, minutes = divmod(int(whole), 60)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else "", f"{rest:.6g}s" if rest else ""]
    return "".join(parts) or "0"


def scalar(text: str) -> str:
    """A text as YAML reads it back: plain where nothing in it means anything, else in double quotes."""
    if _PLAIN.match(text) and "  " not in text and text.casefold() not in _WORDS_OF_YAML:
        return text
    return _quoted(text)


def _quoted(text: str) -> str:
    """In double quotes; what is not printable as an escape (YAML 1.2, 5.7), since some of it would end the line."""
    return f'"{"".join(_escape(one) for one in text)}"'


def _escape(one: str) -> str:
    if one in '"\\':
        return f"\\{one}"
    return one if one.isprintable() else f"\\U{ord(one):08x}"


def _text(key: str, text: str, indent: str) -> Iterator[str]:
    """`key: text`, folded over several lines where it is long and has single blanks between its words alone."""
    if len(text) <= LINE - len(indent) or not _FOLDS.match(text) or not text.isprintable():
        yield f"{indent}{key}: {scalar(text)}"
        return
    yield f"{indent}{key}: >-"
    wrapped = textwrap.wrap(text, LINE - len(indent), break_long_words=False, break_on_hyphens=False)
    yield from (f"{indent}  {line}" for line in wrapped)


def _roles(roles: Sequence[Role]) -> Iterator[str]:
    yield "roles: # who sits at the table; one facilitator alone can do all but play"
    for role in roles:
        if role.kind in ("facilitator", "scribe", "evaluator") and role.person is not None:
            yield f"  {role.name}: {scalar(role.person)}"
    for key, kind in (("players", "player"), ("observers", "observer"), ("simulated", "simulated")):
        named = [role for role in roles if role.kind == kind]
        if named:
            note = " # voices that the facilitator lends; nobody sits there" if kind == "simulated" else ""
            yield f"  {key}:{note}"
            yield from (f"    - {_role(role)}" for role in named)


def _role(role: Role) -> str:
    if role.person is None:
        return scalar(role.name)
    return f"{{role: {_flow(role.name)}, person: {_flow(role.person)}}}"


def _flow(text: str) -> str:
    """A scalar between braces, where a comma ends it."""
    return _quoted(text) if "," in text else scalar(text)


def _objectives(exercise: Exercise) -> Iterator[str]:
    yield "objectives: # each is rated P, S, M or U at the end, with a reason"
    for one in exercise.objectives:
        yield f"  - id: {one.id}"
        yield from _text("text", one.text, "    ")


def _injects(injects: Iterable[Inject]) -> Iterator[str]:
    yield "injects: # players see from, to, text and artifact; all else is the facilitator's"
    for number, inject in enumerate(injects):
        if number:
            yield ""
        yield f"  - id: {inject.id}"
        yield f"    at: {offset_text(inject.at_seconds)}"
        yield from _inject(inject)


def _inject(inject: Inject) -> Iterator[str]:
    plain = {"phase": inject.phase, "step": inject.step, "artifact": inject.artifact}
    if inject.sender != FACILITATOR:
        yield f"    from: {scalar(inject.sender)}"
    yield from _to(inject.to)
    yield from (f"    {key}: {scalar(value)}" for key, value in plain.items() if value is not None)
    if inject.after:
        yield f"    after: [{', '.join(inject.after)}]"
    yield from _text("text", inject.text, "    ")
    if inject.expected:
        yield "    expected:"
        for expected in inject.expected:
            yield from _expected(expected)
    if inject.hints:
        yield "    hints:"
        yield from (f"      - {scalar(hint)}" for hint in inject.hints)
    if inject.facilitator_only is not None:
        yield from _text("facilitator_only", inject.facilitator_only, "    ")


def _to(to: Sequence[str]) -> Iterator[str]:
    if tuple(to) != (ALL,):
        yield f"    to: [{', '.join(_flow(name) for name in to)}]"


def _expected(expected: ExpectedAction) -> Iterator[str]:
    first = next(lines := iter(_text("action", expected.action, "        ")))
    yield f"      - {first.strip()}"
    yield from lines
    yield f"        by: {offset_text(expected.by_seconds)}"
    if expected.who is not None:
        yield f"        who: {scalar(expected.who)}"
    if expected.decides is not None:
        note = " # the time until then is the people's share of an RTO" if expected.decides == "failover" else ""
        yield f"        decides: {expected.decides}{note}"


def _randomise(events: Iterable[RandomEvent]) -> Iterator[str]:
    yield "randomise: # drawn when the exercise begins, by its seed; what is drawn becomes an inject"
    for event in events:
        yield f"  - id: {event.id}"
        yield f"    chance: {event.chance * 100:.6g}%"
        yield f"    at: {offset_text(event.at_seconds)}"
        yield from _to(event.to)
        yield from _text("text", event.text, "    ")
