"""Watching: every probe on a schedule of its own, and the board on which the conductor reads what they see."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import anyio
import anyio.abc

from drillrunner.errors import DrillError
from drillrunner.model.call import Change
from drillrunner.model.drill import ProbeSpec
from drillrunner.model.reading import Answer, Reading
from drillrunner.ports import Outside, Probe, WritingProbe

# Records of a ledger whose undo is put on disk at once; BatchWriteItem deletes 25 items a call.
EXTENT_RECORDS = 25

Sink = Callable[[Reading], None]
Reserve = Callable[[str, str, Change], Awaitable[None]]


@dataclass
class Track:
    """What one probe has shown so far. Times are drill-clock seconds."""

    spec: ProbeSpec
    last: Reading | None = None
    count: int = 0
    good: int = 0
    bad: int = 0
    unknown_streak: int = 0
    good_since: Reading | None = None
    not_good_since: Reading | None = None
    last_good: Reading | None = None
    first_bad: Reading | None = None
    good_before_first_bad: Reading | None = None

    def add(self, reading: Reading) -> None:
        self.count += 1
        self.unknown_streak = self.unknown_streak + 1 if reading.ok is None else 0
        self.last = reading
        if reading.ok:
            self.good += 1
            self.last_good = reading
            self.good_since = self.good_since or reading
            self.not_good_since = None
            return
        self.not_good_since = self.not_good_since or reading
        if reading.ok is False:
            self.bad += 1
            self.good_since = None
            if self.first_bad is None:
                self.first_bad = reading
                self.good_before_first_bad = self.last_good

    def good_for_seconds(self) -> float:
        """How long its good answers have been unbroken, from the first one's answer to the last one's question."""
        if self.good_since is None or self.last_good is None:
            return 0.0
        return max(0.0, self.last_good.asked - self.good_since.answered)

    def not_good_for_seconds(self) -> float:
        """How long it has not been seen good; what could not be asked is not good."""
        if self.not_good_since is None or self.last is None:
            return 0.0
        return self.last.answered - self.not_good_since.asked

    def count_anew(self) -> None:
        """Start a new baseline: only what is answered from now on counts."""
        self.count = self.good = self.bad = 0

    def forget_failures(self) -> None:
        """Start counting failures anew: what was seen before the fault is not its effect."""
        self.first_bad = None


@dataclass
class Board:
    """Every probe's Track, and a way to wait until they show something."""

    tracks: dict[str, Track] = field(default_factory=dict)
    _news: anyio.Event = field(default_factory=anyio.Event)

    def add(self, reading: Reading) -> None:
        self.tracks[reading.probe].add(reading)
        self.wake()

    def wake(self) -> None:
        """Let those who wait look again."""
        self._news.set()
        self._news = anyio.Event()

    async def until(self, predicate: Callable[[], bool], outside: Outside, deadline: float) -> bool:
        """Wait until the predicate holds (true), or the drill clock reaches the deadline (false)."""
        while not predicate():
            left = deadline - outside.clock.monotonic()
            if left <= 0:
                return False
            with anyio.move_on_after(outside.clock.real(left)):
                await self._news.wait()
        return True


def spread(specs: Sequence[ProbeSpec]) -> dict[str, float]:
    """How long after the start each probe is asked first, by name, so that those of one period do not ask at once."""
    same: dict[float, list[str]] = {}
    for spec in specs:
        same.setdefault(spec.every_seconds, []).append(spec.name)
    return {name: every * index / len(names) for every, names in same.items() for index, name in enumerate(names)}


class Watcher:
    """Polls one probe every `every_seconds`, however long a poll takes, and never retries within a poll.

    Polls may overlap; a schedule that lags behind is not caught up with in a burst: a poll whose turn
    has passed altogether is left out, and the gap shows in the readings. The first is `offset_seconds` late.
    """

    def __init__(
        self, spec: ProbeSpec, probe: Probe, outside: Outside, sink: Sink, *, offset_seconds: float = 0.0
    ) -> None:
        self.spec = spec
        self._offset_seconds = offset_seconds
        self.probe = probe
        self._writing = probe if isinstance(probe, WritingProbe) else None
        self.written = 0
        # when a poll last ended without an answer: what it wrote may still land
        self.unanswered_at: float | None = None
        self._outside = outside
        self._sink = sink
        self._reserved = 0
        self._stopped = False
        self._pause = anyio.CancelScope()
        self._finished = anyio.Event()

    async def stop(self) -> None:
        """Ask no more, and wait until the polls under way have answered."""
        self._stopped = True
        self._pause.cancel()
        await self._finished.wait()

    async def run(self, reserve: Reserve) -> None:
        """Poll until cancelled or stopped. `reserve(probe, kind, change)` puts a writing probe's undo on disk."""
        try:
            async with anyio.create_task_group() as polls:
                await self._ask_on_schedule(polls, reserve)
        finally:
            self._finished.set()

    async def _ask_on_schedule(self, polls: anyio.abc.TaskGroup, reserve: Reserve) -> None:
        clock = self._outside.clock
        begin = clock.monotonic() + self._offset_seconds
        turn = 0
        while True:
            due = begin + turn * self.spec.every_seconds
            with self._pause:
                await clock.sleep_until(due)
            if self._stopped:
                return
            self._pause = anyio.CancelScope()
            if self._writing is not None and self.written >= self._reserved:
                await self._reserve_extent(self._writing, reserve)
            if self._stopped:
                return
            self.written += 1
            polls.start_soon(self._poll, self.written, due)
            turn = max(turn + 1, math.floor((clock.monotonic() - begin) / self.spec.every_seconds))

    async def _reserve_extent(self, probe: WritingProbe, reserve: Reserve) -> None:
        first = self._reserved + 1
        last = self._reserved + EXTENT_RECORDS
        extent = probe.extent(self._outside, first, last)
        await reserve(self.spec.name, self.spec.kind, extent)
        self._reserved = last

    async def _poll(self, seq: int, due: float) -> None:
        clock = self._outside.clock
        asked = _stamp(clock.monotonic())
        try:
            answer = await self._ask(seq)
        except anyio.get_cancelled_exc_class():
            self.unanswered_at = clock.monotonic()
            raise
        if answer.ok is not True:
            self.unanswered_at = clock.monotonic()
        self._sink(
            Reading(
                probe=self.spec.name,
                seq=seq,
                due=_stamp(due),
                asked=asked,
                answered=_stamp(clock.monotonic()),
                ok=answer.ok,
                value=answer.value,
                why=answer.why,
                region=answer.region,
                vantage=self.spec.vantage,
                phases=answer.phases,
            )
        )

    async def _ask(self, seq: int) -> Answer:
        """One answer, whatever happens: past the time-out it is a failure, an error of our own proves nothing."""
        clock = self._outside.clock
        try:
            with anyio.fail_after(clock.real(self.spec.timeout_seconds)):
                return await self.probe.poll(self._outside, seq, self.spec.timeout_seconds)
        except TimeoutError:
            return Answer(ok=False, why="timeout")
        except DrillError as error:
            return Answer(ok=None, why=error.message)
        except Exception as error:  # noqa: BLE001  a broken probe must not stop the others, nor count as good
            return Answer(ok=None, why=f"probe error: {type(error).__name__}: {error}")


def _stamp(moment: float) -> float:
    """Rounded as the journal's stamps are, so that what came first in truth does not come second on paper."""
    return round(moment, 6)
