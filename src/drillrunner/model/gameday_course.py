"""What became of a game day: made from its journal and the verdicts of its runs, and all that its report shows.

The journal (`gameday.jsonl`) has the entries of a run's journal, hash-chained, of these kinds; each that begins
something is on disk before that is begun:

| kind | data |
|---|---|
| gameday.began | gameday_id, gameday, environment, plan_hash, plans (a hash for each id), seed, pid, host, version |
| freeze.checked | ok, begin, end, windows (how many), why? |
| approvals.checked | ok, needed, counted (names), ignored (name and why), why? |
| gate.checked | id, ok, chance, runs, at_least, rehearsal (folder), reused |
| announced | moment, text, deliveries (sink, ok, why?) |
| drill.began | id, drill, plan_hash |
| run.named | id, run_id |
| drill.ended | id, exit_code, why? |
| drill.skipped | id, why |
| cool_down.began / cool_down.ended | id; steady (true, false), seconds, why? |
| gameday.stopped | why |
| gameday.resumed | pid, host: another process goes on with it |
| gameday.ended | outcome, exit_code, why? |
"""

from __future__ import annotations

from typing import Literal

from drillrunner.model.gameday import GameDay
from drillrunner.model.noun import Noun
from drillrunner.model.verdict import Interval, Outcome

SCHEMA_VERSION = 1

# `left`: something is still injected. `died`: its process ended without a word
DrillState = Literal["not begun", "running", "died", "met", "missed", "inconclusive", "aborted", "refused", "left"]
CourseOutcome = Literal["met", "missed", "inconclusive", "aborted", "refused", "left", "died", "running", "abandoned"]


class Delivery(Noun):
    """What became of one announcement at one receiver. `sink` holds no secret."""

    sink: str
    ok: bool
    why: str | None = None


class Announced(Noun):
    """One announcement, and to whom it went."""

    moment: str
    at: str
    text: str
    deliveries: tuple[Delivery, ...]


class Ignored(Noun):
    """An approval that does not count, and why."""

    approver: str
    why: str


class ApprovalCheck(Noun):
    """Who approved the plan that was about to be run."""

    ok: bool
    needed: int
    counted: tuple[str, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    why: str | None = None


class FreezeCheck(Noun):
    """The time that was looked at (ISO 8601, UTC), and whether a freeze window touches it."""

    ok: bool
    begin: str
    end: str
    windows: int
    why: str | None = None


class GateCheck(Noun):
    """One drill at the rehearsal gate: the share of rehearsed runs that met all objectives, and what was asked."""

    id: str
    ok: bool
    chance: float
    runs: int
    at_least: float
    rehearsal: str | None = None
    reused: bool = False


class CoolDown(Noun):
    """The wait after a drill. `seconds` are drill seconds."""

    steady: bool
    seconds: float
    why: str | None = None


class DrillCourse(Noun):
    """One drill of the game day. `rto` and `rpo` are what its run measured; `why` is about its ending."""

    id: str
    drill: str
    plan_hash: str | None = None
    state: DrillState = "not begun"
    run_id: str | None = None
    report: str | None = None
    outcome: Outcome | None = None
    rto: Interval | None = None
    rpo: Interval | None = None
    rto_target: float | None = None
    rpo_target: float | None = None
    reverted: str | None = None
    left: tuple[str, ...] = ()
    exit_code: int | None = None
    why: str | None = None
    cool_down: CoolDown | None = None


class Course(Noun):
    """A whole game day, as its one report shows it. `why` says why it stopped; None where it came to its end."""

    schema_version: int = SCHEMA_VERSION
    gameday_id: str
    gameday: GameDay
    environment: str
    plan_hash: str
    began_at: str
    ended_at: str | None
    outcome: CourseOutcome
    exit_code: int | None
    why: str | None
    drills: tuple[DrillCourse, ...]
    announcements: tuple[Announced, ...] = ()
    freeze: FreezeCheck | None = None
    approvals: ApprovalCheck | None = None
    gate: tuple[GateCheck, ...] = ()
    resumed: int = 0
