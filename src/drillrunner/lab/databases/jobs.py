"""Changes that take time: started by an AWS call on a server thread, carried out on the lab's event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import anyio
import anyio.abc
import anyio.to_thread

from drillrunner.errors import LabFailed
from drillrunner.lab.databases.pair import DatabasePair
from drillrunner.lab.world import World

Work = Callable[[], Awaitable[None]]


class Jobs:
    """`start` from any thread; `run` carries out. A job that fails is told to the truth log and ends no other."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: deque[tuple[str, Work]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None

    def start(self, subject: str, work: Work) -> None:
        """Carry out `work` on the event loop as soon as `run` is there."""
        self._waiting.append((subject, work))
        if self._loop is not None and self._wake is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Start every job that comes, until cancelled."""
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        async with anyio.create_task_group() as group:
            while True:
                while self._waiting:
                    subject, work = self._waiting.popleft()
                    group.start_soon(self._carry_out, subject, work)
                self._wake.clear()
                if not self._waiting:
                    await self._wake.wait()

    async def _carry_out(self, subject: str, work: Work) -> None:
        try:
            await work()
        except LabFailed as error:
            self._world.truth.add("database.change_failed", subject, why=str(error))


async def touch(pair: DatabasePair, act: Callable[[], None]) -> None:
    """Run one of the pair's methods: on a worker thread where it takes real time, else here."""
    if pair.blocking:
        await anyio.to_thread.run_sync(act)
    else:
        act()
