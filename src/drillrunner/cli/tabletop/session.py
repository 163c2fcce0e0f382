"""An exercise on disk as something to play: begun in a new folder, or taken up again where a process left it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from drillrunner import __version__
from drillrunner.clock import Clock
from drillrunner.files.exercise.file import read_exercise, read_exercise_file
from drillrunner.files.exercise.folder import ExerciseFolder, create_exercise_folder, find_exercise
from drillrunner.files.exercise.journal import ExerciseJournal
from drillrunner.model.exercise_event import ExerciseEvent
from drillrunner.tabletop.commands import begin
from drillrunner.tabletop.desk import Desk


class Session(NamedTuple):
    """A desk, its journal, and what was journaled by opening it. `torn_bytes` of a last line were cut off."""

    desk: Desk
    journal: ExerciseJournal
    opened: tuple[ExerciseEvent, ...]
    torn_bytes: int = 0

    @property
    def folder(self) -> ExerciseFolder:
        return self.journal.folder


def begin_session(source: Path, reports: Path, clock: Clock, seed: int, *, auto_publish: bool = False) -> Session:
    """Begin the exercise in a file, in a new folder of the reports.

    `auto_publish` publishes what is due whatever the file says. Raises InvalidInput, JournalUnwritable.
    """
    exercise = read_exercise_file(source, now=clock.wall()).exercise
    folder = create_exercise_folder(reports, source, exercise, clock.wall())
    journal = ExerciseJournal.open(folder, clock)
    desk = Desk(exercise.model_copy(update={"publish": "auto"}) if auto_publish else exercise, journal)
    sha256 = folder.exercise_sha256()
    opened = desk.do(begin, desk.facilitator(), seed=seed, exercise_sha256=sha256, version=__version__)
    return Session(desk, journal, opened)


def resume_session(name: str, reports: Path, clock: Clock, seed: int) -> Session:
    """Go on with the exercise of that name or folder. `seed` is for one that died before its first event.

    Raises RunNotFound, ExerciseBusy, JournalBroken, InvalidInput.
    """
    folder = find_exercise(reports, name)
    exercise = read_exercise(folder.exercise, alone=True)
    journal, events, torn, alive = ExerciseJournal.resume(folder, clock)
    desk = Desk(exercise, journal, events)
    if desk.state.began_at is None:
        sha256 = folder.exercise_sha256()
        opened = desk.do(begin, desk.facilitator(), seed=seed, exercise_sha256=sha256, version=__version__)
    else:
        opened = desk.take_up(alive) if desk.state.ended_at is None else ()
    return Session(desk, journal, opened, torn)
