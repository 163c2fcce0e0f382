"""Lanes: each sink hears of the run through a bounded queue, in a task of its own, at its own pace.

Offering something never waits and never raises. A sink that fails, hangs or falls behind loses what it would have
heard, is warned of once, and keeps nobody from anything but the end of the process, for a few seconds. After a
time-out it is told no more of what was queued than what is urgent: what is still injected, and the end.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import anyio

from drillrunner.errors import CallFailed, DrillError
from drillrunner.model.journal import Entry
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import Verdict
from drillrunner.sinks.event import is_urgent
from drillrunner.sinks.post import TIMED_OUT
from drillrunner.sinks.sink import Sink

QUEUE_LENGTH = 1_000
MOST_WITH_READINGS = QUEUE_LENGTH // 2
_KEPT_FOR_THE_URGENT = 50
TURN_REAL_SECONDS = 9.0
DRAIN_REAL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Turn:
    """One thing to hear. What is `urgent` (news: None is the end) is told however slow the receiver is."""

    tell: Callable[[], Awaitable[None]]
    news: Entry | Reading | None

    @property
    def urgent(self) -> bool:
        return self.news is None or (isinstance(self.news, Entry) and is_urgent(self.news))

    @property
    def room(self) -> int:
        """How many may be queued before it."""
        if self.urgent:
            return QUEUE_LENGTH + _KEPT_FOR_THE_URGENT
        return MOST_WITH_READINGS if isinstance(self.news, Reading) else QUEUE_LENGTH


class Lane:
    """One sink and its queue."""

    def __init__(self, sink: Sink, note: Callable[[str], None], warn: Callable[[str], None]) -> None:
        self.sink = sink
        self._note, self._warn = note, warn
        self._in, self._out = anyio.create_memory_object_stream[_Turn](QUEUE_LENGTH + _KEPT_FOR_THE_URGENT)
        self._heard = self._failed = self._lost = self._overdue = 0
        self._warned = False

    def entry(self, entry: Entry) -> None:
        self._offer(_Turn(partial(self.sink.entry, entry), entry))

    def reading(self, reading: Reading) -> None:
        if self.sink.wants_readings:
            self._offer(_Turn(partial(self.sink.reading, reading), reading))

    def ended(self, verdict: Verdict | None) -> None:
        self._offer(_Turn(partial(self.sink.ended, verdict), None))

    def _offer(self, turn: _Turn) -> None:
        """Queue it, unless there is no room for such a thing."""
        try:
            if self._queued() >= turn.room:
                raise anyio.WouldBlock
            self._in.send_nowait(turn)
        except (anyio.WouldBlock, anyio.ClosedResourceError, anyio.BrokenResourceError):
            self._lost += 1

    def close(self) -> None:
        """Nothing more comes; what is queued is still heard."""
        self._in.close()

    async def run(self) -> None:
        """Let the sink hear everything, one after the other, until the lane is closed and empty."""
        try:
            async for turn in self._out:
                await self._take(turn)
        except Exception as error:  # noqa: BLE001  it would cancel the run, which is in the same task group
            self._warn_once(type(error).__name__)

    async def _take(self, turn: _Turn) -> None:
        overdue = self._overdue > 0
        self._overdue -= overdue
        try:
            if overdue and turn.news is not None and not turn.urgent:
                self._lost += 1
                self.sink.note(turn.news)
                return
            with anyio.fail_after(TURN_REAL_SECONDS):
                await turn.tell()
            self._heard += 1
        except TimeoutError:
            self._overdue = self._queued()
            self._fail(f"took longer than {TURN_REAL_SECONDS:g} s")
        except DrillError as error:
            if isinstance(error, CallFailed) and error.code == TIMED_OUT:
                self._overdue = self._queued()
            self._fail(error.message)
        except Exception as error:  # noqa: BLE001  a sink must not fail a run; an unknown error's text may hold a secret
            self._fail(type(error).__name__)

    def _fail(self, why: str) -> None:
        self._failed += 1
        self._note(f"{self.sink.name}: {why}")
        self._warn_once(why)

    def _warn_once(self, why: str) -> None:
        if not self._warned:
            self._warned = True
            self._warn(f"signals: {self.sink.name}: {why}")

    def _queued(self) -> int:
        return self._out.statistics().current_buffer_used

    def account(self) -> None:
        """Say what was not delivered, once the lane has ended or was given up."""
        lost = self._lost + self._queued()
        self._out.close()
        self._note(f"{self.sink.name}: {self._heard} heard, {self._failed} failed, {lost} lost")
        if lost:
            self._warn_once(f"{lost} signals were lost, because it did not keep up")


class Lanes:
    """The audience of a run: every sink. `entry`, `reading` and `ended` return at once and never raise."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes = tuple(lanes)

    def entry(self, entry: Entry) -> None:
        for lane in self._lanes:
            lane.entry(entry)

    def reading(self, reading: Reading) -> None:
        for lane in self._lanes:
            lane.reading(reading)

    def ended(self, verdict: Verdict | None) -> None:
        for lane in self._lanes:
            lane.ended(verdict)


@contextlib.asynccontextmanager
async def open_lanes(
    sinks: Sequence[Sink], note: Callable[[str], None], warn: Callable[[str], None]
) -> AsyncIterator[Lanes]:
    """Lanes for as long as the context lasts; at its end they have a few seconds to deliver what is queued."""
    lanes = [Lane(sink, note, warn) for sink in sinks]
    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        for lane in lanes:
            group.start_soon(lane.run)
        try:
            yield Lanes(lanes)
        except Exception as error:  # noqa: BLE001  raised below, out of the task group
            failure = error
        for lane in lanes:
            lane.close()
        group.cancel_scope.deadline = anyio.current_time() + DRAIN_REAL_SECONDS
    for lane in lanes:
        lane.account()
    if failure is not None:
        raise failure
