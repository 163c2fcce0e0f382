"""Patches that join GlobalClusters and Instances to moto's RDS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import DBInstanceNotFoundError
from moto.rds.models import DBInstance, GlobalCluster, RDSBackend, find_cluster
from moto.rds.responses import RDSResponse

from drillrunner.lab.control import moto_patch
from drillrunner.lab.databases.rds import faults
from drillrunner.lab.databases.rds.global_clusters import GlobalClusters, Kind
from drillrunner.lab.databases.rds.instances import Instances, remove_replica

Make = Callable[[Any], Any]


def install(clusters: GlobalClusters, instances: Instances) -> None:
    """Patch moto's RDS for these. Raises LabFailed when moto is not as expected."""
    moto_patch.replace(GlobalCluster, "global_cluster_members", lambda _: property(clusters.members))
    moto_patch.replace(RDSBackend, "create_global_cluster", _creating_global_cluster(clusters))
    moto_patch.replace(RDSBackend, "create_db_cluster", _refusing_a_repeat)
    moto_patch.replace(RDSResponse, "describe_global_clusters", _describing_global_clusters(clusters))
    moto_patch.replace(RDSResponse, "delete_global_cluster", _finding_first(clusters))
    moto_patch.replace(RDSResponse, "remove_from_global_cluster", _removing(clusters))
    moto_patch.add(RDSResponse, "switchover_global_cluster", _switchover(clusters))
    moto_patch.add(RDSResponse, "failover_global_cluster", _failover(clusters))
    moto_patch.replace(RDSBackend, "promote_read_replica", _promoting(instances))
    moto_patch.replace(RDSBackend, "stop_db_instance", _stopping(instances))
    moto_patch.replace(RDSBackend, "start_db_instance", _starting(instances))
    moto_patch.replace(DBInstance, "remove_replica", lambda _: remove_replica)


def _creating_global_cluster(clusters: GlobalClusters) -> Make:
    def make(original: Any) -> Any:
        def create_global_cluster(
            backend: Any,
            global_cluster_identifier: str,
            source_db_cluster_identifier: str | None,
            engine: str | None,
            engine_version: str | None,
            storage_encrypted: bool | None,
            deletion_protection: bool | None,
        ) -> Any:
            if global_cluster_identifier in backend.global_clusters:
                raise faults.global_cluster_exists(global_cluster_identifier)
            source = _source(source_db_cluster_identifier, engine)
            cluster = original(
                backend,
                global_cluster_identifier,
                None,
                source.engine if source else engine,
                source.engine_version if source else engine_version,
                storage_encrypted,
                deletion_protection,
            )
            clusters.created(cluster, source)
            return cluster

        return create_global_cluster

    return make


def _source(arn: str | None, engine: str | None) -> Any | None:
    """The cluster that a global cluster is made from, in whichever region it is."""
    if arn is None:
        return None
    if engine is not None:
        raise faults.bad_combination("When creating global cluster from existing db cluster, leave out Engine.")
    if arn.count(":") != 6:
        raise faults.cluster_not_found(arn)
    source = find_cluster(arn)
    if source.global_cluster_identifier:
        raise faults.cluster_state(f"{arn} belongs to a global cluster already.")
    return source


def _refusing_a_repeat(original: Any) -> Any:
    def create_db_cluster(backend: Any, kwargs: dict[str, Any]) -> Any:
        if kwargs["db_cluster_identifier"] in backend.clusters:
            raise faults.cluster_exists()
        return original(backend, kwargs)

    return create_db_cluster


def _describing_global_clusters(clusters: GlobalClusters) -> Make:
    def make(original: Any) -> Any:
        def describe_global_clusters(handler: Any) -> Any:
            identifier = handler.params.get("GlobalClusterIdentifier")
            if identifier is None:
                return original(handler)
            return ActionResult({"GlobalClusters": [clusters.find(identifier)]})

        return describe_global_clusters

    return make


def _finding_first(clusters: GlobalClusters) -> Make:
    def make(original: Any) -> Any:
        def delete_global_cluster(handler: Any) -> Any:
            clusters.find(handler.params["GlobalClusterIdentifier"])
            return original(handler)

        return delete_global_cluster

    return make


def _removing(clusters: GlobalClusters) -> Make:
    def remove_from_global_cluster(handler: Any) -> Any:
        identifier, member = handler.params["GlobalClusterIdentifier"], handler.params["DbClusterIdentifier"]
        return ActionResult({"GlobalCluster": clusters.remove(identifier, member)})

    return lambda original: remove_from_global_cluster


def _switchover(clusters: GlobalClusters) -> Any:
    def switchover_global_cluster(handler: Any) -> Any:
        params = handler.params
        target = params["TargetDbClusterIdentifier"]
        return ActionResult({"GlobalCluster": clusters.begin("switchover", params["GlobalClusterIdentifier"], target)})

    return switchover_global_cluster


def _failover(clusters: GlobalClusters) -> Any:
    def failover_global_cluster(handler: Any) -> Any:
        """FailoverGlobalCluster: AllowDataLoss fails over; Switchover, or neither flag, switches over."""
        params = handler.params
        allow_data_loss, switchover = params.get("AllowDataLoss"), params.get("Switchover")
        if allow_data_loss is not None and switchover is not None:
            raise faults.bad_combination("AllowDataLoss and Switchover cannot be specified together.")
        target = params["TargetDbClusterIdentifier"]
        kind: Kind = "failover" if allow_data_loss else "switchover"
        return ActionResult({"GlobalCluster": clusters.begin(kind, params["GlobalClusterIdentifier"], target)})

    return failover_global_cluster


def _promoting(instances: Instances) -> Make:
    def promote_read_replica(backend: Any, db_kwargs: dict[str, Any]) -> Any:
        return instances.promote(_instance(backend, db_kwargs["db_instance_identifier"]))

    return lambda original: promote_read_replica


def _stopping(instances: Instances) -> Make:
    def stop_db_instance(backend: Any, identifier: str, snapshot_identifier: str | None = None) -> Any:
        instance = instances.stop(_instance(backend, identifier))
        if snapshot_identifier:
            backend.create_db_snapshot(identifier, snapshot_identifier)
        return instance

    return lambda original: stop_db_instance


def _starting(instances: Instances) -> Make:
    def start_db_instance(backend: Any, identifier: str) -> Any:
        return instances.start(_instance(backend, identifier))

    return lambda original: start_db_instance


def _instance(backend: Any, identifier: str) -> Any:
    if identifier not in backend.databases:
        raise DBInstanceNotFoundError(identifier)
    return backend.databases[identifier]
