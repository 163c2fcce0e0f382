"""Route 53's record sets as those of a lab: addresses that stand for regions, aliases followed to their end. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drillrunner.lab.topology import RecordSpec, ZoneSpec
from drillrunner.snapshot.notes import Note, Part, assumed, left_out
from drillrunner.snapshot.places import Places, plain_name
from drillrunner.snapshot.route53 import values_of

# "If an alias record points to an AWS resource, Route 53 uses the default TTL for the resource": 60 s for those
# of a region (Developer Guide, resource-record-sets-values-alias).
ALIAS_TTL_SECONDS = 60
MAX_CHASE = 8

_TYPES = ("A", "AAAA", "CNAME", "TXT")
_MADE_BY_THE_LAB = ("NS", "SOA")
_BY_PLACE = ("GeoLocation", "GeoProximityLocation", "CidrRoutingConfig")
_ROUTED = ("Failover", "Weight", "Region", "MultiValueAnswer", *_BY_PLACE)

Record = Mapping[str, Any]


class _Unlike(Exception):
    """A record that the lab cannot have; its text says why."""


@dataclass(frozen=True, slots=True)
class _Target:
    """What a record answers in the end."""

    ttl_seconds: int
    values: tuple[str, ...] = ()
    address_of: str | None = None
    check_id: str | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Translator:
    """Record sets by zone, where names and addresses belong, and the lab's health checks by their ids."""

    zones: Mapping[str, Sequence[Record]]
    places: Places
    checks: Mapping[str, str]

    def translated(self) -> Part[ZoneSpec]:
        """Every zone with those of its records that the lab can have."""
        specs: list[ZoneSpec] = []
        notes: list[Note] = []
        for zone, records in self.zones.items():
            theirs = [record for record in records if not _is_the_labs(zone, record)]
            notes += _of_other_types(zone, theirs)
            there: list[RecordSpec] = []
            for record in theirs:
                if record["Type"] in _TYPES:
                    spec, said = self._record(record)
                    there += spec
                    notes += said
            specs.append(ZoneSpec(name=zone, records=tuple(there)))
        return Part(tuple(specs), tuple(notes))

    def _record(self, record: Record) -> tuple[list[RecordSpec], list[Note]]:
        who = described(record)
        try:
            _refuse_unlike(record)
            target = self._target(record, MAX_CHASE)
        except _Unlike as unlike:
            return [], [left_out(who, str(unlike))]
        notes = [assumed(who, remark) for remark in target.remarks]
        check_id = record.get("HealthCheckId") or target.check_id
        if check_id and check_id not in self.checks:
            why = "its health check is not in the topology, so it counts as healthy in the lab"
            notes.append(assumed(who, why))
        return [_spec(record, target, self.checks.get(check_id or ""))], notes

    def _target(self, record: Record, hops: int) -> _Target:
        if record.get("AliasTarget"):
            return self._aliased(record, hops)
        values = tuple(each["Value"] for each in values_of(record))
        ttl_seconds = int(record.get("TTL") or 0)
        regions = [self.places.addresses.get(value) for value in values]
        if record["Type"] == "A" and len(regions) == 1 and regions[0]:
            return _Target(ttl_seconds, address_of=regions[0])
        remarks: tuple[str, ...] = ()
        if record["Type"] in ("A", "AAAA"):
            remarks = ("its addresses are kept and are none of the lab's: what asks them leaves this machine",)
        return _Target(ttl_seconds, values, remarks=remarks)

    def _aliased(self, record: Record, hops: int) -> _Target:
        name = plain_name(record["AliasTarget"]["DNSName"])
        evaluates = bool(record["AliasTarget"].get("EvaluateTargetHealth"))
        region = self.places.of_name(name)
        if region is None:
            return self._followed(record, name, evaluates, hops)
        if region not in self.places.regions:
            raise _Unlike(f"it is an alias of {name} in {region}, which is not one of the regions")
        if record["Type"] != "A":
            raise _Unlike("the lab's regions have no IPv6 addresses")
        remarks = ("Route 53 evaluates its target's own health, and the lab does not",) if evaluates else ()
        return _Target(ALIAS_TTL_SECONDS, address_of=region, remarks=remarks)

    def _followed(self, record: Record, name: str, evaluates: bool, hops: int) -> _Target:
        """An alias of another record stands for what that one answers; its health counts where it is evaluated."""
        there = [
            other
            for records in self.zones.values()
            for other in records
            if plain_name(other["Name"]) == name and other["Type"] == record["Type"]
        ]
        if not there or not hops:
            raise _Unlike(f"it is an alias of {name}, of which it is not known where it leads")
        if len(there) > 1 or any(there[0].get(field) is not None for field in _ROUTED):
            raise _Unlike(f"it is an alias of {name}, whose records are chosen between; a topology has no such alias")
        target = self._target(there[0], hops - 1)
        check_id = there[0].get("HealthCheckId") or target.check_id
        return _Target(
            target.ttl_seconds, target.values, target.address_of, check_id if evaluates else None, target.remarks
        )


def described(record: Record) -> str:
    """A record's name for people."""
    identifier = f" ({record['SetIdentifier']})" if record.get("SetIdentifier") else ""
    return f"record {plain_name(record['Name'])} {record['Type']}{identifier}"


def _is_the_labs(zone: str, record: Record) -> bool:
    """A zone's own NS and SOA, which the lab makes with the zone."""
    return plain_name(record["Name"]) == zone and record["Type"] in _MADE_BY_THE_LAB


def _of_other_types(zone: str, records: Iterable[Record]) -> list[Note]:
    counts = Counter(record["Type"] for record in records if record["Type"] not in _TYPES)
    return [
        left_out(f"records of type {kind} in {zone} ({count})", "a topology has A, AAAA, CNAME and TXT records")
        for kind, count in sorted(counts.items())
    ]


def _refuse_unlike(record: Record) -> None:
    if any(record.get(field) for field in _BY_PLACE):
        raise _Unlike("it is chosen by where users are, which a topology does not say")
    if "*" in plain_name(record["Name"]):
        raise _Unlike("the lab answers whole names, not wildcards")


def _spec(record: Record, target: _Target, health_check: str | None) -> RecordSpec:
    return RecordSpec(
        name=plain_name(record["Name"]),
        type=record["Type"],
        ttl_seconds=target.ttl_seconds,
        values=target.values,
        address_of=target.address_of,
        identifier=record.get("SetIdentifier"),
        failover=record.get("Failover"),
        weight=record.get("Weight"),
        latency_region=record.get("Region"),
        multivalue=bool(record.get("MultiValueAnswer")),
        health_check=health_check,
    )


def stand_ins(zones: Sequence[ZoneSpec], asked: Sequence[str], places: Places) -> Part[ZoneSpec]:
    """Zones for the names of AWS's own that CNAMEs and health checks (`asked`) lead to, so that the lab knows them.

    Of a name that belongs to no region and to no zone the note says that the lab cannot resolve it.
    """
    known = {record.name for zone in zones for record in zone.records}
    specs: list[ZoneSpec] = []
    notes: list[Note] = []
    for name in dict.fromkeys((*_cname_targets(zones), *asked)):
        region = places.of_name(name)
        if name in known:
            continue
        if region in places.regions:
            record = RecordSpec(name=name, ttl_seconds=ALIAS_TTL_SECONDS, address_of=region)
            specs.append(ZoneSpec(name=name, records=(record,)))
            notes.append(assumed(f"zone {name}", f"it stands in for the name of AWS's own that {region} answers"))
        else:
            why = "the lab cannot resolve it: what leads there fails, and a health check of it is unhealthy"
            notes.append(assumed(f"name {name}", why))
    return Part(tuple(specs), tuple(notes))


def _cname_targets(zones: Sequence[ZoneSpec]) -> Iterator[str]:
    yield from (
        plain_name(value)
        for zone in zones
        for record in zone.records
        if record.type == "CNAME"
        for value in record.values
    )
