"""The control-plane state that the data plane follows, as frozen data, and how it is read from moto's backends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from drillrunner.lab.world import ACCOUNT, World

AlarmState = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]


@dataclass(frozen=True, slots=True)
class FunctionState:
    """A Lambda function: its reserve (None: it shares the account's unreserved concurrency)."""

    reserved_concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class CheckConfig:
    """A Route 53 health check (botocore route53 HealthCheckConfig), with the defaults that AWS fills in."""

    check_id: str
    type: str = "HTTPS"
    ip_address: str | None = None
    fqdn: str | None = None
    port: int = 443
    path: str = "/"
    search_string: str | None = None
    interval_seconds: float = 30.0
    failure_threshold: int = 3
    inverted: bool = False
    disabled: bool = False
    children: tuple[str, ...] = ()
    health_threshold: int = 0
    regions: tuple[str, ...] = ()
    alarm_region: str | None = None
    alarm_name: str | None = None
    insufficient_data: str = "LastKnownStatus"


@dataclass(frozen=True, slots=True)
class AliasTarget:
    """Where an alias record points."""

    name: str
    evaluate_target_health: bool = False


@dataclass(frozen=True, slots=True)
class RecordSet:
    """A Route 53 record set (botocore route53 ResourceRecordSet). Names are lower case without the last dot."""

    name: str
    type: str
    ttl_seconds: float = 300.0
    values: tuple[str, ...] = ()
    identifier: str | None = None
    weight: int | None = None
    latency_region: str | None = None
    failover: str | None = None
    location: str | None = None  # a geolocation record's country or continent code; "*" is the default one
    multivalue: bool = False
    check_id: str | None = None
    alias: AliasTarget | None = None


class ControlState(Protocol):
    """What the data plane reads. Each method holds the world's lock for as long as it looks."""

    def function(self, region: str, name: str) -> FunctionState | None: ...

    def checks(self) -> Mapping[str, CheckConfig]: ...

    def records(self) -> Sequence[RecordSet]: ...


def plain_name(name: str) -> str:
    """A host name as the data plane keys it: lower case, no trailing dot."""
    return name.rstrip(".").lower()


class MotoState:
    """ControlState read from moto's backends (attribute names of moto 5.2.5, held by a contract test)."""

    def __init__(self, world: World) -> None:
        from moto.awslambda.models import lambda_backends
        from moto.cloudwatch.models import cloudwatch_backends
        from moto.route53.models import route53_backends

        self._world = world
        self._cloudwatch: Any = cloudwatch_backends
        self._lambda: Any = lambda_backends
        self._route53: Any = route53_backends

    def function(self, region: str, name: str) -> FunctionState | None:
        with self._world.lock:
            functions = self._lambda[ACCOUNT][region]._lambdas
            if name not in functions._functions:
                return None
            found = functions.get_function_by_name_forbid_qualifier(name)
            reserved = found.reserved_concurrency
        return FunctionState(None if reserved is None else int(reserved))

    def checks(self) -> Mapping[str, CheckConfig]:
        with self._world.lock:
            return {check.id: _check(check) for check in self._backend().list_health_checks()}

    def records(self) -> Sequence[RecordSet]:
        with self._world.lock:
            return [_record(rrset) for zone in self._backend().zones.values() for rrset in zone.rrsets]

    def alarm_state(self, region: str, name: str) -> AlarmState:
        """The state of a CloudWatch alarm; one that is not there has no data."""
        with self._world.lock:
            alarm = self._cloudwatch[ACCOUNT][region].alarms.get(name) if region else None
            return alarm.state_value if alarm else "INSUFFICIENT_DATA"

    def _backend(self) -> Any:
        return self._route53[ACCOUNT]["aws"]


def _flag(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _whole(value: Any, default: int) -> int:
    return default if value in {None, ""} else int(value)


def _check(check: Any) -> CheckConfig:
    alarm = getattr(check, "alarm_identifier", None) or {}
    default_port = 443 if str(check.type_).startswith("HTTPS") else 80
    return CheckConfig(
        check_id=check.id,
        type=check.type_,
        ip_address=check.ip_address or None,
        fqdn=check.fqdn or None,
        port=_whole(check.port, default_port),
        path=check.resource_path or "/",
        search_string=check.search_string or None,
        interval_seconds=float(_whole(check.request_interval, 30)),
        failure_threshold=_whole(check.failure_threshold, 3),
        inverted=_flag(check.inverted),
        disabled=_flag(check.disabled),
        children=tuple(check.children or ()),
        health_threshold=_whole(check.health_threshold, 0),
        regions=tuple(check.regions or ()),
        alarm_region=alarm.get("Region"),
        alarm_name=alarm.get("Name"),
        insufficient_data=getattr(check, "insufficient_data_health_status", None) or "LastKnownStatus",
    )


def _record(rrset: Any) -> RecordSet:
    alias = rrset.alias_target
    return RecordSet(
        name=plain_name(rrset.name),
        type=rrset.type,
        ttl_seconds=60.0 if alias else float(rrset.ttl or 0),
        values=tuple(str(value) for value in rrset.records or ()),
        identifier=rrset.set_identifier,
        weight=None if rrset.weight is None else int(rrset.weight),
        latency_region=rrset.region,
        failover=rrset.failover,
        location=_location(rrset.geo_location),
        multivalue=_flag(rrset.multi_value_answer),
        check_id=rrset.health_check_id,
        alias=AliasTarget(plain_name(alias["DNSName"]), _flag(alias.get("EvaluateTargetHealth"))) if alias else None,
    )


def _location(geo: Mapping[str, str] | None) -> str | None:
    if not geo:
        return None
    return geo.get("CountryCode") or geo.get("ContinentCode")
