"""Readings on disk: one SQLite table, written in batches by the run and streamed by the judge."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drillrunner.errors import InvalidInput, JournalUnwritable
from drillrunner.model.reading import Reading

_SCHEMA = """
create table if not exists readings (
  probe text not null, seq integer not null, due real not null, asked real not null, answered real not null,
  ok integer, value real, why text, region text, vantage text not null, phases text not null
)
"""
_INSERT = "insert into readings values (?,?,?,?,?,?,?,?,?,?,?)"
_FLUSH_REAL_SECONDS = 0.5
_FLUSH_COUNT = 500


class ReadingsFile:
    """Collects readings and commits them at least twice a second. A killed run loses only the last half second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[tuple[object, ...]] = []
        self._flushed = time.monotonic()
        try:
            self._database = sqlite3.connect(path, isolation_level=None)
            self._database.execute("pragma journal_mode=wal")
            self._database.execute("pragma synchronous=normal")
            self._database.execute(_SCHEMA)
        except sqlite3.Error as error:
            raise self._unwritable(error) from error

    def add(self, reading: Reading) -> None:
        """Keep one reading. Raises JournalUnwritable when the disk refuses."""
        self._waiting.append(_as_row(reading))
        late = time.monotonic() - self._flushed > _FLUSH_REAL_SECONDS
        if late or len(self._waiting) >= _FLUSH_COUNT:
            self.flush()

    def flush(self) -> None:
        try:
            self._database.execute("begin")
            self._database.executemany(_INSERT, self._waiting)
            self._database.execute("commit")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                self._database.execute("rollback")
            raise self._unwritable(error) from error
        self._waiting.clear()
        self._flushed = time.monotonic()

    def close(self) -> None:
        """Write what is waiting and fold the write-ahead log into the one file. Raises JournalUnwritable."""
        self.flush()
        try:
            self._database.execute("pragma wal_checkpoint(truncate)")
            self._database.execute("pragma journal_mode=delete")
        except sqlite3.Error as error:
            raise self._unwritable(error) from error
        finally:
            self._database.close()

    def _unwritable(self, error: sqlite3.Error) -> JournalUnwritable:
        return JournalUnwritable(
            f"the readings cannot be written: {error}",
            where=str(self._path),
            advice="free some space or choose another --reports folder",
        )


def _as_row(reading: Reading) -> tuple[object, ...]:
    ok = None if reading.ok is None else int(reading.ok)
    phases = json.dumps(dict(reading.phases)) if reading.phases else "{}"
    return (
        _storable(reading.probe),
        reading.seq,
        reading.due,
        reading.asked,
        reading.answered,
        ok,
        reading.value,
        _storable(reading.why),
        _storable(reading.region),
        _storable(reading.vantage),
        phases,
    )


def _storable(text: str | None) -> str | None:
    r"""A text that SQLite takes: half a surrogate pair, as aiohttp makes of a header's stray byte, becomes `\udcff`."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def read_readings(path: Path) -> Iterator[Reading]:
    """Every reading in the order of asking. Raises InvalidInput when the file is no readings file."""
    if not path.exists():
        return
    try:
        with sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True) as database:
            for row in database.execute("select * from readings order by asked, probe, seq"):
                yield _as_reading(row)
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise InvalidInput(f"these are no readings: {error}", where=str(path)) from error


def _as_reading(row: tuple[Any, ...]) -> Reading:
    """Raises TypeError on what a REAL column holds that is no number (SQLite keeps such a text as it is)."""
    probe, seq, due, asked, answered, ok, value, why, region, vantage, phases = row
    # a run has a million of these: looking at a type is many times faster than converting to it
    if not (type(due) is type(asked) is type(answered) is float and type(seq) is int):
        raise TypeError(f"{probe} {seq} has no times")
    return Reading(
        probe=probe if type(probe) is str else str(probe),
        seq=seq,
        due=due,
        asked=asked,
        answered=answered,
        ok=None if ok is None else bool(ok),
        value=value if value is None or type(value) is float else float(value),
        why=why if why is None or type(why) is str else str(why),
        region=region if region is None or type(region) is str else str(region),
        vantage=vantage if type(vantage) is str else str(vantage),
        phases={} if phases == "{}" else json.loads(str(phases)),
    )
