"""The lab's databases, metrics and alarms in one object: what the lab's process composes.

Order: control plane `install(world, hooks)`, then `Databases(world, register_dns)` and `.install()`, then seed,
then `attach_global_cluster` and `attach_replica` for what shall have data; `run()` beside the data plane's
tasks; `close()` at the end, whatever happened.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

import anyio
import anyio.to_thread

from drillrunner.lab.databases.cloudwatch import patch as cloudwatch_patch
from drillrunner.lab.databases.cloudwatch.alarms import Alarms
from drillrunner.lab.databases.cloudwatch.metrics import Metrics
from drillrunner.lab.databases.dynamodb import patch as dynamodb_patch
from drillrunner.lab.databases.dynamodb.global_tables import GlobalTables
from drillrunner.lab.databases.jobs import Jobs
from drillrunner.lab.databases.lag import LagModel
from drillrunner.lab.databases.lag_metrics import publish_replica_lags, publish_replication_latency
from drillrunner.lab.databases.pair import DatabasePair, Place, Side
from drillrunner.lab.databases.postgres import server
from drillrunner.lab.databases.postgres.pair import PostgresPair, free_port
from drillrunner.lab.databases.rds import patch as rds_patch
from drillrunner.lab.databases.rds.attached import Attached, RegisterDns
from drillrunner.lab.databases.rds.global_clusters import GlobalClusters
from drillrunner.lab.databases.rds.instances import Instances
from drillrunner.lab.databases.settings import Durations
from drillrunner.lab.databases.simulated import SimulatedPair
from drillrunner.lab.world import ACCOUNT, World

PairKind = Literal["postgres", "simulated"]

# ReplicationLatency is published every five minutes, replica lags every minute (AWS: metrics of each service)
LATENCY_EVERY_SECONDS = 300.0
LAG_EVERY_SECONDS = 60.0


def postgres_available() -> bool:
    """Whether real PostgreSQL pairs can be had: the extra `postgres` is installed."""
    return server.available()


@dataclass(frozen=True, slots=True)
class Member:
    """A cluster or an instance, by region and identifier."""

    region: str
    identifier: str

    def arn(self, kind: Literal["cluster", "db"]) -> str:
        return f"arn:aws:rds:{self.region}:{ACCOUNT}:{kind}:{self.identifier}"


class Databases:
    """DynamoDB global tables, Aurora global clusters, RDS replicas, CloudWatch: all that has state or lag."""

    def __init__(self, world: World, register_dns: RegisterDns, durations: Durations | None = None) -> None:
        self._world = world
        self.jobs = Jobs(world)
        self.metrics = Metrics(world)
        self.alarms = Alarms(world, self.metrics)
        self.tables = GlobalTables(world)
        durations = durations or Durations()
        self.clusters = GlobalClusters(world, self.jobs, durations, register_dns)
        self.instances = Instances(world, self.jobs, durations, register_dns)
        self._pairs: list[DatabasePair] = []
        self._port = 0

    def install(self) -> None:
        """Patch moto for this world. Call it after the control plane's install. Raises LabFailed."""
        dynamodb_patch.install(self.tables)
        rds_patch.install(self.clusters, self.instances)
        cloudwatch_patch.install(self.metrics)

    async def run(self) -> None:
        """Carry out changes, publish lags, evaluate alarms: until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self.jobs.run)
            group.start_soon(self.alarms.run)
            group.start_soon(self._publish_latency)
            group.start_soon(self._publish_lags)

    def close(self) -> None:
        """End every database server and remove its data. Idempotent."""
        for pair in self._pairs:
            pair.close()
        self._pairs.clear()

    def record(self, region: str, namespace: str, name: str, dimensions: dict[str, str], value: float) -> None:
        """Publish one value of a metric now (`AWS/Route53 HealthCheckStatus`, `AWS/ApiGateway 5XXError`, …)."""
        self.metrics.record(region, namespace, name, dimensions, value)

    async def attach_global_cluster(
        self, identifier: str, writer: Member, secondary: Member, kind: PairKind, lag: LagModel | None = None
    ) -> Place:
        """Give a seeded global cluster a pair for its writer and one secondary; returns where the writer answers.

        Further secondaries have roles but no data. Raises LabFailed when PostgreSQL does not start.
        """
        sides: dict[str, Side] = {writer.arn("cluster"): "a", secondary.arn("cluster"): "b"}
        pair = await self._open(kind, lag or LagModel())
        self.clusters.attach(identifier, Attached(pair, sides))
        return pair.place("a")

    async def attach_replica(
        self,
        primary: Member,
        replica: Member,
        kind: PairKind,
        lag: LagModel | None = None,
        *,
        stop: Literal["crash", "clean"] = "clean",
    ) -> dict[str, Place]:
        """Give a seeded instance and its read replica a pair; returns where each answers, by identifier.

        `stop: crash` lets StopDBInstance of the primary stand for its loss. Raises LabFailed.
        """
        sides: dict[str, Side] = {primary.arn("db"): "a", replica.arn("db"): "b"}
        pair = await self._open(kind, lag or LagModel())
        self.instances.attach(Attached(pair, sides, crash_on_stop=stop == "crash"))
        return {primary.identifier: pair.place("a"), replica.identifier: pair.place("b")}

    @property
    def postgres_port(self) -> int:
        """The one port of all PostgreSQL servers of this lab; 0 before the first."""
        return self._port

    async def _open(self, kind: PairKind, lag: LagModel) -> DatabasePair:
        number = 2 * len(self._pairs)
        addresses = (f"127.0.20.{number + 1}", f"127.0.20.{number + 2}")
        pair: DatabasePair
        if kind == "postgres":
            self._port = self._port or free_port(addresses)
            pair = PostgresPair(self._world.clock, self._places(addresses, self._port), lag.median_seconds)
            self._pairs.append(pair)
            await anyio.to_thread.run_sync(pair.start)
        else:
            rng = random.Random(f"{self._world.seed}/pair/{number}")
            pair = SimulatedPair(self._world.clock, lag, rng, self._places(addresses, 0))
            self._pairs.append(pair)
        return pair

    def _places(self, addresses: tuple[str, str], port: int) -> dict[Side, Place]:
        return {"a": Place(addresses[0], port), "b": Place(addresses[1], port)}

    async def _publish_latency(self) -> None:
        while True:
            await self._world.clock.sleep(LATENCY_EVERY_SECONDS)
            publish_replication_latency(self._world, self.tables, self.metrics)

    async def _publish_lags(self) -> None:
        while True:
            await self._world.clock.sleep(LAG_EVERY_SECONDS)
            await publish_replica_lags(self.clusters, self.instances, self.metrics)
