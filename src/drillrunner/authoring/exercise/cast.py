"""Who plays: the runbook's contacts as the players of an exercise, and whose business each thing is. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drillrunner.model.exercise import ALL, EVALUATOR, FACILITATOR, SCRIBE, Role
from drillrunner.model.runbook import Runbook, RunbookStep
from drillrunner.reporting.exercise.wording import UNNAMED

MONITORING = "monitoring"
CUSTOMERS = "customers"
USUAL_PLAYERS = ("incident commander", "on-call engineer", "support duty")
LONGEST_ROLE = 64
_RESERVED = frozenset({ALL, FACILITATOR, SCRIBE, EVALUATOR, MONITORING, CUSTOMERS})
_HOLE = re.compile(r"\s{3,}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_DRILL_ALONE = re.compile(r"in the (?:drill|lab)\b", re.IGNORECASE)
_COMMANDS = re.compile(r"command|lead|manager|head", re.IGNORECASE)
_RESPONDS = re.compile(r"on.?call|engineer|operator|responder", re.IGNORECASE)
_SUPPORTS = re.compile(r"support|customer|communicat|service desk", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cast:
    """The players' names, and which of them decides, answers an alarm, and talks to customers."""

    players: tuple[str, ...]
    decides: str
    responds: str
    supports: str

    def roles(self) -> tuple[Role, ...]:
        """Everybody at the table, and the two voices that the facilitator lends."""
        return (
            Role(name=FACILITATOR, kind="facilitator", person=UNNAMED),
            Role(name=SCRIBE, kind="scribe", person=UNNAMED),
            Role(name=EVALUATOR, kind="evaluator", person=UNNAMED),
            *(Role(name=name, kind="player") for name in self.players),
            Role(name=MONITORING, kind="simulated"),
            Role(name=CUSTOMERS, kind="simulated"),
        )

    def who(self, words: str | None) -> str | None:
        """The player whom a runbook's `who` means: `on-call engineer` is the first whose name begins so."""
        if words is None:
            return None
        wanted = words.casefold()
        names = [name for name in self.players if name.casefold() == wanted]
        return next(iter(names or [name for name in self.players if name.casefold().startswith(wanted)]), None)


def cast_of(runbook: Runbook | None) -> Cast:
    """The contacts' roles as players; the usual ones where the runbook names none."""
    named = [_one_line(one.role or one.name or "") for one in runbook.contacts] if runbook else []
    unique = {name.casefold(): name for name in reversed(named) if name and name.casefold() not in _RESERVED}
    players = tuple(reversed(unique.values())) or USUAL_PLAYERS
    decides = _first(players, _COMMANDS) or players[0]
    return Cast(
        players=players,
        decides=decides,
        responds=_first(players, _RESPONDS) or players[0],
        supports=_first(players, _SUPPORTS) or decides,
    )


def step_words(step: RunbookStep, longest: int = 240) -> str:
    """What a runbook's step says, in whole sentences where it has them; `…` stands for what its reader left out."""
    sentences = _SENTENCE.split(_HOLE.sub(" … ", " ".join(step.text.splitlines())).strip())
    if len(sentences) > 1 and not sentences[-1].endswith((".", "!", "?", ":")):
        sentences.pop()  # the rest of it stands on the runbook's next line
    words = sentences[0]
    for more in sentences[1:]:
        if len(words) + len(more) >= longest:
            break
        words = f"{words} {more}"
    words = words.rstrip(" :") if len(words) <= longest else words[: longest - 1]
    return words if words.endswith((".", "!", "?", "…")) else f"{words} …"


def is_for_a_table(step: RunbookStep) -> bool:
    """Whether it says anything to people at a table: not what to do in a drill or in the lab, nor mere code."""
    return not _DRILL_ALONE.match(step.text) and not step_words(step).endswith("… .")


def _first(players: tuple[str, ...], meaning: re.Pattern[str]) -> str | None:
    return next((name for name in players if meaning.search(name)), None)


def _one_line(words: str) -> str:
    return " ".join(words.split())[:LONGEST_ROLE].strip()
