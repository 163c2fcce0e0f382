"""Regional endpoints on virtual time: concurrency, cold starts, latency."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from drillrunner.clock import run_virtual, virtual_clock
from drillrunner.lab.dataplane.controlstate import FunctionState
from drillrunner.lab.dataplane.endpoints import Endpoints, Response
from drillrunner.lab.topology import Topology
from drillrunner.lab.world import World
from fake_control import FakeControl

EAST, WEST = "127.0.10.1", "127.0.10.2"
STEADY = {"latency": {"median_ms": 20, "p99_ms": 20}, "cold_start": {"median_ms": 400, "p99_ms": 400}}
TOPOLOGY = Topology.model_validate(
    {
        "topology": "two",
        "regions": ["us-east-1", "eu-west-1"],
        "functions": [{"name": "f", "region": region, **STEADY} for region in ("us-east-1", "eu-west-1")],
        "endpoints": [{"host": "a.test", "region": region, "function": "f"} for region in ("us-east-1", "eu-west-1")],
    }
)


class Bench:
    """Two regions behind one name."""

    def __init__(self, reserved_concurrency: int | None) -> None:
        self.world = World(virtual_clock(), 1)
        self.control = FakeControl({("us-east-1", "f"): FunctionState(reserved_concurrency)})
        self.control.functions["eu-west-1", "f"] = FunctionState()
        self.endpoints = Endpoints(self.world, TOPOLOGY, self.control)

    async def get(self, address: str = EAST, host: str = "a.test", *, checker: bool = False) -> tuple[Response, float]:
        began = self.world.clock.monotonic()
        told = await self.endpoints.handle(address, host, "GET", "/health", {}, b"", checker=checker)
        return told, self.world.clock.monotonic() - began

    async def at_once(self, number: int) -> list[int]:
        statuses: list[int] = []

        async def one() -> None:
            statuses.append((await self.get())[0].status)

        async with anyio.create_task_group() as tasks:
            for _ in range(number):
                tasks.start_soon(one)
        return statuses


def on_bench(scenario: Callable[[Bench], Awaitable[Any]], reserved_concurrency: int | None = None) -> Any:
    async def main() -> Any:
        return await scenario(Bench(reserved_concurrency))

    return run_virtual(main)


@pytest.mark.parametrize(("address", "region"), [(EAST, "us-east-1"), (WEST, "eu-west-1")])
def test_the_region_that_owns_the_address_serves_and_says_so(address: str, region: str) -> None:
    told, _ = on_bench(lambda bench: bench.get(address, "A.test:443"))
    assert told.status == 200
    assert told.headers["x-served-by-region"] == region
    assert json.loads(told.body) == {"ok": True, "region": region, "function": "f", "method": "GET", "path": "/health"}


def test_reserved_concurrency_0_throttles_every_request_with_lambdas_reason() -> None:
    told, seconds = on_bench(lambda bench: bench.get(), reserved_concurrency=0)
    assert told.status == 429
    assert json.loads(told.body)["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert told.headers["x-served-by-region"] == "us-east-1"
    assert seconds == 0


def test_requests_beyond_the_reserve_at_one_moment_are_throttled() -> None:
    statuses = on_bench(lambda bench: bench.at_once(5), reserved_concurrency=3)
    assert sorted(statuses) == [200, 200, 200, 429, 429]


def test_without_a_reserve_the_accounts_1000_are_the_limit() -> None:
    statuses = on_bench(lambda bench: bench.at_once(1001))
    assert statuses.count(200) == 1000


def test_a_first_request_starts_cold_and_the_next_is_warm_until_ten_idle_minutes_have_passed() -> None:
    async def scenario(bench: Bench) -> list[float]:
        _, cold = await bench.get()
        _, warm = await bench.get()
        await bench.world.clock.sleep(601)
        _, cold_again = await bench.get()
        return [cold, warm, cold_again]

    assert on_bench(scenario) == pytest.approx([0.42, 0.02, 0.42])


def test_a_throttled_function_loses_its_warm_environments() -> None:
    async def scenario(bench: Bench) -> float:
        await bench.get()
        bench.control.functions["us-east-1", "f"] = FunctionState(0)
        await bench.get()
        bench.control.functions["us-east-1", "f"] = FunctionState(40)
        return (await bench.get())[1]

    assert on_bench(scenario, reserved_concurrency=40) == pytest.approx(0.42)


def test_a_request_that_was_cut_off_gives_its_concurrency_back() -> None:
    async def scenario(bench: Bench) -> int:
        with anyio.move_on_after(0.1):
            await bench.get()
        return (await bench.get())[0].status

    assert on_bench(scenario, reserved_concurrency=1) == 200


def test_users_requests_are_in_the_truth_and_checkers_are_not() -> None:
    async def scenario(bench: Bench) -> list[dict[str, Any]]:
        await bench.get()
        await bench.get(WEST, checker=True)
        return bench.world.truth.since(0, "request.served")

    (event,) = on_bench(scenario)
    assert (event["subject"], event["detail"]) == ("a.test", {"region": "us-east-1", "status": 200})


def test_a_deleted_function_is_a_bad_gateway_and_an_unknown_host_is_not_found() -> None:
    async def scenario(bench: Bench) -> list[int]:
        del bench.control.functions["us-east-1", "f"]
        return [(await bench.get())[0].status, (await bench.get(host="b.test"))[0].status]

    assert on_bench(scenario) == [502, 404]


def test_an_address_that_no_region_has_refuses_the_connection() -> None:
    with pytest.raises(ConnectionRefusedError):
        on_bench(lambda bench: bench.get("127.0.10.9"))
