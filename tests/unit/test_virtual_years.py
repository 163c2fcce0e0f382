"""Virtual time that goes on for years."""

from __future__ import annotations

import anyio

from drillrunner.clock import run_virtual

DAY_SECONDS = 86_400.0


def test_timers_are_still_due_after_years_of_virtual_time() -> None:
    async def days(count: int) -> float:
        for _ in range(count):
            await anyio.sleep(DAY_SECONDS)
        return anyio.current_time()

    passed: float = run_virtual(days, 3_650)
    assert abs(passed - 3_650 * DAY_SECONDS) < 0.001
