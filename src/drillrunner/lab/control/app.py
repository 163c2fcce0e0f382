"""The lab's control plane as a WSGI application: moto, patched, behind one lock, with faults, truth and its own routes.

How another patch module joins: give it a function `install(world)` that calls `moto_patch.replace`,
`moto_patch.add` and `moto_patch.add_url` on moto's Response and model classes, and call it after
`install(world, hooks)` and before the first request. Its handlers run under `world.lock`, one at a
time; one that has to wait is named by `moto_patch.outside_lock(service, operation)` and takes the
lock itself. An operation whose handler raises NotImplementedError answers 501.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from drillrunner.errors import LabFailed
from drillrunner.lab.control import admin, lambda_, moto_patch, route53, snapshot
from drillrunner.lab.control.aws_request import AwsRequest, Dropped, Environ, Reply, error_reply, identify
from drillrunner.lab.control.dispatch import buffer_body, dispatcher, handle, patch_method_lookup
from drillrunner.lab.control.faults import FaultTable
from drillrunner.lab.control.hooks import Hooks
from drillrunner.lab.world import World

SERVER_THREADS = 48  # a held connection keeps its thread
CONNECTIONS = 1000  # each boto3 client keeps some open


@dataclass(slots=True)
class ControlPlane:
    """A WSGI callable. `sleep` takes real seconds; `last_request_at` is `time.monotonic()` of the last request."""

    world: World
    hooks: Hooks
    faults: FaultTable
    sleep: Callable[[float], None] = time.sleep
    routes: admin.AdminRoutes = field(default_factory=admin.AdminRoutes)
    last_request_at: float = field(default_factory=time.monotonic)
    _application: Any = field(default_factory=dispatcher)

    def __post_init__(self) -> None:
        self.routes.add("faults", admin.faults_route(self.faults))
        self.routes.add("truth", admin.truth_route(self.world.truth))
        self.routes.add("calls", admin.calls_route(self.world.truth))
        self.routes.add("state", lambda request: self.snapshot())

    def add_route(self, path: str, handler: admin.Handler) -> None:
        """Serve JSON at `/drill-lab/<path>`; the handler may raise admin.AdminError."""
        self.routes.add(path, handler)

    def snapshot(self) -> dict[str, Any]:
        """The whole control plane, canonical and comparable; see snapshot.py."""
        return snapshot.snapshot(self.world, self.handle)

    def handle(self, environ: Environ) -> Reply:
        """Answer an AWS request at once: no fault, no truth event. For the lab's own looks at itself."""
        buffer_body(environ)
        return handle(self.world, self._application, identify(environ), environ)

    def answer(self, environ: Environ) -> Reply:
        """Answer a user's AWS request, with faults (waiting by `sleep`) and truth. Raises Dropped."""
        steps = self._answering(environ)
        while True:
            try:
                self.sleep(self.world.clock.real(next(steps)))
            except StopIteration as end:
                reply: Reply = end.value
                return reply

    async def answer_async(self, environ: Environ) -> Reply:
        """The same, waiting on the world's clock: for callers on the lab's own, perhaps virtual, time."""
        steps = self._answering(environ)
        while True:
            try:
                seconds = next(steps)
            except StopIteration as end:
                reply: Reply = end.value
                return reply
            await self.world.clock.sleep(seconds)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI. Raises Dropped where a fault leaves the caller without an answer."""
        self.last_request_at = time.monotonic()
        if environ.get("PATH_INFO", "").startswith(admin.PREFIX):
            buffer_body(environ)
            return _send(self.routes.answer(environ), start_response)
        return _send(self.answer(environ), start_response)

    def _answering(self, environ: Environ) -> Generator[float, None, Reply]:
        """Yields the drill seconds to wait, where a fault says so; returns the reply."""
        buffer_body(environ)
        request = identify(environ)
        rule = self.faults.decide(request)
        if rule is None:
            return self._record(request, self._handled(request, environ))
        if rule.kind == "error":
            code, status = rule.error_of(request.service)
            return self._record(request, error_reply(request, code, rule.message, status), rule.kind)
        if rule.kind == "delay":
            yield rule.seconds
            return self._record(request, self._handled(request, environ), rule.kind)
        unanswered = Reply(504, (), b"")
        self._record(request, self._handled(request, environ) if rule.takes_effect else unanswered, rule.kind)
        yield rule.seconds
        raise Dropped

    def _handled(self, request: AwsRequest, environ: Environ) -> Reply:
        return handle(self.world, self._application, request, environ)

    def _record(self, request: AwsRequest, reply: Reply, fault: str = "") -> Reply:
        """`at` in the truth log is when the call had its effect; a fault that it met is named."""
        detail = {"fault": fault} if fault else {}
        subject = f"{request.service}:{request.operation}"
        self.world.truth.add("api.called", subject, region=request.region, status=reply.status, **detail)
        return reply


def _send(reply: Reply, start_response: Callable[..., Any]) -> Iterable[bytes]:
    headers = [(name, value) for name, value in reply.headers if name.lower() not in ("content-length", "status")]
    start_response(_status_line(reply.status), [*headers, ("Content-Length", str(len(reply.body)))])
    return [reply.body]


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def _reset_moto() -> None:
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()


_installed: list[ControlPlane] = []


def install(world: World, hooks: Hooks | None = None) -> ControlPlane:
    """Patch moto for this world and empty its backends. One world per process: a second install replaces the first.

    Raises LabFailed when moto is not the pinned one.
    """
    moto_patch.require_version()
    hooks = hooks or Hooks()
    _reset_moto()
    patch_method_lookup()
    lambda_.install(world, hooks)
    route53.install(world, hooks)
    control = ControlPlane(world, hooks, FaultTable(world.seed))
    _installed[:] = [control]
    return control


def build_app(world: World) -> ControlPlane:
    """The WSGI application of that world, installed if it is not yet. Callable in process: it needs no socket."""
    if _installed and _installed[0].world is world:
        return _installed[0]
    return install(world)


@dataclass(slots=True)
class Served:
    """A control plane on a loopback port, in a background thread."""

    control: ControlPlane
    host: str
    port: int
    _server: Any
    _thread: threading.Thread

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def close(self) -> None:
        """Stop answering and end the thread. Safe to call twice."""
        if not self._thread.is_alive():
            return
        # on the server's own thread: its loop ends when its last socket is closed
        with contextlib.suppress(OSError):  # its pipe is gone already, and with it the loop
            self._server.trigger.pull_trigger(lambda: _close_sockets(self._server))
        self._thread.join(timeout=5)
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=1)


def _close_sockets(server: Any) -> None:
    from waitress import wasyncore

    wasyncore.close_all(server._map)


def _for_waitress(control: ControlPlane) -> Callable[[Environ, Callable[..., Any]], Iterable[bytes]]:
    """waitress closes a connection without a word when the application says that the client is gone."""
    from waitress.channel import ClientDisconnected

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            return control(environ, start_response)
        except Dropped:
            raise ClientDisconnected from None

    return application


def serve(world: World, host: str = "127.0.0.1", port: int = 0) -> Served:
    """Serve `build_app(world)` on loopback; port 0 takes a free one.

    Raises LabFailed for an address that is not loopback, and for a taken port.
    """
    from waitress import create_server

    if not host.startswith("127."):
        raise LabFailed(f"the lab binds loopback only, not {host}", where="lab control plane", advice="use 127.0.0.1")
    try:
        control = build_app(world)
        server = create_server(
            _for_waitress(control), host=host, port=port, threads=SERVER_THREADS, ident="drillrunner-lab"
        )
    except OSError as error:
        raise LabFailed(
            f"cannot listen on {host}:{port}: {error.strerror}", where="lab control plane", advice="choose port 0"
        ) from error
    thread = threading.Thread(target=server.run, name="lab-control-plane", daemon=True)
    thread.start()
    return Served(control, host, int(server.effective_port), server, thread)
