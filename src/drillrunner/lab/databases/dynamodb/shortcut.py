"""Items straight from moto's tables: probes and ledgers ask for them by the thousand, and a rehearsal pays for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.dynamodb.exceptions import DynamodbException
from moto.dynamodb.models import dynamodb_backends

from drillrunner.lab.control.in_process import Shortcut
from drillrunner.lab.world import ACCOUNT, World

# The parameters that are understood here; a call with any other takes the long way through moto's handlers.
_PLAIN_PUT = {"TableName", "Item"}
_PLAIN_GET = {"TableName", "Key", "ConsistentRead"}
_PLAIN_BATCH = {"RequestItems"}
_PLAIN_KEYS = {"Keys", "ConsistentRead"}

# The types of which the request's text is the answer's; others are decoded on their way.
_PLAIN_TYPES = {"S", "N", "BOOL"}

# botocore dynamodb: as many as a batch may hold, and the size of an answer beyond which it is given in part.
_READ_AT_ONCE = 100
_WRITTEN_AT_ONCE = 25
_ANSWER_BYTES = 16 * 1024 * 1024

Asked = Mapping[str, Any]
Answer = dict[str, Any] | None


def items_shortcut(world: World, region: str) -> Shortcut:
    """PutItem, GetItem, BatchGetItem, and BatchWriteItem's deletions in that region.

    The same effects and answers as the handlers give, and the same truth event, at a fraction of their cost.
    """
    backend = dynamodb_backends[ACCOUNT][region]

    def answer(operation: str, request: Mapping[str, Any]) -> Answer:
        do = _OPERATIONS.get(operation)
        if do is None:
            return None
        asked: Asked = json.loads(request["body"])
        with world.lock:
            try:
                found = do(backend, asked)
            except DynamodbException:  # nothing was written: the long way refuses it as well, and says why
                return None
            if found is not None:
                world.truth.add("api.called", f"dynamodb:{operation}", region=region, status=200)
            return found

    return answer


def _put(backend: Any, asked: Asked) -> Answer:
    table, item = _table(backend, asked), asked.get("Item") or {}
    if set(asked) - _PLAIN_PUT or table is None or not _has_key(item, table) or not _plain(item):
        return None
    backend.put_item(asked["TableName"], item, overwrite=True)
    return {}


def _get(backend: Any, asked: Asked) -> Answer:
    table = _table(backend, asked)
    if set(asked) - _PLAIN_GET or table is None or not _is_key(asked.get("Key") or {}, table):
        return None
    item = backend.get_item(asked["TableName"], asked["Key"])
    if item is None:
        return {}
    attributes = _attributes(item)
    return {"Item": attributes} if _plain(attributes) else None


def _batch_get(backend: Any, asked: Asked) -> Answer:
    if set(asked) - _PLAIN_BATCH or any(set(wanted) - _PLAIN_KEYS for wanted in asked["RequestItems"].values()):
        return None
    keys = {name: wanted["Keys"] for name, wanted in asked["RequestItems"].items()}
    if not _whole_keys(backend, keys, _READ_AT_ONCE):
        return None
    found = {name: [backend.get_item(name, key) for key in some] for name, some in keys.items()}
    there = {name: [item for item in items if item is not None] for name, items in found.items()}
    if sum(item.size() for items in there.values() for item in items) > _ANSWER_BYTES:
        return None
    answered = {name: [_attributes(item) for item in items] for name, items in there.items()}
    if not all(_plain(attributes) for items in answered.values() for attributes in items):
        return None
    consumed = [{"TableName": name, "CapacityUnits": float(len(some))} for name, some in keys.items()]
    return {"Responses": answered, "UnprocessedKeys": {}, "ConsumedCapacity": consumed}


def _batch_delete(backend: Any, asked: Asked) -> Answer:
    requests = asked["RequestItems"]
    if set(asked) - _PLAIN_BATCH or any(set(one) != {"DeleteRequest"} for some in requests.values() for one in some):
        return None
    keys = {name: [one["DeleteRequest"]["Key"] for one in some] for name, some in requests.items()}
    if not _whole_keys(backend, keys, _WRITTEN_AT_ONCE):
        return None
    for name, some in keys.items():
        for key in some:
            backend.delete_item(name, key)
    consumed = [{"TableName": name, "CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}} for name in keys]
    return {"UnprocessedItems": {}, "ItemCollectionMetrics": {}, "ConsumedCapacity": consumed}


_OPERATIONS: dict[str, Callable[[Any, Asked], Answer]] = {
    "PutItem": _put,
    "GetItem": _get,
    "BatchGetItem": _batch_get,
    "BatchWriteItem": _batch_delete,
}


def _table(backend: Any, asked: Asked) -> Any:
    return backend.tables.get(asked.get("TableName", ""))


def _whole_keys(backend: Any, keys: Mapping[str, Sequence[Any]], most: int) -> bool:
    """Whether a batch's keys are keys of its tables, each once and not too many: errors are told by the long way."""
    if not 0 < sum(map(len, keys.values())) <= most:
        return False
    for name, some in keys.items():
        table = backend.tables.get(name)
        if table is None or not all(_is_key(key, table) for key in some):
            return False
        if len({json.dumps(key, sort_keys=True) for key in some}) < len(some):
            return False
    return True


def _is_key(attributes: Asked, table: Any) -> bool:
    return len(attributes) == len(table.table_key_attrs) and _has_key(attributes, table)


def _has_key(attributes: Asked, table: Any) -> bool:
    """Whether every key attribute is there and not empty."""
    return all(name in attributes and next(iter(attributes[name].values()), "") for name in table.table_key_attrs)


def _attributes(item: Any) -> dict[str, Any]:
    attributes: dict[str, Any] = item.to_json()["Attributes"]
    return attributes


def _plain(attributes: Asked) -> bool:
    return all(set(value) <= _PLAIN_TYPES for value in attributes.values())
