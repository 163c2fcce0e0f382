"""Health checkers on virtual time: when a verdict turns, and what makes it turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import anyio
import pytest

from drillrunner.clock import run_virtual, virtual_clock
from drillrunner.lab.dataplane.checks import Finding
from drillrunner.lab.dataplane.controlstate import AlarmState, CheckConfig
from drillrunner.lab.dataplane.health import HealthCheckers
from drillrunner.lab.world import World
from fake_control import FakeControl

BROKEN_AT = 100.0
FAST = CheckConfig("c", interval_seconds=10.0, failure_threshold=3, fqdn="a.test")


@dataclass
class Bench:
    """Checkers of an endpoint that can be broken, and the moments of their flips."""

    world: World
    control: FakeControl
    up: bool = True
    answers_after: float = 0.05
    asked: int = 0
    alarm: AlarmState = "OK"
    flips: list[tuple[float, str, bool]] = field(default_factory=list)
    checkers: HealthCheckers = field(init=False)

    def __post_init__(self) -> None:
        self.checkers = HealthCheckers(
            self.world, self.control, self._ask, self._flipped, alarm_state=lambda region, name: self.alarm
        )

    async def _ask(self, config: CheckConfig) -> Finding:
        self.asked += 1
        await self.world.clock.sleep(self.answers_after)
        return Finding(self.up, "as it is")

    def _flipped(self, check_id: str, healthy: bool) -> None:
        self.flips.append((self.world.clock.monotonic(), check_id, healthy))

    def set(self, **changes: object) -> None:
        self.control.health_checks["c"] = replace(self.control.health_checks["c"], **changes)  # type: ignore[arg-type]


def on_bench(scenario: Callable[[Bench], Awaitable[None]], *checks: CheckConfig, seed: int = 1) -> Bench:
    """Run a scenario beside the checkers; give the bench as it was left."""

    async def main() -> Bench:
        control = FakeControl(health_checks={check.check_id: check for check in checks or (FAST,)})
        bench = Bench(World(virtual_clock(), seed), control)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bench.checkers.run)
            await scenario(bench)
            tasks.cancel_scope.cancel()
        return bench

    left: Bench = run_virtual(main)
    return left


async def breaks(bench: Bench) -> None:
    await bench.world.clock.sleep(BROKEN_AT)
    bench.up = False
    await bench.world.clock.sleep(150)


def time_to_unhealthy(check: CheckConfig, seed: int = 1) -> float:
    ((at, _, healthy),) = on_bench(breaks, check, seed=seed).flips
    assert healthy is False
    return at - BROKEN_AT


@pytest.mark.parametrize("seed", range(1, 9))
def test_10_seconds_times_3_turns_unhealthy_after_20_to_40_seconds(seed: int) -> None:
    assert 20 <= time_to_unhealthy(FAST, seed) <= 40


def test_threshold_1_turns_about_20_seconds_sooner_than_threshold_3() -> None:
    sooner = time_to_unhealthy(FAST) - time_to_unhealthy(replace(FAST, failure_threshold=1))
    assert sooner == pytest.approx(20.0, abs=0.1)


def test_30_seconds_times_3_turns_unhealthy_after_60_to_100_seconds() -> None:
    assert 60 <= time_to_unhealthy(replace(FAST, interval_seconds=30.0)) <= 100


def test_an_endpoint_that_comes_back_turns_healthy_once_19_percent_of_the_checkers_believe_it() -> None:
    async def breaks_and_mends(bench: Bench) -> None:
        await breaks(bench)
        bench.up = True
        await bench.world.clock.sleep(60)

    (_, (at, _, healthy)) = on_bench(breaks_and_mends).flips
    assert healthy is True
    assert 20 <= at - (BROKEN_AT + 150) <= 28


def test_sixteen_checkers_in_eight_regions_each_ask_once_an_interval() -> None:
    async def waits(bench: Bench) -> None:
        await bench.world.clock.sleep(100)

    bench = on_bench(waits)
    assert 155 <= bench.asked <= 160
    assert len({opinion.region for opinion in bench.checkers.opinions("c")}) == 8


def test_a_check_of_three_regions_has_checkers_in_those_alone() -> None:
    async def waits(bench: Bench) -> None:
        await bench.world.clock.sleep(15)
        assert {opinion.region for opinion in bench.checkers.opinions("c")} == {"us-east-1", "us-west-2", "eu-west-1"}

    on_bench(waits, replace(FAST, regions=("us-east-1", "us-west-2", "eu-west-1")))


def test_an_answer_after_two_seconds_is_a_failure() -> None:
    async def slows(bench: Bench) -> None:
        await bench.world.clock.sleep(BROKEN_AT)
        bench.answers_after = 2.1
        await bench.world.clock.sleep(60)
        assert bench.checkers.healthy("c") is False
        assert bench.checkers.opinions("c")[0].last == Finding(False, "Failure: Connection timed out.")

    on_bench(slows)


def test_inverting_a_check_turns_its_verdict_within_a_second_and_back() -> None:
    async def inverts(bench: Bench) -> None:
        await bench.world.clock.sleep(BROKEN_AT)
        bench.set(inverted=True)
        await bench.world.clock.sleep(50)
        bench.set(inverted=False)
        await bench.world.clock.sleep(5)

    (unhealthy, healthy) = on_bench(inverts).flips
    assert BROKEN_AT <= unhealthy[0] <= BROKEN_AT + 1.01
    assert unhealthy[1:] == ("c", False)
    assert healthy[1:] == ("c", True)
    assert healthy[0] <= BROKEN_AT + 51.01


def test_a_disabled_check_stays_healthy_and_is_not_asked() -> None:
    async def disables(bench: Bench) -> None:
        await bench.world.clock.sleep(20)
        bench.set(disabled=True)
        bench.up = False
        await bench.world.clock.sleep(2)
        before = bench.asked
        await bench.world.clock.sleep(120)
        assert bench.asked == before
        assert bench.checkers.healthy("c") is True

    assert on_bench(disables).flips == []


def test_a_new_inverted_check_is_unhealthy_before_any_data_arrive() -> None:
    async def looks(bench: Bench) -> None:
        await bench.world.clock.sleep(0.01)
        assert bench.checkers.healthy("c") is False

    on_bench(looks, replace(FAST, inverted=True))


def test_a_calculated_check_turns_with_its_child_at_the_same_moment() -> None:
    parent = CheckConfig("p", type="CALCULATED", children=("c",), health_threshold=1)
    child, calculated = on_bench(breaks, FAST, parent).flips
    assert (child[1], calculated[1]) == ("c", "p")
    assert calculated[0] == child[0]


def test_an_alarm_check_follows_the_alarm() -> None:
    async def alarms(bench: Bench) -> None:
        await bench.world.clock.sleep(10)
        bench.alarm = "ALARM"
        await bench.world.clock.sleep(2)
        assert bench.checkers.healthy("m") is False
        bench.alarm = "INSUFFICIENT_DATA"
        await bench.world.clock.sleep(2)
        assert bench.checkers.healthy("m") is False

    on_bench(alarms, CheckConfig("m", type="CLOUDWATCH_METRIC", alarm_region="us-east-1", alarm_name="a"))


def test_a_deleted_check_is_no_longer_asked_and_counts_as_healthy() -> None:
    async def deletes(bench: Bench) -> None:
        bench.up = False
        await bench.world.clock.sleep(60)
        assert bench.checkers.healthy("c") is False
        del bench.control.health_checks["c"]
        await bench.world.clock.sleep(2)
        before = bench.asked
        await bench.world.clock.sleep(60)
        assert bench.asked == before
        assert bench.checkers.healthy("c") is True

    on_bench(deletes)


def test_every_flip_is_in_the_truth() -> None:
    bench = on_bench(breaks)
    events = bench.world.truth.since(0, "health_check.flipped")
    assert [(event["subject"], event["detail"]) for event in events] == [("c", {"healthy": False})]
    assert events[0]["at"] == bench.flips[0][0]
