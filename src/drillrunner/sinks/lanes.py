"""Lanes: each sink hears of the run through a bounded queue, in a task of its own, at its own pace.

Offering something never waits and never raises. A sink that fails, hangs or falls behind loses what it would have
heard, is warned of once, and keeps nobody from anything but the end of the process, for a few seconds.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial

import anyio

from drillrunner.errors import DrillError
from drillrunner.model.journal import Entry
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import Verdict
from drillrunner.sinks.sink import Sink

QUEUE_LENGTH = 1_000
TURN_REAL_SECONDS = 9.0
DRAIN_REAL_SECONDS = 10.0

_Turn = Callable[[], Awaitable[None]]


class Lane:
    """One sink and its queue."""

    def __init__(self, sink: Sink, note: Callable[[str], None], warn: Callable[[str], None]) -> None:
        self.sink = sink
        self._note, self._warn = note, warn
        self._in, self._out = anyio.create_memory_object_stream[_Turn](QUEUE_LENGTH)
        self._heard = self._failed = self._lost = 0
        self._warned = False

    def offer(self, turn: _Turn) -> None:
        """Queue it, unless the queue is full."""
        try:
            self._in.send_nowait(turn)
        except (anyio.WouldBlock, anyio.ClosedResourceError, anyio.BrokenResourceError):
            self._lost += 1

    def close(self) -> None:
        """Nothing more comes; what is queued is still heard."""
        self._in.close()

    async def run(self) -> None:
        """Let the sink hear everything, one after the other, until the lane is closed and empty."""
        async for turn in self._out:
            await self._take(turn)

    async def _take(self, turn: _Turn) -> None:
        try:
            with anyio.fail_after(TURN_REAL_SECONDS):
                await turn()
            self._heard += 1
        except TimeoutError:
            self._fail(f"took longer than {TURN_REAL_SECONDS:g} s")
        except DrillError as error:
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

    def account(self) -> None:
        """Say what was not delivered, once the lane has ended or was given up."""
        lost = self._lost + self._out.statistics().current_buffer_used
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
            lane.offer(partial(lane.sink.entry, entry))

    def reading(self, reading: Reading) -> None:
        for lane in self._lanes:
            if lane.sink.wants_readings:
                lane.offer(partial(lane.sink.reading, reading))

    def ended(self, verdict: Verdict | None) -> None:
        for lane in self._lanes:
            lane.offer(partial(lane.sink.ended, verdict))


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
