"""The pieces that the schemas of users' files are put together from. JSON Schema draft-07.

In draft-07 whatever stands beside a `$ref` is ignored, so nothing does.
"""

from __future__ import annotations

from typing import Any

from drillrunner.model.duration import DURATION_PATTERN
from drillrunner.model.region import REGIONS

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?"
_PERCENT = r"0*(?:100(?:\.0+)?|\d{1,2}(?:\.\d+)?)%"
REFERENCE = r"\$\{[A-Za-z_][A-Za-z0-9_-]{0,63}\}"

DURATION: Schema = {"type": "string", "pattern": f"^{DURATION_PATTERN}$|{REFERENCE}"}
PERCENTAGE: Schema = {"type": "string", "pattern": f"^{_PERCENT}$|{REFERENCE}"}
NAME_TEXT: Schema = {"type": ["string", "integer"], "pattern": f"^{NAME}$|{REFERENCE}"}
# of files that have no variables
PLAIN_DURATION: Schema = {"type": "string", "pattern": f"^{DURATION_PATTERN}$"}
PLAIN_PERCENTAGE: Schema = {"type": "string", "pattern": f"^{_PERCENT}$"}
PLAIN_NAME: Schema = {"type": ["string", "integer"], "pattern": f"^{NAME}$"}
MOMENT: Schema = {"type": "string", "pattern": r"^\d{4}-?\d{2}-?\d{2}.\d{2}.*(?:Z|[+-]\d{2}(?::?\d{2})*)$"}

# what a schema refers to by name, because it is long or there often
DEFINITIONS: dict[str, Schema] = {
    "region": {"type": "string", "enum": sorted(REGIONS)},
    "reference": {
        "type": "string",
        "pattern": REFERENCE,
        "description": "a value from the drill's vars: ${name}",
    },
}


def document(description: str, body: Schema, definitions: dict[str, Schema]) -> Schema:
    """A whole schema, with the definitions that it refers to. (An editor would show a title with every key.)"""
    return {"$schema": DRAFT, **body, "description": description, "definitions": definitions}


def refer(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def described(schema: Schema, description: str, **more: Any) -> Schema:
    """The schema with words for a reader, and with `default` where there is one."""
    return {"description": description, **more, **schema}


def text(description: str, *, longest: int = 200, **more: Any) -> Schema:
    """A text that is not blank. A number is taken as it is written."""
    return described({"type": ["string", "number"], "pattern": r"\S", "maxLength": longest}, description, **more)


def duration(description: str, **more: Any) -> Schema:
    return described(DURATION, f"{description}. A duration: 500ms, 30s, 5m, 1h30m", **more)


def plain_duration(description: str, **more: Any) -> Schema:
    return described(PLAIN_DURATION, f"{description}. A duration: 500ms, 30s, 5m, 1h30m", **more)


def whole(description: str, low: int, high: int, **more: Any) -> Schema:
    """A whole number; one in quotes is taken too."""
    number: Schema = {"type": ["integer", "string"], "pattern": r"^\d{1,9}$", "minimum": low, "maximum": high}
    return described(number, description, **more)


def one_or_more(entry: Schema, description: str, **more: Any) -> Schema:
    """One of them alone, or a list."""
    return {"description": description, "anyOf": [entry, {"type": "array", "items": entry, **more}]}


def boolean(description: str, **more: Any) -> Schema:
    return described({"type": "boolean"}, description, **more)


def mapping(properties: dict[str, Schema], *, required: tuple[str, ...] = (), **more: Any) -> Schema:
    """A mapping that has these keys and no others."""
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, **needed, "additionalProperties": False, **more}


def named(entry: Schema, **more: Any) -> Schema:
    """A mapping of names to entries that are alike."""
    return {"type": "object", "patternProperties": {f"^{NAME}$": entry}, "additionalProperties": False, **more}


def items(entry: Schema, description: str, **more: Any) -> Schema:
    return {"type": "array", "description": description, "items": entry, **more}


def one_of_keys(*alternatives: tuple[str, ...]) -> Schema:
    """Exactly one of these groups of keys must be there."""
    return {"oneOf": [{"required": list(keys)} for keys in alternatives]}
