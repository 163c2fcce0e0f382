"""Putting everything back: what is owed, worked out from the journal alone, and paid in reverse order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import anyio
from pydantic import JsonValue

from drillrunner.clock import Clock
from drillrunner.engine.perform import Performer
from drillrunner.engine.record import Record
from drillrunner.errors import DrillError
from drillrunner.model.call import Change
from drillrunner.model.journal import Entry

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 20.0
# A call that timed out, or died with its process, may still land: look once more after this long, which is
# longer than a client waits for one answer.
LATE_EFFECT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Owed:
    """One Change that was begun and is not known to be put back.

    `certain` when every call of it was answered and its read-backs showed it: then nothing of it can still land.
    """

    change_id: str
    group: str
    role: str
    kind: str
    change: Change
    certain: bool

    def describe(self) -> str:
        return f"{self.kind} on {self.change.target}"


@dataclass(frozen=True, slots=True)
class Reverted:
    """How it went: `left` is still injected, `irreversible` cannot be put back.

    `of` and `reverted` count faults and steps; what probes wrote is removed by `clean_up`.
    """

    of: int
    reverted: int
    left: tuple[Owed, ...]
    irreversible: tuple[Owed, ...]
    seconds: float


def begun(entries: Sequence[Entry]) -> list[Owed]:
    """Every Change that may be in effect or have been, in the order of its undo. Unknown counts as applied.

    A Change whose undo is recorded but whose first call was never intended did nothing; one that has
    nothing to apply (a ledger's records, written by its probe) counts from its undo on.
    """
    intended = {str(entry.data["change_id"]) for entry in entries if _is_apply(entry, "call.intent")}
    settled = _settled(entries)
    found = []
    for entry in entries:
        if entry.kind != "undo.recorded":
            continue
        change_id = str(entry.data["change_id"])
        change = Change.model_validate(entry.data["change"])
        if change_id in intended or not change.apply:
            found.append(
                Owed(
                    change_id,
                    group=str(entry.data["group"]),
                    role=str(entry.data["role"]),
                    kind=str(entry.data["kind"]),
                    change=change,
                    certain=not change.apply or change_id in settled,
                )
            )
    return found


def _settled(entries: Sequence[Entry]) -> set[str]:
    """Changes of which no call's outcome is unknown, and of which a read-back has shown that they took effect."""
    answered = {
        str(entry.data["call_id"])
        for entry in entries
        if _is_apply(entry, "call.outcome") and entry.data["outcome"] in {"done", "failed"}
    }
    open_ended = {
        str(entry.data["change_id"])
        for entry in entries
        if _is_apply(entry, "call.intent") and str(entry.data["call_id"]) not in answered
    }
    last_seen = {
        str(entry.data["change_id"]): entry.data["holds"] for entry in entries if _is_apply(entry, "read_back")
    }
    return {change_id for change_id, holds in last_seen.items() if holds is True} - open_ended


def _is_apply(entry: Entry, kind: str) -> bool:
    return entry.kind == kind and entry.data.get("role") == "apply"


def owed(entries: Sequence[Entry]) -> list[Owed]:
    """What still has to be put back, oldest first: begun, reversible, and neither reverted nor covered by what was.

    A process may have died between an undo and the note that it covered a later Change's: that Change
    must not be undone now, or what it had changed comes back.
    """
    paid = {str(entry.data["change_id"]) for entry in entries if entry.kind == "change.reverted" and entry.data["ok"]}
    reversible = [one for one in begun(entries) if one.change.revert]
    return [one for one in reversible if not {one.change_id, _counting(one, reversible).change_id} & paid]


def irreversible(entries: Sequence[Entry]) -> list[Owed]:
    """What was begun and cannot be put back by anybody."""
    return [one for one in begun(entries) if one.change.irreversible]


def superseded(one: Owed, by: Sequence[Owed]) -> Owed | None:
    """The earlier Change whose undo restores everything that `one`'s undo would, if there is one.

    A failback captures what the failover left. Undoing it as well would fail over once more, only to
    be undone in turn: the first capture of a target is the one that counts.
    """
    for earlier in by:
        if earlier.change_id == one.change_id:
            return None
        if earlier.change.target == one.change.target and _restores_the_same(earlier.change, one.change):
            return earlier
    return None


def _counting(one: Owed, everything: Sequence[Owed]) -> Owed:
    """The Change whose undo puts this one back: its own, or an earlier one's."""
    return superseded(one, everything) or one


def _restores_the_same(earlier: Change, later: Change) -> bool:
    """Whether both undos end in the same Call, or in the same place's being read back."""
    if earlier.revert == later.revert:
        return True
    places = [_places(change) for change in (earlier, later)]
    return None not in places and places[0] == places[1]


def _places(change: Change) -> list[tuple[object, str]] | None:
    """Where the undo looks to see that it worked; None when a call of it does not say."""
    found: list[tuple[object, str]] = []
    for call in change.revert:
        if call.read_back is None:
            return None
        found.append((call.read_back.read, call.read_back.path))
    return found


async def revert_all(record: Record, performer: Performer, clock: Clock, *, within_seconds: float) -> Reverted:
    """Put back every fault and step that the journal says is owed, in reverse order, retrying until the deadline.

    Call it shielded. It goes on past a Change that fails, and never raises for one.
    """
    record.go_on_without_journal()
    began = clock.monotonic()
    moves = [one for one in owed(record.entries) if one.role != "ledger"]
    record.append("revert.began", {"of": len(moves)})
    left = await _pay(record, performer, clock, moves, within_seconds)
    result = Reverted(
        of=len(moves),
        reverted=sum(one not in left and superseded(one, moves) not in left for one in moves),
        left=tuple(left),
        irreversible=tuple(irreversible(record.entries)),
        seconds=clock.monotonic() - began,
    )
    _record_result(record, result)
    return result


async def clean_up(
    record: Record, performer: Performer, clock: Clock, *, within_seconds: float, died: bool = False
) -> tuple[Owed, ...]:
    """Remove what the probes wrote, as `revert_all` puts back faults. Returns what could not be removed.

    Probes journal no writes: where their process `died`, one may have been under way, and land late.
    """
    record.go_on_without_journal()
    litter = [one for one in owed(record.entries) if one.role == "ledger"]
    if died:
        litter = [replace(one, certain=False) for one in litter]
    left = await _pay(record, performer, clock, litter, within_seconds)
    if litter:
        names: list[JsonValue] = [one.describe() for one in left]
        record.append("cleanup.done", {"of": len(litter), "left": names})
    return tuple(left)


async def _pay(
    record: Record, performer: Performer, clock: Clock, everything: Sequence[Owed], within_seconds: float
) -> list[Owed]:
    """Round after round until all is back or the deadline has come. Returns what is left."""
    deadline = clock.monotonic() + within_seconds
    counted = [one for one in everything if superseded(one, everything) is None]
    doubtful = {_counting(one, everything).change_id for one in everything if not one.certain}
    unswept = [one for one in counted if one.change_id in doubtful]
    waiting = list(reversed(counted))
    pause = FIRST_PAUSE_SECONDS
    while waiting or unswept:
        if waiting:
            waiting = await _one_round(record, performer, waiting)
        else:
            await clock.sleep(LATE_EFFECT_SECONDS)
            waiting = await _landed_late(record, performer, unswept)
            unswept = [one for one in unswept if one in waiting]
        if waiting:
            if clock.monotonic() + pause > deadline:
                break
            await clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    _settle_superseded(record, everything, waiting)
    return waiting


async def _one_round(record: Record, performer: Performer, waiting: Sequence[Owed]) -> list[Owed]:
    """Try each once: groups in order, the Changes of one fault side by side. Returns those that are still owed.

    An undo waits while a later one on its target has failed: the later one's retry would land on top of it.
    """
    failed: list[Owed] = []

    async def attempt(one: Owed) -> None:
        if not await _put_back(record, performer, one):
            failed.append(one)

    for _, members in groupby(waiting, key=lambda one: one.group):
        blocked = {one.change.target for one in failed}
        async with anyio.create_task_group() as group:
            for one in members:
                if one.change.target in blocked:
                    failed.append(one)
                else:
                    group.start_soon(attempt, one)
    return [one for one in waiting if one in failed]


async def _put_back(record: Record, performer: Performer, one: Owed) -> bool:
    try:
        await performer.revert(one.change_id, one.change)
    except Exception as error:  # noqa: BLE001  an error of our own must not keep the others from being put back
        record.append("change.reverted", {"change_id": one.change_id, "ok": False, "left": _left(one, error)})
        return False
    record.append("change.reverted", {"change_id": one.change_id, "ok": True})
    return True


def _left(one: Owed, error: Exception) -> str:
    reason = error.message if isinstance(error, DrillError) else f"{type(error).__name__}: {error}"
    return f"{one.describe()}: {reason}"


async def _landed_late(record: Record, performer: Performer, doubtful: Sequence[Owed]) -> list[Owed]:
    """Look again, one API time-out after the undo, at what may have landed after it. Returns what is there again."""
    back = []
    for one in doubtful:
        try:
            holds = await performer.holds(one.change_id, one.change)
        except Exception as error:  # noqa: BLE001  what cannot be looked at is put back once more
            holds = False
            record.append("change.reverted", {"change_id": one.change_id, "ok": False, "left": _left(one, error)})
        if not holds:
            back.append(one)
    return list(reversed(back))


def _settle_superseded(record: Record, everything: Sequence[Owed], left: Sequence[Owed]) -> None:
    for one in everything:
        earlier = superseded(one, everything)
        if earlier is not None and earlier not in left:
            record.append("change.reverted", {"change_id": one.change_id, "ok": True, "by": earlier.change_id})


def _record_result(record: Record, result: Reverted) -> None:
    record.append(
        "revert.done",
        {
            "of": result.of,
            "reverted": result.reverted,
            "left": [one.describe() for one in result.left],
            "irreversible": [one.describe() for one in result.irreversible],
            "seconds": round(result.seconds, 3),
        },
    )
