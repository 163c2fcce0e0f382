"""Turns a pydantic model into a draft-07 schema as an editor wants it: no references, no made-up titles.

In a drill's parameters `${name}` may stand wherever a single value does, so each value is taken in that form too.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from drillrunner.authoring.schema_pieces import Schema, refer
from drillrunner.model.region import known_region

# as schema_pieces.DEFINITIONS names it
_REGION = "aws-region"
_SCALARS = frozenset({"string", "integer", "number", "boolean"})


class _Generator(GenerateJsonSchema):
    """Marks the texts that must be a region: of a validating function pydantic's own schemas know nothing."""

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        if schema["function"]["function"] is known_region:
            return {"type": "string", "format": _REGION}
        return super().function_after_schema(schema)


def schema_of(model: type[BaseModel], *, with_variables: bool) -> Schema:
    """The schema of a model as files write it (aliases), whole in itself but for `#/definitions/…` of ours."""
    generated = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    return _rewritten(generated, generated.get("$defs", {}), with_variables)


def _rewritten(schema: Schema, definitions: dict[str, Any], with_variables: bool) -> Schema:
    schema = _inlined(schema, definitions)
    kept = {key: value for key, value in schema.items() if key not in {"$defs", "title", "format"}}
    if kept.get("default", ...) is None:
        del kept["default"]
    if "properties" in kept:
        kept["properties"] = {
            name: _rewritten(body, definitions, with_variables) for name, body in kept["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if isinstance(kept.get(key), dict):
            kept[key] = _rewritten(kept[key], definitions, with_variables)
    for key in ("anyOf", "oneOf"):
        if key in kept:
            forms = _alternatives(kept.pop(key), definitions, with_variables)
            kept = {**forms[0], **kept} if len(forms) == 1 else {**kept, "anyOf": forms}
    if schema.get("format") == _REGION:
        return _with_words(kept, [refer("region"), *([refer("reference")] if with_variables else [])])
    return _also_a_variable(kept) if with_variables else kept


def _inlined(schema: Schema, definitions: dict[str, Any]) -> Schema:
    """The schema with what its `$ref` names in its place; words beside the reference win."""
    if "$ref" not in schema:
        return schema
    target = definitions[schema["$ref"].rsplit("/", 1)[-1]]
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    return {**_inlined(target, definitions), **beside}


def _alternatives(given: list[Schema], definitions: dict[str, Any], with_variables: bool) -> list[Schema]:
    """The forms that a value may have. An empty value is not one of them: a file leaves the key out."""
    forms = [_rewritten(form, definitions, with_variables) for form in given if form.get("type") != "null"]
    flat = [inner for form in forms for inner in (form["anyOf"] if set(form) == {"anyOf"} else [form])]
    return [form for number, form in enumerate(flat) if form not in flat[:number]]


def _also_a_variable(schema: Schema) -> Schema:
    """A single value of a narrow form, or a reference to a variable. A text of any form may hold one anyway."""
    if schema.get("type") not in _SCALARS or (not set(schema) & _NARROWING and schema["type"] == "string"):
        return schema
    return _with_words(schema, [_bare(schema), refer("reference")])


_WORDS = ("description", "default", "examples")
_NARROWING = {"pattern", "enum", "const"}


def _bare(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in _WORDS}


def _with_words(schema: Schema, forms: list[Schema]) -> Schema:
    return {**{key: schema[key] for key in _WORDS if key in schema}, "anyOf": forms}
