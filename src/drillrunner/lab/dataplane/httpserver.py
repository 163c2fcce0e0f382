"""The endpoints on real sockets: plain and TLS on one port each, on every region's own loopback address."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import trustme
from aiohttp import web

from drillrunner.errors import LabFailed
from drillrunner.lab.dataplane.endpoints import Endpoints

PORT_TRIES = 20
BODY_LIMIT_BYTES = 6 * 1024 * 1024  # Lambda's limit for a synchronous payload


def tls_context(names: Iterable[str], ca_file: Path) -> ssl.SSLContext:
    """A server context whose certificate covers `names`; its CA's certificate is written to `ca_file`."""
    ca = trustme.CA(organization_name="drillrunner lab")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names).configure_cert(context)
    ca.cert_pem.write_to_path(str(ca_file))
    return context


def bind_same_port(addresses: Sequence[str]) -> list[socket.socket]:
    """Listening sockets on one free port that all addresses have in common. Raises LabFailed."""
    why: OSError | None = None
    for _ in range(PORT_TRIES):
        with contextlib.ExitStack() as opened:
            try:
                sockets = _listen_on_all(addresses, opened)
            except OSError as error:
                why = error
                continue
            opened.pop_all()
            return sockets
    raise LabFailed(
        f"the lab could not listen on {', '.join(addresses)}: {why}",
        advice="Each region has a loopback address of its own. Where 127.0.0.0/8 is not all local (macOS), add them: "
        + "; ".join(f"sudo ifconfig lo0 alias {address}" for address in addresses),
    )


def _listen_on_all(addresses: Sequence[str], opened: contextlib.ExitStack) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    port = 0
    for address in addresses:
        sock = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        # without this a port in TIME_WAIT would count as taken
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(1024)
        sock.setblocking(False)
        port = sock.getsockname()[1]
        sockets.append(sock)
    return sockets


class HttpServers:
    """The endpoints' listeners. `start` binds; `http_port` and `https_port` say where; `close` ends them."""

    def __init__(
        self, endpoints: Endpoints, addresses: Sequence[str], context: ssl.SSLContext, touched: Callable[[], None]
    ) -> None:
        self._endpoints = endpoints
        self._addresses = addresses
        self._context = context
        self._touched = touched
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None))
        self.http_port = 0
        self.https_port = 0

    async def start(self) -> None:
        """Listen. Raises LabFailed."""
        await self._runner.setup()
        self.http_port = await self._listen(None)
        self.https_port = await self._listen(self._context)

    async def _listen(self, context: ssl.SSLContext | None) -> int:
        sockets = bind_same_port(self._addresses)
        for sock in sockets:
            await web.SockSite(self._runner, sock, ssl_context=context, shutdown_timeout=0.2).start()
        port: int = sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._touched()
        address = request.transport.get_extra_info("sockname")[0] if request.transport else ""
        body = await request.content.read(BODY_LIMIT_BYTES) if request.can_read_body else b""
        told = await self._endpoints.handle(
            address, request.host, request.method, request.path, dict(request.headers), body
        )
        return web.Response(status=told.status, headers=dict(told.headers), body=told.body)
