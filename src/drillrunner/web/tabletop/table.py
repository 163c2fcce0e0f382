"""An exercise that this process plays: its desk and journal, one doing at a time, and pages that are told."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

import anyio
import anyio.to_thread

from drillrunner.errors import DrillError, ExerciseRefused
from drillrunner.files.exercise.folder import ExerciseFolder
from drillrunner.files.exercise.journal import ExerciseJournal
from drillrunner.model.exercise import Exercise
from drillrunner.model.exercise_event import ExerciseEvent
from drillrunner.tabletop.desk import Desk
from drillrunner.tabletop.session import ExerciseState, due_injects
from drillrunner.web.tabletop.door_file import keep_door

TICK_REAL_SECONDS = 1.0
HEARTBEAT_REAL_SECONDS = 15.0
STREAMS_MOST = 100
STREAMS_OF_A_SEAT_MOST = 6

Doing = Callable[[Desk], tuple[ExerciseEvent, ...]]
Aside = Callable[[Doing, Desk], Awaitable[tuple[ExerciseEvent, ...]]]
Parts = Mapping[str, str]


class Table:
    """One exercise. `act` journals before anybody is told; what was refused or not written did not happen.

    Its codes are those that it had before, if any. `aside` runs what waits for the disk, beside the loop. Raises
    InvalidInput where the codes cannot be kept.
    """

    def __init__(self, desk: Desk, journal: ExerciseJournal, aside: Aside = anyio.to_thread.run_sync) -> None:
        self._aside = aside
        self.door = keep_door(journal.folder.exercise_id)
        self.trouble = ""
        self.closed = False
        self._journal, self._desk = journal, desk
        self._turn = anyio.Lock()
        self._news = anyio.Event()
        self._streams: dict[str, int] = {}
        self._drawn: dict[str, tuple[tuple[int, int], Parts]] = {}

    @property
    def folder(self) -> ExerciseFolder:
        return self._journal.folder

    @property
    def exercise_id(self) -> str:
        return self.folder.exercise_id

    @property
    def exercise(self) -> Exercise:
        return self._desk.state.exercise

    @property
    def state(self) -> ExerciseState:
        return self._desk.state

    def now(self) -> float:
        """Real seconds since the first event."""
        return self._desk.now()

    async def act(self, doing: Doing) -> tuple[ExerciseEvent, ...]:
        """Do one thing after the other; it is on disk when this returns.

        Raises ExerciseRefused, or JournalUnwritable.
        """
        async with self._turn:
            if self.closed:
                raise ExerciseRefused("drill serve is ending", advice="go on when it is started again")
            events = await self._aside(doing, self._desk)
        self.wake()
        return events

    async def keep_going(self) -> None:
        """Once a second: a sign of life, what is due where the exercise publishes by itself, and the clock."""
        while not self.closed:
            self._journal.show_life()
            await self._publish_by_itself()
            if self.state.ended_at is None:
                self.wake()
            await anyio.sleep(TICK_REAL_SECONDS)

    async def _publish_by_itself(self) -> None:
        if self.exercise.publish != "auto" or not due_injects(self.state, self.now()):
            return
        try:
            await self.act(lambda desk: desk.publish_what_is_due())
        except DrillError as error:  # a full disk: the facilitator reads it, and it is tried again
            self.trouble = str(error)
            self.wake()
        else:
            self.trouble = ""

    def wake(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    async def updates(self, draw: Callable[[], Parts]) -> AsyncIterator[Parts]:
        """The parts that have changed since the last time, at first all; none of them as a sign of life."""
        sent: dict[str, str] = {}
        silent = True
        while True:
            news = self._news
            changed = {name: text for name, text in draw().items() if sent.get(name) != text}
            if changed or silent:
                yield changed
            if self.closed:
                return
            sent.update(changed)
            with anyio.move_on_after(HEARTBEAT_REAL_SECONDS) as waited:
                await news.wait()
            silent = waited.cancelled_caught

    @contextlib.contextmanager
    def watched(self, seat: str) -> Iterator[bool]:
        """Count a page that follows; whether there is room for it. One seat's pages leave room for the others'."""
        here = self._streams.get(seat, 0)
        room = here < STREAMS_OF_A_SEAT_MOST and sum(self._streams.values()) < STREAMS_MOST
        if not room:
            yield False
            return
        self._streams[seat] = here + 1
        try:
            yield True
        finally:
            self._streams[seat] -= 1
            if not self._streams[seat]:
                del self._streams[seat]

    def drawn_once(self, key: str, draw: Callable[[], Parts]) -> Parts:
        """What all who have that key see, drawn once for all of them until something happens or a second passes."""
        stamp = (len(self.state.events), int(self.state.scenario_seconds(self.now())))
        known = self._drawn.get(key)
        if known is None or known[0] != stamp:
            known = self._drawn[key] = (stamp, draw())
        return known[1]

    def end_streams(self) -> None:
        """Nothing is taken any more, and the pages ask anew."""
        self.closed = True
        self.wake()

    def close(self) -> None:
        """When nobody is served any more: what is written down is on disk already."""
        self.closed = True
        self._journal.show_life()
        self._journal.close()
