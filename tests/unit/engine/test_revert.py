"""Putting back from the journal alone: order, doubt, and what covers what."""

from __future__ import annotations

from dataclasses import replace

import anyio
from pydantic import JsonValue

from drillrunner.clock import run_virtual, virtual_clock
from drillrunner.engine.perform import Performer
from drillrunner.engine.record import Record
from drillrunner.engine.revert import LATE_EFFECT_SECONDS, Reverted, owed, revert_all
from drillrunner.errors import CallFailed
from drillrunner.model.call import AwsCall, Call, Change, ReadBack
from fake_outside import fake_outside
from small_system import PRIMARY, MemoryJournal


class Weights:
    """A pair of weights that Calls set, as two read-backs see them. `refusals` refuses so many sets of a key."""

    def __init__(self, **refusals: int) -> None:
        self.state: dict[str, JsonValue] = {"us": 0, "eu": 0}
        self.refusals = refusals
        self.written: list[str] = []

    async def call(self, call: Call, *, timeout_seconds: float, retry: bool = True) -> JsonValue:
        await anyio.sleep(0.1)
        assert isinstance(call, AwsCall)
        if call.operation == "Get":
            return dict(self.state)
        name = str(call.params["name"])
        if self.refusals.get(name, 0) > 0:
            self.refusals[name] -= 1
            raise CallFailed("refused", code="AccessDenied", unknown=False)
        self.written.append(name)
        weights = call.params["weights"]
        assert isinstance(weights, dict)
        self.state.update(weights)
        return {}


def setting(name: str, **weights: int) -> AwsCall:
    """Set some of the weights, and see that they are set."""
    read = AwsCall(service="w", operation="Get", region=PRIMARY)
    back = ReadBack(
        read=read, path=", ".join(sorted(weights)).join("[]"), expected=[weights[k] for k in sorted(weights)]
    )
    params: dict[str, JsonValue] = {"name": name, "weights": dict(weights)}
    return AwsCall(service="w", operation="Set", region=PRIMARY, params=params, read_back=back)


def begun(journal: MemoryJournal, change_id: str, change: Change, *, outcome: str = "done", seen: bool = True) -> None:
    """Journal a Change as a run would have, up to its read-back."""
    document: JsonValue = change.model_dump(mode="json")
    about: dict[str, JsonValue] = {"change_id": change_id, "role": "apply"}
    undo: dict[str, JsonValue] = {"change_id": change_id, "group": change_id, "role": "step", "kind": "w.shift"}
    journal.append("undo.recorded", {**undo, "change": document})
    journal.append("call.intent", {**about, "call_id": f"k-{change_id}", "call": {}})
    journal.append("call.outcome", {**about, "call_id": f"k-{change_id}", "outcome": outcome})
    if seen:
        journal.append("read_back", {**about, "holds": True, "value": None})


def put_back(system: Weights, journal: MemoryJournal) -> tuple[Reverted, float]:
    """Revert everything; how it went, and how many seconds it took."""

    async def main() -> tuple[Reverted, float]:
        outside = replace(fake_outside(clock=virtual_clock()), caller=system)
        record = Record(journal, journal.entries)
        reverted = await revert_all(record, Performer(record, outside), outside.clock, within_seconds=120.0)
        return reverted, outside.clock.monotonic()

    result: tuple[Reverted, float] = run_virtual(main)
    return result


def journal() -> MemoryJournal:
    return MemoryJournal(lambda: 0.0)


def test_an_undo_waits_while_a_later_one_on_its_target_has_failed() -> None:
    """Otherwise the later one's retry would land on top of what the earlier one had restored."""
    system, kept = Weights(second=1), journal()
    begun(
        kept, "c1", Change(target="w", apply=(setting("go", us=0, eu=100),), revert=(setting("first", us=100, eu=0),))
    )
    begun(kept, "c2", Change(target="w", apply=(setting("back", us=100),), revert=(setting("second", us=0),)))
    reverted, _ = put_back(system, kept)
    assert system.written == ["second", "first"]
    assert system.state == {"us": 100, "eu": 0}
    assert (reverted.of, reverted.reverted, reverted.left) == (2, 2, ())


def test_what_is_certain_is_put_back_without_a_second_look() -> None:
    system, kept = Weights(), journal()
    begun(kept, "c1", Change(target="w", apply=(setting("go", us=0),), revert=(setting("first", us=100),)))
    _, seconds = put_back(system, kept)
    assert seconds < LATE_EFFECT_SECONDS


def test_what_was_answered_and_never_seen_is_looked_at_again_after_its_undo() -> None:
    for outcome, seen in (("unknown", True), ("done", False)):
        system, kept = Weights(), journal()
        change = Change(target="w", apply=(setting("go", us=0),), revert=(setting("first", us=100),))
        begun(kept, "c1", change, outcome=outcome, seen=seen)
        _, seconds = put_back(system, kept)
        assert seconds >= LATE_EFFECT_SECONDS
        assert system.state["us"] == 100


def test_a_second_revert_finds_nothing_owed() -> None:
    system, kept = Weights(), journal()
    begun(kept, "c1", Change(target="w", apply=(setting("go", us=0),), revert=(setting("first", us=100),)))
    put_back(system, kept)
    assert owed(kept.entries) == []
    again, _ = put_back(system, kept)
    assert again.of == 0
    assert system.written == ["first"]
