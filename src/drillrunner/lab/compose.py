"""A lab's parts made known to each other: control plane, databases and data plane of one world. Nothing listens yet.

The same lab serves a process on loopback (process.py) and a rehearsal on virtual time (rehearsal/).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from drillrunner.lab.control.app import ControlPlane, install
from drillrunner.lab.control.hooks import DnsAnswer, Hooks, Observation
from drillrunner.lab.databases.databases import Databases
from drillrunner.lab.databases.settings import Durations
from drillrunner.lab.dataplane.checks import Finding, Opinion
from drillrunner.lab.dataplane.controlstate import MotoState
from drillrunner.lab.dataplane.plane import DataPlane
from drillrunner.lab.topology import Topology
from drillrunner.lab.world import World


@dataclass(frozen=True, slots=True)
class Lab:
    """The parts of one lab, composed and not yet served nor seeded."""

    topology: Topology
    world: World
    control: ControlPlane
    databases: Databases
    plane: DataPlane


def compose(
    topology: Topology, world: World, durations: Durations | None = None, *, checker_misses: float = 0.0
) -> Lab:
    """Build the parts and connect them. One lab at a time in a process: a second replaces the first."""
    hooks = Hooks()
    control = install(world, hooks)
    state = MotoState(world)

    def register(name: str, address: str, ttl: float) -> None:
        plane.dns.register(name, address, ttl)

    databases = Databases(world, register, durations)
    databases.install()
    plane = DataPlane(
        world,
        topology,
        state,
        alarm_state=state.alarm_state,
        record=databases.record,
        checker_misses=checker_misses,
    )
    connect(hooks, plane, world)
    return Lab(topology, world, control, databases, plane)


def connect(hooks: Hooks, plane: DataPlane, world: World) -> None:
    """Let the control plane show what the data plane sees, and the data plane hear what changes."""

    def observed(look: Callable[[Opinion], tuple[Finding | None, float | None]]) -> Callable[[str], list[Observation]]:
        return lambda check_id: [
            Observation(opinion.region, opinion.address, finding.text, wall_of(world, at))
            for opinion in plane.checkers.opinions(check_id)
            for finding, at in [look(opinion)]
            if finding is not None and at is not None
        ]

    hooks.invoke_handler = plane.endpoints.invoke
    hooks.health_status = observed(lambda opinion: (opinion.last, opinion.checked_at))
    hooks.last_failure_reason = observed(lambda opinion: (opinion.last_failure, opinion.failed_at))
    hooks.on_record_change = lambda names: plane.dns.records_changed()
    hooks.test_dns_answer = lambda name, rtype, client_region: _tested(plane, name, rtype)


def _tested(plane: DataPlane, name: str, rtype: str) -> DnsAnswer:
    told = plane.dns.answer(name, rtype)
    return DnsAnswer("NOERROR" if told.exists else "NXDOMAIN", told.rrsets[-1].values if told.rrsets else ())


def wall_of(world: World, moment: float) -> datetime:
    """The time of day of a drill moment, by how long ago it is."""
    return world.clock.wall() - timedelta(seconds=world.clock.real(world.clock.monotonic() - moment))
