"""One `{kind: {params}, …}` of a drill: finds the registered kind and validates its parameters, each at its place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from drillrunner import registry
from drillrunner.files.nearest import choices, did_you_mean
from drillrunner.files.section import Reading, Section, kind_of, plain_value, shorten
from drillrunner.model.noun import JsonValue
from drillrunner.model.region import nearest_region
from drillrunner.registry import Kind, Role
from drillrunner.yaml_source import ListNode, MapNode, Node, ScalarNode, Span

# what model.region says of a text that is none
NOT_A_REGION = "is not an AWS region"

ROLES: tuple[Role, ...] = ("fault", "step", "probe", "condition")


class KindEntry(NamedTuple):
    """A kind with its validated parameters as JSON, and where it was named."""

    kind: Kind
    params: dict[str, JsonValue]
    span: Span


def read_kind(section: Section, role: Role) -> KindEntry | None:
    """The kind among the section's keys that nothing else has taken. None after noting what is wrong."""
    found = _kind_key(section, role)
    if found is None:
        return None
    key, node = found
    kind = registry.find(role, key.text)
    if kind is None:
        _unknown_kind(section.reading, role, key)
        plain_value(node, section.reading.variables)
        return None
    params = _read_params(section.reading, kind, key, node)
    return None if params is None else KindEntry(kind, params, key.span)


def _kind_key(section: Section, role: Role) -> tuple[ScalarNode, Node] | None:
    left = section.left()
    dotted = [name for name in left if "." in name]
    named = dotted or [name for name in left if _may_be_kind(name, section, role)]
    if left and not named:
        section.finish()
        return None
    if not named:
        message = f"{section.name} names no {role}"
        section.reading.problems.add("D110", message, section.span, f"write the {role}'s name and its parameters")
        return None
    if len(named) > 1:
        message = f'{section.name} names both "{named[0]}" and "{named[1]}"'
        section.reading.problems.add("D111", message, left[named[1]][0].span, "give each an entry of its own")
        return None
    found = left[named[0]]
    section.drop(named[0])
    section.finish()
    return found


def _may_be_kind(name: str, section: Section, role: Role) -> bool:
    """Whether an undotted key was meant for a kind, rather than for one of the keys beside it."""
    return did_you_mean(name, section.known) is None or did_you_mean(name, _names(role)) is not None


def _names(role: Role) -> list[str]:
    return [kind.name for kind in registry.kinds(role)]


def _unknown_kind(reading: Reading, role: Role, key: ScalarNode) -> None:
    others = [other for other in ROLES if other != role and registry.find(other, key.text)]
    if others:
        message = f'"{key.text}" is a {others[0]}, and cannot be a {role}'
        reading.problems.add("D109", message, key.span, _near_kind(role, key.text))
        return
    reading.problems.add("D108", f'there is no {role} "{shorten(key.text)}"', key.span, _near_kind(role, key.text))


def _near_kind(role: Role, written: str) -> str:
    return did_you_mean(written, _names(role)) or f"drill catalog {role} lists what there is"


def _read_params(reading: Reading, kind: Kind, key: ScalarNode, node: Node) -> dict[str, JsonValue] | None:
    before = len(reading.problems.found)
    given: Any = {} if isinstance(node, ScalarNode) and node.value is None else plain_value(node, reading.variables)
    if not isinstance(given, dict):
        message = f"{kind.name} takes a mapping of parameters, not {kind_of(node)}"
        reading.problems.add("D112", message, node.span, _known_params(kind))
        return None
    try:
        params = kind.params.model_validate(given)
    except ValidationError as error:
        if len(reading.problems.found) == before:
            _note_errors(reading, kind, key, node, error)
        return None
    return params.model_dump(mode="json", by_alias=True)


def _known_params(kind: Kind) -> str:
    return "its parameters are " + ", ".join(param_names(kind.params))


def param_names(params: type[BaseModel]) -> list[str]:
    """The names as a file writes them: the alias where a field has one."""
    return [field.alias or name for name, field in params.model_fields.items()]


def _known_names(params: type[BaseModel], path: tuple[str, ...]) -> list[str]:
    """The parameters of the model that lies at `path` below `params`; none where no model does."""
    for part in path:
        fields = {field.alias or name: field for name, field in params.model_fields.items()}
        models = _models_in(fields[part].annotation) if part in fields else []
        if not models:
            return []
        params = models[0]
    return param_names(params)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


def _note_errors(reading: Reading, kind: Kind, key: ScalarNode, node: Node, error: ValidationError) -> None:
    """One problem for each place: a value that fits none of a union's forms is one mistake, not several."""
    noted: set[tuple[Span, str]] = set()
    for details in error.errors(include_url=False):
        code, message, span, advice = _word(kind, key, node, details)
        if (span, code) not in noted:
            noted.add((span, code))
            reading.problems.add(code, message, span, advice)


def _word(kind: Kind, key: ScalarNode, node: Node, details: ErrorDetails) -> tuple[str, str, Span, str | None]:
    place = _locate(key, node, details["loc"])
    name = f'"{".".join(place.path)}"' if place.path else kind.name
    if details["type"] == "extra_forbidden":
        inside = ".".join((kind.name, *place.path[:-1]))
        advice = choices(place.path[-1], _known_names(kind.params, place.path[:-1]))
        return "D102", f'unknown key "{shorten(place.path[-1])}" in {inside}', place.key.span, advice
    if details["type"] == "missing":
        missing = str(details["loc"][-1])
        return "D113", f'{kind.name} needs "{missing}"', place.key.span, _description(kind, missing)
    if NOT_A_REGION in details["msg"]:
        near = nearest_region(str(details["input"]))
        advice = f'did you mean "{near}"?' if near else None
        return "D114", f'"{shorten(str(details["input"]))}" {NOT_A_REGION}', place.node.span, advice
    span = place.node.span if place.path else key.span
    return "D112", _message(name, details), span, _advice(details)


class _Place(NamedTuple):
    path: tuple[str, ...]
    key: ScalarNode
    node: Node


def _locate(key: ScalarNode, node: Node, loc: Iterable[int | str]) -> _Place:
    """Follow pydantic's location as far as the file goes; names of a union's members are passed over."""
    path: tuple[str, ...] = ()
    for part in loc:
        if isinstance(node, MapNode) and part in node.entries:
            key, node = node.entries[str(part)]
            path = (*path, str(part))
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
    return _Place(path, key, node)


_BARE_WORDINGS = {
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
}
_WORDINGS = {
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "string_pattern_mismatch": "must match {pattern}",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
}


def _message(name: str, details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    if details["type"] in _BARE_WORDINGS:
        return f"{name} {_BARE_WORDINGS[details['type']].format(**context)}"
    if details["type"] in _WORDINGS:
        return f"{name} {_WORDINGS[details['type']].format(**context)}{_instead(details['input'])}"
    reason = str(context["error"]) if "error" in context else details["msg"]
    return f"{name}: " + " ".join(reason.split())


def _instead(given: Any) -> str:
    if isinstance(given, dict | list):
        return ", not a mapping" if isinstance(given, dict) else ", not a list"
    if given is None:
        return ", not empty"
    return f', not "{shorten(str(given).lower() if isinstance(given, bool) else str(given))}"'


def _advice(details: ErrorDetails) -> str | None:
    if details["type"] == "string_type" and isinstance(details["input"], int | float):
        return "quote it"
    expected = details.get("ctx", {}).get("expected")
    if expected and isinstance(details["input"], str):
        names = str(expected).replace(" or ", ", ").replace("'", "").split(", ")
        return did_you_mean(details["input"], names)
    return None


def _description(kind: Kind, name: str) -> str | None:
    for field_name, field in kind.params.model_fields.items():
        if name in {field_name, field.alias} and field.description:
            return f"{name}: {field.description}"
    return None
