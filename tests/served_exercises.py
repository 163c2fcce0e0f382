"""An exercise of the shipped regional outage, begun in a reports folder of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from drillrunner.cli.tabletop.session import Session, begin_session
from drillrunner.clock import Clock
from drillrunner.files.exercise.folder import ExerciseFolder
from drillrunner.files.exercise.journal import read_events
from drillrunner.model.exercise_event import ExerciseEvent
from stages import ROOT

SEED = 2  # neither of the random events happens


def exercise_file(folder: Path, *, publish: str = "manual", text: str | None = None) -> Path:
    """The exercise's file beside the shipped drills; `text` is said by the second inject."""
    path = folder / "exercises" / "regional-outage.yaml"
    if not path.exists():
        (folder / "drills").symlink_to(ROOT / "drills")
        (folder / "runbooks").symlink_to(ROOT / "runbooks")
        shutil.copytree(ROOT / "tests" / "data" / "exercises", path.parent)
    words = (ROOT / "tests" / "data" / "exercises" / path.name).read_text(encoding="utf-8")
    if text is not None:
        words = words.replace("Orders cannot be paid. Three tickets in two minutes.", text)
    path.write_text(f"{words}\npublish: {publish}\n", encoding="utf-8")
    return path


def begun_in(folder: Path, clock: Clock | None = None, *, publish: str = "manual") -> Session:
    """The exercise, begun in `folder/reports`."""
    source = exercise_file(folder, publish=publish)
    (folder / "reports").mkdir(exist_ok=True)
    return begin_session(source, folder / "reports", clock or Clock(), SEED)


def events_in(folder: ExerciseFolder) -> list[ExerciseEvent]:
    """What is on disk."""
    return list(read_events(folder).events)
