"""One HTTP request on a connection of its own: never retried, never redirected, cut when its time is up.

Everything that a user's first request would meet (connect, TLS, the wait for the first byte) is met
by every request here, because a kept-alive connection would hide an outage of what is in front of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from multidict import CIMultiDict
from yarl import URL

from drillrunner.calls.http_exchange import Exchange, Reply, request_bytes
from drillrunner.clock import Clock
from drillrunner.errors import InvalidInput
from drillrunner.ports import HttpFailed, HttpRequest, HttpResponse

_NOT_ASKED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
_RESET = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}
_HEADERS = {"User-Agent": "drillrunner", "Accept": "*/*", "Connection": "close"}
_WITH_A_BODY = {"POST", "PUT", "PATCH"}
_TARGETS_KEPT = 1024


class _Phases:
    """Where the drill seconds of one request went; each part ends where the next begins."""

    __slots__ = ("_clock", "_name", "_since", "seconds")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._name = "connect"
        self._since = clock.monotonic()
        self.seconds: dict[str, float] = {}

    def enter(self, name: str) -> None:
        now = self._clock.monotonic()
        self.seconds[self._name] = self.seconds.get(self._name, 0.0) + now - self._since
        self._name, self._since = name, now

    def end(self) -> dict[str, float]:
        self.enter(self._name)
        return self.seconds


@dataclass(frozen=True, slots=True)
class _Target:
    """A URL as a request needs it."""

    host: str
    port: int
    secure: bool
    host_header: str
    path: str


@functools.lru_cache(maxsize=_TARGETS_KEPT)
def _target(text: str) -> _Target:
    url = URL(text)
    if url.scheme not in ("http", "https") or url.raw_host is None or url.port is None:
        raise ValueError(f"{text!r} is not an http:// or https:// address")
    host = url.host_subcomponent or ""
    named = host if url.is_default_port() else f"{host}:{url.port}"
    return _Target(url.raw_host, url.port, url.scheme == "https", named, url.raw_path_qs)


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise InvalidInput(
                f"the CA file cannot be used: {error.strerror or error}",
                where=ca_file,
                advice="ca_file of the environment must name a readable PEM file",
            ) from error
    return context


def why_os_error(error: OSError) -> str:
    """The stable code for what the operating system, or TLS, said about a connection."""
    if isinstance(error, ConnectionRefusedError):
        return "connect refused"
    if error.errno in _RESET or isinstance(error, ConnectionResetError | BrokenPipeError | ssl.SSLEOFError):
        return "reset"
    if isinstance(error, ssl.SSLError):
        return "tls failed"
    if error.errno == errno.ETIMEDOUT:
        return "timeout"
    if error.errno in _NOT_ASKED:
        return "not asked"
    return "connect failed"


class SocketHttpClient:
    """An HttpClient on real sockets.

    `port_map` maps the ports that URLs name (80 and 443 where they name none) to the ports that
    answer. `ca_file` is trusted besides the system's authorities; a file that cannot be used raises
    InvalidInput. No proxy, no cookie and no .netrc is taken from the process's surroundings.
    """

    def __init__(self, clock: Clock, port_map: Mapping[int, int] | None = None, ca_file: str | None = None) -> None:
        self._clock = clock
        self._port_map = dict(port_map or {})
        self._tls = _trusting(ca_file)

    async def send(self, request: HttpRequest, *, timeout_seconds: float) -> HttpResponse:
        """One request on a fresh connection, never retried. `timeout_seconds` are drill seconds from now.

        The body is cut at `request.body_limit_bytes`, and then counts as complete. Raises HttpFailed
        with one of its codes; `not asked` when this machine lacked the sockets or ports to ask.
        """
        phases = _Phases(self._clock)
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._clock.real(timeout_seconds)):
                reply = await self._exchange(request, phases)
        except TimeoutError as error:
            raise HttpFailed("timeout", f"after {timeout_seconds:g} s", phases.end()) from error
        except HttpFailed as failure:
            failure.phases.update(phases.end())
            raise
        except OSError as error:
            raise HttpFailed(why_os_error(error), str(error), phases.end()) from error
        except ValueError as error:  # a URL or header that cannot be sent
            raise HttpFailed("protocol error", str(error), phases.end()) from error
        if self._clock.monotonic() - began > timeout_seconds:  # answered, but only after the time was up
            raise HttpFailed("timeout", f"after {timeout_seconds:g} s", phases.end())
        return HttpResponse(reply.status, reply.headers, reply.body, phases.end())

    async def _exchange(self, request: HttpRequest, phases: _Phases) -> Reply:
        target = _target(request.url)
        wire = request_bytes(request.method, target.path, _headers(target, request), request.body)
        exchange = Exchange(wire, request.method, request.body_limit_bytes, phases.enter)
        port = self._port_map.get(target.port, target.port)
        connected = await _connected(request.address or target.host, port, phases)
        try:
            await self._speak(connected, target, exchange, phases)
            return await exchange.reply
        finally:
            exchange.end()

    async def _speak(self, connected: socket.socket, target: _Target, exchange: Exchange, phases: _Phases) -> None:
        """Hand the connection to the exchange; over TLS, when the name of the URL (not its address) is proven."""
        phases.enter("tls" if target.secure else "first_byte")
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: exchange,
                sock=connected,
                ssl=self._tls if target.secure else None,
                server_hostname=target.host if target.secure else None,
            )
        except BaseException:
            connected.close()
            raise
        if target.secure:
            phases.enter("first_byte")


async def _connected(host: str, port: int, phases: _Phases) -> socket.socket:
    """A connection to the first address that takes one; what the last one said is raised when none does."""
    *others, last = await _addresses(host, port, phases)
    for address in others:
        with contextlib.suppress(OSError):
            return await _connect(*address)
    return await _connect(*last)


async def _connect(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    asked = socket.socket(family, socket.SOCK_STREAM)
    try:
        asked.setblocking(False)
        await asyncio.get_running_loop().sock_connect(asked, address)
    except BaseException:
        asked.close()
        raise
    return asked


async def _addresses(host: str, port: int, phases: _Phases) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    family = _family(host)
    if family is not None:
        return [(family, (host, port))]
    phases.enter("dns")
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    phases.enter("connect")
    return [(row[0], (str(row[4][0]), port)) for row in found]


@functools.lru_cache(maxsize=_TARGETS_KEPT)
def _family(host: str) -> socket.AddressFamily | None:
    """The family of an address that is written out; None for a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            socket.inet_pton(family, host)
            return family
    return None


def _headers(target: _Target, request: HttpRequest) -> CIMultiDict[str]:
    """The given headers stand in place of ours, however their names are written."""
    headers = CIMultiDict({"Host": target.host_header, **_HEADERS})
    if request.body is not None or request.method in _WITH_A_BODY:
        headers["Content-Length"] = str(len(request.body or b""))
    if request.body is not None:
        headers["Content-Type"] = "application/octet-stream"
    headers.update(request.headers)
    return headers
