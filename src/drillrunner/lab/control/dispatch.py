"""From an HTTP request to moto's handler: found quickly, run under the world's lock, and 501 where nothing answers."""

from __future__ import annotations

import functools
import inspect
import io
import logging
from collections.abc import Callable
from typing import Any

import moto.core.responses
import moto.core.utils
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import HTTPException, NotFound

from drillrunner.lab.control import moto_patch
from drillrunner.lab.control.aws_request import AwsRequest, Environ, Reply, error_reply
from drillrunner.lab.world import World

_log = logging.getLogger("drillrunner.lab")
_REQUEST_KEY = "drillrunner.lab.request"


class _Methods:
    """What `method_names_from_class` is asked: is there a method of that name? Without listing hundreds."""

    def __init__(self, owner: type) -> None:
        self._owner = owner

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and inspect.isfunction(getattr(self._owner, name, None))


def patch_method_lookup() -> None:
    """moto lists all methods of a Response class on each request (about 1 ms for a large service)."""
    moto_patch.replace(moto.core.responses, "method_names_from_class", lambda original: _Methods)


def not_implemented(request: AwsRequest) -> Reply:
    """501 with a body that botocore turns into ClientError `NotImplemented`, which it does not retry."""
    what = f"{request.service or 'unknown service'}:{request.operation or 'unknown operation'}"
    return error_reply(request, "NotImplemented", f"the lab does not simulate {what}", 501)


def _answer_of(reply: Reply) -> tuple[bytes, int, list[tuple[str, str]]]:
    return reply.body, reply.status, list(reply.headers)


def _on_failure(error: Exception) -> Any:
    """Flask's error handler: what moto lacks is 501, what moto breaks on is an InternalFailure and is logged."""
    from flask import request as flask_request

    request: AwsRequest = flask_request.environ[_REQUEST_KEY]
    if isinstance(error, NotImplementedError | NotFound):
        return _answer_of(not_implemented(request))
    if isinstance(error, HTTPException):
        return error
    _log.error("%s:%s failed inside the lab", request.service, request.operation, exc_info=error)
    message = f"the lab failed: {type(error).__name__}: {error}"
    return _answer_of(error_reply(request, "InternalFailure", message, 500))


class _NoBackend(Exception):
    """moto has no such service."""


def _create_app(service: str | None) -> Any:
    if service is None:
        raise _NoBackend
    app = create_backend_app(service)
    app.register_error_handler(Exception, _on_failure)
    return app


def dispatcher() -> Any:
    """moto's own dispatcher, with its search of about 280 patterns a request remembered."""
    application = DomainDispatcherApplication(_create_app)
    application.get_backend_for_host = functools.lru_cache(maxsize=4096)(application.get_backend_for_host)
    return application


def _run(app: Callable[..., Any], environ: Environ) -> Reply:
    """Call a WSGI application and collect its answer."""
    captured: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        captured.append((status, headers))
        return lambda data: None

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    status, headers = captured[-1]
    return Reply(int(status.split(" ", 1)[0]), tuple(headers), body)


def buffer_body(environ: Environ) -> None:
    """Read the body once, so that several readers can have it."""
    stream = environ.get("wsgi.input")
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = stream.read(length) if stream is not None and length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    # moto reads the path undecoded where the server says it; waitress says it under this name
    if "REQUEST_URI" in environ:
        environ.setdefault("RAW_URI", environ["REQUEST_URI"])


def _find(application: Any, environ: Environ) -> Any:
    """The Flask application of the request's service, or None where moto has no such service."""
    try:
        return application.get_application(environ)
    except (_NoBackend, LookupError, ValueError):
        # moto indexes headers and parts of them, which a request that is not AWS's own may lack
        return None


def handle(world: World, application: Any, request: AwsRequest, environ: Environ) -> Reply:
    """Let moto and its patches answer. Never raises for what the caller sent."""
    environ[_REQUEST_KEY] = request
    if not moto_patch.needs_lock(request.service, request.operation):
        with world.lock:
            app = _find(application, environ)
        return _run(app, environ) if app is not None else not_implemented(request)
    with world.lock:
        app = _find(application, environ)
        reply = _run(app, environ) if app is not None else not_implemented(request)
    # moto answers an action that it cannot name with an empty 404
    if reply.status == 404 and not reply.body and not request.operation:
        return not_implemented(request)
    return reply
