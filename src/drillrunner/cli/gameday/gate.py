"""The rehearsal gate: whether a rehearsal of each drill of a game day promises enough for a live run."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from drillrunner import __version__
from drillrunner.cli.gameday.plan import Planned
from drillrunner.cli.past_runs import REHEARSALS
from drillrunner.cli.view import say
from drillrunner.errors import InvalidInput
from drillrunner.lab import lifecycle
from drillrunner.lab.topology import load_topology
from drillrunner.model.gameday import GameDayDrill, RehearsalRule
from drillrunner.model.gameday_course import GateCheck
from drillrunner.model.noun import sha256_of
from drillrunner.model.plan import Plan
from drillrunner.model.rehearsal import Rehearsal

GATE = "gate.json"


def at_the_gate(
    planned: Planned, rule: RehearsalRule, reports: Path, over: tuple[str, ...] = ()
) -> Iterator[GateCheck]:
    """Each drill that is still to be begun, as its rehearsal turns out. One that asks for 0% is not rehearsed.

    Raises what a rehearsal raises.
    """
    for entry, plan in zip(planned.plan.gameday.drills, planned.plan.plans, strict=True):
        least = rule.at_least if entry.at_least is None else entry.at_least
        if entry.id in over:
            continue
        if least <= 0:
            yield GateCheck(id=entry.id, ok=True, chance=0.0, runs=0, at_least=0.0)
            continue
        yield _checked(planned, rule, entry, plan, least, reports)


def chance_of_all(rehearsal: Rehearsal) -> float:
    """The share of its runs that met every objective; one that measured nothing did not."""
    met = sum(
        1
        for run in rehearsal.runs
        if len(run.objectives) == len(rehearsal.targets)
        and all(one.outcome == "met" for one in run.objectives)
        and run.outcome == "met"
    )
    return met / len(rehearsal.runs) if rehearsal.runs else 0.0


def _checked(
    planned: Planned, rule: RehearsalRule, entry: GameDayDrill, plan: Plan, least: float, reports: Path
) -> GateCheck:
    basis = _basis(planned, rule, plan)
    kept = kept_rehearsal(reports, basis, rule.max_age_seconds)
    folder = kept or _rehearsed(planned, rule, entry, plan, basis, reports)
    rehearsal = Rehearsal.model_validate_json((folder / "rehearsal.json").read_bytes())
    chance = chance_of_all(rehearsal)
    return GateCheck(
        id=entry.id,
        ok=chance >= least,
        chance=chance,
        runs=len(rehearsal.runs),
        at_least=least,
        rehearsal=f"{REHEARSALS}/{folder.name}",
        reused=kept is not None,
    )


def _topology_of(planned: Planned, rule: RehearsalRule) -> str:
    name = rule.topology or planned.file.environment.topology
    if name is None:
        raise InvalidInput("a rehearsal needs a topology", advice="write rehearsal: {topology: FILE}")
    return name


def settings_there(planned: Planned) -> dict[str, str]:
    """The lab's settings: those that the running one was started with, which it keeps, and the game day's."""
    environment = planned.environment
    running = lifecycle.status(environment.topology) if environment.kind == "lab" else None
    return {**(running.overrides if running else {}), **planned.plan.gameday.settings}


def _basis(planned: Planned, rule: RehearsalRule, plan: Plan) -> str:
    """What a rehearsal must share with this one to serve in its place: the plan's hash, and all that it is made of."""
    topology = load_topology(_topology_of(planned, rule)).model_dump(mode="json")
    return sha256_of([plan.hash, topology, settings_there(planned), rule.runs, rule.seed, __version__])


def kept_rehearsal(reports: Path, basis: str, max_age_seconds: float) -> Path | None:
    """The newest rehearsal on the same basis that is young enough."""
    now = datetime.now(UTC)
    oldest = now - timedelta(seconds=max_age_seconds)
    for path in sorted((reports / REHEARSALS).glob(f"*/{GATE}"), reverse=True):
        try:
            said = json.loads(path.read_bytes())
            at = datetime.fromisoformat(said["at"]).astimezone(UTC)
        except (OSError, ValueError, KeyError, TypeError, OverflowError):  # no rehearsal of a gate's: it serves nobody
            continue
        if said.get("basis") == basis and oldest < at <= now and _readable(path.parent) is not None:
            return path.parent
    return None


def _readable(folder: Path) -> Rehearsal | None:
    try:
        return Rehearsal.model_validate_json((folder / "rehearsal.json").read_bytes())
    except (OSError, ValidationError):
        return None


def _rehearsed(
    planned: Planned, rule: RehearsalRule, entry: GameDayDrill, plan: Plan, basis: str, reports: Path
) -> Path:
    """Rehearse it now, in the topology as the lab has it. What that needs is loaded only here."""
    from drillrunner.cli.rehearsed import show_progress, write_rehearsal
    from drillrunner.rehearsal.one import Script
    from drillrunner.rehearsal.rehearse import Order, rehearse
    from drillrunner.rehearsal.settings import with_settings

    say(f"rehearsing {entry.id}: {rule.runs} runs from seed {rule.seed}")
    settings = settings_there(planned)
    topology = load_topology(_topology_of(planned, rule))
    script = with_settings(Script(plan.drill, planned.file.environment, topology), settings)
    order = Order(script, settings, rule.seed, rule.runs, 0, len(os.sched_getaffinity(0)))
    with show_progress(order.count(), sys.stderr) as progress:
        found = rehearse(order, progress)
    folder = write_rehearsal(found, script, reports)
    said = {"basis": basis, "plan_hash": plan.hash, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    (folder / GATE).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return folder
