"""The outside world of a rehearsal: the lab's handlers behind the interfaces of production, no socket and no thread."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import anyio
from pydantic import JsonValue

from drillrunner.calls.aws import AwsCaller, Work
from drillrunner.errors import CallFailed
from drillrunner.lab.compose import Lab
from drillrunner.lab.control.in_process import Shortcut, client
from drillrunner.lab.control.route53.shortcut import health_checks_shortcut
from drillrunner.lab.databases.dynamodb.shortcut import items_shortcut
from drillrunner.lab.dataplane.resolver import RecursiveResolver
from drillrunner.model.call import AwsCall, Call
from drillrunner.model.environment import Environment
from drillrunner.ports import DnsAnswer, DnsFailed, HttpFailed, HttpRequest, HttpResponse, Outside
from drillrunner.rehearsal.chances import (
    API_MEDIAN_SECONDS,
    API_P99_SECONDS,
    API_THROTTLED_SHARE,
    Chances,
    log_normal,
)


class InProcessAws:
    """Calls answered by the lab in this process, one after the other, after a latency that is drawn."""

    def __init__(self, lab: Lab, environment: Environment, dice: random.Random) -> None:
        self._lab = lab
        self._clock = lab.world.clock
        self._dice = dice
        self._caller = AwsCaller(
            environment, self._clock, rng=dice, build_client=self._client, carry=self._after_a_while
        )

    async def call(self, call: Call, *, timeout_seconds: float, retry: bool = True) -> JsonValue:
        """See ports.Caller. SQL needs a real database, and real time: raises CallFailed."""
        if not isinstance(call, AwsCall):
            raise CallFailed(
                "a rehearsal on virtual time has no database that speaks SQL",
                code="Unsupported",
                unknown=False,
                where=call.describe(),
                advice="practise this drill in its lab: drill run",
            )
        return await self._caller.call(call, timeout_seconds=timeout_seconds, retry=retry)

    def _client(self, service: str, region: str, read_seconds: float) -> Any:
        return client(self._lab.control.answer, service, region, self._shortcut(service, region))

    def _shortcut(self, service: str, region: str) -> Shortcut | None:
        """Of what probes ask for all the time; whatever else there is goes through moto's handlers."""
        if service == "dynamodb":
            return items_shortcut(self._lab.world, region)
        if service == "route53":
            return health_checks_shortcut(self._lab.world, self._lab.control.hooks, region)
        return None

    async def _after_a_while(self, work: Work, threads: anyio.CapacityLimiter) -> JsonValue:
        async with threads:
            await self._clock.sleep(log_normal(self._dice, API_MEDIAN_SECONDS, API_P99_SECONDS))
            if self._dice.random() < API_THROTTLED_SHARE:
                raise CallFailed("ThrottlingException: Rate exceeded", code="ThrottlingException", unknown=False)
            return work()


class InProcessHttp:
    """Requests answered by the lab's endpoints."""

    def __init__(self, lab: Lab) -> None:
        self._endpoints = lab.plane.endpoints
        self._clock = lab.world.clock

    async def send(self, request: HttpRequest, *, timeout_seconds: float) -> HttpResponse:
        """See ports.HttpClient."""
        url = urlsplit(request.url)
        began = self._clock.monotonic()
        try:
            with anyio.fail_after(self._clock.real(timeout_seconds)):
                told = await self._endpoints.handle(
                    request.address or url.hostname or "",
                    url.hostname or "",
                    request.method,
                    url.path or "/",
                    request.headers,
                    request.body or b"",
                )
        except ConnectionRefusedError as error:
            raise HttpFailed("connect refused") from error
        except TimeoutError as error:
            raise HttpFailed("timeout", phases={"first_byte": self._clock.monotonic() - began}) from error
        phases = {"first_byte": self._clock.monotonic() - began}
        return HttpResponse(told.status, _lowered(told.headers), told.body[: request.body_limit_bytes], phases)


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class InProcessResolver:
    """Questions answered by the lab's recursive resolver."""

    def __init__(self, resolver: RecursiveResolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, name: str, record_type: Literal["A", "AAAA", "CNAME", "TXT"] = "A", *, timeout_seconds: float
    ) -> DnsAnswer:
        """See ports.Resolver."""
        told = self._resolver.answer(name, record_type, recursive=True)
        if not told.exists:
            raise DnsFailed("dns nxdomain")
        if not told.rrsets or told.rrsets[-1].type != record_type:
            raise DnsFailed("dns no answer")
        return DnsAnswer(tuple(told.rrsets[-1].values), min(float(rrset.ttl_seconds) for rrset in told.rrsets))


def outside_of(lab: Lab, environment: Environment, chances: Chances, run_id: str) -> Outside:
    """The lab as the engine meets the world."""
    seed = lab.world.seed
    return Outside(
        run_id=run_id,
        environment=environment,
        clock=lab.world.clock,
        caller=InProcessAws(lab, environment, random.Random(f"{seed}/api")),
        http=InProcessHttp(lab),
        resolver=InProcessResolver(RecursiveResolver(lab.world, lab.plane.dns, chances.resolver_seconds)),
        random=random.Random(seed),
    )
