"""A process in the fake world: it can die at any moment, as by `kill -9`, and nothing of it acts any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from drillrunner.simulation.calls import SimulatedCaller
from drillrunner.simulation.invariants.written_ahead import check_written_ahead
from drillrunner.simulation.trouble import Death
from drillrunner.simulation.world import World


class ProcessDied(BaseException):
    """Raised wherever a dead process would go on."""


class Party:
    """One process: `drill run`, `drill revert`. `death` says when it dies, if it does."""

    def __init__(self, name: str, world: World, death: Death | None = None) -> None:
        self.name = name
        self.world = world
        self.run_id = ""
        self.dead = False
        self.error: BaseException | None = None
        self.caller = SimulatedCaller(world, self, check_written_ahead)
        self._death = death
        self._entries = 0
        self._calls = 0
        self._main: asyncio.Task[None] | None = None

    async def live(self, body: Callable[[], Awaitable[None]]) -> None:
        """Run the process to its end, or its death."""
        self.world.tell(f"{self.name} starts")
        self._main = asyncio.ensure_future(self._run(body))
        if self._death is not None and self._death.moment == "at":
            self.world.later(self._death.nth, lambda: self.die("just so"))
        await asyncio.wait({self._main})

    async def _run(self, body: Callable[[], Awaitable[None]]) -> None:
        try:
            await body()
        except BaseException as error:  # noqa: BLE001  a dead process ends here; another's error is an invariant's
            if not self.dead:
                self.error = error

    # -- dying --------------------------------------------------------------------------------------

    def die(self, why: str) -> None:
        """End it at once: nothing of it writes or calls any more, and the kernel drops its lock."""
        if self.dead or self.world.healed or self._main is None or self._main.done():
            return
        self.dead = True
        self.world.tell(f"{self.name} dies: {why}")
        self.world.disk.lock.dropped_by_kernel(self)
        self._lose_the_end_of_the_journal()
        self.caller.abandon(self._death.late_share if self._death else 0.5)
        self._reap()

    def _reap(self) -> None:
        """Cancel its tasks natively, which no shield of anyio holds up, until it is gone."""
        if self._main is None or self._main.done():
            return
        for task in list(self.caller.waiting):
            task.cancel()
        self._main.cancel()
        asyncio.get_running_loop().call_later(1e-6, self._reap)

    def _lose_the_end_of_the_journal(self) -> None:
        """A death takes nothing that was written. A power cut takes what was not fsynced, or a part of it."""
        files = self.world.disk.runs.get(self.run_id)
        share = self.world.scenario.troubles.power_cut_share
        if files is None:
            return
        written = len(files.entries)
        files.lose(0.0 if share is None else share, at_least=self.world.mutant.lost_entries)
        if share is not None:
            self.world.tell(f"the power is cut: {written - len(files.entries)} entries of its journal are lost")

    # -- where it may die ---------------------------------------------------------------------------

    def about_to_write(self) -> None:
        self._entries += 1
        self._die_if("before", self._entries)
        self._stop_if_dead()

    def has_written(self) -> None:
        self._die_if("after", self._entries)
        self._stop_if_dead()

    def about_to_call(self) -> None:
        self._stop_if_dead()

    def is_calling(self, operation: str) -> None:
        """A changing call is under way. A probe's writes count too, but only for every other death."""
        if operation == "PutItem" and self._death is not None and self._death.late_share < 0.7:
            return
        self._calls += 1
        self._die_if("in-call", self._calls)
        self._stop_if_dead()

    def _die_if(self, moment: str, count: int) -> None:
        if self._death is not None and (self._death.moment, self._death.nth) == (moment, count):
            self.die(f"{moment} {'call' if moment == 'in-call' else 'entry'} {count}")

    def _stop_if_dead(self) -> None:
        if self.dead:
            raise ProcessDied
