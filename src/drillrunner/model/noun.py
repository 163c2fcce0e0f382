"""The base of every noun: frozen, strict about unknown keys, and canonical as JSON."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

__all__ = ["JsonValue", "Noun", "as_bytes", "canonical_json", "sha256_of"]


class Noun(BaseModel):
    """Frozen data. Unknown keys are refused, so that a newer file is never half read.

    What checks a noun is built when the first one is made (`defer_build`): a command uses few of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def canonical_json(value: Any) -> str:
    """One text for one value: sorted keys, no spaces, no NaN. Hashes are made from it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(value: Any) -> str:
    """The hex SHA-256 of a JSON value's canonical text."""
    return hashlib.sha256(as_bytes(canonical_json(value))).hexdigest()


def as_bytes(json_text: str) -> bytes:
    r"""JSON's text in UTF-8. Half a surrogate pair, which outside texts may hold and UTF-8 may not, as `\udXXX`."""
    return json_text.encode("utf-8", "backslashreplace")
