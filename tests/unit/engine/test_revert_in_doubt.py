"""Reverting what nobody is certain of: calls that land late, reverters that die, undos that overlap.

Each was found by `drill selftest` before it was written down here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from drillrunner.clock import run_virtual, virtual_clock
from drillrunner.engine.perform import Performer
from drillrunner.engine.record import Record
from drillrunner.engine.revert import Reverted, owed, revert_all
from drillrunner.model.journal import Entry
from drillrunner.ports import Outside
from fake_outside import fake_outside
from slots_system import Slots, changing, journaled, setting
from small_system import MemoryJournal

T = TypeVar("T")
WITHIN_SECONDS = 120.0


def on_virtual_time(main: Callable[[], Awaitable[T]]) -> T:
    result: T = run_virtual(main)
    return result


def outside_with(system: Slots) -> Outside:
    return replace(fake_outside(clock=virtual_clock()), caller=system)


async def put_back(system: Slots, journal: MemoryJournal, *, within_seconds: float = WITHIN_SECONDS) -> Reverted:
    outside = outside_with(system)
    record = Record(journal, journal.entries)
    return await revert_all(record, Performer(record, outside), outside.clock, within_seconds=within_seconds)


async def settle(system: Slots) -> None:
    await outside_with(system).clock.sleep(60.0)


def test_a_reverter_that_dies_before_its_second_look_leaves_that_look_to_the_next_one() -> None:
    go, back = setting("go", a=0), setting("back", a=100)

    async def main() -> None:
        system, kept = Slots({"a": 100}), MemoryJournal(lambda: 0.0)
        journaled(kept, "c1", changing("w", go, back), outcome=None)
        system.land(go, after=10.0)
        kept.dies_after = len(kept.entries) + 6
        with pytest.raises(BaseException) as died:  # noqa: PT011  a group of it, or itself
            await put_back(system, kept)
        assert "ProcessDied" in repr(died.value)
        assert kept.entries[-1].kind in ("change.reverted", "read_back")
        kept.dies_after = None
        assert [one.change_id for one in owed(kept.entries)] == ["c1"]
        again = await put_back(system, kept)
        await settle(system)
        assert again.left == ()
        assert system.state == {"a": 100}
        assert owed(kept.entries) == []

    on_virtual_time(main)


def test_a_second_look_never_undoes_a_later_change_on_top_of_an_earlier_one() -> None:
    async def main() -> None:
        system, kept = Slots({"a": 50, "b": 100}), MemoryJournal(lambda: 0.0)
        first = changing("w", setting("first", a=0, b=100), setting("undo first", a=100, b=0))
        journaled(kept, "c1", first)
        journaled(kept, "c2", changing("w", setting("second", a=50), setting("undo second", a=0)), outcome="unknown")
        reverted = await put_back(system, kept)
        await settle(system)
        assert reverted.left == ()
        assert system.state == {"a": 100, "b": 0}

    on_virtual_time(main)


def test_an_undo_that_lands_late_on_top_of_an_earlier_one_is_seen() -> None:
    async def main() -> None:
        system, kept = Slots({"a": 50, "b": 100}), MemoryJournal(lambda: 0.0)
        system.lands_late = {"undo second": 8.0}
        first = changing("w", setting("first", a=0, b=100), setting("undo first", a=100, b=0))
        journaled(kept, "c1", first)
        journaled(kept, "c2", changing("w", setting("second", a=50), setting("undo second", a=0)))
        reverted = await put_back(system, kept)
        await settle(system)
        assert reverted.left == ()
        assert system.written.count("undo second") >= 2
        assert system.state == {"a": 100, "b": 0}

    on_virtual_time(main)


def test_what_cannot_be_put_back_keeps_nothing_else_from_its_second_look() -> None:
    async def main() -> None:
        go = setting("go", b=0)
        system, kept = Slots({"a": 0, "b": 100}, refused={"stuck": 10_000}), MemoryJournal(lambda: 0.0)
        journaled(kept, "c1", changing("stuck", setting("throttle", a=0), setting("stuck", a=100)))
        journaled(kept, "c2", changing("late", go, setting("back", b=100)), outcome=None)
        system.land(go, after=12.0)
        reverted = await put_back(system, kept)
        await settle(system)
        assert [one.change.target for one in reverted.left] == ["stuck"]
        assert system.state == {"a": 0, "b": 100}

    on_virtual_time(main)


def test_what_landed_late_and_cannot_be_put_back_stays_owed() -> None:
    async def main() -> None:
        go = setting("go", a=0)
        system, kept = Slots({"a": 100}), MemoryJournal(lambda: 0.0)
        journaled(kept, "c1", changing("w", go, setting("back", a=100)), outcome=None)

        def refuse_after_the_undo(entry: Entry) -> None:
            if entry.kind == "change.reverted":
                system.refused = {"back": 10_000}

        system.land(go, after=10.0)
        outside = outside_with(system)
        record = Record(kept, kept.entries, notify=refuse_after_the_undo)
        reverted = await revert_all(record, Performer(record, outside), outside.clock, within_seconds=20.0)
        assert [one.change_id for one in reverted.left] == ["c1"]
        assert [one.change_id for one in owed(kept.entries)] == ["c1"]

    on_virtual_time(main)


def test_a_late_effect_between_an_undo_and_its_read_back_costs_one_look_not_the_whole_time() -> None:
    async def main() -> None:
        go = setting("go", a=0)
        system, kept = Slots({"a": 100}), MemoryJournal(lambda: 0.0)
        journaled(kept, "c1", changing("w", go, setting("back", a=100)), outcome=None)
        system.land(go, after=0.15)
        reverted = await put_back(system, kept, within_seconds=50.0)
        await settle(system)
        assert reverted.left == ()
        assert system.state == {"a": 100}

    on_virtual_time(main)


def test_an_undo_that_is_left_out_because_all_seems_well_is_looked_at_again() -> None:
    """A read may be answered by a replica that has not seen the fault yet."""

    async def main() -> None:
        system, kept = Slots({"a": 0}, stale={"a": 100}, stale_reads=1), MemoryJournal(lambda: 0.0)
        once = setting("back", a=100).model_copy(update={"skip_if_held": True})
        journaled(kept, "c1", changing("w", setting("go", a=0), once))
        reverted = await put_back(system, kept)
        assert reverted.left == ()
        assert system.state == {"a": 100}

    on_virtual_time(main)


def test_an_undo_is_not_final_while_what_it_covers_may_still_land() -> None:
    kept = MemoryJournal(lambda: 0.0)
    journaled(kept, "c1", changing("w", setting("fail over", a=0), setting("undo", a=100)))
    journaled(kept, "c2", changing("w", setting("fail back", a=50), setting("undo fail back", a=0)), outcome=None)
    kept.append("change.reverted", {"change_id": "c1", "ok": True})
    assert [one.change_id for one in owed(kept.entries)] == ["c1", "c2"]
    kept.append("revert.done", {"of": 2, "left": []})
    assert owed(kept.entries) == []
