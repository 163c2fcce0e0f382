"""A served lab for AwsCaller, and a gate before it that can look at, hold up and rewrite what passes."""

from __future__ import annotations

import json
import re
import threading
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import anyio
import pytest
from pydantic import JsonValue

from database_lab import Lab
from drillrunner.calls.aws import AwsCaller
from drillrunner.clock import Clock
from drillrunner.errors import CallFailed
from drillrunner.model.call import AwsCall
from drillrunner.model.environment import Environment

REGIONS = ("us-east-1", "eu-west-1")


@dataclass
class AwsLab:
    """The lab as the caller's tests use it. Times are real seconds: the caller's clock has the scale 1."""

    lab: Lab

    def environment(self, **changes: Any) -> Environment:
        lab = Environment(name="lab", kind="lab", regions=REGIONS, endpoint_url=self.lab.url)
        return lab.model_copy(update=changes)

    def caller(self, **changes: Any) -> AwsCaller:
        return AwsCaller(self.environment(**changes), Clock())

    def faults(self, *rules: dict[str, Any]) -> None:
        """Replace the fault table. A rule's seconds are drill seconds of a lab that runs fifty times as fast."""
        self._ask("faults", list(rules))

    def calls(self, operation: str) -> list[dict[str, Any]]:
        """Every call of that operation that the lab has answered or left unanswered."""
        return [call for call in self._ask("calls") if call["operation"] == operation]

    def _ask(self, route: str, put: Any = None) -> Any:
        data = None if put is None else json.dumps(put).encode()
        method = "GET" if put is None else "PUT"
        request = urllib.request.Request(f"{self.lab.url}/drill-lab/{route}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


@dataclass
class Gate:
    """The lab's control plane behind another port. `most_at_once` is how many requests were inside together.

    `lives_for` rewrites how long an assumed role's credentials are good.
    """

    inner: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
    url: str = ""
    lives_for: timedelta | None = None
    hold: threading.Event = field(default_factory=threading.Event)
    inside: int = 0
    most_at_once: int = 0
    seen_keys: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._lock:
            self.inside += 1
            self.most_at_once = max(self.most_at_once, self.inside)
            self.seen_keys.append(_access_key(environ))
        try:
            self.hold.wait(10)
            return self._answer(environ, start_response)
        finally:
            with self._lock:
                self.inside -= 1

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.lives_for is None:
            return self.inner(environ, start_response)
        ends = (datetime.now(UTC) + self.lives_for).strftime("%Y-%m-%dT%H:%M:%SZ")
        said: list[tuple[str, list[tuple[str, str]]]] = []

        def keep(status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[[bytes], object]:
            said.append((status, headers))
            return lambda _: None

        body = b"".join(self.inner(environ, keep))
        body = re.sub(rb"<Expiration>.*?</Expiration>", f"<Expiration>{ends}</Expiration>".encode(), body)
        status, headers = said[-1]
        kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start_response(status, [*kept, ("Content-Length", str(len(body)))])
        return [body]


def _access_key(environ: WSGIEnvironment) -> str:
    found = re.search(r"Credential=(\w+)/", environ.get("HTTP_AUTHORIZATION", ""))
    return found.group(1) if found else ""


def ask(caller: AwsCaller, call: AwsCall, within: float = 10.0, retry: bool = True) -> JsonValue:
    """One call, to its end; `within` are seconds."""

    async def run() -> JsonValue:
        return await caller.call(call, timeout_seconds=within, retry=retry)

    answer: JsonValue = anyio.run(run)
    return answer


def failure(caller: AwsCaller, call: AwsCall, within: float = 10.0, retry: bool = True) -> CallFailed:
    """The same where no answer is expected."""
    with pytest.raises(CallFailed) as caught:
        ask(caller, call, within, retry)
    return caught.value
