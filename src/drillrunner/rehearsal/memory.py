"""Journal and readings of a rehearsed run, in memory until somebody wants them on disk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from pydantic import JsonValue

from drillrunner.clock import Clock
from drillrunner.model.journal import Entry, line_of, next_entry
from drillrunner.model.reading import Reading


@dataclass(slots=True)
class MemoryJournal:
    """The same chain, and the same bytes, as journal.jsonl."""

    clock: Clock
    entries: list[Entry] = field(default_factory=list)

    def append(self, kind: str, data: dict[str, JsonValue]) -> Entry:
        wall = self.clock.wall().isoformat(timespec="milliseconds")
        last = self.entries[-1] if self.entries else None
        entry = next_entry(last, round(self.clock.monotonic(), 6), wall, kind, data)
        self.entries.append(entry)
        return entry

    def sync(self) -> None:
        """Memory outlives nothing."""

    def lines(self) -> bytes:
        return b"".join(line_of(entry) for entry in self.entries)

    def sha256(self) -> str:
        return hashlib.sha256(self.lines()).hexdigest()


@dataclass(slots=True)
class MemoryReadings:
    readings: list[Reading] = field(default_factory=list)

    def add(self, reading: Reading) -> None:
        self.readings.append(reading)

    def flush(self) -> None:
        """Nothing waits."""
