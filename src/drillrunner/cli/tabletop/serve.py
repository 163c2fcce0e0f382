"""What `drill serve` does with tabletop exercises: the one that it is to play, and those that lie in the reports."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from drillrunner.cli.session import drawn_seed
from drillrunner.cli.tabletop.report import after_action, write_after_action
from drillrunner.cli.tabletop.session import Session, begin_session, resume_session
from drillrunner.clock import Clock
from drillrunner.errors import DrillError, InvalidInput
from drillrunner.files.exercise.folder import ExerciseFolder, exercise_folders, find_exercise
from drillrunner.files.exercise.journal import is_running
from drillrunner.files.locate import locate_exercise
from drillrunner.web.tabletop.table import Table
from drillrunner.web.tabletop.tables import Tables, read_state

# a file whose exercise was left unended within this time is gone on with; after that it is begun anew
LEFT_WITHIN = timedelta(hours=12)


def tables_of(reports: Path, clock: Clock) -> Tables:
    """The exercises of a reports folder, none of them played yet."""

    def take_up(folder: ExerciseFolder) -> Session:
        return resume_session(str(folder.path), reports, clock, drawn_seed(None))

    def report(folder: ExerciseFolder) -> None:
        write_after_action(folder, after_action(folder, reports))

    return Tables(reports, take_up, report, clock.monotonic_source)


def play(tables: Tables, name: str, reports: Path, clock: Clock, seed: int | None = None) -> Table:
    """Begin the exercise in a file, or go on with one that a process left.

    The same file goes on where it was left shortly before. Raises InvalidInput, RunNotFound, ExerciseBusy,
    JournalBroken or JournalUnwritable.
    """
    source = _source(name)
    if source is None:
        return tables.play_again(find_exercise(reports, name))
    left = _left(source, reports, clock)
    if left is not None:
        return tables.play_again(left)
    return tables.add(begin_session(source, reports, clock, drawn_seed(seed)))


def _source(name: str) -> Path | None:
    """The exercise's file; None where the name is of one that was begun, or of nothing."""
    try:
        path = locate_exercise(name, Path())
    except InvalidInput:
        return None
    return path if path.is_file() else None


def _left(source: Path, reports: Path, clock: Clock) -> ExerciseFolder | None:
    """The newest exercise of that file, byte by byte, which no process plays and which has not ended."""
    try:
        sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    except OSError:
        return None  # reading it as an exercise says what is wrong
    return next((folder for folder in exercise_folders(reports) if _was_left(folder, sha256, clock)), None)


def _was_left(folder: ExerciseFolder, sha256: str, clock: Clock) -> bool:
    try:
        if folder.exercise_sha256() != sha256 or is_running(folder):
            return False
        state = read_state(folder)
    except DrillError:
        return False
    is_recent = bool(state.events) and clock.wall() - state.events[-1].at < LEFT_WITHIN
    return is_recent and state.ended_at is None


def opened_words(table: Table, origin: str, token: str) -> Iterator[str]:
    """What the facilitator is told."""
    times = table.state.interruptions
    again = "" if not times else ", interrupted once" if times == 1 else f", interrupted {times} times"
    yield f"exercise {table.exercise_id} (seed {table.state.seed}{again})"
    yield f"  facilitate at {origin}/exercises/{table.exercise_id}?token={token}"
    yield f"  players join at {origin}/play with {table.door.players_code}"
    yield f"  scribe and evaluator join there with {table.door.staff_code}"
