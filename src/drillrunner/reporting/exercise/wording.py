"""The words that guide, handout and after-action report of an exercise share. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from markupsafe import Markup, escape

from drillrunner.model.exercise import ALL, Exercise, Inject, Role
from drillrunner.model.exercise_event import Actor
from drillrunner.model.exercise_outcome import ExpectedOutcome, ExpectedStatus
from drillrunner.reporting.markdown import escaped
from drillrunner.reporting.outside_text import LIMIT, visible
from drillrunner.reporting.wording import length

LONGEST_TEXT = 5_000

# in the place of a person of whom a drafted exercise does not know yet who it is
UNNAMED = "to be named"
EXPECTED_MARKS: dict[ExpectedStatus, str] = {"in_time": "✓", "late": "!", "missing": "✗", "not_asked": "–"}
EXPECTED_WORDS: dict[ExpectedStatus, str] = {
    "in_time": "in time",
    "late": "late",
    "missing": "missing",
    "not_asked": "not asked: its inject was not published",
}
ROLE_TITLES = {
    "facilitator": "leads the exercise: the clock, the injects, the answers",
    "scribe": "writes down what is said and decided, and when",
    "evaluator": "watches, and rates the objectives with reasons",
    "player": "plays: decides and acts, as on a real day",
    "observer": "watches, and says nothing until the end",
    "simulated": "a voice that the facilitator lends",
}
# what players are told before it begins
RULES = (
    "This is a talk. Nothing is touched: no command is run, no message is sent to anybody who is not at the table.",
    "Begin each message that could be read elsewhere with EXERCISE EXERCISE EXERCISE.",
    "Take what you are told for true. What you are not told, ask the facilitator, who answers for monitoring, for "
    "customers and for other teams.",
    "Decide with what you know, and say so: the decision, who makes it, and when. Doing nothing is a decision too.",
    "Use what you would use: the runbook, the list of contacts, the dashboards that you are shown.",
    "The clock of the scenario can be paused and put forward. Deadlines count on it.",
    "It is about the plan and not about you: what goes wrong here is what the exercise is for.",
    "A real incident goes first: say STOP, REAL INCIDENT, and the exercise is over.",
)


def whole(text: str) -> Markup:
    """A text of people for a page, however long they may write one, escaped."""
    return escape(visible(" ".join(text.splitlines()), LONGEST_TEXT))


def whole_markdown(text: str) -> str:
    """The same for Markdown, as one line."""
    pieces = textwrap.wrap(" ".join(text.split()), LIMIT, break_on_hyphens=False)
    return " ".join(escaped(piece) for piece in pieces)


def moment_words(seconds: float | None) -> str:
    """`T+2m10s`, `T+0`; a dash where there is none."""
    if seconds is None:
        return "—"
    return "T+0" if seconds < 0.5 else f"T+{length(seconds)}"


def told_words(to: Iterable[str]) -> str:
    """`everybody`, or the roles."""
    names = list(to)
    return "everybody" if names == [ALL] else ", ".join(names)


def actor_words(actor: Actor | None) -> str:
    """`Api (incident commander)`, or the role alone; a dash for nobody."""
    if actor is None:
        return "—"
    return f"{actor.person} ({actor.role})" if actor.person and actor.person != UNNAMED else actor.role


def person_words(role: Role | None) -> str:
    """Who has the role; empty where nobody is named yet."""
    return role.person if role and role.person and role.person != UNNAMED else ""


def role_words(role: Role) -> str:
    """What somebody with that role does."""
    return ROLE_TITLES[role.kind]


def seated(exercise: Exercise) -> tuple[Role, ...]:
    """The roles that people have, in the file's order."""
    return tuple(role for role in exercise.roles if role.kind != "simulated")


def deadline_words(one: ExpectedOutcome) -> str:
    """`expected by T+10m, done at T+14m`; `expected by T+10m, not done`."""
    wanted = f"expected by {moment_words(one.by_seconds)}"
    if one.status == "not_asked":
        return f"{wanted}; {EXPECTED_WORDS['not_asked']}"
    if one.done_seconds is None:
        return f"{wanted}, not done"
    late = f" ({length(one.late_seconds)} late)" if one.status == "late" else ""
    return f"{wanted}, done at {moment_words(one.done_seconds)}{late}"


def in_order(exercise: Exercise) -> tuple[Inject, ...]:
    """Injects as they become due."""
    return tuple(sorted(exercise.injects, key=lambda inject: inject.at_seconds))
