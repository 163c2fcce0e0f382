"""Health checks without XML: a probe asks for two answers at each look, and a rehearsal pays for each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from moto.route53.models import route53_backends

from drillrunner.lab.control.hooks import Hooks, Observation
from drillrunner.lab.control.in_process import Shortcut
from drillrunner.lab.control.route53.health_checks import has_observations
from drillrunner.lab.world import ACCOUNT, World

_PATH = re.compile(r"/2013-04-01/healthcheck/(?P<check_id>[^/?]+)(/status)?")


def health_checks_shortcut(world: World, hooks: Hooks, region: str) -> Shortcut:
    """GetHealthCheck and GetHealthCheckStatus, as the handlers answer them, with the same truth event.

    Whatever AWS would refuse (a check that is not there, the status of a calculated one) takes the long way.
    """
    backend = route53_backends[ACCOUNT]["aws"]

    def answer(operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        if operation not in {"GetHealthCheck", "GetHealthCheckStatus"}:
            return None
        asked = _PATH.fullmatch(request["url_path"])
        with world.lock:
            check = backend.health_checks.get(asked["check_id"]) if asked else None
            if check is None or (operation == "GetHealthCheckStatus" and not has_observations(check)):
                return None
            found = _check(check) if operation == "GetHealthCheck" else _status(hooks, check.id)
            world.truth.add("api.called", f"route53:{operation}", region=region, status=200)
            return found

    return answer


def _check(check: Any) -> dict[str, Any]:
    shape = {
        "Id": check.id,
        "CallerReference": check.caller_reference,
        "HealthCheckConfig": check.health_check_config,
        "HealthCheckVersion": check.health_check_version,
    }
    return {"HealthCheck": shape}


def _status(hooks: Hooks, check_id: str) -> dict[str, Any]:
    return {"HealthCheckObservations": [_observation(seen) for seen in hooks.health_status(check_id)]}


def _observation(seen: Observation) -> dict[str, Any]:
    report = {"Status": seen.status, "CheckedTime": seen.checked.astimezone(UTC)}
    return {"Region": seen.region, "IPAddress": seen.ip_address, "StatusReport": report}
