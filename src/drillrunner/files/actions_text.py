"""The text of `actions.yaml`: a new one, or the one that is there with no more changed than has to be. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from drillrunner.model.action import Action
from drillrunner.yaml_source import ListNode, MapNode, Node, ScalarNode, parse_yaml, split_lines

HEADER = """\
# What is to be mended, by whom and by when. Edit it freely: drillrunner keeps comments and order.
# An action that has a retest is done by a run alone: drill actions close A-1 --run RUN
"""
_KEYS = (
    *("id", "title", "owner", "due", "status", "ticket", "retest", "objective", "environment", "drill"),
    *("source", "finding", "opened", "closed", "closed_by"),
)
_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._/@+()-]*[A-Za-z0-9._/@+()-])?\Z", re.ASCII)
_MOMENT = re.compile(r"[0-9-]{10}T[0-9:.]{8,15}Z\Z", re.ASCII)
_MEANT_OTHERWISE = frozenset({"null", "true", "false", "yes", "no", "on", "off"})
# what YAML takes for the end of a line, or does not show
_ESCAPED = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]")


def as_text(actions: Sequence[Action]) -> str:
    """A whole file."""
    rows = "".join(_row(action, "  ") for action in actions)
    return f"{HEADER}actions:\n{rows}" if rows else f"{HEADER}actions: []\n"


def edited(text: str, there: Sequence[Action], wanted: Sequence[Action], file: str) -> str | None:
    """The text, which says `there`, made to say `wanted`. None where rows go away or it has no rows to go by.

    The caller reads it again: a form that this does not know (rows in braces) comes out wrong, and is not used.
    """
    listed = parse_yaml(text, file, most_values=len(text) + 1).root.entries.get("actions")
    if listed is None or not isinstance(listed[1], ListNode) or not there:
        return None
    if [one.id for one in there] != [one.id for one in wanted[: len(there)]]:
        return None
    lines = list(split_lines(text))
    for node, before, after in reversed(list(zip(listed[1].items, there, wanted, strict=False))):
        if before != after:
            _change(lines, node, _values(before), _values(after))
    changed = "\n".join(lines)
    indent = " " * (listed[1].span.column - 1)
    rows = "".join(_row(action, indent) for action in wanted[len(there) :])
    return f"{changed.rstrip()}\n{rows}" if rows else changed


def _values(action: Action) -> dict[str, str]:
    """What the file says of it, by key."""
    found = {key: getattr(action, key) for key in _KEYS}
    if action.opened_at is not None:
        found["opened"] = action.opened_at.isoformat().replace("+00:00", "Z")
    return {key: str(value) for key, value in found.items() if value is not None}


def _row(action: Action, indent: str) -> str:
    pairs = [f"{key}: {_scalar(value)}" for key, value in _values(action).items()]
    return f"{indent}- {pairs[0]}\n" + "".join(f"{indent}  {pair}\n" for pair in pairs[1:])


def _change(lines: list[str], node: Node, before: dict[str, str], after: dict[str, str]) -> None:
    """In place: values are replaced where they stand, and new keys follow the last that the row has."""
    if not isinstance(node, MapNode):
        return
    new = [key for key, value in after.items() if before.get(key) != value]
    column = min(key.span.column for key, _ in node.entries.values())
    last_line = max(value.span.line for _, value in node.entries.values())
    missing = [key for key in new if key not in node.entries]
    lines[last_line:last_line] = [f"{' ' * (column - 1)}{key}: {_scalar(after[key])}" for key in missing]
    for key in new:
        if key in node.entries and isinstance(value := node.entries[key][1], ScalarNode):
            line, at = lines[value.span.line - 1], value.span.column - 1
            lines[value.span.line - 1] = line[:at] + _scalar(after[key]) + line[at + value.span.length :]


def _scalar(text: str) -> str:
    """Plain where nobody can take it for anything else, else between quotes."""
    if _MOMENT.match(text) or (_PLAIN.match(text) and text.lower() not in _MEANT_OTHERWISE):
        return text
    return _ESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(text, ensure_ascii=False))
