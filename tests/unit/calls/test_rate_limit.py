"""Token buckets on virtual time."""

from __future__ import annotations

import anyio
import pytest

from drillrunner.calls.rate_limit import RateLimits, TokenBucket
from drillrunner.clock import run_virtual, virtual_clock


def test_a_bucket_lets_a_burst_through_and_then_keeps_its_rate() -> None:
    async def main() -> list[float]:
        clock = virtual_clock()
        bucket = TokenBucket(clock, 4.0)
        taken = []
        for _ in range(12):
            await bucket.take()
            taken.append(clock.monotonic())
        return taken

    taken = run_virtual(main)
    assert taken[:4] == [0.0] * 4
    assert taken[4:] == pytest.approx([0.25 * number for number in range(1, 9)])


def test_who_gives_up_waiting_needs_no_token() -> None:
    async def main() -> float:
        clock = virtual_clock()
        bucket = TokenBucket(clock, 1.0)
        await bucket.take()
        for _ in range(20):
            with anyio.move_on_after(0.01):
                await bucket.take()
        await bucket.take()
        return clock.monotonic()

    assert run_virtual(main) <= 1.3


def test_no_second_sees_more_than_route_53_allows() -> None:
    async def main() -> list[float]:
        clock = virtual_clock()
        limits = RateLimits(clock)
        taken = []
        for _ in range(40):
            await limits.take("route53")
            taken.append(clock.monotonic())
        return taken

    taken = run_virtual(main)
    busiest = max(sum(start <= moment < start + 1.0 for moment in taken) for start in taken)
    assert busiest <= 6
    assert taken[-1] - taken[0] >= 12.0


def test_services_have_buckets_of_their_own() -> None:
    async def main() -> float:
        clock = virtual_clock()
        limits = RateLimits(clock, {"a": 1.0, "b": 1.0})
        await limits.take("a")
        await limits.take("b")
        return clock.monotonic()

    assert run_virtual(main) == 0.0
