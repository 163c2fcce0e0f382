"""The game day: drills in order, with what must hold before the first and between them. One file in `drills/gamedays/`.

Durations are drill seconds, as in a drill: in a lab whose clock runs ten times as fast, a tenth of that on the wall.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from pydantic import Field, JsonValue

from drillrunner.model.freeze import FreezeWindow
from drillrunner.model.noun import Noun, sha256_of
from drillrunner.model.plan import Plan
from drillrunner.model.schedule import Schedule

VERSION = 1
RoleName = Literal["facilitator", "owner", "scribe", "safety", "evaluators", "participants", "observers"]
ROLE_NAMES: tuple[RoleName, ...] = (
    "facilitator",
    "owner",
    "scribe",
    "safety",
    "evaluators",
    "participants",
    "observers",
)
Moment = Literal["before", "start", "end", "stopped"]
MOMENTS: tuple[Moment, ...] = ("before", "start", "end", "stopped")
OnMiss = Literal["stop", "go_on"]


class GameDayDrill(Noun):
    """One drill of a game day. `drill` is its file as the game day names it; `id` what `needs` call it.

    `needs` are earlier ids that must have met all their objectives. After it, the game day waits until the steady
    state holds again, for at most `cool_down_seconds` (0: it does not wait). `at_least` is its own threshold at the
    rehearsal gate, instead of the game day's.
    """

    id: str
    drill: str
    vars: dict[str, str] = Field(default_factory=dict)
    on_miss: OnMiss = "stop"
    needs: tuple[str, ...] = ()
    cool_down_seconds: float = 0.0
    at_least: float | None = None


class ApprovalRule(Noun):
    """How many must approve the plan, and who may (empty: anybody).

    Where `allowed_signers` (a file as ssh-keygen takes it; absolute) is given, an approval counts only if it is
    signed by a key that the file gives to its approver.
    """

    needed: int
    by: tuple[str, ...] = ()
    allowed_signers: str | None = None


class RehearsalRule(Noun):
    """The gate: so many rehearsed runs of each drill from `seed` on; the share `at_least` of them must meet everything.

    A rehearsal of the same plan that is younger than `max_age_seconds` (of the wall clock) serves again.
    """

    runs: int
    at_least: float
    seed: int = 1
    max_age_seconds: float = 0.0
    topology: str | None = None


class GameDay(Noun):
    """Everything that the file says. `settings` are the lab's (`route53.ttl: "30"`), of all drills together.

    `announcements` holds a text for each moment at which the environment's signals are told something of one's own;
    between `before` and the first drill lie `lead_seconds`. `calendars` are ICS files (absolute) whose events are
    freeze windows.
    """

    version: int = VERSION
    name: str
    title: str
    environment: str
    roles: dict[RoleName, tuple[str, ...]]
    drills: tuple[GameDayDrill, ...]
    settings: dict[str, str] = Field(default_factory=dict)
    schedule: Schedule | None = None
    announcements: dict[Moment, str] = Field(default_factory=dict)
    lead_seconds: float = 0.0
    freeze: tuple[FreezeWindow, ...] = ()
    calendars: tuple[str, ...] = ()
    approvals: ApprovalRule | None = None
    time_box_seconds: float | None = None
    rehearsal: RehearsalRule | None = None

    def anywhere(self) -> GameDay:
        """The same with other files named alone, so that it is the same in every folder that it is checked out to."""
        approvals, rehearsal = self.approvals, self.rehearsal
        if approvals is not None:
            approvals = approvals.model_copy(update={"allowed_signers": _name_of(approvals.allowed_signers)})
        if rehearsal is not None:
            rehearsal = rehearsal.model_copy(update={"topology": _name_of(rehearsal.topology)})
        calendars = tuple(PurePath(one).name for one in self.calendars)
        return self.model_copy(update={"calendars": calendars, "approvals": approvals, "rehearsal": rehearsal})


def _name_of(path: str | None) -> str | None:
    return None if path is None else PurePath(path).name


class GameDayPlan(Noun):
    """A game day with the plan of each drill, in its order. Data with a hash; nothing in it has happened yet."""

    gameday: GameDay
    plans: tuple[Plan, ...]

    @property
    def hash(self) -> str:
        """SHA-256; approvals are bound to it. When it takes place, and in which folders files lie, is left out."""
        return sha256_of(self.basis())

    def basis(self) -> JsonValue:
        """What is approved: what the game day says and each drill's plan, without anything at its default."""
        said = self.gameday.anywhere().model_dump(mode="json", exclude_defaults=True, exclude={"schedule"})
        return {"gameday": said, "plans": [plan.hash for plan in self.plans]}

    def plan_of(self, drill_id: str) -> Plan:
        """The plan of the drill with that id."""
        at = next(number for number, one in enumerate(self.gameday.drills) if one.id == drill_id)
        return self.plans[at]
