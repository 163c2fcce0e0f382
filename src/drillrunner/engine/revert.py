"""Putting everything back: what is owed, worked out from the journal alone, and paid in reverse order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import anyio
from pydantic import JsonValue

from drillrunner.clock import Clock
from drillrunner.engine.debt import Owed, begun, irreversible, owed, superseded
from drillrunner.engine.doubts import LATE_EFFECT_SECONDS, Doubts, why_left
from drillrunner.engine.perform import Performer
from drillrunner.engine.record import Record

__all__ = [
    "LATE_EFFECT_SECONDS",
    "Owed",
    "Reverted",
    "begun",
    "clean_up",
    "irreversible",
    "owed",
    "revert_all",
    "superseded",
]

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 20.0


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
    """Round after round until all is back, and nothing can land any more, or the deadline has come.

    Returns what is left.
    """
    deadline = clock.monotonic() + within_seconds
    doubts = Doubts(record, performer, clock, everything)
    waiting = list(reversed(doubts.counted))
    pause = FIRST_PAUSE_SECONDS
    while waiting or doubts.until:
        if waiting:
            waiting = await _one_round(record, performer, waiting)
            doubts.take_in(until=deadline)
        in_time = clock.monotonic() + pause <= deadline
        if waiting and not in_time and not doubts.elsewhere(waiting):
            break
        if waiting and in_time:
            await clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        else:
            await clock.sleep_until(doubts.next_look(waiting))
        waiting = await doubts.look_again(waiting)
    waiting = doubts.never_looked_at(waiting)
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
        record.write("change.reverted", {"change_id": one.change_id, "ok": False, "left": why_left(one, error)})
        return False
    record.write("change.reverted", {"change_id": one.change_id, "ok": True})
    return True


def _settle_superseded(record: Record, everything: Sequence[Owed], left: Sequence[Owed]) -> None:
    for one in everything:
        earlier = superseded(one, everything)
        if earlier is not None and earlier not in left:
            record.write("change.reverted", {"change_id": one.change_id, "ok": True, "by": earlier.change_id})


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
