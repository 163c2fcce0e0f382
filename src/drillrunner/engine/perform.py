"""Performs Changes: intent on disk, then the call, then its outcome, then the read-back. In that order, always.

Only what comes before a call is awaited on disk; what tells of it afterwards is written (see engine/record.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

import anyio
import jmespath
from pydantic import JsonValue

from drillrunner.engine.record import Record
from drillrunner.errors import CallFailed, PlanStale
from drillrunner.model.call import Call, Change, ReadBack
from drillrunner.ports import Outside

Role = Literal["apply", "revert"]

CALL_TIMEOUT_SECONDS = 30.0
READ_TIMEOUT_SECONDS = 15.0
READ_BACK_EVERY_SECONDS = 1.0
# A revert looks no longer than this at once: another undo must not wait for it. It is tried again.
REVERT_READ_BACK_SECONDS = 20.0
# How often a call whose outcome is unknown is made again, if it may be repeated; each try is journaled.
TRIES = 3
# A read may be answered by a replica that has not heard of the latest change; never longer than this.
READ_LAGS_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Effect:
    """The moments between which a Change took effect, in drill-clock seconds."""

    low: float
    high: float


class Performer:
    """Performs the Calls of one run against the outside, journaled."""

    def __init__(self, record: Record, outside: Outside) -> None:
        self._record = record
        self._outside = outside
        self._calls = count(1 + sum(entry.kind == "call.intent" for entry in record.entries))
        # when a Change was last left in doubt: the outcome of a call is unknown, or its undo rests on one read
        self.unsure_since: dict[str, float] = {}
        self._changed_at: dict[str, float] = {}

    async def apply(self, change_id: str, change: Change) -> Effect:
        """Make the Change and see that it is there. Its undo must be on disk already.

        Raises CallFailed when a call was refused, or PlanStale when no read-back shows the change.
        """
        low = self._outside.clock.monotonic()
        for call in change.apply:
            try:
                await self._perform(change_id, "apply", call)
            finally:
                self._changed_at[change.target] = self._outside.clock.monotonic()
        return Effect(low, self._outside.clock.monotonic())

    async def revert(self, change_id: str, change: Change) -> None:
        """Put the Change back and see that what was captured is there. Idempotent. Raises CallFailed, PlanStale.

        Where every call was left out because all was well already, soon after the target was changed, that is not
        certain: the one read may be older than the change.
        """
        called = [await self._perform(change_id, "revert", call) for call in change.revert]
        now = self._outside.clock.monotonic()
        if not any(called) and now < self._changed_at.get(change.target, now) + READ_LAGS_SECONDS:
            self.unsure_since[change_id] = now

    async def holds(self, change_id: str, change: Change) -> bool:
        """Whether every read-back of the revert shows what was captured, asked once."""
        for call in change.revert:
            if call.read_back is not None and not await self._held_now(change_id, "revert", call.read_back):
                return False
        return True

    async def _perform(self, change_id: str, role: Role, call: Call) -> bool:
        """Whether it was called; false where it is so already and the call refuses to repeat."""
        skipping = call.skip_if_held and call.read_back is not None
        if skipping and call.read_back and await self._held_now(change_id, role, call.read_back):
            moment = self._outside.clock.monotonic()
            self._outcome(change_id, role, "-", "already", (moment, moment))
            return False
        failure = await self._called(change_id, role, call)
        if failure is not None and (not failure.unknown or call.read_back is None):
            raise failure
        if call.read_back is not None and not await self._wait_until_held(change_id, role, call.read_back):
            raise failure or PlanStale(
                f"{call.describe()} was answered, but its read-back never showed {_short(call.read_back.expected)}",
                advice="somebody or something else may be changing the same target",
            )
        return True

    async def _called(self, change_id: str, role: Role, call: Call) -> CallFailed | None:
        """The call's failure, or None. One whose outcome is unknown is made again, unless it refuses to repeat."""
        failure = await self._call(change_id, role, call)
        for _ in range(TRIES - 1):
            if failure is None or not failure.unknown or call.skip_if_held:
                break
            if call.read_back is not None and await self._held_now(change_id, role, call.read_back):
                break
            failure = await self._call(change_id, role, call)
        return failure

    async def _call(self, change_id: str, role: Role, call: Call) -> CallFailed | None:
        """Shielded: a cancelled call could still land after its revert, so its answer is awaited (bounded).

        The fsync of the intent is also that of the undos, which were written before it.
        """
        call_id = f"k{next(self._calls)}"
        bare = call.model_dump(mode="json", exclude={"read_back"})
        self._record.write("call.intent", {"call_id": call_id, "change_id": change_id, "role": role, "call": bare})
        with anyio.CancelScope(shield=True):
            await self._record.on_disk()
            asked = self._outside.clock.monotonic()
            failure: CallFailed | None = None
            try:
                await self._outside.caller.call(call, timeout_seconds=CALL_TIMEOUT_SECONDS)
            except CallFailed as error:
                failure = error
            span = (asked, self._outside.clock.monotonic())
            outcome = "done" if failure is None else ("unknown" if failure.unknown else "failed")
            if outcome == "unknown":
                self.unsure_since[change_id] = span[1]
            self._outcome(change_id, role, call_id, outcome, span, failure)
        return failure

    def _outcome(
        self,
        change_id: str,
        role: Role,
        call_id: str,
        outcome: str,
        span: tuple[float, float],
        failure: CallFailed | None = None,
    ) -> None:
        data: dict[str, JsonValue] = {
            "call_id": call_id,
            "change_id": change_id,
            "role": role,
            "outcome": outcome,
            "asked": round(span[0], 6),
            "answered": round(span[1], 6),
        }
        if failure is not None:
            data["error"] = failure.message
        self._record.write("call.outcome", data)

    async def _wait_until_held(self, change_id: str, role: Role, read_back: ReadBack) -> bool:
        clock = self._outside.clock
        within = (
            read_back.within_seconds if role == "apply" else min(read_back.within_seconds, REVERT_READ_BACK_SECONDS)
        )
        deadline = clock.monotonic() + within
        held = await self._held_now(change_id, role, read_back)
        while not held and clock.monotonic() + READ_BACK_EVERY_SECONDS <= deadline:
            await clock.sleep(READ_BACK_EVERY_SECONDS)
            held = await self._held_now(change_id, role, read_back, only_if_held=True)
        return held

    async def _held_now(self, change_id: str, role: Role, read_back: ReadBack, *, only_if_held: bool = False) -> bool:
        """Read once and journal what was seen (or only that it holds). What could not be read does not hold."""
        asked = self._outside.clock.monotonic()
        value: JsonValue = None
        error: str | None = None
        try:
            value = await self._seen(read_back)
        except CallFailed as failure:
            error = failure.message
        holds = None if error is not None else value == read_back.expected
        if only_if_held and not holds:
            return False
        data: dict[str, JsonValue] = {
            "change_id": change_id,
            "role": role,
            "holds": holds,
            "value": value,
            "asked": round(asked, 6),
            "answered": round(self._outside.clock.monotonic(), 6),
        }
        if error is not None:
            data["error"] = error
        self._record.write("read_back", data)
        return holds is True

    async def _seen(self, read_back: ReadBack) -> JsonValue:
        try:
            answer = await self._outside.caller.call(read_back.read, timeout_seconds=READ_TIMEOUT_SECONDS)
        except CallFailed as failure:
            if read_back.error_means is not None and failure.code == read_back.error_means:
                return None
            raise
        found: JsonValue = jmespath.search(read_back.path, answer)
        return found


def describe_calls(calls: Sequence[Call]) -> str:
    """`lambda:PutFunctionConcurrency us-east-1, …` for messages."""
    return ", ".join(call.describe() for call in calls) or "nothing"


def _short(value: JsonValue) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "…"
