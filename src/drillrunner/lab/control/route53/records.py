"""Record sets: a batch is checked whole and takes effect whole, and listings go on where they were cut."""

from __future__ import annotations

import copy
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import moto.route53.urls
from moto.core.responses import ActionResult
from moto.route53.exceptions import InvalidActionValue, InvalidInput, NoSuchHealthCheck, Route53ClientError
from moto.route53.models import RecordSet
from moto.route53.responses import Route53

from drillrunner.lab.control import moto_patch
from drillrunner.lab.control.hooks import Hooks
from drillrunner.lab.control.route53.changes import Propagation

RECORDS_A_BATCH = 1000  # DNSLimitations, "limits on ChangeResourceRecordSets requests"; an UPSERT counts twice
RECORDS_A_PAGE = 300  # botocore route53, ListResourceRecordSets

# what moto's RecordSet drops (botocore shape ResourceRecordSet)
_ALSO_KEPT = {"CidrRoutingConfig": "cidr_routing_config", "GeoProximityLocation": "geo_proximity_location"}


class BatchProblem(Exception):
    """One change of a batch that cannot be made."""


def full_name(name: str) -> str:
    """A domain name as Route 53 stores it: lower case with a final dot."""
    return name.lower().rstrip(".") + "."


def _key(record: Any) -> tuple[str, str, str | None]:
    return record.name, record.type, record.set_identifier


def _described(record: Any) -> str:
    identifier = f", set identifier='{record.set_identifier}'" if record.set_identifier else ""
    return f"resource record set [name='{record.name}', type='{record.type}'{identifier}]"


def record_from(wanted: Mapping[str, Any]) -> Any:
    """moto's RecordSet of a ResourceRecordSet (botocore shape). Raises InvalidInput when it has no values."""
    fields = {**copy.deepcopy(dict(wanted)), "Name": full_name(wanted["Name"])}
    fields["ResourceRecords"] = [item["Value"] for item in wanted.get("ResourceRecords") or ()]
    alias = fields.get("AliasTarget")
    if alias:
        alias["DNSName"] = full_name(alias["DNSName"])
    has_values = bool(fields["ResourceRecords"]) and fields.get("TTL") is not None
    if bool(alias) == has_values:
        raise InvalidInput(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            f"TrafficPolicyInstanceId], but found {'more than one' if alias else 'none'} in Change with "
            f"[Name={fields['Name']}, Type={fields.get('Type')}, SetIdentifier={fields.get('SetIdentifier')}]"
        )
    record = RecordSet(fields)
    for name, attribute in _ALSO_KEPT.items():
        setattr(record, attribute, fields.get(name))
    return record


def _same(one: Any, other: Any) -> bool:
    """Every value alike; a record that moto made itself lacks the attributes that are kept besides."""

    def values(record: Any) -> dict[str, Any]:
        return {name: value for name, value in vars(record).items() if value is not None}

    return {**values(one), "ttl": int(one.ttl or 0)} == {**values(other), "ttl": int(other.ttl or 0)}


def _refuse_conflict(existing: Sequence[Any], record: Any) -> None:
    for other in existing:
        if other.name != record.name or _key(other) == _key(record):
            continue
        if other.type == record.type:
            if (other.set_identifier is None) != (record.set_identifier is None):
                raise BatchProblem(
                    f"RRSet with DNS name {record.name}, type {record.type}, SetIdentifier {record.set_identifier} "
                    "cannot be created as other RRSets exist with the same name and type"
                )
        elif "CNAME" in (other.type, record.type):
            raise BatchProblem(
                f"RRSet of type {record.type} with DNS name {record.name} is not permitted as it conflicts with "
                "other records with the same DNS name in the zone"
            )


def _deleted(existing: list[Any], record: Any) -> list[Any]:
    found = [other for other in existing if _key(other) == _key(record)]
    if not found:
        raise BatchProblem(f"Tried to delete {_described(record)} but it was not found")
    if not _same(found[0], record):
        raise BatchProblem(
            f"Tried to delete {_described(record)} but the values provided do not match the current values"
        )
    return [other for other in existing if other is not found[0]]


def _put(existing: list[Any], record: Any, *, create: bool) -> list[Any]:
    _refuse_conflict(existing, record)
    at = [index for index, other in enumerate(existing) if _key(other) == _key(record)]
    if at and create:
        raise BatchProblem(f"Tried to create {_described(record)} but it already exists")
    if at:
        return [*existing[: at[0]], record, *existing[at[0] + 1 :]]
    return [*existing, record]


def _applied(zone_name: str, existing: list[Any], action: str, record: Any) -> list[Any]:
    zone = full_name(zone_name)
    if record.name != zone and not record.name.endswith("." + zone):
        raise BatchProblem(f"RRSet with DNS name {record.name} is not permitted in zone {zone}")
    if action == "DELETE":
        if record.name == zone and record.type in ("NS", "SOA"):
            raise BatchProblem(f"A HostedZone must contain exactly one {record.type} record for the zone itself.")
        return _deleted(existing, record)
    return _put(existing, record, create=action == "CREATE")


def apply_changes(
    zone_name: str, existing: Iterable[Any], changes: Sequence[Mapping[str, Any]], health_checks: Container[str]
) -> tuple[list[Any], tuple[str, ...]]:
    """The record sets after the batch, and the names that it touched; all of it or nothing.

    Raises moto's errors as botocore's route53 model names them: InvalidChangeBatch with every problem,
    NoSuchHealthCheck, InvalidInput.
    """
    current, names, problems = list(existing), [], []
    for change in changes:
        if change["Action"] not in ("CREATE", "UPSERT", "DELETE"):
            raise InvalidActionValue(change["Action"])
        record = record_from(change["ResourceRecordSet"])
        if change["Action"] != "DELETE" and record.health_check_id and record.health_check_id not in health_checks:
            raise NoSuchHealthCheck(record.health_check_id)
        try:
            current = _applied(zone_name, current, change["Action"], record)
        except BatchProblem as problem:
            problems.append(str(problem))
        names.append(record.name)
    if problems:
        raise Route53ClientError("InvalidChangeBatch", f"[{', '.join(problems)}]")
    return current, tuple(dict.fromkeys(names))


def _refuse_too_many(changes: Sequence[Mapping[str, Any]]) -> None:
    count = sum(
        len(change["ResourceRecordSet"].get("ResourceRecords") or ()) * (2 if change["Action"] == "UPSERT" else 1)
        for change in changes
    )
    if count > RECORDS_A_BATCH:
        raise Route53ClientError("InvalidChangeBatch", f"Number of records limit of {RECORDS_A_BATCH} exceeded.")


def _change_resource_record_sets(hooks: Hooks, propagation: Propagation) -> Any:
    def change_resource_record_sets(self: Any) -> Any:
        changes = self._get_param("ChangeBatch.Changes")
        zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
        _refuse_too_many(changes)
        zone.rrsets, names = apply_changes(zone.name, zone.rrsets, changes, self.backend.health_checks)
        info = propagation.submit(self._get_param("ChangeBatch.Comment"))
        hooks.on_record_change(names)
        return ActionResult({"ChangeInfo": info})

    return change_resource_record_sets


def _position(name: str, record_type: str, identifier: str | None) -> tuple[str, str, str]:
    """Where a record set stands in a listing: by the labels of its name from the right, type, identifier."""
    return ".".join(reversed(full_name(name)[:-1].split("."))), record_type, identifier or ""


def _list_resource_record_sets(self: Any) -> Any:
    """botocore route53, ListResourceRecordSets: StartRecordName, StartRecordType, StartRecordIdentifier."""
    zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
    name, record_type = self._get_param("StartRecordName"), self._get_param("StartRecordType")
    if record_type and not name:
        raise InvalidInput("The input is not valid")
    limit = min(self._get_int_param("MaxItems", RECORDS_A_PAGE), RECORDS_A_PAGE)
    start = _position(name, record_type or "", self._get_param("StartRecordIdentifier")) if name else ("", "", "")
    ordered = sorted(zone.rrsets, key=lambda record: _position(*_key(record)))
    page = [record for record in ordered if _position(*_key(record)) >= start]
    result: dict[str, Any] = {
        "ResourceRecordSets": page[:limit],
        "IsTruncated": len(page) > limit,
        "MaxItems": limit,
    }
    if len(page) > limit:
        following = page[limit]
        result["NextRecordName"], result["NextRecordType"] = following.name, following.type
        result["NextRecordIdentifier"] = following.set_identifier
    return ActionResult(result)


def _test_dns_answer(hooks: Hooks) -> Any:
    def test_dns_answer(self: Any) -> Any:
        zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
        if hooks.test_dns_answer is None:
            raise NotImplementedError("no data plane answers DNS")
        name, record_type = self._get_param("RecordName"), self._get_param("RecordType")
        answer = hooks.test_dns_answer(name, record_type, self._get_param("ResolverIP") or "")
        servers = zone.delegation_set.name_servers if zone.delegation_set else []
        result = {
            "Nameserver": servers[0] if servers else "",
            "RecordName": name,
            "RecordType": record_type,
            "RecordData": list(answer.values),
            "ResponseCode": answer.response_code,
            "Protocol": "UDP",
        }
        return ActionResult(result)

    return test_dns_answer


def install(hooks: Hooks, propagation: Propagation) -> None:
    """Patch moto's record sets. Sources: botocore's route53 model, the API reference of ChangeResourceRecordSets."""
    changing = _change_resource_record_sets(hooks, propagation)
    moto_patch.replace(Route53, "change_resource_record_sets", lambda _: changing)
    moto_patch.replace(Route53, "list_resource_record_sets", lambda _: _list_resource_record_sets)
    moto_patch.add(Route53, "test_dns_answer", _test_dns_answer(hooks))
    moto_patch.add_url(moto.route53.urls, r"/(?P<api_version>[\d_-]+)/testdnsanswer$", Route53.dispatch)
