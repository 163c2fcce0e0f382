"""One HTTP request on a connection of its own: never retried, never redirected, cut when its time is up.

Everything that a user's first request would meet (connect, TLS, the wait for the first byte) is met
by every request here, because a kept-alive connection would hide an outage of what is in front of it.
"""

from __future__ import annotations

import contextvars
import errno
import ssl
from collections.abc import Mapping
from types import SimpleNamespace

import aiohttp
import anyio
from multidict import CIMultiDict
from yarl import URL

from drillrunner.clock import Clock
from drillrunner.errors import InvalidInput
from drillrunner.ports import HttpFailed, HttpRequest, HttpResponse

_NOT_ASKED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
_RESET = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}
_CUT_BODY = "Response payload is not completed"
_HEADERS = {"User-Agent": "drillrunner", "Accept": "*/*"}


class _Phases:
    """Where the drill seconds of one request went; each part ends where the next begins."""

    __slots__ = ("_clock", "_connections", "_name", "_since", "seconds")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._connections = 0
        self._name = "connect"
        self._since = clock.monotonic()
        self.seconds: dict[str, float] = {}

    def begin_connection(self) -> None:
        """aiohttp asks a second time where a connection ends before its answer (GET, and others that may repeat)."""
        self._connections += 1
        if self._connections > 1:
            raise HttpFailed("reset", "the connection ended before the answer", self.end())

    def enter(self, name: str) -> None:
        now = self._clock.monotonic()
        self.seconds[self._name] = self.seconds.get(self._name, 0.0) + now - self._since
        self._name, self._since = name, now

    def end(self) -> dict[str, float]:
        self.enter(self._name)
        return self.seconds


_current: contextvars.ContextVar[_Phases] = contextvars.ContextVar("drillrunner_http_phases")


class _TimedContext(ssl.SSLContext):
    """asyncio calls `wrap_bio` when TCP is connected and the handshake begins, which aiohttp tells nobody."""

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        _current.get().enter("tls")
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    context = _TimedContext(ssl.PROTOCOL_TLS_CLIENT)
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


async def _begin_connection(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.begin_connection()


async def _enter_first_byte(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.enter("first_byte")


async def _enter_dns(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.enter("dns")


async def _enter_connect(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.enter("connect")


def _tracing() -> aiohttp.TraceConfig:
    config = aiohttp.TraceConfig()
    config.on_connection_create_start.append(_begin_connection)
    config.on_connection_create_end.append(_enter_first_byte)
    config.on_dns_resolvehost_start.append(_enter_dns)
    config.on_dns_resolvehost_end.append(_enter_connect)
    return config


def why_os_error(error: OSError) -> str:
    """The stable code for what the operating system said about a connection."""
    if isinstance(error, ConnectionRefusedError):
        return "connect refused"
    if error.errno in _RESET or isinstance(error, ConnectionResetError | BrokenPipeError):
        return "reset"
    if error.errno == errno.ETIMEDOUT:
        return "timeout"
    if error.errno in _NOT_ASKED:
        return "not asked"
    return "connect failed"


def why_client_error(error: aiohttp.ClientError) -> str:
    """The stable code for one of aiohttp's exceptions."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "tls failed"
        case aiohttp.ClientConnectorError():
            return why_os_error(error.os_error)
        case aiohttp.ServerDisconnectedError():
            return "reset"
        case aiohttp.ClientPayloadError():
            return "reset" if str(error).startswith(_CUT_BODY) else "protocol error"
        case OSError():
            return why_os_error(error)
        case _:
            return "protocol error"


class AiohttpClient:
    """An HttpClient on real sockets.

    `port_map` maps the ports that URLs name (80 and 443 where they name none) to the ports that
    answer. `ca_file` is trusted besides the system's authorities; a file that cannot be used raises
    InvalidInput. No proxy, no cookie and no .netrc is taken from the process's surroundings.
    """

    def __init__(self, clock: Clock, port_map: Mapping[int, int] | None = None, ca_file: str | None = None) -> None:
        self._clock = clock
        self._port_map = dict(port_map or {})
        self._tls = _trusting(ca_file)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> AiohttpClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close whatever is still open; a later request opens anew."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, request: HttpRequest, *, timeout_seconds: float) -> HttpResponse:
        """One request on a fresh connection, never retried. `timeout_seconds` are drill seconds from now.

        The body is cut at `request.body_limit_bytes`, and then counts as complete. Raises HttpFailed
        with one of its codes; `not asked` when this machine lacked the sockets or ports to ask.
        """
        phases = _Phases(self._clock)
        began = self._clock.monotonic()
        _current.set(phases)
        try:
            with anyio.fail_after(self._clock.real(timeout_seconds)):
                status, headers, body = await self._exchange(request, phases)
        except TimeoutError as error:
            raise HttpFailed("timeout", f"after {timeout_seconds:g} s", phases.end()) from error
        except aiohttp.ClientError as error:
            raise HttpFailed(why_client_error(error), str(error), phases.end()) from error
        except OSError as error:
            raise HttpFailed(why_os_error(error), str(error), phases.end()) from error
        except ValueError as error:  # a URL or header that cannot be sent
            raise HttpFailed("protocol error", str(error), phases.end()) from error
        if self._clock.monotonic() - began > timeout_seconds:  # answered, but only after the time was up
            raise HttpFailed("timeout", f"after {timeout_seconds:g} s", phases.end())
        return HttpResponse(status, headers, body, phases.end())

    async def _exchange(self, request: HttpRequest, phases: _Phases) -> tuple[int, Mapping[str, str], bytes]:
        url = URL(request.url)
        async with self._open().request(
            request.method,
            self._target(url, request.address),
            headers=_headers(url, request.headers),
            data=request.body,
            server_hostname=url.raw_host if url.scheme == "https" else None,
            allow_redirects=False,
            trace_request_ctx=phases,
        ) as response:
            phases.enter("body")
            return response.status, response.headers, await _read(response, request.body_limit_bytes)

    def _target(self, url: URL, address: str | None) -> URL:
        port = url.port or 0
        mapped = url.with_port(self._port_map.get(port, port))
        return mapped if address is None else mapped.with_host(address)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0, force_close=True, use_dns_cache=False, ssl=self._tls, resolver=aiohttp.ThreadedResolver()
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                trace_configs=[_tracing()],
                skip_auto_headers=("Accept-Encoding",),
            )
        return self._session


def _headers(url: URL, wanted: Mapping[str, str]) -> CIMultiDict[str]:
    """The given headers stand in place of ours, however their names are written."""
    host = url.host_subcomponent or ""
    headers = CIMultiDict({**_HEADERS, "Host": host if url.is_default_port() else f"{host}:{url.port}"})
    headers.update(wanted)
    return headers


async def _read(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    body = bytearray()
    while len(body) < limit_bytes:
        chunk = await response.content.readany()
        if not chunk:
            return bytes(body)
        body += chunk
    response.close()  # what follows is not wanted
    return bytes(body[:limit_bytes])
