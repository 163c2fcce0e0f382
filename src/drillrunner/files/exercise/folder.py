"""The folder of one exercise, `reports/<stamp>-tabletop-<drill>-<id>/`: what lies in it, and how it is found again."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from drillrunner.errors import InvalidInput, JournalUnwritable, RunNotFound
from drillrunner.model.exercise import Exercise

_EXERCISE_ID = re.compile(r"\d{8}-\d{6}-tabletop-(?P<drill>[A-Za-z0-9_-]+)-[0-9a-f]{6}\Z")


@dataclass(frozen=True, slots=True)
class ExerciseFolder:
    """Paths of one exercise's files; nothing is opened here."""

    path: Path

    @property
    def exercise_id(self) -> str:
        return self.path.name

    @property
    def exercise(self) -> Path:
        """The exercise as it was when it began. What its injects show lies beside it, by the same relative paths."""
        return self.path / "exercise.yaml"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def sign_of_life(self) -> Path:
        """How far the process that runs the exercise had come; no evidence, so that its name begins with a dot."""
        return self.path / ".alive"

    def exists(self) -> bool:
        return self.events.exists()

    def exercise_sha256(self) -> str:
        """Hex SHA-256 of exercise.yaml as it is on disk. Raises InvalidInput."""
        try:
            return hashlib.sha256(self.exercise.read_bytes()).hexdigest()
        except OSError as error:
            raise InvalidInput(
                f"the exercise cannot be read: {error.strerror or error}",
                where=str(self.exercise),
                advice="restore it from a copy",
            ) from error


def new_exercise_id(drill: str, now: datetime) -> str:
    """A name that sorts by time and does not collide: `20261120-140000-tabletop-regional-outage-7f3a9c`."""
    return f"{now:%Y%m%d-%H%M%S}-tabletop-{drill}-{secrets.token_hex(3)}"


def create_exercise_folder(reports: Path, source: Path, exercise: Exercise, now: datetime) -> ExerciseFolder:
    """Copy an exercise and what its injects show into a new folder, durably. Raises JournalUnwritable.

    The folder has its name only when all is in it: one that a dying process left half made is no exercise.
    """
    folder = ExerciseFolder(reports / new_exercise_id(exercise.drill, now))
    making = folder.path.with_name(f".{folder.exercise_id}.making")
    try:
        making.mkdir(parents=True)
        _copy(source, making / folder.exercise.name)
        for artifact in exercise.artifacts():
            _copy(source.parent / artifact, making / artifact)
        _write(making / folder.events.name, b"")
        making.rename(folder.path)
        _sync_folder(reports)
    except OSError as error:
        shutil.rmtree(making, ignore_errors=True)
        raise JournalUnwritable(
            f"the exercise's folder cannot be written: {error.strerror or error}",
            where=str(folder.path),
            advice="free some space or choose another --reports folder; nothing has begun",
        ) from error
    return folder


def exercise_folders(reports: Path) -> Iterator[ExerciseFolder]:
    """Every exercise under a reports folder, newest first."""
    if not reports.is_dir():
        return
    for path in sorted(reports.iterdir(), reverse=True):
        folder = ExerciseFolder(path)
        if _EXERCISE_ID.match(path.name) and folder.exists():
            yield folder


def find_exercise(reports: Path, name: str) -> ExerciseFolder:
    """The exercise by its folder, its name, an unambiguous beginning or end of that, or `last`. Raises RunNotFound."""
    as_path = ExerciseFolder(Path(name).resolve() if name else reports / name)
    if as_path.exists():
        return as_path
    folders = list(exercise_folders(reports))
    if name == "last" and folders:
        return folders[0]
    matching = [one for one in folders if one.exercise_id.startswith(name) or one.exercise_id.endswith(name)]
    if len(matching) == 1:
        return matching[0]
    known = ", ".join(one.exercise_id for one in matching or folders[:5])
    raise RunNotFound(
        f'{"several exercises are" if matching else "no exercise is"} named "{name}"',
        where=str(reports),
        advice=f"there are {known}" if known else "run one with: drill tabletop run EXERCISE",
    )


def drill_of(folder: ExerciseFolder) -> str | None:
    """The drill's name in the folder's; None where the folder has another name."""
    match = _EXERCISE_ID.match(folder.exercise_id)
    return match["drill"] if match else None


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(target, source.read_bytes())


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
