"""What `drill run` and `drill revert` do, on the fake world: the engine wired as the command line wires it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import anyio

from drillrunner.engine.conduct import Conductor
from drillrunner.engine.desk import Desk, Ending
from drillrunner.engine.guard import guard
from drillrunner.engine.perform import Performer
from drillrunner.engine.plan import make_plan
from drillrunner.engine.record import Record
from drillrunner.engine.revert import Reverted, clean_up, owed, revert_all
from drillrunner.errors import DrillError, ExitCode, Refused
from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.ports import Outside
from drillrunner.simulation.disk import RunFiles, SimulatedJournal, SimulatedReadings
from drillrunner.simulation.party import Party
from drillrunner.simulation.world import World


@dataclass
class Told:
    """What one process told: the code it ended with, and what it said of each run."""

    party: Party
    exit_code: int | None = None
    refused: DrillError | None = None
    ending: Ending | None = None
    conductor_error: Exception | None = None
    reverted: list[tuple[str, Reverted]] = field(default_factory=list)
    ended_at: float = 0.0


def has_ended(files: RunFiles) -> bool:
    """As the command line sees it: the journal says that the run ended, with nothing owed."""
    return any(entry.kind == "run.ended" for entry in files.entries) and not owed(files.entries)


def outside_of(world: World, party: Party, run_id: str) -> Outside:
    return Outside(
        run_id=run_id,
        environment=world.scenario.environment,
        clock=world.clock,
        caller=party.caller,
        http=world.data,
        resolver=world.data,
        random=random.Random(world.scenario.seed),
    )


# -- drill revert ----------------------------------------------------------------------------------------


async def revert_what_died(world: World, told: Told) -> None:
    """`drill revert`, or the beginning of a run: the lock, then every run that left something. Raises Refused."""
    lock = world.disk.lock
    lock.acquire(told.party)
    try:
        await _leftovers(world, told)
    finally:
        lock.release(told.party)


async def _leftovers(world: World, told: Told) -> None:
    for files in [one for one in world.disk.runs.values() if not has_ended(one)]:
        with anyio.CancelScope(shield=True):
            reverted = await revert_dead_run(world, told.party, files)
        told.reverted.append((files.run_id, reverted))
        if reverted.left:
            told.exit_code = ExitCode.STILL_INJECTED
            raise Refused(f"run {files.run_id} still has something injected")
    world.disk.lock.settle()


async def revert_dead_run(world: World, party: Party, files: RunFiles) -> Reverted:
    """What `cli/aftermath.py` does with a dead run's journal."""
    party.run_id = files.run_id
    outside = outside_of(world, party, files.run_id)
    journal = SimulatedJournal(files, world.disk, world.clock, party)
    record = _record_for(world, journal, files, _View(None))
    record.go_on_without_journal()
    record.append("interrupted", {"by": "drill revert", "why": "the run's process died, or left something behind"})
    performer = Performer(record, outside)
    within = files.plan.drill.revert_within_seconds
    reverted = await revert_all(record, performer, world.clock, within_seconds=within)
    litter = await clean_up(record, performer, world.clock, within_seconds=within, died=True)
    reverted = replace(reverted, left=reverted.left + litter)
    code = ExitCode.STILL_INJECTED if reverted.left else ExitCode.ABORTED
    why = "its process died; reverted from the journal"
    record.append("run.ended", {"outcome": "aborted", "exit_code": code, "why": why})
    said = ", ".join(one.describe() for one in reverted.left) or "nothing"
    world.tell(f"{party.name} reverted {reverted.reverted} of {reverted.of}; left: {said}")
    return reverted


class _ForwardRecord(Record):
    """The mutant's: whoever begins a revert finds the undos the other way round, and so makes them in forward order."""

    _turned = False

    def go_on_without_journal(self) -> None:
        super().go_on_without_journal()
        if not self._turned:
            self._turned = True
            undos = iter([entry for entry in reversed(self.entries) if entry.kind == "undo.recorded"])
            self.entries = [next(undos) if entry.kind == "undo.recorded" else entry for entry in self.entries]


def _record_for(world: World, journal: SimulatedJournal, files: RunFiles, watch: Callable[[Entry], None]) -> Record:
    kind = _ForwardRecord if world.mutant.forward_undos else Record
    return kind(journal, files.surviving(), notify=watch, make_room=lambda: world.disk.free_ballast(files))


# -- drill run -------------------------------------------------------------------------------------------


async def run_drill(world: World, told: Told) -> None:
    """`drill run`: the lock, what a dead run left, the plan, the phases, the end."""
    party, lock = told.party, world.disk.lock
    lock.acquire(party)
    try:
        await _leftovers(world, told)
        party.run_id = f"run-{len(world.disk.runs) + 1}"
        outside = outside_of(world, party, party.run_id)
        plan = await make_plan(world.scenario.drill, world.scenario.environment, outside)
        guard(plan, world.clock.wall())
        files = world.disk.create(party.run_id, plan)
        lock.name(party.run_id)
        told.ending = await _conducted(world, told, plan, files, outside)
        if not told.ending.reverted.left:
            lock.settle()
            world.disk.free_ballast(files)
        told.exit_code = told.ending.exit_code
    finally:
        if not party.dead:
            lock.release(party)


async def _conducted(world: World, told: Told, plan: Plan, files: RunFiles, outside: Outside) -> Ending:
    journal = SimulatedJournal(files, world.disk, world.clock, told.party)
    record = _record_for(world, journal, files, _View(world.scenario.troubles.view_fails_after))
    world.conducting = True
    record.append("run.began", {"run_id": files.run_id, "plan_hash": plan.hash, "seed": world.scenario.seed})
    desk = Desk(
        plan=plan,
        outside=outside,
        record=record,
        readings=SimulatedReadings(files, world.disk),
        ask_person=lambda text: _person(world),
        stop_requested=lambda: "drill stop" if files.stop_requested else None,
        still_ours=lambda: not _passed(world, world.scenario.troubles.lock_lost_at),
        on_reading=_View(world.scenario.troubles.view_fails_after),
    )
    conductor = Conductor(desk)
    scope = anyio.CancelScope()
    _arrange_interruptions(world, told.party, files, conductor, scope)
    ending: Ending | None = None
    with scope:
        ending = await conductor.run()
    told.conductor_error = conductor.error
    if ending is None:
        world.tell(f"{told.party.name} was cancelled from outside")
        raise Refused("cancelled from outside")
    record.append("phase.began", {"phase": "judged"})
    record.append("run.ended", {"outcome": ending.outcome, "exit_code": ending.exit_code, "why": ending.why})
    left = ", ".join(one.describe() for one in ending.reverted.left) or "nothing"
    world.tell(f"{told.party.name} {ending.outcome} ({ending.why or 'all phases'}); left: {left}")
    return ending


def _arrange_interruptions(
    world: World, party: Party, files: RunFiles, conductor: Conductor, scope: anyio.CancelScope
) -> None:
    """Signals, `drill stop` and cancellation, at their moments after the world's start."""
    troubles = world.scenario.troubles
    if troubles.interrupted_at is not None:
        world.later(troubles.interrupted_at - world.now(), lambda: conductor.interrupt("SIGINT", "interrupted"))
        if troubles.forced_after is not None:
            seconds = troubles.interrupted_at + troubles.forced_after - world.now()
            world.later(seconds, lambda: party.die("a second Ctrl-C"))
    if troubles.stop_asked_at is not None:
        world.later(troubles.stop_asked_at - world.now(), lambda: setattr(files, "stop_requested", True))
    if troubles.cancelled_at is not None:
        world.later(troubles.cancelled_at - world.now(), scope.cancel)


async def _person(world: World) -> None:
    if world.scenario.troubles.person_away:
        await anyio.sleep_forever()
    await world.clock.sleep(world.call_dice.uniform(1.0, 8.0))


def _passed(world: World, moment: float | None) -> bool:
    return moment is not None and world.now() >= moment and not world.healed


class ViewFailed(Exception):
    """A terminal that is gone."""


class _View:
    """Whoever watches entries or readings; it may fail after so many (None: never)."""

    def __init__(self, fails_after: int | None) -> None:
        self._left = fails_after

    def __call__(self, seen: Entry | Reading) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise ViewFailed
