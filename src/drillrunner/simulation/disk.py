"""What outlives a process in the fake world: journals with the production chain, readings, and the lock's name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Protocol

from pydantic import JsonValue

from drillrunner.clock import Clock
from drillrunner.errors import EnvironmentBusy, JournalUnwritable
from drillrunner.model.journal import Entry, next_entry
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading

# How many entries the ballast file makes room for.
BALLAST_ENTRIES = 60


class Mortal(Protocol):
    """A process as its journal sees it: it may die around any entry."""

    def about_to_write(self) -> None: ...

    def has_written(self) -> None: ...


@dataclass
class RunFiles:
    """One run's folder. Of the journal's entries the first `synced` outlive a power cut."""

    run_id: str
    plan: Plan
    entries: list[Entry] = field(default_factory=list)
    synced: int = 0
    readings: list[Reading] = field(default_factory=list)
    ballast: bool = True
    stop_requested: bool = False
    # moments (drill seconds) at which an entry could not be written
    unwritten: list[float] = field(default_factory=list)

    def on_disk(self) -> Sequence[Entry]:
        """What no power cut can take."""
        return self.entries[: self.synced]

    def lose(self, share_of_unsynced: float = 0.0, *, at_least: int = 0) -> None:
        """The end of the journal is gone: a share (rounded up) of what was not fsynced, or more than that."""
        unsynced = len(self.entries) - self.synced
        lost = max(ceil(share_of_unsynced * unsynced), at_least)
        del self.entries[len(self.entries) - lost :]
        self.synced = min(self.synced, len(self.entries))

    def surviving(self) -> list[Entry]:
        """The journal as another process reads it: through JSON, and nothing shared."""
        return [Entry.model_validate(json.loads(entry.model_dump_json())) for entry in self.entries]


class SimulatedDisk:
    """Every run's folder, the lock on the environment, and how much room there is."""

    def __init__(self, full: Callable[[], bool], *, skips_fsync: bool = False) -> None:
        self.runs: dict[str, RunFiles] = {}
        self.lock = SimulatedLock()
        self.room_entries = 0
        self._full = full
        self._skips_fsync = skips_fsync

    def create(self, run_id: str, plan: Plan) -> RunFiles:
        self.runs[run_id] = RunFiles(run_id, plan)
        return self.runs[run_id]

    def free_ballast(self, files: RunFiles) -> None:
        if files.ballast:
            files.ballast = False
            self.room_entries += BALLAST_ENTRIES

    def take_room(self) -> None:
        """Room for one entry. Raises JournalUnwritable."""
        if not self._full():
            return
        if self.room_entries <= 0:
            raise JournalUnwritable("the journal cannot be written: no space left on device")
        self.room_entries -= 1

    def sync(self, files: RunFiles) -> None:
        """What was written of this journal is out of a power cut's reach; the mutant's never is."""
        if not self._skips_fsync:
            files.synced = len(files.entries)

    def full(self) -> bool:
        return self._full() and self.room_entries <= 0


class SimulatedJournal:
    """Appends to one run's journal for one process, chained as `files/journal_file.py` chains it."""

    def __init__(self, files: RunFiles, disk: SimulatedDisk, clock: Clock, process: Mortal) -> None:
        self._files = files
        self._disk = disk
        self._clock = clock
        self._process = process
        self._last = files.entries[-1] if files.entries else None

    def append(self, kind: str, data: dict[str, JsonValue]) -> Entry:
        self._process.about_to_write()
        try:
            self._disk.take_room()
        except JournalUnwritable:
            self._files.unwritten.append(self._clock.monotonic())
            raise
        at = round(self._clock.monotonic(), 6)
        entry = next_entry(self._last, at, self._clock.wall().isoformat(timespec="milliseconds"), kind, data)
        self._files.entries.append(entry)
        self._last = entry
        self._process.has_written()
        return entry

    def sync(self) -> None:
        self._disk.sync(self._files)


class SimulatedReadings:
    """Keeps readings; a full disk refuses them."""

    def __init__(self, files: RunFiles, disk: SimulatedDisk) -> None:
        self._files = files
        self._disk = disk
        self._waiting: list[Reading] = []

    def add(self, reading: Reading) -> None:
        self._waiting.append(reading)
        self.flush()

    def flush(self) -> None:
        if self._disk.full():
            raise JournalUnwritable("the readings cannot be written: no space left on device")
        self._files.readings += self._waiting
        self._waiting.clear()


class SimulatedLock:
    """The semantics of `files/lock_file.py`: the kernel's part ends with its process, the name stays while it owes."""

    def __init__(self) -> None:
        self.owner: object | None = None
        self.named: str | None = None
        self._owing = False

    def acquire(self, process: object) -> None:
        """Take it, or raise EnvironmentBusy."""
        if self.owner is not None:
            raise EnvironmentBusy(f"the environment is held by run {self.named}")
        self.owner = process
        self._owing = self.named is not None

    def name(self, run_id: str) -> None:
        self.named = run_id
        self._owing = True

    def settle(self) -> None:
        self._owing = False

    def release(self, process: object) -> None:
        if self.owner is process:
            self.named = self.named if self._owing else None
            self.owner = None

    def dropped_by_kernel(self, process: object) -> None:
        """The process is dead: the lock is free, and the name stays."""
        if self.owner is process:
            self.owner = None
