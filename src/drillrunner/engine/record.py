"""The run's record: every entry goes to the journal first, then to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import anyio.lowlevel
from pydantic import JsonValue

from drillrunner.model.journal import Entry


class Journal(Protocol):
    """Where entries are kept. Both raise JournalUnwritable.

    `append` returns when the entry is written: it outlives the process, and a power cut may take it. `sync`
    returns when everything that was appended is on disk.
    """

    def append(self, kind: str, data: dict[str, JsonValue]) -> Entry: ...

    def sync(self) -> None: ...


class Record:
    """The journal with a memory and an audience.

    Nothing may be done to the outside before `append` or `on_disk` has returned for what says how to undo it.
    What tells of something that was done already is only written: a power cut that takes it leaves an intent
    without an outcome, or a change that is put back once more, and a revert is only the more careful for it.

    Until `go_on_without_journal` is called, an entry that cannot be kept stops the run. A revert
    calls it: putting things back must not wait for a disk. `make_room` frees what space it can.
    """

    def __init__(
        self,
        journal: Journal,
        entries: Sequence[Entry] = (),
        *,
        notify: Callable[[Entry], None] = lambda _: None,
        make_room: Callable[[], None] = lambda: None,
    ) -> None:
        self._journal = journal
        self._notify = notify
        self._make_room = make_room
        self._lenient = False
        # how many entries were written, and how many of them are on disk or given up
        self._written = 0
        self._settled = 0
        self.entries = list(entries)
        self.unwritten = 0

    def append(self, kind: str, data: dict[str, JsonValue]) -> bool:
        """Record one entry durably; true when it is on disk, with everything that was written before it.

        Raises JournalUnwritable, unless the run goes on without: then what cannot be kept is counted.
        """
        return self.write(kind, data) and self._synced()

    def write(self, kind: str, data: dict[str, JsonValue]) -> bool:
        """Record one entry so that it outlives the process; it is on disk with the next that is. As `append`, else."""
        return self._kept(lambda: self._take(self._journal.append(kind, data)))

    async def on_disk(self) -> None:
        """Wait until everything that was written is on disk. Who asks in the same turn of the loop shares one fsync.

        Raises JournalUnwritable, unless the run goes on without.
        """
        mine = self._written
        await anyio.lowlevel.checkpoint()
        if self._settled < mine:
            self._synced()

    def go_on_without_journal(self) -> None:
        self._lenient = True

    def _synced(self) -> bool:
        kept = self._kept(self._journal.sync)
        self._settled = self._written
        return kept

    def _kept(self, keep: Callable[[], None]) -> bool:
        """Whether it was kept. Where the run goes on without, it is tried once more, with more room, and counted."""
        try:
            keep()
        except Exception:
            if not self._lenient:
                raise
            return self._kept_with_more_room(keep)
        return True

    def _kept_with_more_room(self, keep: Callable[[], None]) -> bool:
        try:
            self._make_room()
            keep()
        except Exception:  # noqa: BLE001  putting things back must not wait for a disk, whatever is wrong with it
            self.unwritten += 1
            return False
        return True

    def _take(self, entry: Entry) -> None:
        self._written += 1
        self.entries.append(entry)
        try:
            self._notify(entry)
        except Exception:  # noqa: BLE001  who only watches must not stop a run, least of all its revert
            self._notify = _nobody


def _nobody(entry: Entry) -> None:
    """The audience of a run whose view has failed."""
