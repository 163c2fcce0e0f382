"""The only source of time. Everything that waits or measures is handed a Clock."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Drill time: `scale` drill seconds pass in every real one.

    `monotonic` is CLOCK_MONOTONIC times the scale, so two processes on one machine (a run and its
    lab) that use the same scale read the same clock. Wall time is for stamps alone.
    """

    scale: float = 1.0
    monotonic_source: Callable[[], float] = time.monotonic
    wall_source: Callable[[], datetime] = _utc_now

    def monotonic(self) -> float:
        """Drill seconds since an arbitrary start."""
        return self.monotonic_source() * self.scale

    def wall(self) -> datetime:
        """The time of day in UTC, for stamps."""
        return self.wall_source()

    def real(self, drill_seconds: float) -> float:
        """How many real seconds so many drill seconds take; for time-outs handed to libraries."""
        return drill_seconds / self.scale

    async def sleep(self, drill_seconds: float) -> None:
        await anyio.sleep(max(0.0, drill_seconds / self.scale))

    async def sleep_until(self, moment: float) -> None:
        """Sleep until `monotonic()` has reached `moment`; returns at once if it has."""
        await self.sleep(moment - self.monotonic())


class _JumpingSelector(selectors.SelectSelector):
    """Where a selector would wait, this one moves the loop's time on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:  # only another thread or a socket can wake the loop now
            return super().select(None)
        self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer when nothing is ready.

    asyncio's ready queue is first in, first out, so the order of a run depends on nothing but its
    code and seed. Hand it to anyio: `anyio.run(main, backend_options={"loop_factory": VirtualLoop})`.
    """

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


VIRTUAL_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def virtual_clock() -> Clock:
    """A Clock for code that runs on a VirtualLoop; call it inside the loop."""
    loop = asyncio.get_running_loop()
    return Clock(
        monotonic_source=loop.time,
        wall_source=lambda: VIRTUAL_EPOCH + timedelta(seconds=loop.time()),
    )


def run_virtual(function: Callable[..., Any], *args: Any) -> Any:
    """Run an async function to its end on virtual time and return what it returns."""
    return anyio.run(function, *args, backend="asyncio", backend_options={"loop_factory": VirtualLoop})
