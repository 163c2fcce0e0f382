"""The story of one played seed, for a person: who did what when, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drillrunner.model.noun import JsonValue
from drillrunner.simulation.world import Sent, World

LONGEST_VALUE = 120


def story_of(world: World) -> tuple[tuple[float, str], ...]:
    """Everything that was told and every changing call of a fault, step or undo, in the order of its moment."""
    lines = [*world.story, *_calls(world.sent)]
    return tuple(sorted(lines, key=lambda line: line[0]))


def _calls(sent: Sequence[Sent]) -> Iterator[tuple[float, str]]:
    for one in sent:
        if one.call.operation == "PutItem":
            continue
        what = f"{one.call.operation} ({one.call_id or 'not journaled'}, {one.role or 'undo'})"
        if one.landed_at is None:
            yield one.sent_at, f"{one.party} calls {what}, which never takes effect"
            continue
        late = one.landed_at - one.sent_at
        yield one.sent_at, f"{one.party} calls {what}" + (f", which lands {late:.1f}s later" if late > 1.0 else "")
        if late > 1.0:
            yield one.landed_at, f"{what} of {one.party} lands"


def difference(before: JsonValue, now: JsonValue) -> str:
    """What differs between two states of a target, in brief: the innermost values that are not alike."""
    if isinstance(before, dict) and isinstance(now, dict):
        keys = sorted({*before, *now})
        parts = [
            f"{key}: {difference(before.get(key), now.get(key))}" for key in keys if before.get(key) != now.get(key)
        ]
        return "; ".join(parts)
    return f"{_short(now)}, was {_short(before)}"


def _short(value: JsonValue) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
