"""The outside world of the workers' watchers and probes: loopback alone, and no rate limit for AWS calls."""

from __future__ import annotations

import random

from drillrunner.calls.aws import AwsCaller
from drillrunner.calls.dns import DnsResolver
from drillrunner.calls.open import EnvironmentCaller
from drillrunner.calls.rate_limit import RateLimits
from drillrunner.calls.sql import SqlCaller
from drillrunner.clock import Clock
from drillrunner.engine.plan import build_probe
from drillrunner.engine.watch import Sink, Watcher
from drillrunner.model.call import Change
from drillrunner.model.drill import ProbeSpec
from drillrunner.model.environment import Environment
from drillrunner.ports import HttpClient, Outside

NO_LIMIT_PER_SECOND = 1_000_000.0


def unlimited_caller(environment: Environment, clock: Clock) -> AwsCaller:
    """Our executor of AWS calls, for an endpoint that has no limit of its own."""
    return AwsCaller(environment, clock, RateLimits(clock, {}, NO_LIMIT_PER_SECOND))


def loopback(url: str | None = None) -> Environment:
    return Environment(name="loopback", kind="aws", regions=("us-east-1",), endpoint_url=url)


def outside_of(environment: Environment, clock: Clock, http: HttpClient, run_id: str = "bench") -> Outside:
    """What a run is handed, as calls/open.py makes it, but for the rate limit and the check of the account."""
    caller = EnvironmentCaller(unlimited_caller(environment, clock), SqlCaller({}, clock))
    return Outside(run_id, environment, clock, caller, http, DnsResolver(clock, None), random.Random(1))


def http_spec(name: str, url: str, every_seconds: float, timeout_seconds: float) -> ProbeSpec:
    return ProbeSpec(
        name=name,
        kind="http.get",
        params={"url": url, "expect": {"status": 200}},
        every_seconds=every_seconds,
        timeout_seconds=timeout_seconds,
    )


def watcher_of(spec: ProbeSpec, outside: Outside, sink: Sink, offset_seconds: float = 0.0) -> Watcher:
    return Watcher(spec, build_probe("probe", spec.kind, spec.params), outside, sink, offset_seconds=offset_seconds)


async def reserves_nothing(_probe: str, _kind: str, _change: Change) -> None:
    """HTTP probes write nothing."""
