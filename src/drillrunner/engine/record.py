"""The run's record: every entry goes to the journal first, then to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pydantic import JsonValue

from drillrunner.errors import JournalUnwritable
from drillrunner.model.journal import Entry


class Journal(Protocol):
    """Where entries are kept. `append` returns when the entry is on disk, or raises JournalUnwritable."""

    def append(self, kind: str, data: dict[str, JsonValue]) -> Entry: ...


class Record:
    """The journal with a memory and an audience.

    Until `go_on_without_journal` is called, an entry that cannot be written stops the run. A revert
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
        self.entries = list(entries)
        self.unwritten = 0

    def append(self, kind: str, data: dict[str, JsonValue]) -> None:
        """Record one entry durably. Raises JournalUnwritable unless the run goes on without."""
        try:
            entry = self._journal.append(kind, data)
        except JournalUnwritable:
            if not self._lenient:
                raise
            self._second_try(kind, data)
            return
        self._keep(entry)

    def go_on_without_journal(self) -> None:
        self._lenient = True

    def _second_try(self, kind: str, data: dict[str, JsonValue]) -> None:
        self._make_room()
        try:
            self._keep(self._journal.append(kind, data))
        except JournalUnwritable:
            self.unwritten += 1

    def _keep(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._notify(entry)
