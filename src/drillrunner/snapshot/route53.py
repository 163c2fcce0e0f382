"""Route 53: hosted zones, their records, health checks and how they are called, as AWS lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drillrunner.model.call import AwsCall
from drillrunner.model.noun import JsonValue
from drillrunner.ports import Outside
from drillrunner.services.route53 import CONTROL_PLANE_REGION, TAGS_AT_ONCE
from drillrunner.snapshot.notes import Note, left_out
from drillrunner.snapshot.pages import read_pages
from drillrunner.snapshot.places import plain_name

_MARKER = {"Marker": "NextMarker"}
_NEXT_RECORD = {
    "StartRecordName": "NextRecordName",
    "StartRecordType": "NextRecordType",
    "StartRecordIdentifier": "NextRecordIdentifier",
}


@dataclass(frozen=True, slots=True)
class Dns:
    """What Route 53 lists: record sets by zone, health checks, and their Name tags by id (botocore's shapes)."""

    zones: Mapping[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    checks: tuple[dict[str, Any], ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    def mentioned(self) -> tuple[str, ...]:
        """Every name that a record or a health check leads to."""
        records = [record for records in self.zones.values() for record in records]
        aliases = [record["AliasTarget"]["DNSName"] for record in records if record.get("AliasTarget")]
        values = [each["Value"] for record in records if record["Type"] == "CNAME" for each in values_of(record)]
        asked = [check["HealthCheckConfig"].get("FullyQualifiedDomainName") for check in self.checks]
        return tuple(dict.fromkeys(plain_name(name) for name in (*aliases, *values, *asked) if name))


def values_of(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """A record set's ResourceRecords; an alias has none."""
    return record.get("ResourceRecords") or []


def calls() -> list[AwsCall]:
    """The Calls that reading makes, for the list of permissions."""
    return [_call("ListHostedZones"), _records("*"), _call("ListHealthChecks"), _tags(["*"])]


async def read_dns(outside: Outside) -> Dns:
    """Everything that is public. Raises CallFailed, Refused."""
    zones: dict[str, tuple[dict[str, Any], ...]] = {}
    notes: list[Note] = []
    for zone in await read_pages(outside, _call("ListHostedZones"), "HostedZones", _MARKER):
        name = plain_name(zone["Name"])
        if why := _not_ours(zone, name, zones):
            notes.append(left_out(f"hosted zone {name}", why))
            continue
        listing = _records(zone["Id"].rsplit("/", 1)[-1])
        zones[name] = tuple(await read_pages(outside, listing, "ResourceRecordSets", _NEXT_RECORD))
    checks = await read_pages(outside, _call("ListHealthChecks"), "HealthChecks", _MARKER)
    return Dns(zones, tuple(checks), await _names([check["Id"] for check in checks], outside), tuple(notes))


def _not_ours(zone: Mapping[str, Any], name: str, zones: Mapping[str, Any]) -> str | None:
    if (zone.get("Config") or {}).get("PrivateZone"):
        return "it is private, and the lab has public zones alone"
    return "another zone of that name was read" if name in zones else None


async def _names(ids: list[str], outside: Outside) -> dict[str, str]:
    """The Name tag of each health check that has one."""
    names: dict[str, str] = {}
    path = "ResourceTagSets[].{id: ResourceId, name: Tags[?Key == 'Name'] | [0].Value}"
    for start in range(0, len(ids), TAGS_AT_ONCE):
        tagged = await read_pages(outside, _tags(list(ids[start : start + TAGS_AT_ONCE])), path, {})
        names |= {each["id"]: each["name"] for each in tagged if each["name"]}
    return names


def _records(zone_id: str) -> AwsCall:
    return _call("ListResourceRecordSets", HostedZoneId=zone_id)


def _tags(ids: list[JsonValue]) -> AwsCall:
    return _call("ListTagsForResources", ResourceType="healthcheck", ResourceIds=ids)


def _call(operation: str, **asked: JsonValue) -> AwsCall:
    return AwsCall(service="route53", operation=operation, region=CONTROL_PLANE_REGION, params=asked)
