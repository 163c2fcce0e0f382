"""RDS and Aurora: global databases with their members, instances with their read replicas, and how far those lag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drillrunner.lab.topology import ClusterSpec, InstanceSpec, Latency
from drillrunner.model.call import AwsCall
from drillrunner.ports import Outside
from drillrunner.snapshot.metrics import Metric, measured
from drillrunner.snapshot.notes import Note, Part, assumed, left_out
from drillrunner.snapshot.pages import read_pages

_MARKER = {"Marker": "Marker"}
_SECONDS_MS = 1000.0


@dataclass(frozen=True, slots=True)
class _Member:
    """A regional cluster of a global database, by the parts of its ARN."""

    region: str
    identifier: str
    is_writer: bool


def calls(regions: Sequence[str]) -> list[AwsCall]:
    """The Calls that reading makes, for the list of permissions."""
    operations = ("DescribeGlobalClusters", "DescribeDBClusters", "DescribeDBInstances")
    return [_describing(operation, region) for region in regions for operation in operations]


async def read_clusters(outside: Outside, regions: Sequence[str]) -> Part[ClusterSpec]:
    """Every Aurora global database with its writer in one of the regions. Raises CallFailed, Refused."""
    there: dict[str, dict[str, Any]] = {}
    regional: list[tuple[str, str]] = []
    for region in regions:
        for cluster in await read_pages(
            outside, _describing("DescribeGlobalClusters", region), "GlobalClusters", _MARKER
        ):
            there.setdefault(cluster["GlobalClusterIdentifier"], cluster)
        listing = _describing("DescribeDBClusters", region)
        regional += [
            (region, each) for each in await read_pages(outside, listing, "DBClusters[].DBClusterIdentifier", _MARKER)
        ]
    notes = _lone_clusters(there.values(), regional)
    understood = [global_cluster(cluster, regions) for cluster in there.values()]
    specs = {spec: metrics for spec, metrics, _ in understood if spec is not None}
    notes += [note for _, _, said in understood for note in said]
    lagging, said = await _clusters_with_lags(specs, outside)
    return Part(lagging, (*notes, *said))


def _lone_clusters(clusters: Any, regional: Sequence[tuple[str, str]]) -> list[Note]:
    members = {(member.region, member.identifier) for cluster in clusters for member in _members(cluster)}
    return [
        left_out(f"database cluster {name} in {region}", "the lab has clusters of Aurora global databases alone")
        for region, name in regional
        if (region, name) not in members
    ]


def _members(cluster: Mapping[str, Any]) -> list[_Member]:
    """arn:aws:rds:REGION:ACCOUNT:cluster:NAME (botocore rds, GlobalClusterMember)."""
    parts = [(each["DBClusterArn"].split(":"), each) for each in cluster.get("GlobalClusterMembers") or ()]
    return [_Member(arn[3], arn[6], bool(each.get("IsWriter"))) for arn, each in parts]


def global_cluster(
    cluster: Mapping[str, Any], regions: Sequence[str]
) -> tuple[ClusterSpec | None, tuple[Metric, ...], list[Note]]:
    """A GlobalCluster as one of the lab, the metrics of its lag, and what the lab's lacks."""
    name, members = cluster["GlobalClusterIdentifier"], _members(cluster)
    who = f"global database {name}"
    writer = next((member for member in members if member.is_writer), None)
    if writer is None or writer.region not in regions:
        why = f"its writer is in {writer.region}, not one of the regions" if writer else "it has no writer"
        return None, (), [left_out(who, why)]
    here = [member for member in members if not member.is_writer and member.region in regions]
    notes = [
        left_out(f"{who}, its secondary in {member.region}", "that is not one of the regions")
        for member in members
        if member.region not in regions
    ]
    notes += [
        assumed(f"{who}, its cluster {member.identifier}", f"it is called {name}-{member.region} in the lab")
        for member in (writer, *here)
        if member.identifier != f"{name}-{member.region}"
    ]
    return _cluster_spec(cluster, writer, here), tuple(_aurora_lag(member) for member in here), notes


def _cluster_spec(cluster: Mapping[str, Any], writer: _Member, secondaries: Sequence[_Member]) -> ClusterSpec:
    engine = cluster.get("Engine") or "aurora-postgresql"
    spec = ClusterSpec(
        global_cluster=cluster["GlobalClusterIdentifier"],
        writer=writer.region,
        secondaries=tuple(member.region for member in secondaries),
        engine=engine,
    )
    return spec if engine == "aurora-postgresql" else spec.model_copy(update={"data": "simulated"})


async def _clusters_with_lags(
    specs: Mapping[ClusterSpec, tuple[Metric, ...]], outside: Outside
) -> tuple[tuple[ClusterSpec, ...], list[Note]]:
    known = await measured([metric for metrics in specs.values() for metric in metrics], outside)
    lagging, notes = [], []
    for spec, metrics in specs.items():
        lag = _slowest([known[metric] for metric in metrics if metric in known])
        lagging.append(spec.model_copy(update={"lag": lag}) if lag else spec)
        if metrics and not lag:
            why = "no AuroraGlobalDBReplicationLag above 0 in the last day: the lab's default"
            notes.append(assumed(f"global database {spec.global_cluster}, its lag", why))
    return tuple(lagging), notes


def _slowest(lags: Sequence[Latency]) -> Latency | None:
    return max(lags, key=lambda lag: lag.p99_ms, default=None)


async def read_instances(outside: Outside, regions: Sequence[str]) -> Part[InstanceSpec]:
    """Every RDS instance that is no member of a cluster. Raises CallFailed, Refused."""
    there: list[tuple[str, dict[str, Any]]] = []
    for region in regions:
        listing = _describing("DescribeDBInstances", region)
        there += [(region, each) for each in await read_pages(outside, listing, "DBInstances", _MARKER)]
    understood = instances(there)
    known = await measured([_replica_lag(spec) for spec in understood.specs if spec.replica_of], outside)
    lags = {spec: known.get(_replica_lag(spec)) for spec in understood.specs}
    unmeasured = [
        assumed(f"instance {spec.name}, its lag", "no ReplicaLag above 0 in the last day: the lab's default")
        for spec, lag in lags.items()
        if spec.replica_of and not lag
    ]
    specs = tuple(spec.model_copy(update={"lag": lag}) if lag else spec for spec, lag in lags.items())
    return Part(specs, (*understood.notes, *unmeasured))


def instances(there: Sequence[tuple[str, Mapping[str, Any]]]) -> Part[InstanceSpec]:
    """DBInstances with their regions, as instances of the lab, which knows each by its name alone."""
    alone = [(region, each) for region, each in there if not each.get("DBClusterIdentifier")]
    chosen: dict[str, InstanceSpec] = {}
    notes: list[Note] = []
    names = {each["DBInstanceIdentifier"] for _, each in alone}
    for region, each in alone:
        name = each["DBInstanceIdentifier"]
        who = f"instance {name} in {region}"
        if name in chosen:
            notes.append(left_out(who, f"one of that name is in {chosen[name].region} too, and the lab takes one"))
            continue
        source = _source(each)
        if source and source not in names:
            notes.append(assumed(who, f"it stands alone in the lab: {source}, which it replicates, was not read"))
            source = None
        chosen[name] = InstanceSpec(name=name, region=region, replica_of=source, engine=each.get("Engine", "postgres"))
    return Part(tuple(sorted(chosen.values(), key=lambda spec: _depth(spec, chosen))), tuple(notes))


def _depth(spec: InstanceSpec, there: Mapping[str, InstanceSpec]) -> int:
    """How many instances a replica's data has come through: a source must be made before its replicas."""
    depth, source = 0, spec.replica_of
    while source and depth < len(there):
        depth, source = depth + 1, there[source].replica_of
    return depth


def _source(instance: Mapping[str, Any]) -> str | None:
    """An identifier, or the ARN of an instance in another region, or none (botocore rds, DBInstance)."""
    source = instance.get("ReadReplicaSourceDBInstanceIdentifier")
    return source.rsplit(":", 1)[-1] if source else None


def _aurora_lag(member: _Member) -> Metric:
    """Of a secondary, in its region, in milliseconds (Aurora User Guide, Aurora.AuroraMonitoring.Metrics)."""
    dimensions = (("DBClusterIdentifier", member.identifier),)
    return Metric(member.region, "AWS/RDS", "AuroraGlobalDBReplicationLag", dimensions)


def _replica_lag(spec: InstanceSpec) -> Metric:
    """Of a read replica, in its region, in seconds (RDS User Guide, rds-metrics)."""
    dimensions = (("DBInstanceIdentifier", spec.name),)
    return Metric(spec.region, "AWS/RDS", "ReplicaLag", dimensions, milliseconds=_SECONDS_MS)


def _describing(operation: str, region: str) -> AwsCall:
    return AwsCall(service="rds", operation=operation, region=region)
