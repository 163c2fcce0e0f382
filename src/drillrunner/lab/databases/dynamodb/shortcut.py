"""PutItem and GetItem straight from moto's tables: probes ask them by the thousand, and a rehearsal pays for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from drillrunner.lab.world import ACCOUNT, World

# The parameters that are understood here; a call with any other takes the long way through moto's handlers.
_PLAIN_PUT = {"TableName", "Item"}
_PLAIN_GET = {"TableName", "Key", "ConsistentRead"}

# The types of which the request's text is the answer's; others are decoded on their way.
_PLAIN_TYPES = {"S", "N", "BOOL"}


def shortcut(world: World, region: str) -> Callable[[str, bytes], dict[str, Any] | None]:
    """(operation, JSON body) -> the parsed answer, or None: ask the long way.

    The same effects and answers as the handlers give, and the same truth event, at a fraction of their cost.
    """
    backend = dynamodb_backends[ACCOUNT][region]

    def answer(operation: str, body: bytes) -> dict[str, Any] | None:
        if operation not in {"PutItem", "GetItem"}:
            return None
        asked: dict[str, Any] = json.loads(body)
        with world.lock:
            table = backend.tables.get(asked.get("TableName", ""))
            if table is None or not _whole_key(asked.get("Item") or asked.get("Key") or {}, table):
                return None
            found = _put(backend, asked) if operation == "PutItem" else _get(backend, asked, table)
            if found is not None:
                world.truth.add("api.called", f"dynamodb:{operation}", region=region, status=200)
            return found

    return answer


def _whole_key(attributes: Mapping[str, Any], table: Any) -> bool:
    """Whether every key attribute is there and not empty: errors are told by the long way."""
    return all(name in attributes and next(iter(attributes[name].values()), "") for name in table.table_key_attrs)


def _put(backend: Any, asked: dict[str, Any]) -> dict[str, Any] | None:
    if set(asked) - _PLAIN_PUT or not _plain(asked["Item"]):
        return None
    backend.put_item(asked["TableName"], asked["Item"], overwrite=True)
    return {}


def _get(backend: Any, asked: dict[str, Any], table: Any) -> dict[str, Any] | None:
    if set(asked) - _PLAIN_GET or set(asked["Key"]) != set(table.table_key_attrs):
        return None
    item = backend.get_item(asked["TableName"], asked["Key"])
    if item is None:
        return {}
    attributes: dict[str, Any] = item.to_json()["Attributes"]
    return {"Item": attributes} if _plain(attributes) else None


def _plain(attributes: Mapping[str, Any]) -> bool:
    return all(set(value) <= _PLAIN_TYPES for value in attributes.values())
