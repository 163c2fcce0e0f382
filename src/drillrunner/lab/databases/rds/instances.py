"""RDS instances and their read replicas: stop, start, promotion, and what they do to the data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from moto.rds.models import rds_backends

from drillrunner.lab.databases.jobs import Jobs, touch
from drillrunner.lab.databases.rds import faults
from drillrunner.lab.databases.rds.attached import Attached, RegisterDns, identifier_of, name_of, region_of
from drillrunner.lab.databases.settings import Durations
from drillrunner.lab.world import ACCOUNT, World


class Instances:
    """The instances of one world. Methods named after API operations run under the world's lock."""

    def __init__(self, world: World, jobs: Jobs, durations: Durations, register_dns: RegisterDns) -> None:
        self._world = world
        self._jobs = jobs
        self._durations = durations
        self._register = register_dns
        self._attached: list[Attached] = []

    def attach(self, attached: Attached) -> None:
        """Give an instance and its replica their data, and clients their names."""
        with self._world.lock:
            for arn in attached.sides:
                address = attached.address(arn)
                self._register(self._instance(arn).address, address, self._durations.dns_ttl)
            self._attached.append(attached)

    def attached(self) -> list[Attached]:
        """The pairs of instances."""
        return list(self._attached)

    def stop(self, instance: Any) -> Any:
        """StopDBInstance. Raises InvalidDBInstanceState unless it is available and no read replica.

        AWS stops cleanly; where the topology says `stop: crash`, the stop stands for the loss of the instance,
        which is over before the call is answered, so that nobody sees `stopping` of a database that still lives.
        The page "Stopping an Amazon RDS DB instance temporarily" has long said that an instance which has a
        read replica cannot be stopped either; the lab stops it, because that loss is what a drill practises.
        """
        if instance.is_replica:
            raise faults.instance_state(f"Cannot stop {instance.db_instance_identifier}: it is a read replica.")
        self._require(instance, "available")
        attached = self._holding(instance.db_instance_arn)
        if attached is not None and attached.crash_on_stop:
            attached.pair.crash(attached.sides[instance.db_instance_arn])
            self._world.truth.add("database.crashed", name_of(instance.db_instance_arn))
        instance.status = "stopping"
        self._jobs.start(name_of(instance.db_instance_arn), self._stopping(instance.db_instance_arn))
        return instance

    def start(self, instance: Any) -> Any:
        """StartDBInstance. Raises InvalidDBInstanceState unless it is stopped."""
        self._require(instance, "stopped")
        instance.status = "starting"
        self._jobs.start(name_of(instance.db_instance_arn), self._starting(instance.db_instance_arn))
        return instance

    def promote(self, instance: Any) -> Any:
        """PromoteReadReplica: the instance reboots, then stands alone and takes writes. Not to be undone.

        Raises InvalidDBInstanceState for what is no replica or not available (such as `backing-up`).
        """
        if not instance.is_replica:
            raise faults.instance_state(f"DB Instance {instance.db_instance_identifier} is not a read replica.")
        self._require(instance, "available")
        instance.status = "modifying"
        self._jobs.start(name_of(instance.db_instance_arn), self._promoting(instance.db_instance_arn))
        return instance

    def _stopping(self, arn: str) -> Callable[[], Awaitable[None]]:
        async def stop() -> None:
            attached = self._holding(arn)
            if attached is not None:
                side = attached.sides[arn]
                await touch(attached.pair, lambda: attached.pair.stop_side(side))
            await self._world.clock.sleep(self._durations.stop)
            self._set_status(arn, "stopped")

        return stop

    def _starting(self, arn: str) -> Callable[[], Awaitable[None]]:
        async def start() -> None:
            attached = self._holding(arn)
            if attached is not None:
                side = attached.sides[arn]
                await touch(attached.pair, lambda: attached.pair.start_side(side))
            await self._world.clock.sleep(self._durations.start)
            self._set_status(arn, "available")

        return start

    def _promoting(self, arn: str) -> Callable[[], Awaitable[None]]:
        async def promote() -> None:
            attached = self._holding(arn)
            await self._world.clock.sleep(self._durations.promotion / 2)
            self._set_status(arn, "rebooting")
            await self._world.clock.sleep(self._durations.promotion / 2)
            try:
                if attached is not None:
                    attached.linked = False
                    await touch(attached.pair, attached.pair.promote)
                self._unlink(arn)
                self._world.truth.add("database.promoted", name_of(arn))
            finally:
                self._set_status(arn, "available")

        return promote

    def _unlink(self, arn: str) -> None:
        with self._world.lock:
            replica = self._instance(arn)
            source = replica.backend.find_db_from_id(replica.source_db_instance_identifier)
            remove_replica(source, replica)
            replica.is_replica = False
            replica.source_db_instance_identifier = None

    def _require(self, instance: Any, status: str) -> None:
        if instance.status != status:
            raise faults.instance_state(
                f"Instance {instance.db_instance_identifier} is {instance.status}, not in {status} state."
            )

    def _holding(self, arn: str) -> Attached | None:
        return next((attached for attached in self._attached if arn in attached.sides), None)

    def set_status(self, region: str, identifier: str, status: str) -> None:
        """Put an instance into a state that the lab does not enter by itself, such as `backing-up`."""
        with self._world.lock:
            rds_backends[ACCOUNT][region].databases[identifier].status = status

    def _set_status(self, arn: str, status: str) -> None:
        with self._world.lock:
            self._instance(arn).status = status

    def _instance(self, arn: str) -> Any:
        return rds_backends[ACCOUNT][region_of(arn)].databases[identifier_of(arn)]


def remove_replica(source: Any, replica: Any) -> None:
    """Take the replica off its source's list, which holds identifiers and, for other regions, ARNs."""
    ours = {replica.db_instance_arn} if source.region != replica.region else {replica.db_instance_identifier}
    source.replicas = [each for each in source.replicas if each not in ours]
