"""The whole control plane as one comparable value, so that a test can hold that a run put everything back."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import moto.backends
from botocore.exceptions import ClientError

from drillrunner.errors import LabFailed
from drillrunner.lab.control.in_process import Handle, client
from drillrunner.lab.world import ACCOUNT, World

Read = Callable[[Any], Mapping[str, Any]]

# What changes by itself, or counts up on AWS too. Timestamps are left out by their type.
_DRIFTING = frozenset(
    {
        "ResponseMetadata",
        "HealthCheckVersion",
        "RevisionId",
        "LastModified",
        "ItemCount",
        "TableSizeBytes",
        "StateValue",
        "StateReason",
        "StateReasonData",
        "EvaluationState",
        "PercentProgress",
    }
)


def canonical(value: Any) -> Any:
    """JSON-able, keys and lists sorted, without timestamps and whatever drifts."""
    if isinstance(value, Mapping):
        kept = {key: item for key, item in value.items() if key not in _DRIFTING and not isinstance(item, datetime)}
        return {key: canonical(kept[key]) for key in sorted(kept)}
    if isinstance(value, list | tuple | set | frozenset):
        return sorted((canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _paged(aws: Any, operation: str, key: str, **params: Any) -> list[Any]:
    if not aws.can_paginate(operation):
        return list(getattr(aws, operation)(**params).get(key, ()))
    return [item for page in aws.get_paginator(operation).paginate(**params) for item in page.get(key, ())]


def _named(items: Iterable[Mapping[str, Any]], key: str) -> dict[str, Any]:
    return {item[key]: item for item in items}


def _function(aws: Any, name: str) -> dict[str, Any]:
    whole = aws.get_function(FunctionName=name)
    reserved = aws.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    return {
        "Configuration": whole["Configuration"],
        "Tags": whole.get("Tags", {}),
        "ReservedConcurrentExecutions": reserved,
        "Aliases": _paged(aws, "list_aliases", "Aliases", FunctionName=name),
    }


def _lambda(aws: Any) -> Mapping[str, Any]:
    names = [function["FunctionName"] for function in _paged(aws, "list_functions", "Functions")]
    mappings = _paged(aws, "list_event_source_mappings", "EventSourceMappings")
    return {"Functions": {name: _function(aws, name) for name in names}, "EventSourceMappings": mappings}


def _zone(aws: Any, zone: Mapping[str, Any]) -> dict[str, Any]:
    records = _paged(aws, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"])
    return {**zone, "ResourceRecordSets": records}


def _route53(aws: Any) -> Mapping[str, Any]:
    zones = {zone["Id"]: _zone(aws, zone) for zone in _paged(aws, "list_hosted_zones", "HostedZones")}
    checks = _named(_paged(aws, "list_health_checks", "HealthChecks"), "Id")
    for check_id, check in checks.items():
        tags = aws.list_tags_for_resource(ResourceType="healthcheck", ResourceId=check_id)
        check["Tags"] = tags["ResourceTagSet"].get("Tags", [])
    return {"HostedZones": zones, "HealthChecks": checks}


def _table(aws: Any, name: str) -> dict[str, Any]:
    return {
        "Table": aws.describe_table(TableName=name)["Table"],
        "TimeToLive": aws.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
        "ContinuousBackups": aws.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"],
    }


def _dynamodb(aws: Any) -> Mapping[str, Any]:
    return {"Tables": {name: _table(aws, name) for name in _paged(aws, "list_tables", "TableNames")}}


def _rds(aws: Any) -> Mapping[str, Any]:
    clusters = _paged(aws, "describe_global_clusters", "GlobalClusters")
    return {
        "GlobalClusters": _named(clusters, "GlobalClusterIdentifier"),
        "DBClusters": _named(_paged(aws, "describe_db_clusters", "DBClusters"), "DBClusterIdentifier"),
        "DBInstances": _named(_paged(aws, "describe_db_instances", "DBInstances"), "DBInstanceIdentifier"),
    }


def _cloudwatch(aws: Any) -> Mapping[str, Any]:
    alarms = [alarm for page in aws.get_paginator("describe_alarms").paginate() for alarm in page["MetricAlarms"]]
    return {"MetricAlarms": _named(alarms, "AlarmName")}


def _scheduler(aws: Any) -> Mapping[str, Any]:
    schedules = _paged(aws, "list_schedules", "Schedules")
    whole = [aws.get_schedule(Name=item["Name"], GroupName=item["GroupName"]) for item in schedules]
    return {"Schedules": {f"{item['GroupName']}/{item['Name']}": item for item in whole}}


# botocore's service name -> how it is read in one region
_READERS: dict[str, Read] = {
    "cloudwatch": _cloudwatch,
    "dynamodb": _dynamodb,
    "lambda": _lambda,
    "rds": _rds,
    "route53": _route53,
    "scheduler": _scheduler,
}
_GLOBAL_PARTITION = "aws"  # moto's key for services without regions


def add_reader(service: str, read: Read) -> None:
    """Let the snapshot cover one more service: `read(client)` gives what one region holds."""
    _READERS[service] = read


def _regions(service: str) -> list[str]:
    """Where moto holds anything of it; looking elsewhere would make it up."""
    return sorted(moto.backends.get_backend(service)[ACCOUNT].keys())


def _is_empty(section: Mapping[str, Any]) -> bool:
    return not any(section.values())


def items(handle: Handle, region: str, table: str) -> list[Any]:
    """Every item of a DynamoDB table, canonical; for tests that no ledger record is left."""
    aws = client(handle, "dynamodb", region)
    found: list[Any] = canonical(_paged(aws, "scan", "Items", TableName=table, ConsistentRead=True))
    return found


def snapshot(world: World, handle: Handle) -> dict[str, Any]:
    """`{service: {region: …}}`: configuration to the last field, what drifts left out, empty regions too.

    Two that are taken at rest are equal exactly when no call in between left anything behind in the services
    that are read. DynamoDB's items are not in it (see `items`). The world's lock is held for one call at
    a time and not for the whole, about a tenth of a second, in which the data plane would stand still.
    Raises LabFailed.
    """
    found: dict[str, Any] = {}
    for service, read in sorted(_READERS.items()):
        with world.lock:
            regions = _regions(service)
        sections = {region: canonical(_read(service, region, read, handle)) for region in regions}
        kept = {region: section for region, section in sections.items() if not _is_empty(section)}
        if kept:
            found[service] = kept
    return found


def _read(service: str, region: str, read: Read, handle: Handle) -> Mapping[str, Any]:
    name = "us-east-1" if region == _GLOBAL_PARTITION else region
    try:
        return read(client(handle, service, name))
    except ClientError as error:
        raise LabFailed(
            f"the lab cannot read its own state: {error}",
            where=f"lab control plane, {service} in {region}",
            advice="if this lab's moto patches are complete, report it with the lab's log",
        ) from error
