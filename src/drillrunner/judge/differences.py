"""What differs between two JSON values, by key path. Lists of things with names are compared by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from drillrunner.model.noun import JsonValue, canonical_json
from drillrunner.model.run_comparison import SettingChange


def differences(before: JsonValue, after: JsonValue, path: str) -> Iterator[SettingChange]:
    """Every value that differs, the deepest path that says it; what only one has is told whole, once."""
    first, second = _keyed(before), _keyed(after)
    objects, others = _objects(before), _objects(after)
    if first is not None and second is not None:
        yield from _by_key(first, second, path)
    elif objects is not None and others is not None:
        yield from _in_order(objects, others, path)
    elif before != after:
        yield SettingChange(path=path, before=before, after=after)


def _keyed(value: JsonValue) -> Mapping[str, JsonValue] | None:
    """An object as it is, a list of objects with names by these; None for what has no keys."""
    if isinstance(value, dict):
        return value
    objects = _objects(value)
    if objects is None:
        return None
    named: dict[str, JsonValue] = {str(one["name"]): one for one in objects if isinstance(one.get("name"), str)}
    return named if len(named) == len(objects) else None


def _objects(value: JsonValue) -> list[dict[str, JsonValue]] | None:
    """A list that holds objects and nothing else; None for anything else."""
    if not isinstance(value, list):
        return None
    objects = [one for one in value if isinstance(one, dict)]
    return objects if len(objects) == len(value) else None


def _by_key(first: Mapping[str, JsonValue], second: Mapping[str, JsonValue], path: str) -> Iterator[SettingChange]:
    for key in dict.fromkeys([*first, *second]):
        below = f"{path}.{key}" if path else key
        if key not in second:
            yield _only_before(below, first[key])
        elif key not in first:
            yield _only_after(below, second[key])
        else:
            yield from differences(first[key], second[key], below)


def _in_order(
    first: Sequence[dict[str, JsonValue]], second: Sequence[dict[str, JsonValue]], path: str
) -> Iterator[SettingChange]:
    """Things without names: those that are equal belong together, so that one more or less does not move the rest."""
    matcher = SequenceMatcher(None, list(map(canonical_json, first)), list(map(canonical_json, second)), autojunk=False)
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        if a_end - a == b_end - b:
            for at, one, other in zip(range(a, a_end), first[a:a_end], second[b:b_end], strict=True):
                yield from differences(one, other, f"{path}[{at}]")
            continue
        yield from (_only_before(f"{path}[{at}]", first[at]) for at in range(a, a_end))
        yield from (_only_after(f"{path}[{at}]", second[at]) for at in range(b, b_end))


def _only_before(path: str, value: JsonValue) -> SettingChange:
    return SettingChange(path=path, before=value, after=None, only="before")


def _only_after(path: str, value: JsonValue) -> SettingChange:
    return SettingChange(path=path, before=None, after=value, only="after")
