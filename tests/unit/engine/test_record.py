"""What is on disk when: what comes before an act is awaited, together; what tells of it is written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import anyio
import pytest

from drillrunner.clock import run_virtual, virtual_clock
from drillrunner.engine.perform import Performer
from drillrunner.engine.record import Record
from drillrunner.errors import JournalUnwritable
from drillrunner.model.call import Call
from drillrunner.model.noun import JsonValue
from fake_outside import fake_outside
from slots_system import Slots, changing, setting
from small_system import MemoryJournal


@dataclass
class FailingSyncs(MemoryJournal):
    """A journal whose fsync fails so often."""

    failing: int = 0

    def sync(self) -> None:
        super().sync()
        if self.syncs <= self.failing:
            raise JournalUnwritable("the disk fails")


@dataclass
class Watched(Slots):
    """Notes how many entries were on disk when each change was called."""

    journal: MemoryJournal = field(default_factory=lambda: MemoryJournal(lambda: 0.0))
    synced: list[int] = field(default_factory=list)

    async def call(self, call: Call, *, timeout_seconds: float, retry: bool = True) -> JsonValue:
        if call.read_back is not None:
            self.synced.append(self.journal.syncs)
        return await super().call(call, timeout_seconds=timeout_seconds, retry=retry)


def on_virtual_time(main: Callable[[], Awaitable[None]]) -> None:
    run_virtual(main)


def test_what_is_written_is_on_disk_with_the_next_entry_that_must_be() -> None:
    journal = MemoryJournal(lambda: 0.0)
    record = Record(journal)
    assert record.write("read_back", {})
    assert (len(journal.entries), journal.syncs) == (1, 0)
    assert record.append("phase.began", {})
    assert (len(journal.entries), journal.syncs) == (2, 1)


def test_intents_of_changes_side_by_side_share_one_fsync_and_no_call_comes_before_it() -> None:
    async def main() -> None:
        system = Watched({f"s{number}": 1 for number in range(20)})
        record = Record(system.journal)
        performer = Performer(record, replace(fake_outside(clock=virtual_clock()), caller=system))
        async with anyio.create_task_group() as group:
            for number in range(20):
                slot = f"s{number}"
                change = changing(slot, setting("go", **{slot: 0}), setting("back", **{slot: 1}))
                group.start_soon(performer.apply, f"c{number}", change)
        assert set(system.state.values()) == {0}
        assert system.synced == [1] * 20
        assert system.journal.syncs == 1

    on_virtual_time(main)


def test_nobody_who_waits_goes_on_when_what_was_written_cannot_be_put_on_disk() -> None:
    async def main() -> None:
        journal = FailingSyncs(lambda: 0.0, failing=3)
        record = Record(journal)
        refused: list[JournalUnwritable] = []

        async def act() -> None:
            record.write("call.intent", {})
            try:
                await record.on_disk()
            except JournalUnwritable as error:
                refused.append(error)

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(act)
        assert len(refused) == 3
        await record.on_disk()

    on_virtual_time(main)


def test_what_is_on_disk_already_is_not_waited_for_again() -> None:
    async def main() -> None:
        journal = MemoryJournal(lambda: 0.0)
        record = Record(journal)
        record.append("phase.began", {})
        await record.on_disk()
        assert journal.syncs == 1

    on_virtual_time(main)


@pytest.mark.parametrize(("failing", "unwritten"), [(1, 0), (2, 1)])
def test_a_revert_makes_room_tries_once_more_and_goes_on_without_a_disk(failing: int, unwritten: int) -> None:
    async def main() -> None:
        journal, rooms = FailingSyncs(lambda: 0.0, failing=failing), list[str]()
        record = Record(journal, make_room=lambda: rooms.append("freed"))
        record.go_on_without_journal()
        record.write("call.intent", {})
        await record.on_disk()
        assert (rooms, record.unwritten, journal.syncs) == (["freed"], unwritten, 2)

    on_virtual_time(main)
