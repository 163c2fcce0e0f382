"""A whole outside world for unit tests: scripted AWS, SQL, HTTP and DNS, on the loop's own clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import anyio

from drillrunner.clock import Clock, virtual_clock
from drillrunner.errors import CallFailed
from drillrunner.model.call import AwsCall, Call
from drillrunner.model.environment import Environment
from drillrunner.model.noun import JsonValue
from drillrunner.ports import DnsAnswer, DnsFailed, HttpFailed, HttpRequest, HttpResponse, Outside

Handler = Callable[[Call], JsonValue]
Script = Handler | JsonValue | Exception


def refusal(code: str, *, unknown: bool = False) -> CallFailed:
    """What a Caller raises when AWS (or PostgreSQL) answers with that error code."""
    return CallFailed(f"refused with {code}", code=code, unknown=unknown)


def script_key(call: Call) -> str:
    """`lambda:GetFunctionConcurrency` for AWS, `sql:orders-primary` for a database."""
    if isinstance(call, AwsCall):
        return f"{call.service}:{call.operation}"
    return f"sql:{call.database}"


@dataclass
class FakeCaller:
    """Answers each Call by its script: a JSON value, an exception to raise, or a function of the Call.

    `seconds` says how long an operation takes; one that takes longer than the time-out is cut there
    with code `Timeout`. `calls` holds every Call in order, `retried` whether each allowed retries.
    """

    scripts: Mapping[str, Script] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    retried: list[bool] = field(default_factory=list)

    async def call(self, call: Call, *, timeout_seconds: float, retry: bool = True) -> JsonValue:
        self.calls.append(call)
        self.retried.append(retry)
        key = script_key(call)
        await self._take(self.seconds.get(key, 0.0), timeout_seconds)
        assert key in self.scripts, f"no script for {key}"
        script = self.scripts[key]
        if isinstance(script, Exception):
            raise script
        return script(call) if callable(script) else script

    async def _take(self, seconds: float, timeout_seconds: float) -> None:
        await anyio.sleep(min(seconds, timeout_seconds))
        if seconds > timeout_seconds:
            raise refusal("Timeout", unknown=True)

    def named(self, key: str) -> list[Call]:
        """The Calls to one operation, in order."""
        return [call for call in self.calls if script_key(call) == key]


HttpScript = Callable[[HttpRequest], HttpResponse] | HttpResponse | HttpFailed


@dataclass
class FakeHttp:
    """Answers every request by one script; `requests` holds them in order. Slow ones end at the time-out."""

    script: HttpScript = field(default_factory=lambda: HttpResponse(200, {}, b"", {}))
    seconds: float = 0.0
    requests: list[HttpRequest] = field(default_factory=list)

    async def send(self, request: HttpRequest, *, timeout_seconds: float) -> HttpResponse:
        self.requests.append(request)
        await anyio.sleep(min(self.seconds, timeout_seconds))
        if self.seconds > timeout_seconds:
            raise HttpFailed("timeout")
        if isinstance(self.script, HttpFailed):
            raise self.script
        return self.script(request) if callable(self.script) else self.script


@dataclass
class FakeResolver:
    """Answers from `answers` by name; a name that is not there does not exist. `asked` holds the names in order."""

    answers: dict[str, DnsAnswer | DnsFailed] = field(default_factory=dict)
    seconds: float = 0.0
    asked: list[str] = field(default_factory=list)

    async def resolve(
        self, name: str, record_type: Literal["A", "AAAA", "CNAME", "TXT"] = "A", *, timeout_seconds: float
    ) -> DnsAnswer:
        self.asked.append(name)
        await anyio.sleep(min(self.seconds, timeout_seconds))
        if self.seconds > timeout_seconds:
            raise DnsFailed("dns timeout")
        answer = self.answers.get(name, DnsFailed("dns nxdomain"))
        if isinstance(answer, DnsFailed):
            raise answer
        return answer


ENVIRONMENT = Environment(name="test", kind="lab", regions=("us-east-1", "eu-west-1"), account="123456789012")


def fake_outside(
    caller: FakeCaller | None = None,
    *,
    http: FakeHttp | None = None,
    resolver: FakeResolver | None = None,
    environment: Environment = ENVIRONMENT,
    run_id: str = "run-1",
    clock: Clock | None = None,
    seed: int = 0,
) -> Outside:
    """An Outside made of fakes. Call it inside a running loop: its clock is the loop's own."""
    return Outside(
        run_id=run_id,
        environment=environment,
        clock=clock or virtual_clock(),
        caller=caller or FakeCaller(),
        http=http or FakeHttp(),
        resolver=resolver or FakeResolver(),
        random=random.Random(seed),
    )
