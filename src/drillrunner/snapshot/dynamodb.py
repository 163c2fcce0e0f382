"""DynamoDB: tables, their replicas, and how far those lag behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drillrunner.errors import CallFailed
from drillrunner.lab.topology import Latency, TableSpec
from drillrunner.model.call import AwsCall
from drillrunner.ports import Outside
from drillrunner.services.aws_reading import found
from drillrunner.snapshot.metrics import Metric, measured
from drillrunner.snapshot.notes import Note, Part, assumed, left_out
from drillrunner.snapshot.pages import read_pages


def calls(regions: Sequence[str]) -> list[AwsCall]:
    """The Calls that reading makes, for the list of permissions."""
    return [call for region in regions for call in (_listing(region), _describing(region, "*"))]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table where it was found first, with the regions among ours that replicate it."""

    name: str
    region: str
    hash_key: str
    replicas: tuple[str, ...]


async def read_tables(outside: Outside, regions: Sequence[str]) -> Part[TableSpec]:
    """Every table of the regions; a global table once, in the first of them. Raises CallFailed, Refused."""
    tables: dict[tuple[str, str], _Table] = {}
    notes: list[Note] = []
    for region in regions:
        for name in await read_pages(
            outside, _listing(region), "TableNames", {"ExclusiveStartTableName": "LastEvaluatedTableName"}
        ):
            if any(name == table.name and region in table.replicas for table in tables.values()):
                continue
            described = await _described(outside, region, name)
            table, said = understood(region, name, described, regions)
            notes += said
            if table is not None:
                tables[region, name] = table
    specs, said = await _with_lags(list(tables.values()), outside)
    return Part(specs, (*notes, *said))


async def _described(outside: Outside, region: str, name: str) -> dict[str, Any] | None:
    try:
        answer = await outside.read(_describing(region, name))
    except CallFailed as failure:
        if failure.code != "ResourceNotFoundException":
            raise
        return None
    table: dict[str, Any] | None = found(answer, "Table")
    return table


def understood(
    region: str, name: str, described: Mapping[str, Any] | None, regions: Sequence[str]
) -> tuple[_Table | None, list[Note]]:
    """A DescribeTable answer as a table of the lab, with what it cannot say (botocore dynamodb, TableDescription)."""
    who = f"table {name} in {region}"
    if described is None:
        return None, [left_out(who, "it was deleted while it was read")]
    keys = {key["KeyType"]: key["AttributeName"] for key in described["KeySchema"]}
    types = {each["AttributeName"]: each["AttributeType"] for each in described.get("AttributeDefinitions", ())}
    hash_key = keys["HASH"]
    there = [each["RegionName"] for each in described.get("Replicas") or () if each["RegionName"] != region]
    notes = _key_notes(who, keys, types) + _replication_notes(who, described)
    notes += [
        left_out(f"{who}, its replica", f"{each} is not one of the regions") for each in there if each not in regions
    ]
    replicas = tuple(each for each in regions if each in there)
    return _Table(name, region, hash_key, replicas), notes


def _key_notes(who: str, keys: Mapping[str, str], types: Mapping[str, str]) -> list[Note]:
    notes = []
    if "RANGE" in keys:
        notes.append(left_out(f"{who}, its sort key {keys['RANGE']}", "a table of the lab has a hash key alone"))
    if (kind := types.get(keys["HASH"], "S")) != "S":
        notes.append(assumed(who, f"its hash key {keys['HASH']} is a text in the lab, and of type {kind} in AWS"))
    return notes


def _replication_notes(who: str, described: Mapping[str, Any]) -> list[Note]:
    notes = []
    if described.get("MultiRegionConsistency") == "STRONG":
        notes.append(assumed(who, "it replicates asynchronously in the lab, and is strongly consistent in AWS"))
    if witnesses := described.get("GlobalTableWitnesses"):
        places = ", ".join(each.get("RegionName", "a region") for each in witnesses)
        notes.append(left_out(f"{who}, its witness in {places}", "the lab has no witnesses"))
    return notes


async def _with_lags(tables: Sequence[_Table], outside: Outside) -> tuple[tuple[TableSpec, ...], list[Note]]:
    metrics = {(table, replica): _replication_latency(table, replica) for table in tables for replica in table.replicas}
    known = await measured(list(metrics.values()), outside)
    specs, notes = [], []
    for table in tables:
        lags = [known[metrics[table, replica]] for replica in table.replicas if metrics[table, replica] in known]
        specs.append(_spec(table, _slowest(lags)))
        if table.replicas and not lags:
            notes.append(
                assumed(
                    f"table {table.name}, its lag", "no ReplicationLatency above 0 in the last day: the lab's default"
                )
            )
    return tuple(specs), notes


def _slowest(lags: Sequence[Latency]) -> Latency | None:
    """A table of the lab has one lag for all of its replicas: the slowest one's."""
    return max(lags, key=lambda lag: lag.p99_ms, default=None)


def _spec(table: _Table, lag: Latency | None) -> TableSpec:
    spec = TableSpec(name=table.name, region=table.region, hash_key=table.hash_key, replicas=table.replicas)
    return spec.model_copy(update={"lag": lag}) if lag else spec


def _replication_latency(table: _Table, replica: str) -> Metric:
    """In the source's region, by TableName and ReceivingRegion (DynamoDB Developer Guide, metrics-dimensions)."""
    dimensions = (("ReceivingRegion", replica), ("TableName", table.name))
    return Metric(table.region, "AWS/DynamoDB", "ReplicationLatency", dimensions)


def _listing(region: str) -> AwsCall:
    return AwsCall(service="dynamodb", operation="ListTables", region=region)


def _describing(region: str, name: str) -> AwsCall:
    return AwsCall(service="dynamodb", operation="DescribeTable", region=region, params={"TableName": name})
