"""Route 53's health checkers as tasks: each has its own phase of the interval, and verdicts follow from all of them."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

import anyio
import anyio.abc

from drillrunner.lab.dataplane.checks import (
    CHECKER_REGIONS,
    CHECKERS_PER_REGION,
    CONNECT_TCP_SECONDS,
    RESPONSE_SECONDS,
    Finding,
    Opinion,
    alarm_healthy,
    calculated_healthy,
    endpoint_healthy,
    final_verdict,
)
from drillrunner.lab.dataplane.controlstate import AlarmState, CheckConfig, ControlState
from drillrunner.lab.world import World

SUPERVISION_SECONDS = 1.0

Ask = Callable[[CheckConfig], Awaitable[Finding]]
AlarmStateOf = Callable[[str, str], AlarmState]


@dataclass(slots=True)
class Watched:
    """A health check that is being watched: its settings, its checkers, and what they add up to."""

    config: CheckConfig
    opinions: list[Opinion]
    seen: bool = True
    verdict: bool = True
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    @property
    def has_endpoint(self) -> bool:
        return self.config.type not in {"CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"}


def no_alarm(region: str, name: str) -> AlarmState:
    """For a lab without alarms: there are never enough data."""
    return "INSUFFICIENT_DATA"


class HealthCheckers:
    """Every health check's checkers, and the verdict of each check.

    `ask` makes one request as a checker would and may raise OSError where nothing can be reached.
    `on_flip(check_id, healthy)` is called on the event loop after a verdict changed.
    """

    def __init__(
        self,
        world: World,
        control: ControlState,
        ask: Ask,
        on_flip: Callable[[str, bool], None] = lambda check_id, healthy: None,
        alarm_state: AlarmStateOf = no_alarm,
    ) -> None:
        self._world = world
        self._control = control
        self._ask = ask
        self._on_flip = on_flip
        self._alarm_state = alarm_state
        self._watched: dict[str, Watched] = {}

    def healthy(self, check_id: str) -> bool:
        """The verdict that records follow. A check that is not known yet counts as healthy."""
        watched = self._watched.get(check_id)
        return watched.verdict if watched else True

    def watched(self) -> list[str]:
        """The ids of the checks that are watched."""
        return list(self._watched)

    def opinions(self, check_id: str) -> list[Opinion]:
        """Each checker's opinion, a copy; empty for calculated and alarm checks. Safe from any thread."""
        with self._world.lock:
            watched = self._watched.get(check_id)
            return [replace(opinion) for opinion in watched.opinions] if watched else []

    async def run(self) -> None:
        """Watch until cancelled."""
        async with anyio.create_task_group() as tasks:
            while True:
                self._follow(tasks)
                await self._world.clock.sleep(SUPERVISION_SECONDS)

    def _follow(self, tasks: anyio.abc.TaskGroup) -> None:
        configs = self._control.checks()
        with self._world.lock:
            self._drop_all_but(configs)
            for check_id, config in configs.items():
                if check_id not in self._watched:
                    self._begin(config, tasks)
                self._adopt(self._watched[check_id], config)
        self._judge_all()

    def _drop_all_but(self, configs: Mapping[str, CheckConfig]) -> None:
        for check_id in [known for known in self._watched if known not in configs]:
            self._watched.pop(check_id).scope.cancel()

    def _begin(self, config: CheckConfig, tasks: anyio.abc.TaskGroup) -> None:
        watched = Watched(config, [], verdict=final_verdict(config, True))
        self._watched[config.check_id] = watched
        if watched.has_endpoint:
            tasks.start_soon(self._watch, watched)

    def _adopt(self, watched: Watched, config: CheckConfig) -> None:
        """Take settings over; checkers of regions that stay keep their opinions."""
        watched.config = config
        regions = (config.regions or CHECKER_REGIONS) if watched.has_endpoint else ()
        kept = [opinion for opinion in watched.opinions if opinion.region in regions]
        there = {opinion.region for opinion in kept}
        new = [
            self._checker(region, n) for region in regions if region not in there for n in range(CHECKERS_PER_REGION)
        ]
        if new or len(kept) != len(watched.opinions):
            watched.opinions = sorted([*kept, *new], key=lambda opinion: opinion.phase)

    def _checker(self, region: str, number: int) -> Opinion:
        place = CHECKER_REGIONS.index(region) if region in CHECKER_REGIONS else len(CHECKER_REGIONS)
        return Opinion(region, f"15.177.{place}.{number + 1}", phase=self._world.random.random())

    async def _watch(self, watched: Watched) -> None:
        clock = self._world.clock
        interval = watched.config.interval_seconds
        began = clock.monotonic()
        with watched.scope:
            async with anyio.create_task_group() as requests:
                for turn in itertools.count():
                    for opinion in list(watched.opinions):
                        await clock.sleep_until(began + (turn + opinion.phase) * interval)
                        if not watched.config.disabled:
                            requests.start_soon(self._check, watched, opinion)
                    # a machine that slept must not be caught up with a burst of requests
                    began += max(0.0, clock.monotonic() - began - (turn + 2) * interval)

    async def _check(self, watched: Watched, opinion: Opinion) -> None:
        config = watched.config
        finding = await self._find(config)
        with self._world.lock:
            opinion.observe(finding, config.failure_threshold, self._world.clock.monotonic())
        self._judge_all()

    async def _find(self, config: CheckConfig) -> Finding:
        limit = CONNECT_TCP_SECONDS if config.type == "TCP" else RESPONSE_SECONDS
        with anyio.move_on_after(self._world.clock.real(limit)):
            try:
                return await self._ask(config)
            except OSError as error:
                return Finding(False, f"Failure: {type(error).__name__}: {error}.")
        return Finding(False, "Failure: Connection timed out.")

    def _judge_all(self) -> None:
        """Judge endpoint and alarm checks first, so that calculated ones add up what is true now."""
        flipped = []
        with self._world.lock:
            for watched in sorted(self._watched.values(), key=lambda one: one.config.type == "CALCULATED"):
                watched.seen = self._see(watched)
                verdict = final_verdict(watched.config, watched.seen)
                if verdict is not watched.verdict:
                    watched.verdict = verdict
                    flipped.append((watched.config.check_id, verdict))
        for check_id, healthy in flipped:
            self._world.truth.add("health_check.flipped", check_id, healthy=healthy)
            self._on_flip(check_id, healthy)

    def _see(self, watched: Watched) -> bool:
        config = watched.config
        if config.type == "CALCULATED":
            return calculated_healthy(map(self.healthy, config.children), config.health_threshold)
        if config.type == "CLOUDWATCH_METRIC":
            state = self._alarm_state(config.alarm_region or "", config.alarm_name or "")
            return alarm_healthy(state, config.insufficient_data, watched.seen)
        if not watched.opinions:
            return watched.seen
        return endpoint_healthy([opinion.healthy for opinion in watched.opinions])
