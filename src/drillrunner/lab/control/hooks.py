"""What the control plane asks of the data plane. Every hook has a default that is true of a lab without one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Observation:
    """One checker's last look at an endpoint; botocore shape HealthCheckObservation (route53)."""

    region: str
    ip_address: str
    status: str
    checked: datetime


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """What TestDNSAnswer reports: the response code (`NOERROR`, `NXDOMAIN` …) and the record data."""

    response_code: str
    values: tuple[str, ...]


def _no_observations(health_check_id: str) -> Sequence[Observation]:
    """No checker runs, so none has seen anything."""
    return ()


def _answer_null(region: str, function_name: str, payload: bytes) -> tuple[int, bytes]:
    """Nothing executes, so the function returns nothing."""
    return 200, b"null"


def _ignore_names(names: tuple[str, ...]) -> None:
    """Nobody answers DNS, so nobody needs to know."""


@dataclass(slots=True)
class Hooks:
    """Filled in by the data plane, before or after `install`.

    `invoke_handler(region, function_name, payload)` gives (status, answer): 200 is the function's
    result, 429 a throttle for want of concurrency, anything else a function error. It is called on
    a server thread without the world's lock. All others are called while `world.lock` is held, so
    they must not wait. `test_dns_answer(name, record_type, resolver_ip)`, where the address may be empty;
    without it TestDNSAnswer is answered 501. `on_record_change` gets the names (lower case, final dot)
    whose record sets changed; `on_health_check_change` the id that was created, updated or deleted.
    """

    invoke_handler: Callable[[str, str, bytes], tuple[int, bytes]] = _answer_null
    health_status: Callable[[str], Sequence[Observation]] = _no_observations
    last_failure_reason: Callable[[str], Sequence[Observation]] = _no_observations
    test_dns_answer: Callable[[str, str, str], DnsAnswer] | None = None
    on_record_change: Callable[[tuple[str, ...]], None] = _ignore_names
    on_health_check_change: Callable[[str], None] = field(default=lambda health_check_id: None)
    account_concurrency: int = 1000
    insync_seconds: float = 2.0
