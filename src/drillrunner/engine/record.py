"""The run's record: every entry goes to the journal first, then to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pydantic import JsonValue

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

    def append(self, kind: str, data: dict[str, JsonValue]) -> bool:
        """Record one entry durably; true when it is on disk.

        Raises JournalUnwritable, unless the run goes on without: then what cannot be written is counted.
        """
        try:
            entry = self._journal.append(kind, data)
        except Exception:
            if not self._lenient:
                raise
            return self._second_try(kind, data)
        self._keep(entry)
        return True

    def go_on_without_journal(self) -> None:
        self._lenient = True

    def _second_try(self, kind: str, data: dict[str, JsonValue]) -> bool:
        try:
            self._make_room()
            entry = self._journal.append(kind, data)
        except Exception:  # noqa: BLE001  putting things back must not wait for a disk, whatever is wrong with it
            self.unwritten += 1
            return False
        self._keep(entry)
        return True

    def _keep(self, entry: Entry) -> None:
        self.entries.append(entry)
        try:
            self._notify(entry)
        except Exception:  # noqa: BLE001  who only watches must not stop a run, least of all its revert
            self._notify = _nobody


def _nobody(entry: Entry) -> None:
    """The audience of a run whose view has failed."""
