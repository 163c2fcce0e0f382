"""The exercises of a reports folder: those that this process plays, and those that lie there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import anyio
import anyio.to_thread
from aiohttp import web

from drillrunner.errors import DrillError, InvalidInput
from drillrunner.files.exercise.file import read_exercise
from drillrunner.files.exercise.folder import ExerciseFolder, exercise_folders
from drillrunner.files.exercise.journal import ExerciseJournal, is_running, read_events
from drillrunner.model.exercise_event import ExerciseEvent
from drillrunner.tabletop.desk import Desk
from drillrunner.tabletop.session import ExerciseState, reduce
from drillrunner.web.tabletop.table import Table


class Opened(Protocol):
    """An exercise that was begun or taken up: what is done at its desk is in its journal."""

    @property
    def desk(self) -> Desk: ...

    @property
    def journal(self) -> ExerciseJournal: ...


# goes on with what a process left; raises ExerciseBusy, JournalBroken, JournalUnwritable or InvalidInput
Open = Callable[[ExerciseFolder], Opened]
Stand = Literal["here", "elsewhere", "interrupted", "ended", "broken"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an exercise stands: played here, by another process, by nobody although it has not ended, or ended.

    `state` is None where it cannot be read; `why` says why.
    """

    folder: ExerciseFolder
    stand: Stand
    state: ExerciseState | None = None
    why: str = ""


@dataclass(slots=True)
class Tables:
    """The exercises that this process plays, by their names.

    `open` goes on with one that a process left, `report` writes the after-action report into its folder.
    """

    reports: Path
    open: Open
    report: Callable[[ExerciseFolder], None]
    monotonic: Callable[[], float] = time.monotonic
    _tables: dict[str, Table] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _opening: anyio.Lock = field(default_factory=anyio.Lock)

    def add(self, opened: Opened) -> Table:
        """Play an exercise, from `start` on. Raises InvalidInput."""
        table = Table(opened.desk, opened.journal)
        self._tables[table.exercise_id] = table
        return table

    def play_again(self, folder: ExerciseFolder) -> Table:
        """Go on with an exercise here, from `start` on. Raises as `take_up` does."""
        return self.add(self.open(folder))

    def get(self, exercise_id: str) -> Table | None:
        return self._tables.get(exercise_id)

    def __iter__(self) -> Iterator[Table]:
        return iter(self._tables.values())

    def start(self) -> None:
        """Let the tables that were added live, in this loop."""
        for table in self._tables.values():
            self._tasks.append(asyncio.create_task(table.keep_going()))

    async def take_up(self, folder: ExerciseFolder) -> Table:
        """Go on with an exercise here. Raises ExerciseBusy, JournalBroken, JournalUnwritable or InvalidInput."""
        async with self._opening:
            known = self._tables.get(folder.exercise_id)
            if known is not None:
                return known
            table = self.add(await anyio.to_thread.run_sync(self.open, folder))
            self._tasks.append(asyncio.create_task(table.keep_going()))
            return table

    def end_streams(self) -> None:
        for table in self._tables.values():
            table.end_streams()

    async def close(self) -> None:
        """When the last request is answered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for table in self._tables.values():
            table.close()

    def standings(self) -> list[Standing]:
        """Every exercise in the reports folder, newest first. Reads files."""
        return [self.standing(folder) for folder in exercise_folders(self.reports)]

    def standing(self, folder: ExerciseFolder) -> Standing:
        """One of them; what cannot be read says so. Reads files."""
        table = self._tables.get(folder.exercise_id)
        if table is not None:
            return Standing(folder, "here", table.state)
        elsewhere = is_running(folder)
        try:
            state = read_state(folder)
        except DrillError as error:
            return Standing(folder, "broken", why=str(error))
        stand: Stand = "elsewhere" if elsewhere else "ended" if state.status == "ended" else "interrupted"
        return Standing(folder, stand, state)


def read_state(folder: ExerciseFolder) -> ExerciseState:
    """What the events on disk say, whoever writes them. Raises InvalidInput or JournalBroken."""
    exercise = read_exercise(folder.exercise, alone=True)
    events = read_events(folder).events
    check_unchanged(folder, events)
    return reduce(exercise, events)


def check_unchanged(folder: ExerciseFolder, events: Sequence[ExerciseEvent]) -> None:
    """Raises InvalidInput where exercise.yaml is not the one that the events are of."""
    if events and events[0].data.get("exercise_sha256") != folder.exercise_sha256():
        raise InvalidInput(
            "the exercise was changed after it began",
            where=str(folder.exercise),
            advice="restore the file: its events begin with its SHA-256",
        )


TABLES = web.AppKey("tables", Tables)
