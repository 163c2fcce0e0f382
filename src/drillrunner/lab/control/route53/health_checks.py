"""Health checks: every field kept, versions counted, and the status that the lab's checkers really saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import moto.route53.urls
from moto.core.responses import ActionResult, EmptyResult
from moto.route53.exceptions import InvalidInput, Route53ClientError
from moto.route53.models import HealthCheck
from moto.route53.responses import Route53

from drillrunner.lab.control import moto_patch
from drillrunner.lab.control.hooks import Hooks, Observation
from drillrunner.lab.world import World

CHECKS_A_PAGE = 100

# botocore shape HealthCheckConfig -> moto's attribute
_ATTRIBUTES = {
    "IPAddress": "ip_address",
    "Port": "port",
    "ResourcePath": "resource_path",
    "FullyQualifiedDomainName": "fqdn",
    "SearchString": "search_string",
    "FailureThreshold": "failure_threshold",
    "Inverted": "inverted",
    "Disabled": "disabled",
    "HealthThreshold": "health_threshold",
    "ChildHealthChecks": "children",
    "EnableSNI": "enable_sni",
    "Regions": "regions",
    "AlarmIdentifier": "alarm_identifier",
    "InsufficientDataHealthStatus": "insufficient_data_health_status",
}
_ONLY_AT_CREATION = {
    "Type": "type_",
    "RequestInterval": "request_interval",
    "MeasureLatency": "measure_latency",
    "RoutingControlArn": "routing_control_arn",
}
# botocore shape ResettableElementName
_RESETTABLE = {
    "FullyQualifiedDomainName": "fqdn",
    "Regions": "regions",
    "ResourcePath": "resource_path",
    "ChildHealthChecks": "children",
}
_OF_ENDPOINTS = ("IPAddress", "Port", "RequestInterval", "FailureThreshold", "MeasureLatency", "EnableSNI")
_NOT_AN_ENDPOINT = ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL")


def _config(self: Any) -> dict[str, Any]:
    """HealthCheckConfig of a moto HealthCheck, with the members that its type has."""
    chosen = {**_ONLY_AT_CREATION, **_ATTRIBUTES}
    config = {name: getattr(self, attribute, None) for name, attribute in chosen.items()}
    if self.type_ in _NOT_AN_ENDPOINT:
        config = {name: value for name, value in config.items() if name not in _OF_ENDPOINTS}
    return {name: value for name, value in config.items() if value is not None}


def _defaults(check_type: str) -> dict[str, Any]:
    """What AWS fills in (botocore route53, HealthCheckConfig); nothing where a member does not apply."""
    always: dict[str, Any] = {"Inverted": False, "Disabled": False}
    if check_type in _NOT_AN_ENDPOINT:
        return always
    secure = check_type.startswith("HTTPS")
    port = {} if check_type == "TCP" else {"Port": 443 if secure else 80}
    interval = {"RequestInterval": 30, "FailureThreshold": 3, "MeasureLatency": False, "EnableSNI": secure}
    return {**always, **interval, **port}


def _refuse_out_of_range(config: Mapping[str, Any]) -> None:
    if config.get("RequestInterval", 30) not in (10, 30):
        raise InvalidInput("RequestInterval must be 10 or 30")
    if not 1 <= config.get("FailureThreshold", 3) <= 10:
        raise InvalidInput("FailureThreshold must be from 1 to 10")


def _refuse_unknown(elements: Sequence[str]) -> None:
    unknown = sorted(set(elements) - set(_RESETTABLE))
    if unknown:
        raise InvalidInput(f"ResetElements may not name {', '.join(unknown)}")


def _assign(check: Any, attributes: Mapping[str, str], values: Mapping[str, Any]) -> None:
    for name, attribute in attributes.items():
        if values.get(name) is not None:
            setattr(check, attribute, values[name])


def _with_reference(backend: Any, reference: str) -> Any:
    return next((check for check in backend.list_health_checks() if check.caller_reference == reference), None)


def _create_health_check(hooks: Hooks) -> Any:
    def create_health_check(self: Any) -> Any:
        """The same caller reference with the same settings answers the existing check (botocore route53)."""
        reference, wanted = self._get_param("CallerReference"), self._get_param("HealthCheckConfig")
        _refuse_out_of_range(wanted)
        check = _with_reference(self.backend, reference)
        if check is not None:
            if getattr(check, "created_as", None) != dict(wanted):
                raise Route53ClientError(
                    "HealthCheckAlreadyExists", f"A health check with caller reference {reference} exists already."
                )
            return _created(check)
        check = self.backend.create_health_check(reference, {"type": wanted["Type"]})
        check.created_as = dict(wanted)
        for attribute in (*_ATTRIBUTES.values(), *_ONLY_AT_CREATION.values()):
            setattr(check, attribute, None)
        _assign(check, {**_ATTRIBUTES, **_ONLY_AT_CREATION}, {**_defaults(wanted["Type"]), **wanted})
        hooks.on_health_check_change(check.id)
        return _created(check)

    return create_health_check


def _created(check: Any) -> Any:
    location = f"https://route53.amazonaws.com/2013-04-01/healthcheck/{check.id}"
    return ActionResult({"HealthCheck": check, "Location": location})


def _update_health_check(hooks: Hooks) -> Any:
    def update_health_check(self: Any) -> Any:
        """Only what the request names changes; the version counts up, and a stale one is refused (409)."""
        check = self.backend.get_health_check(self._get_param("HealthCheckId"))
        version = self._get_int_param("HealthCheckVersion")
        if version is not None and version != check.health_check_version:
            raise Route53ClientError(
                "HealthCheckVersionMismatch",
                f"The value of HealthCheckVersion in the request ({version}) doesn't match the value in the "
                f"health check ({check.health_check_version}).",
            )
        _refuse_out_of_range(self.params)
        elements = self._get_param("ResetElements") or ()
        _refuse_unknown(elements)
        for element in elements:
            setattr(check, _RESETTABLE[element], None)
        _assign(check, _ATTRIBUTES, self.params)
        check.health_check_version += 1
        hooks.on_health_check_change(check.id)
        return ActionResult({"HealthCheck": check})

    return update_health_check


def _delete_health_check(hooks: Hooks) -> Any:
    def delete_health_check(self: Any) -> Any:
        check = self.backend.get_health_check(self._get_param("HealthCheckId"))
        self.backend.delete_health_check(check.id)
        self.backend.resource_tags.pop(check.id, None)
        hooks.on_health_check_change(check.id)
        return EmptyResult()

    return delete_health_check


def _list_health_checks(self: Any) -> Any:
    """Pages of at most 100, in order of id; Marker is the id that the page starts with."""
    limit = min(self._get_int_param("MaxItems", CHECKS_A_PAGE), CHECKS_A_PAGE)
    marker = self._get_param("Marker") or ""
    checks = sorted(self.backend.list_health_checks(), key=lambda check: str(check.id))
    page = [check for check in checks if check.id >= marker]
    result: dict[str, Any] = {
        "HealthChecks": page[:limit],
        "Marker": marker,
        "IsTruncated": len(page) > limit,
        "MaxItems": limit,
    }
    if len(page) > limit:
        result["NextMarker"] = page[limit].id
    return ActionResult(result)


def _as_shape(observations: Sequence[Observation]) -> dict[str, Any]:
    shapes = [
        {
            "Region": seen.region,
            "IPAddress": seen.ip_address,
            "StatusReport": {"Status": seen.status, "CheckedTime": seen.checked},
        }
        for seen in observations
    ]
    return {"HealthCheckObservations": shapes}


def has_observations(check: Any) -> bool:
    """Whether there is a status to ask for: a calculated check has none (botocore route53, GetHealthCheckStatus)."""
    return bool(check.type_ != "CALCULATED")


def _observing(hook: Callable[[], Callable[[str], Sequence[Observation]]]) -> Any:
    """`hook` is asked anew each time, since the data plane may set it after the installation."""

    def operation(self: Any) -> Any:
        check = self.backend.get_health_check(self._get_param("HealthCheckId"))
        if not has_observations(check):
            raise InvalidInput("The status of a calculated health check cannot be had from this operation.")
        return ActionResult(_as_shape(hook()(check.id)))

    return operation


def _get_health_check_count(self: Any) -> Any:
    return ActionResult({"HealthCheckCount": len(self.backend.list_health_checks())})


def install(world: World, hooks: Hooks) -> None:
    """Patch moto's health checks. Sources: botocore's route53 model, the Route 53 guide on health checks."""
    moto_patch.replace(HealthCheck, "health_check_config", lambda _: property(_config))
    moto_patch.replace(Route53, "create_health_check", lambda _: _create_health_check(hooks))
    moto_patch.replace(Route53, "update_health_check", lambda _: _update_health_check(hooks))
    moto_patch.replace(Route53, "delete_health_check", lambda _: _delete_health_check(hooks))
    moto_patch.replace(Route53, "list_health_checks", lambda _: _list_health_checks)
    moto_patch.replace(Route53, "get_health_check_status", lambda _: _observing(lambda: hooks.health_status))
    failures = _observing(lambda: hooks.last_failure_reason)
    moto_patch.add(Route53, "get_health_check_last_failure_reason", failures)
    moto_patch.add(Route53, "get_health_check_count", _get_health_check_count)
    version = r"/(?P<api_version>[\d_-]+)"
    reason = version + r"/healthcheck/(?P<health_check_id>[^/]+)/lastfailurereason$"
    moto_patch.add_url(moto.route53.urls, reason, Route53.dispatch)
    moto_patch.add_url(moto.route53.urls, version + "/healthcheckcount$", Route53.dispatch)
