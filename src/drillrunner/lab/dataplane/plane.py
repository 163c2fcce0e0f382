"""The data plane as one thing: endpoints, health checkers and DNS that know each other, on the world's clock.

Nothing here opens a socket, so the same object serves a lab process and a rehearsal on virtual time.
"""

from __future__ import annotations

import functools

import anyio

from drillrunner.lab.dataplane.checks import Finding, judge_http
from drillrunner.lab.dataplane.controlstate import CheckConfig, ControlState
from drillrunner.lab.dataplane.dns import Dns
from drillrunner.lab.dataplane.endpoints import Endpoints
from drillrunner.lab.dataplane.health import AlarmStateOf, HealthCheckers, no_alarm
from drillrunner.lab.dataplane.metrics import Record, publish_health, record_request
from drillrunner.lab.dataplane.routing import Client
from drillrunner.lab.topology import Topology
from drillrunner.lab.world import World


class DataPlane:
    """`endpoints`, `checkers` and `dns`, wired: checkers ask endpoints where the DNS says, the DNS follows verdicts.

    `checker_misses` is the share of a checker's requests that are lost on their way, so that checkers disagree.
    `record(region, namespace, metric, dimensions, value)` takes the metrics that AWS publishes of all this.
    """

    def __init__(
        self,
        world: World,
        topology: Topology,
        control: ControlState,
        *,
        alarm_state: AlarmStateOf = no_alarm,
        record: Record | None = None,
        checker_misses: float = 0.0,
    ) -> None:
        observe = functools.partial(record_request, record) if record else None
        self._world = world
        self._record = record
        self._checker_misses = checker_misses
        self.endpoints = Endpoints(world, topology, control, observe)
        self.checkers = HealthCheckers(
            world, control, self._ask, lambda check_id, healthy: self.dns.evaluate(), alarm_state
        )
        self.dns = Dns(world, control, self.checkers.healthy, Client(topology.regions[0]))

    async def run(self) -> None:
        """Run the checkers and the DNS's propagation until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.checkers.run)
            tasks.start_soon(self.dns.run)
            if self._record:
                tasks.start_soon(
                    publish_health, self._world, self._record, self.checkers.watched, self.checkers.healthy
                )

    async def _ask(self, config: CheckConfig) -> Finding:
        if self._checker_misses and self._world.random.random() < self._checker_misses:
            return Finding(False, "Failure: Connection timed out.")
        address = config.ip_address or (self.dns.address(config.fqdn) if config.fqdn else None)
        if address is None:
            return Finding(False, "Failure: DNS resolution failed: the name has no address.")
        if config.type == "TCP":
            return self._connect(address)
        told = await self.endpoints.handle(address, config.fqdn or address, "GET", config.path, {}, b"", checker=True)
        return judge_http(config, told.status, told.body)

    def _connect(self, address: str) -> Finding:
        if self.endpoints.listens(address):
            return Finding(True, "Success: the connection was made.")
        return Finding(False, "Failure: Connection refused.")
