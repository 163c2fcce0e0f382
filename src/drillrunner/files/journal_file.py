"""The journal on disk: one JSON entry a line, hash-chained, on the platter before `append` returns."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import JsonValue, ValidationError

from drillrunner.clock import Clock
from drillrunner.errors import JournalBroken, JournalUnwritable
from drillrunner.model.journal import GENESIS, Entry, entry_hash, line_of, next_entry


class JournalFile:
    """Appends to one journal. Every entry is flushed and fsynced before `append` returns.

    A line that could not be written whole is cut off again, so that the chain on disk always holds.
    """

    def __init__(self, path: Path, clock: Clock, *, after: Entry | None = None) -> None:
        self.path = path
        self._clock = clock
        self._last = after
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self._size = os.fstat(self._file).st_size
            _sync_folder(path.parent)
        except OSError as error:
            raise _unwritable(path, error) from error

    def append(self, kind: str, data: dict[str, JsonValue]) -> Entry:
        """Write one entry and wait until it is on disk. Raises JournalUnwritable."""
        wall = self._clock.wall().isoformat(timespec="milliseconds")
        entry = next_entry(self._last, round(self._clock.monotonic(), 6), wall, kind, data)
        line = line_of(entry)
        try:
            self._write_whole(line)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._size += len(line)
        self._last = entry
        return entry

    def close(self) -> None:
        os.close(self._file)

    def _write_whole(self, line: bytes) -> None:
        try:
            written = os.write(self._file, line)
            if written != len(line):
                raise OSError(f"only {written} of {len(line)} bytes were written")
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise


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


def _parsed(path: Path) -> Iterator[tuple[int, Entry | None]]:
    """Each line's number with its entry; None for a last line that a dying process left torn."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                yield number, None
                return
            try:
                yield number, Entry.model_validate(json.loads(line))
            except (ValueError, ValidationError, RecursionError) as error:
                raise JournalBroken(
                    "this line is no journal entry",
                    where=f"{path}:{number}",
                    advice="the journal was changed after it was written; restore it from a copy",
                ) from error


def read_journal(path: Path) -> list[Entry]:
    """Every whole entry, oldest first; a torn last line is left out. Raises JournalBroken if the chain breaks."""
    entries: list[Entry] = []
    prev = GENESIS
    for number, entry in _parsed(path):
        if entry is None:
            break
        expected = entry_hash(number, entry.at, entry.wall, entry.kind, entry.data, prev)
        if entry.seq != number or entry.prev != prev or entry.hash != expected:
            raise JournalBroken(
                "the hash chain does not hold from here on",
                where=f"{path}:{number}",
                advice="the journal was changed after it was written; restore it from a copy",
            )
        prev = entry.hash
        entries.append(entry)
    return entries


def reopen_journal(path: Path, clock: Clock) -> tuple[JournalFile, list[Entry]]:
    """Go on with a dead run's journal: what it holds, and a file to append to. A torn last line is cut off."""
    entries = read_journal(path)
    with path.open("rb") as lines:
        whole = sum(len(line) for line in lines if line.endswith(b"\n"))
    try:
        os.truncate(path, whole)
    except OSError as error:
        raise _unwritable(path, error) from error
    return JournalFile(path, clock, after=entries[-1] if entries else None), entries
