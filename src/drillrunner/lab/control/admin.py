"""The lab's own routes under /drill-lab/, beside AWS's: faults, truth, calls, state, and what others add."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from drillrunner.errors import LabFailed
from drillrunner.lab.control.aws_request import Environ, Reply
from drillrunner.lab.control.faults import FaultTable, rule_from
from drillrunner.lab.truth import TruthLog

PREFIX = "/drill-lab/"


@dataclass(frozen=True, slots=True)
class AdminRequest:
    method: str
    path: str
    query: Mapping[str, str]
    body: Any = None


class AdminError(Exception):
    """A request to the lab itself that is wrong; answered as JSON `{"error": …}` with the status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


Handler = Callable[[AdminRequest], Any]


def json_reply(value: Any, status: int = 200) -> Reply:
    return Reply(status, (("Content-Type", "application/json"),), json.dumps(value, sort_keys=True).encode())


def _parse(environ: Environ) -> AdminRequest:
    raw = environ["wsgi.input"].read()
    try:
        body = json.loads(raw) if raw else None
    except ValueError as error:
        raise AdminError(f"the body is not JSON: {error}") from error
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    return AdminRequest(environ["REQUEST_METHOD"], environ["PATH_INFO"], query, body)


class AdminRoutes:
    """Exact paths below /drill-lab/; a handler returns JSON or raises AdminError."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._lock = threading.Lock()

    def add(self, path: str, handler: Handler) -> None:
        """Serve `/drill-lab/<path>` (given with or without the prefix). Replaces an earlier handler."""
        name = path.removeprefix(PREFIX).strip("/")
        with self._lock:
            self._handlers[name] = handler

    def answer(self, environ: Environ) -> Reply:
        name = environ["PATH_INFO"].removeprefix(PREFIX).strip("/")
        with self._lock:
            handler = self._handlers.get(name)
            known = sorted(self._handlers)
        if handler is None:
            return json_reply({"error": f"no route {name!r}", "routes": known}, 404)
        try:
            return json_reply(handler(_parse(environ)))
        except AdminError as error:
            return json_reply({"error": str(error)}, error.status)
        except LabFailed as error:
            return json_reply({"error": str(error)}, 500)


def _since(request: AdminRequest) -> int:
    text = request.query.get("since", "0")
    if not text.isdigit():
        raise AdminError(f"since must be a whole number, not {text!r}")
    return int(text)


def truth_route(truth: TruthLog) -> Handler:
    """`?since=N&name=…`: the events from that index on, as TruthLog.since gives them."""
    return lambda request: truth.since(_since(request), request.query.get("name"))


def _as_call(event: Mapping[str, Any]) -> dict[str, Any]:
    service, _, operation = event["subject"].partition(":")
    return {"service": service, "operation": operation, "at": event["at"], **event["detail"]}


def calls_route(truth: TruthLog) -> Handler:
    """Every AWS call answered so far: service, operation, region, status, at, and the fault it met, if any."""
    return lambda request: [_as_call(event) for event in truth.since(_since(request), "api.called")]


def _rules(body: Any) -> list[Any]:
    items = body if isinstance(body, list) else [body]
    if not all(isinstance(item, dict) for item in items):
        raise AdminError("a rule is a JSON object")
    try:
        return [rule_from({key: value for key, value in item.items() if key != "hits"}) for item in items]
    except (ValueError, TypeError) as error:
        raise AdminError(str(error)) from error


def faults_route(table: FaultTable) -> Handler:
    """GET lists; PUT replaces all by a list of rules; POST adds one or more; DELETE clears. Each answers the table."""

    def handle(request: AdminRequest) -> Any:
        if request.method == "PUT":
            table.set(_rules(request.body))
        elif request.method == "POST":
            for rule in _rules(request.body):
                table.add(rule)
        elif request.method == "DELETE":
            table.clear()
        return table.as_json()

    return handle
