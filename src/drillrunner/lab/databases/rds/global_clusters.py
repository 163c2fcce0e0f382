"""Aurora global databases: members and roles, switchover, failover, removal; shapes as in botocore's rds model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from moto.rds.models import find_cluster, rds_backends

from drillrunner.errors import LabFailed
from drillrunner.lab.databases.jobs import Jobs, touch
from drillrunner.lab.databases.rds import faults
from drillrunner.lab.databases.rds.attached import Attached, RegisterDns, name_of, region_of
from drillrunner.lab.databases.settings import Durations
from drillrunner.lab.world import ACCOUNT, World

# moto keeps global clusters in this region's backend, whichever region was asked
HOME_REGION = "us-east-1"
Kind = Literal["switchover", "failover"]


@dataclass(frozen=True, slots=True)
class Change:
    """One switchover or failover that was accepted."""

    kind: Kind
    identifier: str
    old_arn: str
    new_arn: str


class GlobalClusters:
    """The global clusters of one world. Methods named after API operations run under the world's lock."""

    def __init__(self, world: World, jobs: Jobs, durations: Durations, register_dns: RegisterDns) -> None:
        self._world = world
        self._jobs = jobs
        self._durations = durations
        self._register = register_dns
        self._attached: dict[str, Attached] = {}
        self._resyncing: set[str] = set()

    def attach(self, identifier: str, attached: Attached) -> None:
        """Give the global cluster its data, and clients its names. Raises LabFailed when there is none."""
        with self._world.lock:
            cluster = rds_backends[ACCOUNT][HOME_REGION].global_clusters.get(identifier)
            if cluster is None:
                raise LabFailed(f"there is no global cluster {identifier} to attach a database to")
            self._attached[identifier] = attached
            for member in cluster.members:
                if member.db_cluster_arn in attached.sides:
                    address = attached.address(member.db_cluster_arn)
                    for name in (member.endpoint, member.reader_endpoint):
                        self._register(name, address, self._durations.dns_ttl)
            self._point_writer_endpoint(identifier)

    def attached(self) -> dict[str, Attached]:
        """The pairs by global cluster."""
        return dict(self._attached)

    def find(self, identifier: str) -> Any:
        """moto's global cluster. Raises GlobalClusterNotFoundFault."""
        cluster = rds_backends[ACCOUNT][HOME_REGION].global_clusters.get(identifier)
        if cluster is None:
            raise faults.global_cluster_not_found(identifier)
        return cluster

    def members(self, cluster: Any) -> list[dict[str, Any]]:
        """GlobalClusterMembers (botocore rds: GlobalClusterMember) of moto's global cluster.

        `Readers` of the writer are the secondaries' ARNs; a secondary's is empty. Only secondaries tell
        GlobalWriteForwardingStatus.
        """
        return [self._member(cluster, member) for member in cluster.members]

    def begin(self, kind: Kind, identifier: str, target_arn: str) -> Any:
        """SwitchoverGlobalCluster, or FailoverGlobalCluster with AllowDataLoss: accept it and start it.

        Raises GlobalClusterNotFoundFault, InvalidGlobalClusterStateFault, DBClusterNotFoundFault and
        InvalidDBClusterStateFault. That a target which is the writer already gets the last of these
        is our reading: AWS documents the codes, not the cases.
        """
        cluster = self.find(identifier)
        target = self._target(cluster, target_arn)
        old = next((member for member in cluster.members if member.is_writer), None)
        if old is None:
            raise faults.global_cluster_state(f"Global cluster {identifier} has no writer.")
        change = Change(kind, cluster.global_cluster_identifier, old.db_cluster_arn, target.db_cluster_arn)
        cluster.status = "switching-over" if kind == "switchover" else "failing-over"
        cluster.failover_state = {
            "Status": cluster.status,
            "FromDbClusterArn": change.old_arn,
            "ToDbClusterArn": change.new_arn,
            "IsDataLossAllowed": kind == "failover",
        }
        self._jobs.start(identifier, self._carrying_out(change))
        return cluster

    def remove(self, identifier: str, cluster_arn: str) -> Any:
        """RemoveFromGlobalCluster: the secondary becomes a cluster of its own that takes writes.

        The writer can be removed only when it is the last member (InvalidGlobalClusterStateFault).
        """
        cluster = self.find(identifier)
        member = self._member_of(cluster, cluster_arn)
        if cluster.status != "available" or (member.is_writer and len(cluster.members) > 1):
            raise faults.global_cluster_state(f"{cluster_arn} cannot be removed from global cluster {identifier} now.")
        cluster.members.remove(member)
        was_secondary, member.is_writer, member.global_cluster_identifier = not member.is_writer, False, None
        self._resyncing.discard(member.db_cluster_arn)
        attached = self._attached.get(identifier)
        if was_secondary and attached is not None and member.db_cluster_arn in attached.sides:
            attached.linked = False
            self._jobs.start(identifier, self._detaching(attached, member.db_cluster_arn))
        return cluster

    def created(self, cluster: Any, source: Any | None) -> None:
        """CreateGlobalCluster from a source: it is the writer."""
        if source is not None:
            source.is_writer = True
            source.global_cluster_identifier = cluster.global_cluster_arn
            cluster.members.append(source)

    def _member(self, cluster: Any, member: Any) -> dict[str, Any]:
        arn = member.db_cluster_arn
        secondaries = [each.db_cluster_arn for each in cluster.members if not each.is_writer]
        described: dict[str, Any] = {
            "DBClusterArn": arn,
            "Readers": secondaries if member.is_writer else [],
            "IsWriter": bool(member.is_writer),
            "SynchronizationStatus": "pending-resync" if arn in self._resyncing else "connected",
        }
        if not member.is_writer:
            described["GlobalWriteForwardingStatus"] = "disabled"
        return described

    def _target(self, cluster: Any, arn: str) -> Any:
        identifier = cluster.global_cluster_identifier
        if cluster.status != "available":
            raise faults.global_cluster_state(f"Global cluster {identifier} is {cluster.status}, not available.")
        target = self._member_of(cluster, arn)
        if target.is_writer:
            raise faults.cluster_state(f"{arn} is the writer of global cluster {identifier} already.")
        if arn in self._resyncing:
            raise faults.cluster_state(f"{arn} is not synchronized with the writer of global cluster {identifier}.")
        return target

    def _member_of(self, cluster: Any, arn: str) -> Any:
        for member in cluster.members:
            if arn in (member.db_cluster_arn, member.db_cluster_identifier):
                return member
        raise faults.cluster_not_found(arn)

    def _carrying_out(self, change: Change) -> Callable[[], Awaitable[None]]:
        async def carry_out() -> None:
            try:
                await (self._switch(change) if change.kind == "switchover" else self._fail_over(change))
            finally:
                self._settle(change.identifier)

        return carry_out

    async def _switch(self, change: Change) -> None:
        await self._world.clock.sleep(self._durations.switchover)
        attached = self._holding(change)
        if attached is not None:
            await touch(attached.pair, attached.pair.switch)
        self._swap(change)

    async def _fail_over(self, change: Change) -> None:
        attached = self._holding(change)
        if attached is not None:
            old_side = attached.sides[change.old_arn]
            await touch(attached.pair, lambda: attached.pair.crash(old_side))
            self._world.truth.add("database.crashed", name_of(change.old_arn))
        await self._world.clock.sleep(self._durations.failover)
        if attached is not None:
            await touch(attached.pair, attached.pair.promote)
        with self._world.lock:
            self._resyncing.add(change.old_arn)
            self._swap(change)
        self._jobs.start(change.identifier, lambda: self._rebuild(change))

    async def _rebuild(self, change: Change) -> None:
        await self._world.clock.sleep(self._durations.rebuild)
        attached = self._holding(change)
        if attached is not None and attached.linked:
            await touch(attached.pair, attached.pair.rebuild)
        with self._world.lock:
            self._resyncing.discard(change.old_arn)

    def _detaching(self, attached: Attached, arn: str) -> Callable[[], Awaitable[None]]:
        async def detach() -> None:
            await touch(attached.pair, attached.pair.promote)
            self._world.truth.add("database.promoted", name_of(arn))

        return detach

    def _holding(self, change: Change) -> Attached | None:
        """The pair, if it is these two clusters' data that it holds."""
        attached = self._attached.get(change.identifier)
        return attached if attached and {change.old_arn, change.new_arn} <= set(attached.sides) else None

    def _swap(self, change: Change) -> None:
        with self._world.lock:
            find_cluster(change.old_arn).is_writer = False
            find_cluster(change.new_arn).is_writer = True
            self._point_writer_endpoint(change.identifier)
        self._world.truth.add("database.promoted", name_of(change.new_arn))
        moved = {"from_region": region_of(change.old_arn), "to_region": region_of(change.new_arn)}
        self._world.truth.add("cluster.writer_moved", change.identifier, kind=change.kind, **moved)

    def _settle(self, identifier: str) -> None:
        with self._world.lock:
            cluster = self.find(identifier)
            cluster.status = "available"
            del cluster.failover_state

    def _point_writer_endpoint(self, identifier: str) -> None:
        attached = self._attached.get(identifier)
        if attached is not None:
            address = attached.address(attached.writer_arn())
            self._register(self.find(identifier).endpoint, address, self._durations.dns_ttl)
