"""Named slots that Calls set, with calls that land late: for tests of what a revert does when it cannot be certain."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import anyio
from pydantic import JsonValue

from drillrunner.errors import CallFailed
from drillrunner.model.call import AwsCall, Call, Change, ReadBack
from small_system import PRIMARY, MemoryJournal


@dataclass
class Slots:
    """`lands_late` names calls whose first try times out after 10 s and lands so many seconds after that.

    `refused` names calls that are refused so often. `stale_reads` reads show `stale` instead of the state.
    """

    state: dict[str, JsonValue]
    lands_late: dict[str, float] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    stale: dict[str, JsonValue] = field(default_factory=dict)
    stale_reads: int = 0
    written: list[str] = field(default_factory=list)

    async def call(self, call: Call, *, timeout_seconds: float, retry: bool = True) -> JsonValue:
        assert isinstance(call, AwsCall)
        await anyio.sleep(0.1)
        if call.operation == "Get":
            self.stale_reads -= 1
            return dict(self.stale if self.stale_reads >= 0 else self.state)
        name = str(call.params["name"])
        if self.refused.get(name, 0) > 0:
            self.refused[name] -= 1
            raise CallFailed("refused", code="AccessDenied", unknown=False)
        if name in self.lands_late:
            self.land(call, 10.0 + self.lands_late.pop(name))
            await anyio.sleep(10.0)
            raise CallFailed("no answer", code="Timeout", unknown=True)
        self._set(call)
        return {}

    def land(self, call: AwsCall, after: float) -> None:
        """The call takes effect so much later, whoever waits."""
        asyncio.get_running_loop().call_later(after, self._set, call)

    def _set(self, call: AwsCall) -> None:
        slots = call.params["slots"]
        assert isinstance(slots, dict)
        self.written.append(str(call.params["name"]))
        self.state.update(slots)


def setting(name: str, **slots: int) -> AwsCall:
    """Set some slots, and see that they are set."""
    read = AwsCall(service="slots", operation="Get", region=PRIMARY)
    path = ", ".join(sorted(slots)).join("[]")
    back = ReadBack(read=read, path=path, expected=[slots[key] for key in sorted(slots)])
    params: dict[str, JsonValue] = {"name": name, "slots": dict(slots)}
    return AwsCall(service="slots", operation="Set", region=PRIMARY, params=params, read_back=back)


def changing(target: str, apply: AwsCall, revert: AwsCall) -> Change:
    return Change(target=target, apply=(apply,), revert=(revert,))


def journaled(journal: MemoryJournal, change_id: str, change: Change, *, outcome: str | None = "done") -> None:
    """What a run wrote of a Change: up to its read-back where it was done, to the intent where it died."""
    document: JsonValue = change.model_dump(mode="json")
    about: dict[str, JsonValue] = {"change_id": change_id, "role": "apply"}
    undo: dict[str, JsonValue] = {"change_id": change_id, "group": change_id, "role": "step", "kind": "slots.set"}
    journal.append("undo.recorded", {**undo, "change": document})
    journal.append("call.intent", {**about, "call_id": f"k-{change_id}", "call": {}})
    if outcome is not None:
        journal.append("call.outcome", {**about, "call_id": f"k-{change_id}", "outcome": outcome})
    if outcome == "done":
        journal.append("read_back", {**about, "holds": True, "value": None})
