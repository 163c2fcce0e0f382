"""The tabletop exercise: who sits at the table, what they are told and when, and what they are expected to do.

One exercise.yaml is one Exercise. Moments are seconds of scenario time, which begins at T+0 when the clock is
started and stands still while the exercise is paused.
"""

from __future__ import annotations

import re
from typing import Literal

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.duration import parse_duration
from drillrunner.model.journal import Phase
from drillrunner.model.noun import Noun
from drillrunner.model.schedule import Schedule

EXERCISE_VERSION = 1
ALL = "all"
FACILITATOR = "facilitator"
SCRIBE = "scribe"
EVALUATOR = "evaluator"
OBSERVER = "observer"
# as a JSON schema writes it
OFFSET_PATTERN = r"(?:T\+)?(?:0|(?:\d+(?:\.\d+)?(?:ms|s|m|h))+)"
_OFFSET = re.compile(rf"{OFFSET_PATTERN}\Z", re.ASCII)

RoleKind = Literal["facilitator", "scribe", "evaluator", "player", "observer", "simulated"]
Publish = Literal["manual", "auto"]
Subject = Literal["failover", "failback"]


class Role(Noun):
    """A seat at the table. `simulated` ones (monitoring, customers) send injects: the facilitator speaks for them."""

    name: str
    kind: RoleKind
    person: str | None = None


class ExerciseObjective(Noun):
    """What the exercise is to show. `drill_objective` is set where it is one of the drill's own, by that name."""

    id: str
    text: str
    drill_objective: ObjectiveName | None = None


class ExpectedAction(Noun):
    """What the players should do about an inject, and until when; its id is `alarm.2`, the second of inject `alarm`.

    `decides` marks the decision to fail over, or back: the time until then is the people's share of an RTO.
    """

    id: str
    action: str
    by_seconds: float
    who: str | None = None
    decides: Subject | None = None


class Inject(Noun):
    """One message to the players: due at `at_seconds`, and not before those in `after` are published.

    `to` holds players' roles, or `all` alone. `hints`, `expected` and `facilitator_only` are no player's business.
    `artifact` is a file beside the exercise's. `step` is a step of the drill (`failover 2`) or of its runbook
    (`Fail over by hand 3`).
    """

    id: str
    at_seconds: float
    text: str
    sender: str = FACILITATOR
    to: tuple[str, ...] = (ALL,)
    phase: Phase | None = None
    artifact: str | None = None
    expected: tuple[ExpectedAction, ...] = ()
    hints: tuple[str, ...] = ()
    facilitator_only: str | None = None
    after: tuple[str, ...] = ()
    step: str | None = None


class RandomEvent(Noun):
    """What may befall the players (a key person absent, the chat tool down): drawn when the exercise begins.

    One that was drawn becomes an inject of the same id, due at `at_seconds`.
    """

    id: str
    text: str
    chance: float
    to: tuple[str, ...] = (ALL,)
    at_seconds: float = 0.0

    def as_inject(self) -> Inject:
        return Inject(id=self.id, at_seconds=self.at_seconds, text=self.text, to=self.to)


class Exercise(Noun):
    """A tabletop exercise of one drill. `publish: auto` publishes what is due without being asked."""

    version: int = EXERCISE_VERSION
    drill: str
    title: str
    roles: tuple[Role, ...]
    objectives: tuple[ExerciseObjective, ...]
    injects: tuple[Inject, ...]
    randomise: tuple[RandomEvent, ...] = ()
    publish: Publish = "manual"
    time_box_seconds: float | None = None
    schedule: Schedule | None = None

    def players(self) -> tuple[Role, ...]:
        return tuple(role for role in self.roles if role.kind == "player")

    def role(self, name: str) -> Role | None:
        return next((role for role in self.roles if role.name == name), None)

    def objective(self, objective_id: str) -> ExerciseObjective | None:
        return next((one for one in self.objectives if one.id == objective_id), None)

    def artifacts(self) -> tuple[str, ...]:
        """The files beside the exercise's that its injects show, each once."""
        return tuple(dict.fromkeys(inject.artifact for inject in self.injects if inject.artifact))


def parse_offset(text: str) -> float:
    """Seconds of scenario time in `T+5m`, `5m`, `1h30m` or `T+0`. Raises ValueError on anything else."""
    if not _OFFSET.match(text):
        raise ValueError(f'"{text}" is no moment of the scenario; write it like T+5m, 90s or T+0')
    rest = text.removeprefix("T+")
    return 0.0 if rest == "0" else parse_duration(rest)


def format_offset(seconds: float) -> str:
    """A moment of the scenario as the clock shows it: `T+05:00`, `T+1:02:30`."""
    hours, rest = divmod(int(max(0.0, seconds)), 3600)
    minutes, left = divmod(rest, 60)
    return f"T+{hours}:{minutes:02d}:{left:02d}" if hours else f"T+{minutes:02d}:{left:02d}"
