"""A pair without a database: a log of records, a lag and a lost tail, on the world's clock and in process."""

from __future__ import annotations

import bisect
import random
from dataclasses import dataclass, field

from drillrunner.clock import Clock
from drillrunner.errors import LabFailed
from drillrunner.lab.databases.lag import LagModel
from drillrunner.lab.databases.pair import Place, Side, other


@dataclass(frozen=True, slots=True)
class Record:
    """One acknowledged write. `arrives_at` is when the standby has it, in drill seconds."""

    key: str
    value: str
    written_at: float
    arrives_at: float


@dataclass(slots=True)
class _Shipped:
    """A side's own log, in order of writing."""

    records: list[Record] = field(default_factory=list)
    up: bool = True


@dataclass
class SimulatedPair:
    """`write` and `read` stand for SQL, which cannot be spoken to it."""

    clock: Clock
    lag: LagModel
    random: random.Random
    places: dict[Side, Place]
    blocking: bool = False
    _writer: Side = "a"
    _following: bool = True
    _paused_at: float | None = None
    _sides: dict[Side, _Shipped] = field(default_factory=lambda: {"a": _Shipped(), "b": _Shipped()})

    @property
    def writer(self) -> Side:
        return self._writer

    def place(self, side: Side) -> Place:
        return self.places[side]

    def running(self, side: Side) -> bool:
        return self._sides[side].up

    def start(self) -> None:
        """Both sides are up from the beginning."""

    def write(self, key: str, value: str) -> Record:
        """Acknowledge one record on the writer. Raises LabFailed when it is down."""
        log = self._sides[self._writer]
        if not log.up:
            raise LabFailed("the writer is down", where="simulated database")
        now = self.clock.monotonic()
        earliest = log.records[-1].arrives_at if log.records else now
        record = Record(key, value, now, max(earliest, now + self.lag.draw(self.random)))
        log.records.append(record)
        return record

    def read(self, side: Side) -> dict[str, str]:
        """What a reader of that side sees now. Raises LabFailed when it is down."""
        if not self._sides[side].up:
            raise LabFailed("the database is down", where="simulated database")
        seen_at = self.clock.monotonic()
        if side != self._writer and self._paused_at is not None:
            seen_at = min(seen_at, self._paused_at)
        return {record.key: record.value for record in self._visible(side, seen_at)}

    def crash(self, side: Side) -> None:
        if side == self._writer and self._following:
            self._receive()
            self._following = False
        self._sides[side].up = False

    def stop_side(self, side: Side) -> None:
        if side == self._writer and self._following and self._sides[side].up and self._sides[other(side)].up:
            self._catch_up()
        self._sides[side].up = False

    def start_side(self, side: Side) -> None:
        self._sides[side].up = True

    def promote(self) -> None:
        standby = other(self._writer)
        if not self._sides[standby].up:
            raise LabFailed("the standby is down", where="simulated database")
        if self._following:
            self._receive()
        self._writer, self._following, self._paused_at = standby, False, None

    def switch(self) -> None:
        old = self._writer
        if not (self._following and self._sides[other(old)].up):
            raise LabFailed("the standby does not follow the writer", where="simulated database")
        self._catch_up()
        self._writer, self._paused_at = other(old), None
        self._sides[old].up = True

    def rebuild(self) -> None:
        self._sides[other(self._writer)] = _Shipped(list(self._sides[self._writer].records))
        self._following = True

    def pause_replay(self, paused: bool) -> None:
        self._paused_at = self.clock.monotonic() if paused else None

    def lag_bytes(self) -> int | None:
        missing = self._missing()
        return None if missing is None else sum(len(record.key) + len(record.value) for record in missing)

    def lag_seconds(self) -> float | None:
        missing = self._missing()
        if missing is None:
            return None
        return self.clock.monotonic() - missing[0].written_at if missing else 0.0

    def close(self) -> None:
        for side in self._sides.values():
            side.up = False

    def _missing(self) -> list[Record] | None:
        writer, standby = self._sides[self._writer], self._sides[other(self._writer)]
        if not (writer.up and standby.up and self._following):
            return None
        now = self.clock.monotonic() if self._paused_at is None else self._paused_at
        return writer.records[len(self._visible(other(self._writer), now)) :]

    def _visible(self, side: Side, seen_at: float) -> list[Record]:
        if side == self._writer or not self._following:
            return self._sides[side].records
        source = self._sides[self._writer].records
        arrived = bisect.bisect_right(source, seen_at, key=lambda record: record.arrives_at)
        return source[: max(arrived, len(self._sides[side].records))]

    def _receive(self) -> None:
        standby = other(self._writer)
        self._sides[standby].records = list(self._visible(standby, self.clock.monotonic()))

    def _catch_up(self) -> None:
        self._sides[other(self._writer)].records = list(self._sides[self._writer].records)
