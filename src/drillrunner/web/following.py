"""Runs that go on, followed for however many pages look at them: each is read once, twice a second, for all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import anyio
import anyio.to_thread

from drillrunner.clock import Clock
from drillrunner.files.lock_file import is_held
from drillrunner.files.run_folder import RunFolder, read_plan
from drillrunner.web.live_parts import Moment, live_parts
from drillrunner.web.sources import DurationsOf
from drillrunner.web.tail import RunTail, Told

LOOK_REAL_SECONDS = 0.5
ALIVE_EVERY_LOOKS = 4
HEARTBEAT_REAL_SECONDS = 15.0
STREAMS_MOST = 100


@dataclass(frozen=True, slots=True)
class Update:
    """What a page does not know yet: the parts that have changed, and what was told. `over`: the run has ended."""

    parts: Mapping[str, str]
    told: tuple[Told, ...]
    over: bool


NOTHING = Update({}, (), over=False)


@dataclass(slots=True)
class Following:
    """One run as it was at the last look: `seen` is all of it. `closed` when nobody looks any more."""

    tail: RunTail
    clock: Clock
    seen: Update = NOTHING
    alive: bool = True
    looks: int = 0
    closed: bool = False
    news: anyio.Event = field(default_factory=anyio.Event)

    def look(self) -> None:
        """Read on and draw. In a thread: it reads files."""
        tail = self.tail
        if self.looks % ALIVE_EVERY_LOOKS == 0:
            self.alive = is_held(tail.plan.environment, tail.folder.run_id)
        with contextlib.suppress(OSError):  # a folder that is taken away under us: what was seen stays
            tail.look()
        self.looks += 1
        picture = tail.picture(tail.now(self.clock, alive=self.alive))
        asked = tail.folder.stop_request.exists()
        parts = live_parts(Moment(picture, tail.plan, tail.scale, self.clock.wall(), self.alive, asked))
        # a run that has just begun names itself in the lock a moment later: only a second look says that it is dead
        dead = not self.alive and self.looks > ALIVE_EVERY_LOOKS
        self.seen = Update(parts, tuple(tail.told), over=tail.ended or dead)

    async def keep_looking(self) -> None:
        """Until the run is over. Whatever ends the looking ends the streams; pages ask anew then."""
        try:
            while not self.seen.over:
                await anyio.to_thread.run_sync(self.look)
                self.wake()
                await anyio.sleep(LOOK_REAL_SECONDS)
        finally:
            self.close()

    def wake(self) -> None:
        self.news.set()
        self.news = anyio.Event()

    def close(self) -> None:
        """End the streams."""
        self.closed = True
        self.wake()

    async def updates(self, after: int) -> AsyncIterator[Update]:
        """What a page that has been told everything up to entry `after` does not know; an empty one now and then."""
        sent: dict[str, str] = {}
        silent = True
        while True:
            news, seen = self.news, self.seen
            told = tuple(one for one in seen.told if one.seq > after)
            changed = {name: text for name, text in seen.parts.items() if sent.get(name) != text}
            if changed or told or seen.over or silent:
                yield Update(changed, told, seen.over)
            if seen.over or self.closed:
                return
            sent.update(changed)
            after = told[-1].seq if told else after
            with anyio.move_on_after(HEARTBEAT_REAL_SECONDS) as waited:
                await news.wait()
            silent = waited.cancelled_caught


@dataclass(slots=True)
class Followings:
    """All runs that somebody looks at. Each is followed as long as there is a page that shows it."""

    clock: Clock
    durations: DurationsOf = lambda _: {}
    _running: dict[str, tuple[Following, asyncio.Task[None]]] = field(default_factory=dict)
    _pages: dict[str, int] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        return sum(self._pages.values()) >= STREAMS_MOST

    def close(self) -> None:
        """End every stream."""
        for following, task in self._running.values():
            following.close()
            task.cancel()

    @contextlib.asynccontextmanager
    async def of(self, folder: RunFolder) -> AsyncIterator[Following]:
        """The run, for one page. Raises InvalidInput where its plan cannot be read.

        The page counts from its first moment on, so that a burst of them finds `is_full` in time.
        """
        name = folder.run_id
        self._pages[name] = self._pages.get(name, 0) + 1
        try:
            plan = await anyio.to_thread.run_sync(read_plan, folder)
            durations = await anyio.to_thread.run_sync(self.durations, folder)
            if name not in self._running:
                following = Following(RunTail(folder, plan, durations), self.clock)
                self._running[name] = (following, asyncio.create_task(following.keep_looking()))
            yield self._running[name][0]
        finally:
            self._left(name)

    def _left(self, name: str) -> None:
        self._pages[name] -= 1
        if not self._pages[name]:
            del self._pages[name]
            if name in self._running:  # it is not where the plan could not be read
                self._running.pop(name)[1].cancel()
