"""`drill catalog`: every fault, step, probe and condition there is, with its parameters."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drillrunner.model.noun import JsonValue
    from drillrunner.registry import Kind, Role

ROLES: tuple[Role, ...] = ("fault", "step", "probe", "condition")


@click.command()
@click.argument("wanted", required=False, metavar="[ROLE|NAME]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with each kind's parameters as a JSON schema.")
def catalog(wanted: str | None, as_json: bool) -> None:
    """List the faults, steps, probes and conditions that a drill can name, or explain one.

    ROLE is fault, step, probe or condition; NAME is a kind, for example lambda.throttle.
    """
    found = select(wanted)
    if as_json:
        click.echo(json.dumps([kind_json(kind) for kind in found], indent=2, ensure_ascii=False))
    elif wanted and wanted not in ROLES:
        click.echo("\n\n".join(kind_text(kind) for kind in found))
    else:
        click.echo(list_text(found))


def select(wanted: str | None) -> list[Kind]:
    """The kinds of a role, of a name, or all. Raises InvalidInput with the nearest name."""
    from drillrunner import registry
    from drillrunner.errors import InvalidInput
    from drillrunner.files.nearest import did_you_mean

    everything = list(registry.kinds())
    found = [kind for kind in everything if wanted is None or wanted in {kind.role, kind.name}]
    if found or wanted is None or wanted in ROLES:
        return found
    near = did_you_mean(wanted, [*ROLES, *(kind.name for kind in everything)])
    raise InvalidInput(f'there is no kind "{wanted}"', advice=near or "drill catalog lists what there is")


def list_text(kinds: Sequence[Kind]) -> str:
    """One line for each kind, by role."""
    lines: list[str] = []
    width = max((len(kind.name) for kind in kinds), default=0)
    for role in ROLES:
        members = [kind for kind in kinds if kind.role == role]
        if members:
            lines += ["", f"{role}s"] if lines else [f"{role}s"]
        for kind in members:
            lines.append(f"  {kind.name:<{width}}  {kind.summary}{_marks(kind)}")
    return "\n".join(lines)


def kind_text(kind: Kind) -> str:
    """All that there is to know of one kind: its prose, then its parameters."""
    lines = [f"{kind.name} ({kind.role}){_marks(kind)}", ""]
    lines += textwrap.indent(kind.description, "  ").splitlines()
    rows = param_rows(kind)
    if rows:
        lines += ["", "  parameters"]
    for row in rows:
        need = "required" if row["required"] else f"default {_default_text(row['default'])}"
        lines.append(f"    {row['name']}: {row['type']} ({need})")
        if row["description"]:
            lines.append(f"      {row['description']}")
    return "\n".join(lines)


def param_rows(kind: Kind) -> list[dict[str, Any]]:
    """name, type, required, default and description of each parameter, as a file writes them."""
    schema = kind.params.model_json_schema(by_alias=True)
    fields = kind.params.model_fields
    required = set(schema.get("required", ()))
    defaults = {field.alias or name: field.get_default(call_default_factory=True) for name, field in fields.items()}
    return [
        {
            "name": name,
            "type": type_text(body, schema.get("$defs", {})),
            "required": name in required,
            "default": defaults.get(name),
            "description": body.get("description", ""),
        }
        for name, body in schema.get("properties", {}).items()
    ]


def type_text(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    """A JSON schema in a few words: `list of text`, `whole number, at least 0`."""
    if "$ref" in schema:
        return type_text(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    if "enum" in schema or "const" in schema:
        return " | ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema or "oneOf" in schema:
        options = schema.get("anyOf") or schema["oneOf"]
        return " or ".join(dict.fromkeys(type_text(option, definitions) for option in options))
    if schema.get("type") == "array":
        return f"list of {type_text(schema.get('items', {}), definitions)}"
    if schema.get("type") == "object":
        return _object_text(schema, definitions)
    return _simple_text(schema)


def _object_text(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "properties" in schema:
        return "{" + ", ".join(schema["properties"]) + "}"
    values = schema.get("additionalProperties")
    return f"names to {type_text(values, definitions)}" if isinstance(values, dict) else "mapping"


_SIMPLE = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "nothing",
}
_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}


def _simple_text(schema: dict[str, Any]) -> str:
    words = [_SIMPLE.get(str(schema.get("type")), "anything")]
    words += [f"{word} {schema[bound]}" for bound, word in _BOUNDS.items() if bound in schema]
    return ", ".join(words)


def kind_json(kind: Kind) -> dict[str, JsonValue]:
    """One kind as JSON; `params` is a JSON schema."""
    return {
        "role": kind.role,
        "name": kind.name,
        "summary": kind.summary,
        "description": kind.description,
        "irreversible": kind.irreversible,
        "detects": kind.detects,
        "ledger": kind.ledger,
        "estimates_rpo": kind.estimates_rpo,
        "params": kind.params.model_json_schema(by_alias=True),
    }


def _marks(kind: Kind) -> str:
    marks = {
        "irreversible": kind.irreversible,
        "signals detection": kind.detects,
        "measures RPO": kind.ledger,
        "estimates RPO": kind.estimates_rpo,
    }
    held = [mark for mark, holds in marks.items() if holds]
    return f" [{', '.join(held)}]" if held else ""


def _default_text(value: object) -> str:
    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", exclude_defaults=True)
    return "none" if value is None else json.dumps(value, ensure_ascii=False, default=str)
