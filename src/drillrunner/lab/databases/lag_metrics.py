"""The lag metrics that AWS publishes by itself: of global tables, global databases and read replicas."""

from __future__ import annotations

from collections.abc import Callable

import anyio.to_thread

from drillrunner.lab.databases.cloudwatch.metrics import Metrics
from drillrunner.lab.databases.dynamodb.global_tables import GlobalTables
from drillrunner.lab.databases.pair import DatabasePair, other
from drillrunner.lab.databases.rds.attached import Attached, identifier_of, region_of
from drillrunner.lab.databases.rds.global_clusters import GlobalClusters
from drillrunner.lab.databases.rds.instances import Instances
from drillrunner.lab.world import World


def publish_replication_latency(world: World, tables: GlobalTables, metrics: Metrics) -> None:
    """AWS/DynamoDB ReplicationLatency of all that arrived since the last time.

    Milliseconds, in the source's region, by TableName and ReceivingRegion.
    """
    tables.settle()
    with world.lock:
        delays = tables.replication.take_delays()
    for (table, source, target), seconds in delays.items():
        dimensions = {"TableName": table, "ReceivingRegion": target}
        for each in seconds:
            metrics.record(source, "AWS/DynamoDB", "ReplicationLatency", dimensions, each * 1000)


async def publish_replica_lags(clusters: GlobalClusters, instances: Instances, metrics: Metrics) -> None:
    """AuroraGlobalDBReplicationLag and AuroraGlobalDBRPOLag (ms), ReplicaLag (s), of the side that follows now."""
    for attached in clusters.attached().values():
        await _publish(attached, metrics, _publish_aurora)
    for attached in instances.attached():
        await _publish(attached, metrics, _publish_replica)


Publish = Callable[[Metrics, str, str, str, float], None]


async def _publish(attached: Attached, metrics: Metrics, publish: Publish) -> None:
    if not attached.linked:
        return
    lag_seconds = await _lag_seconds(attached.pair)
    if lag_seconds is None:  # a lag that nobody can tell is a missing datum, as on AWS
        return
    follower = other(attached.pair.writer)
    arn = next(arn for arn, side in attached.sides.items() if side == follower)
    publish(metrics, region_of(arn), identifier_of(arn), region_of(attached.writer_arn()), lag_seconds)


def _publish_aurora(metrics: Metrics, region: str, identifier: str, source_region: str, lag_seconds: float) -> None:
    for name in ("AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag"):
        for dimensions in (
            {"DBClusterIdentifier": identifier},
            {"DBClusterIdentifier": identifier, "SourceRegion": source_region},
        ):
            metrics.record(region, "AWS/RDS", name, dimensions, lag_seconds * 1000)


def _publish_replica(metrics: Metrics, region: str, identifier: str, source_region: str, lag_seconds: float) -> None:
    metrics.record(region, "AWS/RDS", "ReplicaLag", {"DBInstanceIdentifier": identifier}, lag_seconds)


async def _lag_seconds(pair: DatabasePair) -> float | None:
    if pair.blocking:
        return await anyio.to_thread.run_sync(pair.lag_seconds)
    return pair.lag_seconds()
