"""The event loop of virtual time. What runs on it sees time pass, and nobody waits."""

from __future__ import annotations

import asyncio
import math
import selectors

# how far past its time asyncio lets the loop look for timers that are due
_TICK_SECONDS = 1e-9


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
        if self.now + _TICK_SECONDS == self.now:  # after half a year the tick is lost in rounding
            self.now = math.nextafter(self.now, math.inf)
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
