"""The fake world itself: what a death leaves behind, who holds the lock, and when users are served."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from drillrunner.clock import run_virtual
from drillrunner.engine.plan import make_plan
from drillrunner.engine.record import Record
from drillrunner.errors import CallFailed, EnvironmentBusy
from drillrunner.model.call import AwsCall
from drillrunner.ports import HttpRequest
from drillrunner.simulation.disk import SimulatedJournal, SimulatedLock
from drillrunner.simulation.mutant import LATEST_LANDING_SECONDS
from drillrunner.simulation.party import Party
from drillrunner.simulation.running import outside_of
from drillrunner.simulation.scenario import scenario_of
from drillrunner.simulation.trouble import Death
from drillrunner.simulation.world import World

T = TypeVar("T")
# A seed without any trouble.
QUIET = next(seed for seed in range(1, 100) if not scenario_of(seed).trouble_names)


def on_virtual_time(main: Callable[[], Awaitable[T]]) -> T:
    result: T = run_virtual(main)
    return result


def throttling(world: World) -> AwsCall:
    function = world.scenario.topology.functions[0]
    return AwsCall(
        service="lambda",
        operation="PutFunctionConcurrency",
        region=function.region,
        params={"FunctionName": function.name, "ReservedConcurrentExecutions": 0},
    )


def test_a_dead_process_s_call_still_lands_and_nothing_else_of_it_happens() -> None:
    async def main() -> None:
        world = World(scenario_of(QUIET))
        party = Party("the runner", world, Death("in-call", 1, late_share=1.0))
        went_on: list[str] = []

        async def body() -> None:
            await party.caller.call(throttling(world), timeout_seconds=30.0)
            went_on.append("after the call")

        await party.live(body)
        assert party.dead
        assert world.differences() == {}
        await world.clock.sleep(LATEST_LANDING_SECONDS + 0.1)
        assert len(world.differences()) == 1
        assert went_on == []

    on_virtual_time(main)


def test_a_power_cut_takes_what_was_written_and_not_fsynced_and_a_death_takes_nothing() -> None:
    async def main() -> None:
        world = World(scenario_of(QUIET))
        outside = outside_of(world, Party("the runner", world), "run-1")
        plan = await make_plan(world.scenario.drill, world.scenario.environment, outside)
        files = world.disk.create("run-1", plan)
        record = Record(SimulatedJournal(files, world.disk, world.clock, Party("the runner", world)))
        record.append("run.began", {})
        for number in range(4):
            record.write("read_back", {"number": number})
        files.lose()
        assert (len(files.entries), files.synced) == (5, 1)
        files.lose(0.4)
        assert [entry.data.get("number") for entry in files.entries] == [None, 0, 1]
        files.lose(1.0)
        assert [entry.kind for entry in files.entries] == ["run.began"]

    on_virtual_time(main)


def test_the_lock_is_free_after_a_death_and_still_names_the_dead_run() -> None:
    lock, first, second = SimulatedLock(), object(), object()
    lock.acquire(first)
    lock.name("run-1")
    with pytest.raises(EnvironmentBusy):
        lock.acquire(second)
    lock.dropped_by_kernel(first)
    lock.acquire(second)
    assert lock.named == "run-1"
    lock.release(second)
    assert lock.named == "run-1"
    lock.acquire(second)
    lock.settle()
    lock.release(second)
    assert lock.named is None


def test_users_are_served_again_when_dns_has_moved_away_from_what_is_throttled() -> None:
    async def main() -> None:
        world = World(scenario_of(seed_with_failover()))
        world.control.perform(throttling(world))
        host = world.scenario.topology.hosts[0]
        asked = HttpRequest(f"http://{host.name}/health")
        assert (await world.data.send(asked, timeout_seconds=2.0)).status == 429
        await world.clock.sleep(60.0)
        assert (await world.data.send(asked, timeout_seconds=2.0)).status == 200
        [(began, ended)] = world.data.served[host.name].outages(world.now())
        assert began == 0.0
        assert 0.0 < ended < 60.0

    on_virtual_time(main)


def seed_with_failover() -> int:
    """A quiet seed whose first host fails over by itself."""
    for seed in range(1, 1000):
        scenario = scenario_of(seed)
        host = scenario.topology.hosts[0]
        if not scenario.trouble_names and host.routing == "failover" and len(host.regions) > 1:
            return seed
    raise AssertionError("no such seed")


def test_a_cluster_that_is_on_the_move_refuses_another_move() -> None:
    async def main() -> None:
        seed = next(seed for seed in range(1, 100) if scenario_of(seed).topology.clusters)
        world = World(scenario_of(seed))
        made = world.scenario.topology.clusters[0]
        params = {"GlobalClusterIdentifier": made.name, "TargetDbClusterIdentifier": made.arn(made.regions[1])}
        call = AwsCall(service="rds", operation="SwitchoverGlobalCluster", region=made.regions[0], params={**params})
        world.control.perform(call)
        with pytest.raises(CallFailed) as refused:
            world.control.perform(call)
        assert refused.value.code == "InvalidGlobalClusterStateFault"
        assert not refused.value.unknown

    on_virtual_time(main)
