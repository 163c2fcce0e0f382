"""One rehearsed run: the production engine and the whole lab on one event loop whose clock jumps."""

from __future__ import annotations

import contextlib
import gc
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import anyio
from pydantic import JsonValue

from drillrunner import __version__
from drillrunner.clock import Clock, run_virtual, virtual_clock
from drillrunner.engine.conduct import Conductor
from drillrunner.engine.desk import Desk, Ending
from drillrunner.engine.guard import guard
from drillrunner.engine.plan import make_plan
from drillrunner.engine.record import Record
from drillrunner.errors import DrillError, LabFailed
from drillrunner.judge import judge
from drillrunner.lab.compose import Lab, compose
from drillrunner.lab.control.in_process import client
from drillrunner.lab.datastores import attach
from drillrunner.lab.seed import Seeder
from drillrunner.lab.topology import Latency, Topology
from drillrunner.lab.world import World
from drillrunner.model.drill import Drill, ProbeSpec
from drillrunner.model.environment import Environment
from drillrunner.model.plan import Plan
from drillrunner.model.rehearsal import RehearsedObjective, RehearsedRun
from drillrunner.model.verdict import Verdict
from drillrunner.ports import Outside
from drillrunner.rehearsal.chances import CHECKER_MISSES, PERSON_SECONDS, Chances, draw
from drillrunner.rehearsal.memory import MemoryJournal, MemoryReadings
from drillrunner.rehearsal.outside import outside_of
from drillrunner.rehearsal.truth import true_rto

# After how many new objects Python looks for garbage among them (by itself: after 700), and among all after 121 times
# as many. That is once in an hour of drill, or once in ten rehearsals of a drill of minutes.
NEW_OBJECTS = 10_000


@dataclass(frozen=True, slots=True)
class Script:
    """What is rehearsed: the drill as its environment says, in a topology with its what-ifs already set."""

    drill: Drill
    environment: Environment
    topology: Topology


@dataclass(frozen=True, slots=True)
class Performance:
    """One run and everything that it left."""

    run: RehearsedRun
    plan: Plan
    journal: MemoryJournal
    readings: MemoryReadings
    verdict: Verdict


def perform(script: Script, seed: int) -> Performance:
    """Run the drill once on virtual time. The same script and seed give the same journal, byte for byte.

    Raises what planning and the guard raise (Refused, CallFailed), and LabFailed for a topology that AWS
    would refuse. One at a time in a process, since moto's state is the process's.
    """
    with _seldom_collecting():
        performance: Performance = run_virtual(_perform, script, seed)
    return performance


@contextlib.contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Nearly all that a run makes is kept until its end, so that to look through all of it for garbage is in vain."""
    before = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def _perform(script: Script, seed: int) -> Performance:
    _seed_moto(seed)
    chances = draw(random.Random(f"{seed}/chances"))
    lab = await _lab(script.topology, chances, seed)
    environment = _as_lab(script)
    outside = outside_of(lab, environment, chances, f"rehearsal-{seed}")
    failure: DrillError | None = None
    async with anyio.create_task_group() as beside:
        beside.start_soon(lab.plane.run)
        beside.start_soon(lab.databases.run)
        await outside.clock.sleep(chances.start_seconds)
        try:
            performance = await _conducted(script.drill, outside, lab, seed)
        except DrillError as error:  # raised below, out of the task group
            failure = error
        beside.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return performance


def _seed_moto(seed: int) -> None:
    from moto.moto_api._internal import mock_random

    mock_random.seed(seed)


async def _lab(topology: Topology, chances: Chances, seed: int) -> Lab:
    """The topology, built. Its databases are simulated: real ones keep real time."""
    simulated = _simulated(topology, chances.lag_factor)
    world = World(virtual_clock(), seed)
    lab = compose(simulated, world, chances.durations, checker_misses=CHECKER_MISSES)
    clients: dict[tuple[str, str], Any] = {}

    def client_for(service: str, region: str) -> Any:
        if (service, region) not in clients:
            clients[service, region] = client(lab.control.handle, service, region)
        return clients[service, region]

    try:
        with lab.databases.tables.at_once():
            Seeder(simulated, client_for).seed()
    except Exception as error:
        raise LabFailed(f"the topology is refused: {error}", where=f"topology {topology.topology}") from error
    await attach(lab.databases, simulated)
    lab.plane.dns.refresh()
    return lab


def _simulated(topology: Topology, lag_factor: float) -> Topology:
    def slower(lag: Latency) -> Latency:
        return Latency(median_ms=lag.median_ms * lag_factor, p99_ms=max(lag.p99_ms, lag.median_ms) * lag_factor)

    return topology.model_copy(
        update={
            "tables": tuple(one.model_copy(update={"lag": slower(one.lag)}) for one in topology.tables),
            "clusters": tuple(
                one.model_copy(update={"data": "simulated", "lag": slower(one.lag)}) for one in topology.clusters
            ),
            "instances": tuple(
                one.model_copy(update={"data": "simulated", "lag": slower(one.lag)}) for one in topology.instances
            ),
        }
    )


def _as_lab(script: Script) -> Environment:
    """The drill's environment with its guards, as a lab on virtual time: no account, no freeze window applies."""
    return script.environment.model_copy(
        update={
            "kind": "lab",
            "topology": script.topology.topology,
            "time_scale": 1.0,
            "regions": script.topology.regions,
            "freeze": (),
            "account": None,
            "profile": None,
            "role_arn": None,
            "databases": {},
        }
    )


async def _conducted(drill: Drill, outside: Outside, lab: Lab, seed: int) -> Performance:
    clock = outside.clock
    plan = await make_plan(drill, outside.environment, outside)
    guard(plan, clock.wall())
    journal, readings = MemoryJournal(clock), MemoryReadings()
    record = Record(journal)
    record.append("run.began", _beginning(plan, outside, seed))
    began = clock.monotonic()
    desk = Desk(plan, outside, record, readings, ask_person=_person(drill, clock, random.Random(f"{seed}/people")))
    ending = await Conductor(desk).run()
    record.append("phase.began", {"phase": "judged"})
    record.append("run.ended", {"outcome": ending.outcome, "exit_code": ending.exit_code, "why": ending.why})
    verdict = judge(plan, journal.entries, readings.readings)
    truth = _truth(drill, lab, began)
    run = _run_of(verdict, ending, seed, truth, clock.monotonic() - began, journal.sha256())
    return Performance(run, plan, journal, readings, verdict)


def _beginning(plan: Plan, outside: Outside, seed: int) -> dict[str, JsonValue]:
    """As of any run; no process and no host, which no other run of this seed shares."""
    return {
        "run_id": outside.run_id,
        "drill": plan.drill.name,
        "environment": plan.environment.name,
        "plan_hash": plan.hash,
        "seed": seed,
        "pid": 0,
        "host": "rehearsal",
        "time_scale": outside.clock.scale,
        "version": __version__,
    }


def _person(drill: Drill, clock: Clock, dice: random.Random) -> Callable[[str], Awaitable[None]]:
    """People do what a manual step says after a time that is drawn from its range."""
    takes = {step.text: step.takes_seconds for step in (*drill.failover, *drill.failback)}

    async def do(text: str) -> None:
        await clock.sleep(dice.uniform(*(takes.get(text) or PERSON_SECONDS)))

    return do


def _truth(drill: Drill, lab: Lab, since: float) -> float | None:
    host = _host(next((drill.probe(one.probe) for one in drill.objectives if one.name == "rto"), None))
    if host is None:
        return None
    return true_rto([event for event in lab.world.truth.events() if event.at >= since], host)


def _host(probe: ProbeSpec | None) -> str | None:
    """The name that an HTTP probe resolves."""
    from urllib.parse import urlsplit

    url = probe.params.get("url") if probe else None
    return urlsplit(url).hostname if isinstance(url, str) else None


def _run_of(
    verdict: Verdict, ending: Ending, seed: int, truth: float | None, drill_seconds: float, sha256: str
) -> RehearsedRun:
    measured = next((one for one in verdict.objectives if one.name == "rto"), None)
    return RehearsedRun(
        seed=seed,
        outcome=verdict.outcome,
        ended_by=verdict.ended_by,
        objectives=tuple(
            RehearsedObjective(name=one.name, probe=one.probe, low=one.low, high=one.high, outcome=one.outcome)
            for one in verdict.objectives
        ),
        anatomy={share.part: share.seconds for share in verdict.anatomy},
        truth_rto=truth if measured is not None and measured.high is not None else None,
        reverted=not ending.reverted.left,
        drill_seconds=drill_seconds,
        journal_sha256=sha256,
    )
