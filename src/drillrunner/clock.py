"""The only source of time. Everything that waits or measures is handed a Clock.

Every command imports this, most without ever running a loop: asyncio comes with the first loop (`virtual_loop.py`).
"""

from __future__ import annotations

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


VIRTUAL_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def virtual_clock() -> Clock:
    """A Clock for code that runs on a VirtualLoop; call it inside the loop."""
    import asyncio

    loop = asyncio.get_running_loop()
    return Clock(
        monotonic_source=loop.time,
        wall_source=lambda: VIRTUAL_EPOCH + timedelta(seconds=loop.time()),
    )


def run_virtual(function: Callable[..., Any], *args: Any) -> Any:
    """Run an async function to its end on virtual time and return what it returns."""
    from drillrunner.virtual_loop import VirtualLoop

    return anyio.run(function, *args, backend="asyncio", backend_options={"loop_factory": VirtualLoop})
