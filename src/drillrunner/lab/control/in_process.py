"""boto3 clients that reach the control plane by a function call: no socket, so nothing waits on the wall clock."""

from __future__ import annotations

import functools
import io
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError
from moto.core.request import Request

from drillrunner.lab.control.aws_request import Dropped, Environ, Reply

Handle = Callable[[Environ], Reply]
# (operation, the request as botocore serialised it) -> the parsed answer, or None: ask the long way
Shortcut = Callable[[str, Mapping[str, Any]], dict[str, Any] | None]

# Never connected to: before-send answers. A loopback address all the same, so that a mistake stays here.
_NOWHERE = "http://127.0.0.1:9"
# The user agent is given, because botocore puts its own together anew for each request, and nobody here reads it.
_CONFIG = Config(
    retries={"total_max_attempts": 1},
    account_id_endpoint_mode="disabled",
    s3={"addressing_style": "path"},
    user_agent="drillrunner-lab",
)


_making = threading.Lock()


class _Body(io.BytesIO):
    """What botocore expects of urllib3's raw response."""

    def stream(self, amt: int = 65_536, decode_content: bool | None = None) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk


def _environ_of(request: Any) -> Environ:
    environ: Environ = Request.from_primitives(request.method, request.url, request.headers, request.body).environ
    return environ


def _response(url: str, reply: Reply) -> AWSResponse:
    headers: Any = HeadersDict()
    for name, value in reply.headers:
        headers[name] = value
    return AWSResponse(url, reply.status, headers, _Body(reply.body))


@functools.cache
def _session() -> Any:
    """One for all, since each session parses the service models anew."""
    return boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing")


def client(handle: Handle, service: str, region: str, shortcut: Shortcut | None = None) -> Any:
    """A boto3 client whose requests `handle` answers on the calling thread. It retries nothing.

    Hand it `ControlPlane.answer` to meet faults and be told in the truth log, `ControlPlane.handle` for neither.
    `shortcut(operation, request)` is asked first, and may leave the request to `handle` by answering None.
    """
    with _making:  # boto3 makes clients on one thread at a time
        made = _session().client(service, region_name=region, endpoint_url=_NOWHERE, config=_CONFIG)

    def send(request: Any, **_: Any) -> AWSResponse:
        try:
            return _response(request.url, handle(_environ_of(request)))
        except Dropped:
            raise ConnectionClosedError(endpoint_url=request.url) from None

    def ask_first(model: Any, params: Any, **_: Any) -> Any:
        found = shortcut(model.name, params) if shortcut else None
        return None if found is None else (_response(params["url"], Reply(200, (), b"")), found)

    made.meta.events.register("before-send", send)
    if shortcut is not None:
        made.meta.events.register("before-call", ask_first)
    return made
