"""The probe that asks over HTTP what a user's first request would: name, connection, TLS, answer."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator

from drillrunner.model.call import Call
from drillrunner.model.duration import DURATION_PATTERN, parse_duration
from drillrunner.model.reading import Answer
from drillrunner.ports import DnsFailed, HttpFailed, HttpRequest, HttpResponse, Outside
from drillrunner.registry import Params, probe


def _a_duration(text: str) -> str:
    parse_duration(text)
    return text


def _a_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f'"{text}" is not a regular expression: {error}') from error
    return text


def _a_cache(text: str) -> str:
    return text if text in ("ttl", "none") else _a_duration(text)


Status = Annotated[int, Field(ge=100, le=599)]


class HttpExpectation(Params):
    """What a good answer looks like; everything that is given must hold."""

    status: Status | list[Status] = Field(default=200, description="The status, or those that count as good.")
    body: str | None = Field(default=None, description="Text that the body's first 64 KB hold.")
    body_matches: Annotated[str, AfterValidator(_a_pattern)] | None = Field(
        default=None, description="A regular expression (Python's) that is found in the body's first 64 KB."
    )
    headers: dict[str, str] = Field(default_factory=dict, description="Headers and their exact values.")
    latency: Annotated[str, AfterValidator(_a_duration)] | None = Field(
        default=None,
        description='The longest that DNS, connection and answer may take together, like "500ms".',
        json_schema_extra={"pattern": f"^{DURATION_PATTERN}$"},
    )


class HttpGetParams(Params):
    """Parameters of `http.get`."""

    url: str = Field(description="http:// or https:// address to ask.")
    expect: HttpExpectation = Field(default_factory=HttpExpectation, description="What a good answer looks like.")
    headers: dict[str, str] = Field(default_factory=dict, description="Headers to send.")
    dns_cache: Annotated[str, AfterValidator(_a_cache)] = Field(
        default="ttl",
        description='How long a resolved address is used: "ttl" as its record says (as most clients do), '
        '"none" asks at every poll, a duration ("30s") for clients that keep to their own.',
        json_schema_extra={"pattern": f"^(?:ttl|none|{DURATION_PATTERN})$"},
    )
    region_header: str = Field(default="x-served-by-region", description="Response header that names the region.")

    @field_validator("url")
    @classmethod
    def _reachable(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f'"{url}" is not an http:// or https:// address')
        _ = parts.port  # raises ValueError when it is no port
        return url


@dataclass(frozen=True, slots=True)
class _Address:
    """An address, and the drill-clock moment until which it may be used without asking again."""

    text: str
    usable_until: float


class HttpGet:
    """Ask a URL once per poll, on a connection of its own, following no redirect.

    The host is resolved through the environment's resolver, with a cache of the probe's own
    (`dns_cache`), because how long clients keep to a dead address is part of an outage. When the
    cache has run out and the name cannot be resolved, the poll fails: a stale address is not used.
    Of several addresses the first is taken, as a client takes the first of a rotated list.

    The value is the whole latency in milliseconds (drill time). A failure's reason is `status 503`,
    `body`, `header NAME`, `slow`, or one of the client's and the resolver's (`timeout`, `connect
    refused`, `tls failed`, `dns servfail` …). The region is what `region_header` says.
    """

    def __init__(self, params: HttpGetParams) -> None:
        self._params = params
        self._host = urlsplit(params.url).hostname or ""
        self._literal = _is_address(self._host)
        self._cached: _Address | None = None

    def calls(self) -> Sequence[Call]:
        return ()

    async def poll(self, outside: Outside, seq: int, timeout_seconds: float) -> Answer:
        began = outside.clock.monotonic()
        phases: dict[str, float] = {}
        try:
            address = await self._address(outside, timeout_seconds, phases)
            left_seconds = timeout_seconds - (outside.clock.monotonic() - began)
            if left_seconds <= 0:
                return Answer(ok=False, why="timeout", phases=phases)
            request = HttpRequest(self._params.url, headers=self._params.headers, address=address)
            response = await outside.http.send(request, timeout_seconds=left_seconds)
        except DnsFailed as failure:
            return Answer(ok=False, why=failure.why, phases=phases)
        except HttpFailed as failure:
            ok = None if failure.why == "not asked" else False
            return Answer(ok=ok, why=failure.why, phases={**phases, **failure.phases})
        seconds = outside.clock.monotonic() - began
        why = disappointment(self._params.expect, response, seconds)
        region = _header(response, self._params.region_header)
        return Answer(why is None, seconds * 1000, why, region, {**phases, **response.phases})

    async def _address(self, outside: Outside, timeout_seconds: float, phases: dict[str, float]) -> str | None:
        """The address to connect to; None leaves a literal one to the client. Adds the `dns` phase."""
        if self._literal:
            return None
        began = outside.clock.monotonic()
        if self._cached is not None and began < self._cached.usable_until:
            return self._cached.text
        self._cached = None
        try:
            answer = await outside.resolver.resolve(self._host, "A", timeout_seconds=timeout_seconds)
        finally:
            phases["dns"] = outside.clock.monotonic() - began
        # counted from the question: the answer was true before it arrived, so it is never kept too long
        usable_until = began + self._cache_seconds(answer.ttl_seconds)
        self._cached = _Address(answer.values[0], usable_until)
        return self._cached.text

    def _cache_seconds(self, ttl_seconds: float) -> float:
        match self._params.dns_cache:
            case "ttl":
                return ttl_seconds
            case "none":
                return 0.0
            case duration:
                return parse_duration(duration)


@probe("http.get", params=HttpGetParams)
def http_get(params: HttpGetParams) -> HttpGet:
    """Ask a URL, and compare status, headers, body and latency with what is expected.

    Resolves the host itself and caches as a client would (`dns_cache`). Value: latency in milliseconds.
    """
    return HttpGet(params)


def disappointment(expect: HttpExpectation, response: HttpResponse, seconds: float) -> str | None:
    """Why the answer is not what was expected, as a short stable code; None when it is."""
    wanted = expect.status if isinstance(expect.status, list) else [expect.status]
    if response.status not in wanted:
        return f"status {response.status}"
    for name, value in expect.headers.items():
        if _header(response, name) != value:
            return f"header {name.lower()}"
    if not _body_holds(expect, response.body):
        return "body"
    if expect.latency is not None and seconds > parse_duration(expect.latency):
        return "slow"
    return None


def _body_holds(expect: HttpExpectation, body: bytes) -> bool:
    if expect.body is None and expect.body_matches is None:
        return True
    text = body.decode("utf-8", "replace")
    if expect.body is not None and expect.body not in text:
        return False
    return expect.body_matches is None or re.search(expect.body_matches, text) is not None


def _header(response: HttpResponse, name: str) -> str | None:
    wanted = name.lower()
    return next((value for key, value in response.headers.items() if key.lower() == wanted), None)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
