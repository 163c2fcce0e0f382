"""Amazon Route 53: failing a health check by inverting it, shifting weights, and asking what a check says.

The control plane of Route 53 is in us-east-1 and takes 5 requests a second for a whole account.
`Disabled` makes a check count as healthy for ever, so it never fails one; `Inverted` flips the
verdict, and UpdateHealthCheck changes only what it is given (botocore route53: HealthCheckConfig,
UpdateHealthCheckRequest). HealthCheckVersion is left out of every call: a revert must also work
after somebody else has changed another setting.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from drillrunner.errors import CallFailed, FaultInEffect, InvalidInput, Refused
from drillrunner.model.call import AwsCall, Call, Change, ReadBack
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer
from drillrunner.ports import Outside
from drillrunner.registry import Params, fault, probe, step
from drillrunner.services.aws_reading import bounded, found, literal

CONTROL_PLANE_REGION = "us-east-1"
# "If more than 18% of health checkers report that an endpoint is healthy, Route 53 considers it healthy"
# (Developer Guide, dns-failover-determining-health-of-endpoints).
HEALTHY_ABOVE = 0.18
DEFAULT_THRESHOLD = 3
# ListTagsForResources takes up to 10 resources.
TAGS_AT_ONCE = 10

_HEALTH_CHECK_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ZONE_ID = re.compile(r"(/hostedzone/)?Z[0-9A-Z]{1,31}")

HealthCheckName = Annotated[
    str, Field(min_length=1, max_length=256, description="its id, Name tag or caller reference")
]
DnsName = Annotated[str, Field(pattern=r"^[^\s'`\"]{1,1024}$")]


class HealthCheckParams(Params):
    """One health check."""

    health_check: HealthCheckName


@fault("route53.fail_health_check", params=HealthCheckParams)
async def fail_health_check(params: HealthCheckParams, outside: Outside) -> Sequence[Change]:
    """Fail a health check by inverting it, without touching the endpoint.

    Restores `Inverted` as it was. The verdict flips once Route 53 has taken the change, without
    waiting for the check's threshold. Refuses a disabled check (it counts as healthy whatever it
    sees) and one that is unhealthy already, which inverting would heal (FaultInEffect). Raises
    InvalidInput where no check, or more than one, goes by that name.
    """
    check_id = await resolve_health_check(params.health_check, outside)
    config = await _config(check_id, params.health_check, outside)
    where = f"route53 health check {params.health_check}"
    if config.get("Disabled"):
        raise Refused(
            "it is disabled, so Route 53 counts it as healthy and inverting it proves nothing",
            where=where,
            advice=f"enable it: aws route53 update-health-check --health-check-id {check_id} --no-disabled",
        )
    inverted = bool(config.get("Inverted", False))
    fraction = await _fraction_reporting_success(check_id, outside)
    if fraction is not None and not verdict(fraction, inverted=inverted, disabled=False):
        raise FaultInEffect(
            "it is unhealthy already; inverting it would make it healthy",
            where=where,
            advice="let it become healthy first, or find out who inverted it",
        )
    return [
        Change(
            target=f"route53 health check {check_id}",
            prior={"inverted": inverted},
            apply=(_inverting(check_id, not inverted),),
            revert=(_inverting(check_id, inverted),),
            note="its present status could not be read" if fraction is None else None,
        )
    ]


def verdict(fraction: float, *, inverted: bool, disabled: bool) -> bool:
    """What Route 53 makes of the fraction of its checkers that report success."""
    return disabled or (fraction > HEALTHY_ABOVE) != inverted


def _inverting(check_id: str, inverted: bool) -> AwsCall:
    return _call(
        "UpdateHealthCheck",
        {"HealthCheckId": check_id, "Inverted": inverted},
        ReadBack(
            read=_call("GetHealthCheck", {"HealthCheckId": check_id}),
            path="HealthCheck.HealthCheckConfig.Inverted || `false`",
            expected=inverted,
            within_seconds=60.0,
        ),
    )


async def resolve_health_check(wanted: str, outside: Outside) -> str:
    """The id of the check with that id, Name tag or caller reference. Raises InvalidInput, CallFailed."""
    if _HEALTH_CHECK_ID.fullmatch(wanted):
        return wanted
    checks = await _every_health_check(outside)
    ids = sorted(check["Id"] for check in checks)
    matching = await _tagged(ids, wanted, outside)
    matching = matching or [check["Id"] for check in checks if check["CallerReference"] == wanted]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise InvalidInput(
            f'{len(matching)} health checks are named "{wanted}": {", ".join(sorted(matching))}',
            advice="give the id of the one that is meant",
        )
    raise _no_such_check(wanted)


def _no_such_check(wanted: str) -> InvalidInput:
    return InvalidInput(
        f'no health check has the id, Name tag or caller reference "{wanted}"',
        advice="aws route53 list-health-checks lists those that are there",
    )


async def _every_health_check(outside: Outside) -> list[dict[str, str]]:
    """Id and CallerReference of every check, through every page of ListHealthChecks."""
    checks: list[dict[str, str]] = []
    asked: dict[str, JsonValue] = {}
    while True:
        answer = await outside.read(_call("ListHealthChecks", asked))
        checks += found(answer, "HealthChecks[].{Id: Id, CallerReference: CallerReference}") or []
        if not found(answer, "IsTruncated"):
            return checks
        asked = {"Marker": found(answer, "NextMarker")}


async def _tagged(ids: Sequence[str], wanted: str, outside: Outside) -> list[str]:
    """Those of the ids whose Name tag is the one that is wanted."""
    matching: list[str] = []
    path = f"ResourceTagSets[?Tags[?Key == 'Name' && Value == {literal(wanted)}]].ResourceId"
    for start in range(0, len(ids), TAGS_AT_ONCE):
        resources: JsonValue = list(ids[start : start + TAGS_AT_ONCE])
        asked: dict[str, JsonValue] = {"ResourceType": "healthcheck", "ResourceIds": resources}
        matching += found(await outside.read(_call("ListTagsForResources", asked)), path) or []
    return matching


async def _config(check_id: str, wanted: str, outside: Outside) -> dict[str, Any]:
    try:
        answer = await outside.read(_call("GetHealthCheck", {"HealthCheckId": check_id}))
    except CallFailed as failure:
        if failure.code != "NoSuchHealthCheck":
            raise
        raise _no_such_check(wanted) from failure
    config: dict[str, Any] = found(answer, "HealthCheck.HealthCheckConfig") or {}
    return config


async def _fraction_reporting_success(check_id: str, outside: Outside) -> float | None:
    """None where nothing is observed: GetHealthCheckStatus does not answer for calculated checks."""
    try:
        status = await outside.read(_call("GetHealthCheckStatus", {"HealthCheckId": check_id}))
        return Opinions().fraction(status, threshold=1)
    except CallFailed as failure:
        if failure.code != "InvalidInput":
            raise
        return None


class Opinions:
    """What each checker holds of an endpoint, worked out from its looks as Route 53 does.

    GetHealthCheckStatus shows a checker's last look (`Success: HTTP Status Code 200, OK`, `Failure: …`,
    with its CheckedTime), before Inverted and Disabled. A checker changes its mind only after
    FailureThreshold looks in a row (Developer Guide, dns-failover-determining-health-of-endpoints), so
    judging single looks would see a failure up to threshold - 1 intervals too early.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, bool, int]] = {}
        self._healthy: dict[str, bool] = {}

    def fraction(self, status: JsonValue, threshold: int) -> float | None:
        """Take a GetHealthCheckStatus answer in; the fraction of checkers that hold it healthy, None without any."""
        looks: list[list[Any]] = found(status, "HealthCheckObservations[].[Region, IPAddress, StatusReport]") or []
        present = set()
        for region, address, report in looks:
            checker = f"{region} {address}"
            present.add(checker)
            self._look(
                checker, str(report.get("CheckedTime", "")), str(report["Status"]).startswith("Success"), threshold
            )
        return sum(self._healthy[checker] for checker in present) / len(present) if present else None

    def _look(self, checker: str, checked: str, success: bool, threshold: int) -> None:
        last_checked, last_success, streak = self._seen.get(checker, ("", success, 0))
        if checked != last_checked:
            streak = streak + 1 if success == last_success else 1
            self._seen[checker] = (checked, success, streak)
        if checker not in self._healthy or streak >= threshold:
            self._healthy[checker] = success


@probe("route53.health_status", params=HealthCheckParams, detects=True)
class HealthStatusProbe:
    """Ask whether Route 53 holds a health check to be healthy.

    GetHealthCheckStatus gives each checker's last look; the verdict is reached as Route 53 does it: a
    checker changes its mind after FailureThreshold looks in a row, the check is healthy while more than
    18 % of the checkers hold it so, the other way round where it is inverted, always where it is
    disabled. Its value is the fraction that holds it healthy, before any inversion. Ask at least once
    in every RequestInterval, or looks are missed. Two requests a poll, of the five a second that an account has:
    every 5s is often enough. Calculated and alarm checks show no observations and stay unknown.
    """

    def __init__(self, params: HealthCheckParams) -> None:
        self._wanted = params.health_check
        self._check_id: str | None = None
        self._opinions = Opinions()

    def calls(self) -> Sequence[Call]:
        named = _HEALTH_CHECK_ID.fullmatch(self._wanted) is not None
        asked: dict[str, JsonValue] = {"HealthCheckId": self._wanted if named else "*"}
        asking = (_call("GetHealthCheck", asked), _call("GetHealthCheckStatus", asked))
        if named:
            return asking
        tags: dict[str, JsonValue] = {"ResourceType": "healthcheck", "ResourceIds": ["*"]}
        return (_call("ListHealthChecks", {}), _call("ListTagsForResources", tags), *asking)

    async def poll(self, outside: Outside, seq: int, timeout_seconds: float) -> Answer:
        return await bounded(outside, timeout_seconds, self._asking(outside, timeout_seconds))

    async def _asking(self, outside: Outside, timeout_seconds: float) -> Answer:
        try:
            asked: dict[str, JsonValue] = {"HealthCheckId": await self._resolved(outside)}
        except InvalidInput as problem:
            return Answer(ok=None, why=problem.message)
        config = await outside.ask(_call("GetHealthCheck", asked), timeout_seconds=timeout_seconds)
        status = await outside.ask(_call("GetHealthCheckStatus", asked), timeout_seconds=timeout_seconds)
        settings = found(config, "HealthCheck.HealthCheckConfig") or {}
        fraction = self._opinions.fraction(status, int(settings.get("FailureThreshold", DEFAULT_THRESHOLD)))
        return health_answer(settings, fraction)

    async def _resolved(self, outside: Outside) -> str:
        if self._check_id is None:
            self._check_id = await resolve_health_check(self._wanted, outside)
        return self._check_id


def health_answer(config: dict[str, Any], fraction: float | None) -> Answer:
    """The probe's Answer from a check's configuration and what its checkers report."""
    disabled = bool(config.get("Disabled"))
    inverted = bool(config.get("Inverted"))
    if disabled:
        return Answer(ok=True, value=fraction, why="disabled")
    if fraction is None:
        return Answer(ok=None, why="no observations")
    if verdict(fraction, inverted=inverted, disabled=False):
        return Answer(ok=True, value=fraction)
    return Answer(ok=False, value=fraction, why="unhealthy (inverted)" if inverted else "unhealthy")


class ShiftWeightsParams(Params):
    """What route53.shift_weights takes."""

    zone: DnsName = Field(description="the hosted zone's id or name")
    name: DnsName = Field(description="the name of the weighted records")
    type: str = Field(pattern=r"^(A|AAAA|CAA|CNAME|HTTPS|MX|NAPTR|PTR|SPF|SRV|SVCB|TXT)$", description="their type")
    weights: dict[str, Annotated[int, Field(ge=0, le=255)]] = Field(
        min_length=1, max_length=100, description="the new weight (0 to 255) of each set identifier"
    )


@step("route53.shift_weights", params=ShiftWeightsParams)
async def shift_weights(params: ShiftWeightsParams, outside: Outside) -> Sequence[Change]:
    """Shift traffic by the weights of a name's records.

    One ChangeBatch, so all or nothing; every other field of each record stays as it is, and putting
    back restores the records as they were read. Where all weights of a name are 0, Route 53 treats
    them as equal. Raises InvalidInput for an unknown zone, name or set identifier.
    """
    zone = await _zone_id(params.zone, outside)
    name = canonical_name(params.name)
    there = {record.get("SetIdentifier"): record for record in await _record_sets(zone, name, params.type, outside)}
    _refuse_unknown_records(params, there)
    before = [there[identifier] for identifier in sorted(params.weights)]
    after = [{**record, "Weight": params.weights[record["SetIdentifier"]]} for record in before]
    return [
        Change(
            target=f"route53 {name} {params.type}",
            prior={"records": before},
            apply=(_upserting(zone, name, params.type, after),),
            revert=(_upserting(zone, name, params.type, before),),
        )
    ]


def _refuse_unknown_records(params: ShiftWeightsParams, there: dict[Any, dict[str, Any]]) -> None:
    where = f"route53 {params.name} {params.type}"
    weighted = sorted(identifier for identifier, record in there.items() if "Weight" in record)
    unknown = sorted(set(params.weights) - set(weighted))
    if unknown:
        listed = ", ".join(weighted) or "none"
        raise InvalidInput(
            f'there is no weighted record with the set identifier "{unknown[0]}"',
            where=where,
            advice=f"the weighted records of that name and type: {listed}",
        )


def _upserting(zone: str, name: str, record_type: str, records: list[dict[str, Any]]) -> AwsCall:
    """Write the records as they are given, and read the same ones back whole."""
    changes: JsonValue = [{"Action": "UPSERT", "ResourceRecordSet": _without_empty(record)} for record in records]
    identifiers = [record["SetIdentifier"] for record in records]
    chosen = (
        f"Name == {literal(name)} && Type == {literal(record_type)}"
        f" && SetIdentifier && contains({literal(identifiers)}, SetIdentifier)"
    )
    return _call(
        "ChangeResourceRecordSets",
        {"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}},
        ReadBack(
            read=_call("ListResourceRecordSets", _starting_at(zone, name, record_type)),
            path=f"sort_by(ResourceRecordSets[?{chosen}], &SetIdentifier)",
            expected=list(records),
            within_seconds=60.0,
        ),
    )


def _without_empty(record: dict[str, Any]) -> dict[str, Any]:
    """An alias record may be listed with an empty ResourceRecords, which a change must not carry."""
    return {key: value for key, value in record.items() if value != []}


async def _zone_id(zone: str, outside: Outside) -> str:
    """The id, without its /hostedzone/ prefix. Raises InvalidInput where no zone, or more than one, has the name."""
    if _ZONE_ID.fullmatch(zone):
        return zone.removeprefix("/hostedzone/")
    name = canonical_name(zone)
    answer = await outside.read(_call("ListHostedZonesByName", {"DNSName": name}))
    matching: list[str] = found(answer, f"HostedZones[?Name == {literal(name)}].Id") or []
    if len(matching) == 1:
        return matching[0].removeprefix("/hostedzone/")
    said = f"{len(matching)} hosted zones are" if matching else "no hosted zone is"
    raise InvalidInput(
        f'{said} named "{zone}"', where="route53.shift_weights", advice="aws route53 list-hosted-zones lists their ids"
    )


async def _record_sets(zone: str, name: str, record_type: str, outside: Outside) -> list[dict[str, Any]]:
    """Every record of that name and type, through every page of ListResourceRecordSets."""
    path = f"ResourceRecordSets[?Name == {literal(name)} && Type == {literal(record_type)}]"
    records: list[dict[str, Any]] = []
    asked = _starting_at(zone, name, record_type)
    while True:
        answer = await outside.read(_call("ListResourceRecordSets", asked))
        records += found(answer, path) or []
        if not found(answer, "IsTruncated") or found(answer, "[NextRecordName, NextRecordType]") != [name, record_type]:
            return records
        asked = {
            **_starting_at(zone, name, record_type),
            "StartRecordIdentifier": found(answer, "NextRecordIdentifier"),
        }


def _starting_at(zone: str, name: str, record_type: str) -> dict[str, JsonValue]:
    return {"HostedZoneId": zone, "StartRecordName": name, "StartRecordType": record_type}


def canonical_name(name: str) -> str:
    """A DNS name as Route 53 lists it: in lower case, with its last dot, `*` as `\\052`."""
    return name.lower().rstrip(".").replace("*", "\\052") + "."


def _call(operation: str, asked: dict[str, JsonValue], read_back: ReadBack | None = None) -> AwsCall:
    return AwsCall(
        service="route53", operation=operation, region=CONTROL_PLANE_REGION, params=asked, read_back=read_back
    )
