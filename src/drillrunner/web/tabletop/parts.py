"""The pages of an exercise as pieces that are kept fresh: one set for the desk, one for players.

A player's pieces are drawn from a PlayersView and nothing else, so that no page and no stream can tell more.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup, escape

from drillrunner.model.exercise import format_offset
from drillrunner.model.exercise_event import Actor, EventKind
from drillrunner.model.exercise_outcome import RATING_WORDS
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.picture import clock_words
from drillrunner.tabletop.players_view import PlayersView
from drillrunner.tabletop.session import ExerciseState, due_injects, next_inject
from drillrunner.web.answers import quoted
from drillrunner.web.tabletop.log import log_lines
from drillrunner.web.tabletop.rows import (
    STATUS_WORDS,
    at,
    figures,
    inject_rows,
    named,
    published_ids,
    rating_rows,
    speakers,
)
from drillrunner.web.templates_of import template

DESK_PARTS = ("state", "controls", "questions", "said", "writing", "people", "objectives", "findings", "ending", "log")
PLAYERS_PARTS = ("state", "injects", "about", "questions", "said")
LOG_LINES_MOST = 60
TEXT_CHARACTERS_MOST = 10_000
IMAGES = (".png", ".svg")
WRITABLE: tuple[EventKind, ...] = ("decision", "action", "question", "observation", "note")


@dataclass(frozen=True, slots=True)
class Codes:
    """What the facilitator tells people: where they join, and with which code."""

    address: str
    players: str
    staff: str


@dataclass(frozen=True, slots=True)
class DeskPage:
    """Whose desk it is: where its forms go and what they carry, and what they may ask for.

    `codes` and `reports` (the files of the after-action report that are there) are the facilitator's.
    """

    exercise_id: str
    base: str
    by: Actor
    form_token: str
    may: frozenset[EventKind]
    codes: Codes | None = None
    reports: tuple[str, ...] = ()

    @property
    def is_facilitator(self) -> bool:
        return self.codes is not None


def prose(text: str) -> Markup:
    """A text from outside in its lines, made visible and escaped."""
    lines = (escape(visible(line, TEXT_CHARACTERS_MOST)) for line in text.strip().splitlines())
    return Markup("<br>").join(lines)


def artifact(base: str, name: str, whose: str) -> Markup:
    """What an inject shows: a picture in the page, anything else as a link."""
    address = Markup("{}/artifacts/{}").format(base, Markup("/").join(quoted(part) for part in name.split("/")))
    words = visible(name)
    if not name.lower().endswith(IMAGES):
        return Markup('<a href="{}" target="_blank" rel="noopener">{}</a>').format(address, words)
    shown = Markup('<img src="{}" alt="{}">').format(address, f"{words}, from {visible(whose)}")
    return Markup('<a class="shown" href="{}" target="_blank" rel="noopener">{}</a>').format(address, shown)


def desk_parts(state: ExerciseState, now: float, desk: DeskPage, trouble: str = "") -> dict[str, str]:
    """Each piece's markup by its name, for facilitator, scribe or evaluator."""
    rows, due, coming = inject_rows(state, now), len(due_injects(state, now)), next_inject(state, now)
    ratings = tuple(rating_rows(state))
    values = {
        **_shared(desk.base),
        "exercise_id": desk.exercise_id,
        "form_token": desk.form_token,
        "may": desk.may,
        "is_facilitator": desk.is_facilitator,
        "codes": desk.codes,
        "reports": desk.reports,
        "trouble": trouble,
        "figures": figures(state, now),
        "due": due,
        "next_due": format_offset(coming.at_seconds) if coming else "",
        "next_words": f"Next: {coming.id} at {format_offset(coming.at_seconds)}." if coming else "",
        "asked": sorted(state.questions, key=lambda one: (one.answer is not None, one.number)),
        "spoken": tuple(reversed(state.said)),
        "writable": [kind for kind in WRITABLE if _may_write(kind, desk.may)],
        "speakers": speakers(state),
        "published": tuple(reversed(published_ids(state))),
        "present": state.present(),
        "ratings": ratings,
        "unrated": sum(row.rating is None for row in ratings),
        "rating_words": RATING_WORDS,
        "found": state.findings,
        "lines": reversed(log_lines(state.events[-LOG_LINES_MOST:])),
    }
    page = template("tabletop_desk_parts.html.j2").make_module(values)
    parts = {name: str(getattr(page, name)()).strip() for name in DESK_PARTS}
    injects = {f"inject-{row.number}": str(page.inject(row)).strip() for row in rows}  # type: ignore[attr-defined]
    return parts | injects


def _may_write(kind: EventKind, may: frozenset[EventKind]) -> bool:
    return ("decision" if kind in ("action", "question") else kind) in may


def players_parts(view: PlayersView, base: str) -> dict[str, str]:
    """Each piece's markup by its name, for those who may see no more than that view."""
    values = {**_shared(base), "view": view, "status_words": STATUS_WORDS}
    page = template("tabletop_play_parts.html.j2").make_module(values)
    return {name: str(getattr(page, name)()).strip() for name in PLAYERS_PARTS}


def _shared(base: str) -> dict[str, object]:
    return {
        "base": base,
        "prose": prose,
        "artifact": lambda name, whose: artifact(base, name, whose),
        "clock_words": clock_words,
        "offset": format_offset,
        "named": named,
        "at": at,
    }
