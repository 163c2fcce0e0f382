"""A botocore answer as JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydantic import JsonValue

# Services whose blobs are no texts: signatures and keys.
BINARY_SERVICES = frozenset({"kms"})


def plain_answer(service: str, answer: Any) -> JsonValue:
    """No metadata, timestamps as ISO text, blobs as UTF-8 text; those of `BINARY_SERVICES` in base64."""
    return _plain(answer, binary=service in BINARY_SERVICES)


def _plain(value: Any, *, binary: bool) -> JsonValue:
    if isinstance(value, Mapping):
        return {str(key): _plain(item, binary=binary) for key, item in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list | tuple | set):
        return [_plain(item, binary=binary) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes | bytearray):
        blob = bytes(value)
        return base64.b64encode(blob).decode("ascii") if binary else blob.decode("utf-8", errors="replace")
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
