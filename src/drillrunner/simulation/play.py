"""Plays one seed from beginning to end: the run, its troubles, whoever reverts what it left, and the reckoning."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio

from drillrunner.clock import run_virtual
from drillrunner.errors import DrillError, EnvironmentBusy
from drillrunner.simulation.invariants.judged import check_verdicts
from drillrunner.simulation.invariants.nothing_left import check_all_is_back, check_what_is_left
from drillrunner.simulation.invariants.told import check_journals, check_what_was_told
from drillrunner.simulation.mutant import FAITHFUL, Mutant
from drillrunner.simulation.party import Party
from drillrunner.simulation.running import Told, has_ended, revert_what_died, run_drill
from drillrunner.simulation.scenario import Scenario, scenario_of
from drillrunner.simulation.telling import story_of
from drillrunner.simulation.trouble import Death
from drillrunner.simulation.world import World

# After this everything that was under way has landed, replicated and settled.
SETTLED_SECONDS = 75.0
# No run and no revert of these drills lasts longer: who does hangs.
LONGEST_PROCESS_SECONDS = 6_000.0
LAST_REVERTS = 4


@dataclass(frozen=True, slots=True)
class Played:
    """One seed that was played: what was violated, and the story."""

    scenario: Scenario
    violations: tuple[str, ...]
    story: tuple[tuple[float, str], ...]
    exit_codes: tuple[int | None, ...] = ()
    verdicts: tuple[str, ...] = ()
    processes: int = 0
    deaths: int = 0
    changes: int = 0
    drill_seconds: float = 0.0
    # of the last entry of every journal
    digest: str = ""


@dataclass
class _Play:
    world: World
    told: list[Told] = field(default_factory=list)

    async def process(self, name: str, body: Callable[[World, Told], Awaitable[None]], death: Death | None) -> Told:
        """One process from its start to its end or death."""
        told = Told(Party(name, self.world, death))
        self.told.append(told)

        async def main() -> None:
            try:
                await body(self.world, told)
            except DrillError as error:
                told.refused = error
                self.world.tell(f"{name} ends: {error.message}")

        try:
            with anyio.fail_after(self.world.clock.real(LONGEST_PROCESS_SECONDS)):
                await told.party.live(main)
        except TimeoutError:
            self.world.violated(f"{name} did not end within {LONGEST_PROCESS_SECONDS:g} s")
        told.ended_at = self.world.now()
        if told.conductor_error is not None and not isinstance(told.conductor_error, DrillError):
            self.world.violated(f"{name} ran into an error of its own: {told.conductor_error!r}")
        if told.party.error is not None and not isinstance(told.party.error, asyncio.CancelledError):
            self.world.violated(f"{name} ended by an error of its own: {_innermost(told.party.error)!r}")
        return told

    async def second_runner(self, at: float) -> None:
        await self.world.clock.sleep(at)
        told = await self.process("the second runner", run_drill, None)
        if isinstance(told.refused, EnvironmentBusy):
            self.world.tell("the second runner finds the environment held")

    async def play(self) -> None:
        world, troubles = self.world, self.world.scenario.troubles
        async with anyio.create_task_group() as group:
            if troubles.second_runner_at is not None:
                group.start_soon(self.second_runner, troubles.second_runner_at)
            await self.process("the runner", run_drill, troubles.death)
        await self._rescue()
        await self._settle()
        if all(has_ended(files) for files in world.disk.runs.values()):
            check_what_is_left(world, self.told)
        world.heal()
        for number in range(LAST_REVERTS):
            if self._owing():
                await self.process(f"the last reverter {number + 1}", revert_what_died, None)
        await self._settle()
        check_all_is_back(world)

    async def _rescue(self) -> None:
        """One reverter after another, until one of them gets through."""
        troubles = self.world.scenario.troubles
        deaths: list[Death | None] = [*troubles.reverter_deaths, None]
        for number, death in enumerate(deaths):
            if not self._owing():
                return
            pause = troubles.rescue_after[number % len(troubles.rescue_after)]
            await self.world.clock.sleep(pause)
            if troubles.next_run_reverts and number % 2 == 0:
                await self.process(f"the next runner {number + 1}", run_drill, death)
            else:
                await self.process(f"reverter {number + 1}", revert_what_died, death)

    def _owing(self) -> bool:
        return any(not has_ended(files) for files in self.world.disk.runs.values())

    async def _settle(self) -> None:
        await self.world.clock.sleep(SETTLED_SECONDS)


def play(seed: int, without: frozenset[str] = frozenset(), mutant: Mutant = FAITHFUL) -> Played:
    """Play one seed on a virtual loop of its own."""
    played: Played = run_virtual(_played, scenario_of(seed, without), mutant)
    return played


async def _played(scenario: Scenario, mutant: Mutant) -> Played:
    world = World(scenario, mutant)
    stage = _Play(world)
    await stage.play()
    check_journals(world)
    check_what_was_told(world, stage.told)
    verdicts = check_verdicts(world, stage.told)
    return Played(
        scenario,
        tuple(world.violations),
        story_of(world),
        exit_codes=tuple(told.exit_code for told in stage.told),
        verdicts=verdicts,
        processes=len(stage.told),
        deaths=sum(told.party.dead for told in stage.told),
        changes=len(world.sent),
        drill_seconds=world.now(),
        digest=" ".join(files.entries[-1].hash[:16] for files in world.disk.runs.values() if files.entries),
    )


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
