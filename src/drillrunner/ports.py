"""What the outside world looks like from inside: the interfaces that `calls/` implements and tests fake.

Engine and services know these and nothing of boto3, aiohttp or psycopg. All times are drill seconds.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from drillrunner.clock import Clock
from drillrunner.model.call import Call, Change
from drillrunner.model.environment import Environment
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer, Survivors


class Caller(Protocol):
    """Performs Calls against the environment."""

    async def call(self, call: Call, *, timeout_seconds: float, retry: bool = True) -> JsonValue:
        """The operation's answer as JSON (no ResponseMetadata; timestamps as ISO text, bytes as UTF-8 text).

        With `retry`, what was certainly not begun (throttling, no connection) is tried again within the
        time-out, and reads are after any passing fault; probes pass False. Raises CallFailed, with
        `unknown` true when the call may have taken effect.
        """
        ...


@dataclass(frozen=True, slots=True)
class HttpRequest:
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    # where to connect, when the caller resolved the name itself
    address: str | None = None
    body_limit_bytes: int = 65_536


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """`phases` are drill seconds spent in connect, tls, first_byte, body (those that occurred)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    phases: Mapping[str, float]


class HttpFailed(Exception):
    """No complete answer. `why` is a short stable code: `timeout`, `connect refused`, `connect failed`,
    `tls failed`, `reset`, `protocol error`; `not asked` when this machine could not even ask (no free
    socket or port), which proves nothing. `phases` as far as it came."""

    def __init__(self, why: str, detail: str = "", phases: Mapping[str, float] | None = None) -> None:
        super().__init__(f"{why}: {detail}" if detail else why)
        self.why = why
        self.phases = dict(phases or {})


class HttpClient(Protocol):
    async def send(self, request: HttpRequest, *, timeout_seconds: float) -> HttpResponse:
        """One request on a fresh connection, never retried. Raises HttpFailed."""
        ...


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """`values` are the texts of the answer's last RRset (addresses, or targets of a CNAME)."""

    values: tuple[str, ...]
    ttl_seconds: float


class DnsFailed(Exception):
    """No answer. `why`: `dns timeout`, `dns nxdomain`, `dns servfail`, `dns no answer`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Resolver(Protocol):
    async def resolve(
        self, name: str, record_type: Literal["A", "AAAA", "CNAME", "TXT"] = "A", *, timeout_seconds: float
    ) -> DnsAnswer:
        """Ask the environment's resolver once, without any cache. Raises DnsFailed."""
        ...


@dataclass(frozen=True, slots=True)
class Outside:
    """What a fault's capture, a step or a probe may reach. `run_id` names what they create."""

    run_id: str
    environment: Environment
    clock: Clock
    caller: Caller
    http: HttpClient
    resolver: Resolver
    random: random.Random

    async def read(self, call: Call, *, timeout_seconds: float = 30.0) -> JsonValue:
        """Read through the control plane, retried as AWS advises. Not for probes."""
        return await self.caller.call(call, timeout_seconds=timeout_seconds)

    async def ask(self, call: Call, *, timeout_seconds: float) -> JsonValue:
        """Put one question once: for probes, which never retry within a poll."""
        return await self.caller.call(call, timeout_seconds=timeout_seconds, retry=False)


class Probe(Protocol):
    """One question asked again and again. One object serves one probe of one run, so it may keep a cache."""

    def calls(self) -> Sequence[Call]:
        """The Calls that a poll makes, with placeholder values where they vary: for plan and permissions."""
        ...

    async def poll(self, outside: Outside, seq: int, timeout_seconds: float) -> Answer:
        """Ask once. Never raises for what the world does: a failure is an Answer with a reason."""
        ...


@runtime_checkable
class WritingProbe(Probe, Protocol):
    """A probe whose polls write something (a record, a heartbeat) that must be removed again."""

    def extent(self, outside: Outside, first: int, last: int) -> Change:
        """The Change that must be on disk before polls first..last write.

        Its `apply` makes what they need (a table, the first time), its `revert` removes what they wrote.
        Extents that remove different things must name different targets.
        """
        ...


@runtime_checkable
class LedgerProbe(WritingProbe, Protocol):
    """A probe that writes numbered records (`seq`) and can read back which survived."""

    async def survivors(self, outside: Outside, first: int, last: int) -> Survivors:
        """Read records first..last from where users would read after the failover. Raises CallFailed."""
        ...
