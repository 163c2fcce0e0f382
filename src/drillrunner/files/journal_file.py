"""The journal on disk: one JSON entry a line, hash-chained, on the platter when `sync` returns."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

from pydantic import JsonValue, ValidationError

from drillrunner.clock import Clock
from drillrunner.errors import JournalBroken, JournalUnwritable
from drillrunner.model.journal import GENESIS, Entry, entry_hash, line_of, next_entry


class JournalFile:
    """Appends to one journal: an entry is handed to the kernel at once, and on disk when `sync` has returned.

    A line that could not be written whole is cut off again, so that the chain on disk always holds. After an fsync
    that failed nobody knows which of the lines since the last one are on disk, whatever a second fsync says (the
    kernel reports an error once): they are written again.
    """

    def __init__(
        self, path: Path, clock: Clock, *, after: Entry | None = None, fsync: Callable[[int], None] = os.fsync
    ) -> None:
        self.path = path
        self._clock = clock
        self._last = after
        self._fsync = fsync
        self._unsynced: list[bytes] = []
        self._unsure = False
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self._size = self._synced_size = os.fstat(self._file).st_size
            _sync_folder(path.parent)
        except OSError as error:
            raise _unwritable(path, error) from error

    def append(self, kind: str, data: dict[str, JsonValue]) -> Entry:
        """Write one entry: it outlives this process, but not yet a power cut. Raises JournalUnwritable."""
        wall = self._clock.wall().isoformat(timespec="milliseconds")
        entry = next_entry(self._last, round(self._clock.monotonic(), 6), wall, kind, data)
        line = line_of(entry)
        try:
            self._make_sure()
            self._write_whole(line)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._unsynced.append(line)
        self._last = entry
        return entry

    def sync(self) -> None:
        """Wait until everything that was appended is on disk. Raises JournalUnwritable."""
        if not self._unsynced:
            return
        try:
            self._make_sure()
            self._fsync(self._file)
        except OSError as error:
            self._unsure = True
            raise _unwritable(self.path, error) from error
        self._synced_size = self._size
        self._unsynced.clear()

    def close(self) -> None:
        os.close(self._file)

    def _write_whole(self, line: bytes) -> None:
        try:
            written = os.write(self._file, line)
            if written != len(line):
                raise OSError(f"only {written} of {len(line)} bytes were written")
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)

    def _make_sure(self) -> None:
        """After an fsync that failed, write again what it was about."""
        if self._unsure:
            os.ftruncate(self._file, self._synced_size)
            self._size = self._synced_size
            self._write_whole(b"".join(self._unsynced))
            self._unsure = False


def _sync_folder(folder: Path) -> None:
    """Make a new file's name durable; the file's own fsync does not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> JournalUnwritable:
    return JournalUnwritable(
        f"the journal cannot be written: {error.strerror or error}",
        where=str(path),
        advice="nothing is injected without a journal: free some space or choose another --reports folder",
    )


def read_journal(path: Path) -> list[Entry]:
    """Every whole entry, oldest first; an end that a death or a power cut tore is left out.

    Raises JournalBroken if the chain breaks.
    """
    entries: list[Entry] = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            entry = _entry_of(line)
            if entry is None and _torn(line, lines, entries):
                break
            if entry is None:
                raise _broken("this line is no journal entry", path, number)
            if not _follows(entry, entries[-1] if entries else None):
                raise _broken("the hash chain does not hold from here on", path, number)
            entries.append(entry)
    return entries


def _entry_of(line: bytes) -> Entry | None:
    try:
        return Entry.model_validate(json.loads(line)) if line.endswith(b"\n") else None
    except (ValueError, ValidationError, RecursionError):
        return None


def _follows(entry: Entry, last: Entry | None) -> bool:
    number, prev = (last.seq + 1, last.hash) if last else (1, GENESIS)
    try:
        expected = entry_hash(number, entry.at, entry.wall, entry.kind, entry.data, prev)
    except ValueError:  # Infinity and NaN, which Python's JSON reads and a journal never holds
        return False
    return (entry.seq, entry.prev, entry.hash) == (number, prev, expected)


def _torn(line: bytes, later: Iterable[bytes], entries: Sequence[Entry]) -> bool:
    """Whether the journal's end begins at this line, which is no entry: half a line, or a gap that a power cut left.

    Pages that were not on disk yet are read as zeros after a power cut, and later ones may be there. Nothing was
    done on the strength of such an end. So if a later line tells of a call whose intent is not before the gap, the
    gap was on disk once, and this is damage.
    """
    if not line.endswith(b"\n"):
        return True
    if b"\0" not in line or not entries:  # the first entry was on disk before anything else
        return False
    intents = {entry.data["call_id"] for entry in entries if entry.kind == "call.intent"} | {"-"}
    after = [entry for entry in map(_entry_of, later) if entry is not None and entry.kind == "call.outcome"]
    return all(entry.data["call_id"] in intents for entry in after)


def _broken(what: str, path: Path, number: int) -> JournalBroken:
    return JournalBroken(
        what,
        where=f"{path}:{number}",
        advice="the journal was changed after it was written; restore it from a copy",
    )


def reopen_journal(path: Path, clock: Clock) -> tuple[JournalFile, list[Entry]]:
    """Go on with a dead run's journal: what it holds, and a file to append to. A torn end is cut off."""
    entries = read_journal(path)
    with path.open("rb") as lines:
        whole = sum(len(line) for line in islice(lines, len(entries)))
    try:
        os.truncate(path, whole)
    except OSError as error:
        raise _unwritable(path, error) from error
    return JournalFile(path, clock, after=entries[-1] if entries else None), entries
