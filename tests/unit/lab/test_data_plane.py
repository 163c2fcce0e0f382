"""Endpoints, checkers and DNS together on virtual time, as a rehearsal runs them: no socket, no moto."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from drillrunner.clock import run_virtual, virtual_clock
from drillrunner.lab.dataplane.controlstate import CheckConfig, FunctionState, RecordSet
from drillrunner.lab.dataplane.plane import DataPlane
from drillrunner.lab.topology import load_topology
from drillrunner.lab.world import World
from fake_control import FakeControl

NAME = "checkout.example.test"
EAST, WEST = "127.0.10.1", "127.0.10.2"


def control(**check: Any) -> FakeControl:
    """The checkout topology's control plane, as its seeding leaves it."""
    checks = {
        region: CheckConfig(region, fqdn=f"{region}.{NAME}", path="/health", interval_seconds=10.0, **check)
        for region in ("us-east-1", "eu-west-1")
    }
    records = [
        RecordSet(NAME, "A", 60.0, (EAST,), identifier="p", failover="PRIMARY", check_id="us-east-1"),
        RecordSet(NAME, "A", 60.0, (WEST,), identifier="s", failover="SECONDARY", check_id="eu-west-1"),
        RecordSet(f"us-east-1.{NAME}", "A", 60.0, (EAST,)),
        RecordSet(f"eu-west-1.{NAME}", "A", 60.0, (WEST,)),
    ]
    functions = {("us-east-1", "checkout"): FunctionState(40), ("eu-west-1", "checkout"): FunctionState()}
    return FakeControl(functions, checks, records)


async def fail_over(seed: int, state: FakeControl) -> tuple[float, list[dict[str, Any]]]:
    """Throttle the primary at 60 s and mend it at 160 s; give the moment of the fault and the truth of DNS."""
    world = World(virtual_clock(), seed)
    recorded: dict[str, float] = {}

    def record(region: str, namespace: str, name: str, dimensions: dict[str, str], value: float) -> None:
        recorded[f"{region} {name}"] = recorded.get(f"{region} {name}", 0.0) + value

    plane = DataPlane(world, load_topology("checkout"), state, record=record)
    plane.dns.refresh()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(plane.run)
        await world.clock.sleep_until(60)
        state.functions["us-east-1", "checkout"] = FunctionState(0)
        await world.clock.sleep_until(160)
        state.functions["us-east-1", "checkout"] = FunctionState(40)
        await world.clock.sleep_until(220)
        tasks.cancel_scope.cancel()
    assert recorded["us-east-1 4XXError"] == recorded["us-east-1 Throttles"] > 100
    return 60.0, [event for event in world.truth.since(0, "dns.changed") if event["subject"] == NAME]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_throttled_primary_fails_over_in_20_to_40_seconds_and_back_again(seed: int) -> None:
    broken_at, events = run_virtual(fail_over, seed, control())
    _, away, back = events
    assert away["detail"] == {"values": [WEST], "ttl": 60.0}
    assert 20 <= away["at"] - broken_at <= 40
    assert back["detail"]["values"] == [EAST]
    assert 20 <= back["at"] - 160 <= 30


def test_threshold_1_fails_over_20_seconds_sooner() -> None:
    broken_at, events = run_virtual(fail_over, 1, control(failure_threshold=1))
    assert events[1]["at"] - broken_at <= 10.1


def test_the_same_seed_gives_the_same_run() -> None:
    assert run_virtual(fail_over, 5, control()) == run_virtual(fail_over, 5, control())


def test_both_regions_down_answers_the_primary() -> None:
    async def main() -> list[str]:
        world, state = World(virtual_clock(), 1), control()
        state.functions = {key: FunctionState(0) for key in state.functions}
        plane = DataPlane(world, load_topology("checkout"), state)
        plane.dns.refresh()
        with anyio.move_on_after(100):
            await plane.run()
        assert not plane.checkers.healthy("us-east-1")
        assert not plane.checkers.healthy("eu-west-1")
        return list(plane.dns.answer(NAME).rrsets[0].values)

    assert run_virtual(main) == [EAST]
