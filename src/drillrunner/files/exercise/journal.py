"""An exercise's events on disk: hash-chained lines as a run's journal has them, each on disk before anybody is told.

events.jsonl is locked for as long as it is written: the kernel drops the lock when the process ends, however it ends.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue, ValidationError

from drillrunner.clock import Clock
from drillrunner.errors import ExerciseBusy, JournalBroken, JournalUnwritable
from drillrunner.files.exercise.folder import ExerciseFolder
from drillrunner.files.journal_file import JournalFile, read_journal
from drillrunner.files.lock_file import is_locked, locked
from drillrunner.model.exercise_event import EventDraft, ExerciseEvent
from drillrunner.model.journal import Entry

_LIFE_BYTES = 128


class ExerciseJournal:
    """Appends the events of one exercise. Make one with `open` (a new folder) or `resume` (one that was left).

    Real seconds count from the first event: while a process lives by the monotonic clock, between two processes by
    the wall's stamps.
    """

    def __init__(
        self,
        folder: ExerciseFolder,
        clock: Clock,
        last: Entry | None,
        lock: int,
        fsync: Callable[[int], None] = os.fsync,
    ) -> None:
        self.folder = folder
        self._clock = _since(clock, last)
        self._fsync = fsync
        self._moment: float | None = None
        self._lock = lock
        self._last = last
        self._file = self._appending()
        self._life = os.open(folder.sign_of_life, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def __enter__(self) -> ExerciseJournal:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @staticmethod
    def open(folder: ExerciseFolder, clock: Clock, *, fsync: Callable[[int], None] = os.fsync) -> ExerciseJournal:
        """The journal of a folder that was just made. Raises ExerciseBusy, JournalUnwritable."""
        return ExerciseJournal(folder, clock, None, _lock(folder), fsync)

    @staticmethod
    def resume(folder: ExerciseFolder, clock: Clock) -> Resumed:
        """Go on with what a process left. Raises ExerciseBusy, JournalBroken, JournalUnwritable.

        What was planned must be what was begun: an exercise.yaml that was changed since then is refused.
        """
        lock = _lock(folder)
        try:
            read = read_events(folder)
            _check_unchanged(folder, read.events)
            os.truncate(folder.events, read.whole_bytes)
            journal = ExerciseJournal(folder, clock, read.last, lock)
        except OSError as error:
            os.close(lock)
            raise _unwritable(folder.events, error) from error
        except BaseException:
            os.close(lock)
            raise
        alive = max(_last_sign_of_life(folder), read.events[-1].real_seconds if read.events else 0.0)
        return Resumed(journal, read.events, read.torn_bytes, min(alive, journal.real_seconds()))

    def real_seconds(self) -> float:
        """Since the first event; since now, where there is none yet."""
        return self._clock.monotonic()

    def append(self, draft: EventDraft, real_seconds: float) -> ExerciseEvent:
        """Write one event; it is on disk when this returns. Raises JournalUnwritable: then it did not happen."""
        data: dict[str, JsonValue] = {
            "actor": draft.actor.model_dump(exclude_none=True),
            "scenario_seconds": draft.scenario_seconds,
            "data": draft.data,
        }
        self._moment = real_seconds
        whole = self.folder.events.stat().st_size
        try:
            entry = self._file.append(draft.kind, data)
            self._file.sync()
        except JournalUnwritable as error:
            self._take_back(whole)
            raise _unwritable(self.folder.events, error.__cause__ or error) from error
        finally:
            self._moment = None
        self._last = entry
        return event_of(entry)

    def show_life(self) -> None:
        """Say that the process is still there, so that the clock can be found again when it dies: once a second."""
        sign = json.dumps({"real_seconds": round(self.real_seconds(), 3)}).encode().ljust(_LIFE_BYTES)
        with suppress(OSError):  # a full disk costs the clock some seconds after a crash, and nothing else
            os.pwrite(self._life, sign, 0)

    def close(self) -> None:
        self._file.close()
        os.close(self._life)
        os.close(self._lock)

    def _appending(self) -> JournalFile:
        stamps = replace(self._clock, monotonic_source=self._stamp)
        return JournalFile(self.folder.events, stamps, after=self._last, fsync=self._fsync)

    def _take_back(self, whole: int) -> None:
        """Cut off what may not be on disk: it is told that it did not happen. Raises JournalUnwritable."""
        try:
            os.truncate(self.folder.events, whole)
        except OSError as error:
            raise _unwritable(self.folder.events, error) from error
        with suppress(OSError):
            self._file.close()
        self._file = self._appending()

    def _stamp(self) -> float:
        return self._moment if self._moment is not None else self._clock.monotonic()


class Resumed(NamedTuple):
    """A journal to go on with, what it holds, how many bytes of a torn last line were cut off, and when the process
    that left it was last seen alive."""

    journal: ExerciseJournal
    events: tuple[ExerciseEvent, ...]
    torn_bytes: int
    alive_until_real_seconds: float


class EventsRead(NamedTuple):
    """What events.jsonl holds. `torn_bytes` of a line that a dying process tore follow the `whole_bytes`."""

    events: tuple[ExerciseEvent, ...]
    last: Entry | None
    whole_bytes: int
    torn_bytes: int


def read_events(folder: ExerciseFolder) -> EventsRead:
    """Every event, oldest first, whether or not somebody writes at the same time.

    Raises JournalBroken where the chain does not hold, or a line is no event.
    """
    try:
        entries = read_journal(folder.events)
        whole, rest = _parted(folder.events, len(entries))
    except OSError as error:
        raise JournalBroken(
            f"the events cannot be read: {error.strerror or error}", where=str(folder.events), advice="restore them"
        ) from error
    if b"\n" in rest[:-1]:  # each event was on disk before the next was written: only the last can be torn
        raise _no_event(folder.events, len(entries) + 1)
    events = []
    for number, entry in enumerate(entries, 1):
        try:
            events.append(event_of(entry))
        except (ValidationError, KeyError, ValueError):
            raise _no_event(folder.events, number) from None
    return EventsRead(tuple(events), entries[-1] if entries else None, whole, len(rest))


def event_of(entry: Entry) -> ExerciseEvent:
    """The event that a journal's entry is. Raises ValidationError, KeyError or ValueError where it is none."""
    return ExerciseEvent.model_validate(
        {
            "seq": entry.seq,
            "at": datetime.fromisoformat(entry.wall),
            "real_seconds": entry.at,
            "scenario_seconds": entry.data["scenario_seconds"],
            "actor": entry.data["actor"],
            "kind": entry.kind,
            "data": entry.data["data"],
        }
    )


def _since(clock: Clock, last: Entry | None) -> Clock:
    """A clock that shows real seconds since the first event."""
    began = clock.monotonic_source()
    before = 0.0
    if last is not None:
        away = (clock.wall() - datetime.fromisoformat(last.wall)).total_seconds()
        before = last.at + max(0.0, away)
    source: Callable[[], float] = clock.monotonic_source
    return replace(clock, scale=1.0, monotonic_source=lambda: before + source() - began)


def _lock(folder: ExerciseFolder) -> int:
    """The lock's descriptor, to be closed with the journal. Raises ExerciseBusy."""
    try:
        descriptor = os.open(folder.events, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _unwritable(folder.events, error) from error
    if not locked(descriptor):
        os.close(descriptor)
        raise ExerciseBusy(
            "another process runs this exercise",
            where=str(folder.path),
            advice="go on there, or end that process first; what it wrote stays",
        )
    return descriptor


def _check_unchanged(folder: ExerciseFolder, events: tuple[ExerciseEvent, ...]) -> None:
    began = events[0].data.get("exercise_sha256") if events else None
    if began is not None and began != folder.exercise_sha256():
        raise JournalBroken(
            "this is not the exercise that was begun: the file was changed since then",
            where=str(folder.exercise),
            advice="restore it from a copy, or begin a new exercise",
        )


def _last_sign_of_life(folder: ExerciseFolder) -> float:
    """Real seconds; 0 where there is none that can be read."""
    try:
        sign = json.loads(folder.sign_of_life.read_bytes())
        return float(sign["real_seconds"])
    except (OSError, ValueError, TypeError, KeyError):
        return 0.0


def _parted(path: Path, lines: int) -> tuple[int, bytes]:
    """How many bytes the first `lines` have, and what follows them."""
    with path.open("rb") as file:
        whole = sum(len(line) for line in islice(file, lines))
        return whole, file.read()


def _no_event(path: Path, number: int) -> JournalBroken:
    return JournalBroken(
        "this line is no event of an exercise",
        where=f"{path}:{number}",
        advice="the journal was changed after it was written; restore it from a copy",
    )


def _unwritable(path: Path, error: BaseException) -> JournalUnwritable:
    told = (error.strerror if isinstance(error, OSError) else None) or error
    return JournalUnwritable(
        f"what happens cannot be written down: {told}",
        where=str(path),
        advice="free some space, then say it again; everything before it is kept",
    )


def is_running(folder: ExerciseFolder) -> bool:
    """Whether a process is writing events now."""
    return is_locked(folder.events)
