"""The facilitator's guide with everything in it, and the players' handout with nothing of what is to come."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from drillrunner.model.exercise import FACILITATOR, Exercise, Inject
from drillrunner.model.exercise_outcome import RATING_WORDS
from drillrunner.reporting.exercise import wording as said
from drillrunner.reporting.markdown import escaped
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.pages import Inlined, content_policy, inlined, page_template
from drillrunner.reporting.wording import length

FINDING_ROWS = 5
_IMAGES = {".svg": "image/svg+xml", ".png": "image/png"}
_LONGEST_SHOWN = 20_000


@dataclass(frozen=True, slots=True)
class Shown:
    """An inject's file in the page: an image as its data, or text; both empty where there is nothing to show."""

    name: str
    image: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InjectCard:
    """An inject as the guide shows it."""

    inject: Inject
    at: str
    to: str
    lines: tuple[str, ...]
    shown: Shown | None
    expected: tuple[tuple[str, str, str], ...]


def page_styles() -> Inlined:
    """The style sheet of every page about an exercise."""
    return inlined("templates/report.css", "templates/exercise.css")


def render_guide_html(exercise: Exercise, artifacts: Mapping[str, bytes], command: str) -> str:
    """The facilitator's guide as one offline page. `artifacts` are the files that injects show, by their paths.

    `command` is what begins the exercise.
    """
    styles = page_styles()
    return page_template("exercise_guide.html.j2").render(
        exercise=exercise,
        cards=[_card(inject, artifacts) for inject in said.in_order(exercise)],
        chances=[(event, f"{event.chance:.0%}", said.moment_words(event.at_seconds)) for event in exercise.randomise],
        said=said,
        ratings=RATING_WORDS,
        rows=range(FINDING_ROWS),
        command=command,
        time_box=length(exercise.time_box_seconds) if exercise.time_box_seconds else "",
        styles=styles.text,
        policy=content_policy([styles], []),
    )


def render_handout_html(exercise: Exercise) -> str:
    """What players get before it begins, as one offline page."""
    styles = page_styles()
    return page_template("exercise_handout.html.j2").render(
        exercise=exercise,
        said=said,
        facilitator=_facilitator(exercise),
        time_box=length(exercise.time_box_seconds) if exercise.time_box_seconds else "",
        styles=styles.text,
        policy=content_policy([styles], []),
    )


def render_guide_markdown(exercise: Exercise, command: str) -> str:
    """The facilitator's guide. Files that injects show are linked to, as they lie beside the exercise."""
    return "\n".join(_guide_lines(exercise, command)) + "\n"


def render_handout_markdown(exercise: Exercise) -> str:
    """What players get before it begins."""
    return "\n".join(_handout_lines(exercise)) + "\n"


def shown_artifact(name: str | None, artifacts: Mapping[str, bytes]) -> Shown | None:
    """A file as a page can show it."""
    if name is None:
        return None
    kind, content = _IMAGES.get(PurePosixPath(name).suffix.lower()), artifacts.get(name)
    if content is None:
        return Shown(name)
    if kind is not None:
        return Shown(name, image=f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}")
    text = content[:_LONGEST_SHOWN].decode("utf-8", "replace")
    return Shown(name, lines=tuple(visible(line, _LONGEST_SHOWN) for line in text.splitlines()))


def _card(inject: Inject, artifacts: Mapping[str, bytes]) -> InjectCard:
    return InjectCard(
        inject=inject,
        at=said.moment_words(inject.at_seconds),
        to=said.told_words(inject.to),
        lines=tuple(inject.text.splitlines()),
        shown=shown_artifact(inject.artifact, artifacts),
        expected=tuple((one.action, said.moment_words(one.by_seconds), one.who or "—") for one in inject.expected),
    )


def _facilitator(exercise: Exercise) -> str:
    return said.person_words(exercise.role(FACILITATOR)) or "the facilitator"


def _guide_lines(exercise: Exercise, command: str) -> Iterator[str]:
    yield f"# Facilitator's guide: {escaped(exercise.title)}"
    yield ""
    yield "**Not for players.** It tells everything that is to come."
    yield ""
    box = f" · time box {length(exercise.time_box_seconds)}" if exercise.time_box_seconds else ""
    yield f"Drill {escaped(exercise.drill)}{box} · begin it with {_code(command)}"
    yield ""
    yield from _roles_table(exercise)
    yield "## Objectives"
    yield ""
    yield from (f"- **{escaped(one.id)}**: {said.whole_markdown(one.text)}" for one in exercise.objectives)
    yield ""
    yield "## Timeline"
    yield ""
    yield "| due | inject | from → to | phase |"
    yield "|---|---|---|---|"
    for inject in said.in_order(exercise):
        ways = f"{escaped(inject.sender)} → {escaped(said.told_words(inject.to))}"
        yield f"| {said.moment_words(inject.at_seconds)} | {escaped(inject.id)} | {ways} | {inject.phase or ''} |"
    yield ""
    for inject in said.in_order(exercise):
        yield from _inject_lines(inject)
    yield from _chance_lines(exercise)
    yield from _rating_lines(exercise)


def _roles_table(exercise: Exercise) -> Iterator[str]:
    yield "## Roles"
    yield ""
    yield "| role | who | what they do |"
    yield "|---|---|---|"
    for role in said.seated(exercise):
        yield f"| {escaped(role.name)} | {escaped(said.person_words(role))} | {said.role_words(role)} |"
    yield ""


def _inject_lines(inject: Inject) -> Iterator[str]:
    yield f"## {said.moment_words(inject.at_seconds)} {escaped(inject.id)}"
    yield ""
    after = f" · after {escaped(', '.join(inject.after))}" if inject.after else ""
    step = f" · {escaped(inject.step)}" if inject.step else ""
    yield f"{escaped(inject.sender)} → {escaped(said.told_words(inject.to))}{after}{step}"
    yield ""
    yield from (f"> {said.whole_markdown(line)}" for line in inject.text.splitlines())
    yield ""
    if inject.artifact:
        yield f"Shows: [{escaped(inject.artifact)}](<{_target(inject.artifact)}>)"
        yield ""
    for one in inject.expected:
        who = f", {escaped(one.who)}" if one.who else ""
        yield f"- [ ] by {said.moment_words(one.by_seconds)}{who}: {said.whole_markdown(one.action)}"
    if inject.expected:
        yield ""
    yield from (f"- Hint {number}: {said.whole_markdown(hint)}" for number, hint in enumerate(inject.hints, 1))
    if inject.hints:
        yield ""
    if inject.facilitator_only:
        yield f"*For you alone:* {said.whole_markdown(inject.facilitator_only)}"
        yield ""


def _code(command: str) -> str:
    """A code span; what would end it is left out (CommonMark 6.1)."""
    return f"`{visible(command).replace('`', '')}`"


def _target(path: str) -> str:
    """A relative path between angle brackets, where only these and line ends mean anything (CommonMark 6.3)."""
    return visible(path).replace("\\", "\\\\").replace("<", "\\<").replace(">", "\\>")


def _chance_lines(exercise: Exercise) -> Iterator[str]:
    if not exercise.randomise:
        return
    yield "## What may come by chance"
    yield ""
    yield "Drawn when the exercise begins; the same seed draws the same."
    yield ""
    for event in exercise.randomise:
        chance = f"{event.chance:.0%} at {said.moment_words(event.at_seconds)}"
        told = f"{chance}, to {escaped(said.told_words(event.to))}"
        yield f"- **{escaped(event.id)}** ({told}): {said.whole_markdown(event.text)}"
    yield ""


def _rating_lines(exercise: Exercise) -> Iterator[str]:
    yield "## Ratings"
    yield ""
    yield "; ".join(f"**{letter}** {words}" for letter, words in RATING_WORDS.items()) + "."
    yield ""
    yield "| objective | P / S / M / U | why |"
    yield "|---|---|---|"
    yield from (f"| {escaped(one.id)}: {said.whole_markdown(one.text)} |   |   |" for one in exercise.objectives)
    yield ""
    yield "## Findings"
    yield ""
    yield "| strength or to improve | action | owner | due | ticket | retest |"
    yield "|---|---|---|---|---|---|"
    yield from ("|   |   |   |   |   |   |" for _ in range(FINDING_ROWS))


def _handout_lines(exercise: Exercise) -> Iterator[str]:
    yield f"# {escaped(exercise.title)}"
    yield ""
    box = f" It takes {length(exercise.time_box_seconds)} at most." if exercise.time_box_seconds else ""
    yield f"A tabletop exercise: we talk through an incident as if it happened now.{box}"
    yield f"Questions before it begins: {escaped(_facilitator(exercise))}."
    yield ""
    yield from _roles_table(exercise)
    yield "## What it is to show"
    yield ""
    yield from (f"- {said.whole_markdown(one.text)}" for one in exercise.objectives)
    yield ""
    yield "## Rules"
    yield ""
    yield from (f"{number}. {rule}" for number, rule in enumerate(said.RULES, 1))
    yield ""
    yield "Bring the runbook, your list of contacts, and something to write with."
