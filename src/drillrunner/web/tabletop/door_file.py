"""Where an exercise's codes and its secret are kept: in the state folder, so that they are in nobody's evidence."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from drillrunner.errors import InvalidInput
from drillrunner.state import state_folder
from drillrunner.web.tabletop.door import Door, new_door


def door_path(exercise_id: str) -> Path:
    return state_folder() / "exercises" / f"{exercise_id}.json"


def read_door(exercise_id: str) -> Door | None:
    """The codes that the exercise has; None where it has none yet. Raises InvalidInput."""
    path = door_path(exercise_id)
    try:
        return Door.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise _unreadable(path) from error


def keep_door(exercise_id: str) -> Door:
    """The codes of the exercise, made where there are none; on disk when this returns. Raises InvalidInput."""
    known = read_door(exercise_id)
    if known is not None:
        return known
    door, path = new_door(exercise_id), door_path(exercise_id)
    making = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(making, door.model_dump_json().encode())
        making.rename(path)
    except OSError as error:
        raise InvalidInput(
            f"the exercise's codes cannot be kept: {error.strerror or error}",
            where=str(path),
            advice="free some space, or name another place with DRILLRUNNER_STATE",
        ) from error
    return door


def _write(path: Path, content: bytes) -> None:
    """For the eyes of this user alone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unreadable(path: Path) -> InvalidInput:
    return InvalidInput(
        "the exercise's codes cannot be read",
        where=str(path),
        advice="remove the file: new codes are made then, and everybody joins again",
    )
