"""Gives a seeded topology's databases their data and their lag, and says where SQL reaches them."""

from __future__ import annotations

from typing import Literal

from drillrunner.errors import LabFailed
from drillrunner.lab.databases.databases import Databases, Member, PairKind, postgres_available
from drillrunner.lab.databases.lag import LagModel
from drillrunner.lab.databases.pair import Place
from drillrunner.lab.topology import ClusterSpec, InstanceSpec, Latency, Topology
from drillrunner.model.environment import Database


async def attach(databases: Databases, topology: Topology) -> dict[str, Database]:
    """Attach a pair to every global cluster and replicated instance.

    Returns the databases that speak SQL, by instance or regional cluster identifier. Raises LabFailed
    where a real PostgreSQL is wanted and cannot be had.
    """
    for table in topology.tables:
        databases.tables.set_lag(table.name, lag_model(table.lag))
    found: dict[str, Database] = {}
    for cluster in topology.clusters:
        if cluster.secondaries:
            found |= await _attach_cluster(databases, cluster)
    for primary, replica in topology.instance_pairs():
        found |= await _attach_instances(databases, primary, replica)
    return found


async def _attach_cluster(databases: Databases, spec: ClusterSpec) -> dict[str, Database]:
    writer, secondary = (
        Member(region, f"{spec.global_cluster}-{region}") for region in (spec.writer, spec.secondaries[0])
    )
    kind = _kind(spec.data, spec.global_cluster)
    place = await databases.attach_global_cluster(spec.global_cluster, writer, secondary, kind, lag_model(spec.lag))
    return {writer.identifier: _database(place)} if kind == "postgres" else {}


async def _attach_instances(databases: Databases, primary: InstanceSpec, replica: InstanceSpec) -> dict[str, Database]:
    kind = _kind(primary.data, primary.name)
    places = await databases.attach_replica(
        Member(primary.region, primary.name),
        Member(replica.region, replica.name),
        kind,
        lag_model(replica.lag),
        stop=primary.stop,
    )
    return {name: _database(place) for name, place in places.items()} if kind == "postgres" else {}


def _kind(wanted: PairKind | Literal["auto"], name: str) -> PairKind:
    if wanted == "auto":
        return "postgres" if postgres_available() else "simulated"
    if wanted == "postgres" and not postgres_available():
        raise LabFailed(
            f"database {name} wants a real PostgreSQL, and there is none",
            advice="pip install 'drillrunner[lab,postgres]', or say `data: simulated` in the topology.",
        )
    return wanted


def _database(place: Place) -> Database:
    return Database(host=place.address, port=place.port)


def lag_model(latency: Latency) -> LagModel:
    """A topology's lag, in drill seconds. An override may have moved the median beyond the 99th percentile."""
    return LagModel(latency.median_ms / 1000, max(latency.median_ms, latency.p99_ms) / 1000)
