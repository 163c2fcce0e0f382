"""Reads on, where it left off, what a run that another process makes writes: its journal and its readings."""

from __future__ import annotations

import json
import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from drillrunner.clock import Clock
from drillrunner.files.run_folder import RunFolder
from drillrunner.model.journal import GENESIS, Entry, entry_hash
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.reporting.lines import clock_time
from drillrunner.reporting.picture import Onlooker, Picture
from drillrunner.reporting.story import number_of

READINGS_AT_FIRST = 20_000
READINGS_AT_ONCE = 50_000
TOLD_KEPT = 500
LATE_REAL_SECONDS = 3.0  # how late readings may be on disk: two flushes, and our own looking
_NEWS = (
    "select rowid, probe, seq, due, asked, answered, ok, value, why, region, vantage from readings"
    " where rowid > ? order by rowid limit ?"
)


@dataclass(frozen=True, slots=True)
class Told:
    """One event as people read it. `seq` is its entry's number in the journal."""

    seq: int
    at: str
    what: str
    words: str


class JournalTail:
    """The entries that were added since the last look. What is no whole entry that follows is waited for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._last: tuple[int, str] = (0, GENESIS)

    def news(self) -> Iterator[Entry]:
        """Raises OSError where the file cannot be read."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                entry = _entry_of(line, *self._last)
                if entry is None:
                    return
                self._offset += len(line)
                self._last = (entry.seq, entry.hash)
                yield entry


def _entry_of(line: bytes, seq: int, head: str) -> Entry | None:
    try:
        entry = Entry.model_validate(json.loads(line)) if line.endswith(b"\n") else None
        if entry is None or (entry.seq, entry.prev) != (seq + 1, head):
            return None
        whole = entry.hash == entry_hash(entry.seq, entry.at, entry.wall, entry.kind, entry.data, entry.prev)
    except (ValueError, ValidationError, RecursionError):
        return None
    return entry if whole else None


class ReadingsTail:
    """The readings that were added since the last look; at first only the newest, which are all that is drawn."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._after: int | None = None

    def news(self) -> list[Reading]:
        """What cannot be read now (the file is being folded together) comes next time."""
        if not self._path.exists():
            return []
        try:
            with sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True, timeout=0.2) as database:
                if self._after is None:
                    newest = database.execute("select max(rowid) from readings").fetchone()[0] or 0
                    self._after = max(0, newest - READINGS_AT_FIRST)
                rows = database.execute(_NEWS, (self._after, READINGS_AT_ONCE)).fetchall()
        except sqlite3.Error:
            return []
        if rows:
            self._after = rows[-1][0]
        return [_reading(row) for row in rows]


def _reading(row: tuple[object, ...]) -> Reading:
    _, probe, seq, due, asked, answered, ok, value, why, region, vantage = row
    return Reading(
        probe=str(probe),
        seq=int(str(seq)),
        due=float(str(due)),
        asked=float(str(asked)),
        answered=float(str(answered)),
        ok=None if ok is None else bool(ok),
        value=None if value is None else float(str(value)),
        why=None if why is None else str(why),
        region=None if region is None else str(region),
        vantage=str(vantage),
    )


class RunTail:
    """One run, looked at from outside: what it tells, and the picture of now."""

    def __init__(self, folder: RunFolder, plan: Plan, durations: Mapping[str, float] = MappingProxyType({})) -> None:
        self.folder = folder
        self.plan = plan
        self.told: deque[Told] = deque(maxlen=TOLD_KEPT)
        self.scale = 1.0
        self._onlooker = Onlooker(plan, durations)
        self._journal = JournalTail(folder.journal)
        self._readings = ReadingsTail(folder.readings)
        self._last: Entry | None = None

    def look(self) -> bool:
        """Take in what was written since the last time; whether an entry was among it. Raises OSError."""
        fresh = False
        for entry in self._journal.news():
            fresh, self._last = True, entry
            self.scale = number_of(entry.data, "time_scale") or self.scale
            words = self._onlooker.entry(entry)
            if words is not None:
                self.told.append(Told(entry.seq, clock_time(entry.wall), *words))
        for reading in self._readings.news():
            self._onlooker.reading(reading)
        return fresh

    def now(self, clock: Clock, *, alive: bool) -> float:
        """The run's drill clock, by the wall stamp of its last entry; it stands still when nobody writes any more."""
        if self._last is None:
            return 0.0
        try:
            passed = (clock.wall() - datetime.fromisoformat(self._last.wall)).total_seconds()
        except (ValueError, TypeError):
            passed = 0.0
        return self._last.at + (max(0.0, passed) * self.scale if alive and not self.ended else 0.0)

    @property
    def ended(self) -> bool:
        """Whether the journal tells of the run's end."""
        return bool(self._onlooker.progress.ended)

    def picture(self, now: float) -> Picture:
        """The run at `now`; readings that are still on their way to disk do not look like silence."""
        newest = self._onlooker.newest_answer
        slowest = max((probe.every_seconds for probe in self.plan.drill.user_facing), default=1.0)
        late = LATE_REAL_SECONDS * self.scale + 2 * slowest
        return self._onlooker.picture(now, seen_until=newest if newest is not None and now - newest < late else now)
