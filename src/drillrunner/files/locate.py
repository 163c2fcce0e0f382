"""Finds the files that a user means: a drill by its name, the environments beside a drill."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from drillrunner.errors import InvalidInput
from drillrunner.files.nearest import did_you_mean

DRILLS = "drills"
GAMEDAYS = "gamedays"
EXERCISES = "exercises"
ENVIRONMENTS = "environments.yaml"
SCHEMA_SUFFIX = ".schema.json"
_SUFFIXES = (".yaml", ".yml")
_TOPOLOGY = re.compile(rb"^topology:", re.MULTILINE)
_DRILL = re.compile(rb"^drill:", re.MULTILINE)
_PEOPLE = re.compile(rb"^(?:roles|injects|time_box):", re.MULTILINE)
_GAMEDAY = re.compile(rb"^gameday:", re.MULTILINE)
_HEAD_BYTES = 4_096


def is_there(path: Path, kind: Callable[[Path], bool] = Path.is_file) -> bool:
    """Whether the path leads to a file, or to something of another kind; not where no file can have such a name."""
    try:
        return kind(path)
    except (OSError, ValueError):  # a name of more than 255 bytes, U+0000
        return False


def locate_drill(name: str, base: Path) -> Path:
    """The drill file that `name` means, seen from the folder `base`.

    Tried in order: the path itself, the same below `drills/`, both with `.yaml` or `.yml` added.
    Raises InvalidInput with the nearest name.
    """
    candidates = list(_candidates(name, base))
    for path in candidates:
        if is_there(path):
            return path
    if candidates and is_there(candidates[0], Path.exists):
        return candidates[0]  # a directory or a pipe: reading it says so
    advice = did_you_mean(Path(name).stem, drill_names(base)) or f"looked in {base} and {base / DRILLS}"
    raise InvalidInput(f'there is no drill "{name}"', where=name, advice=advice)


def locate_exercise(name: str, base: Path) -> Path:
    """The tabletop exercise that `name` means: a path, or a name in `drills/exercises/` below `base`.

    Raises InvalidInput with the nearest name.
    """
    if "\0" not in name:
        folder = base / DRILLS / EXERCISES
        for path in (base / name, folder / name, *(folder / f"{name}{suffix}" for suffix in _SUFFIXES)):
            if is_there(path):
                return path
        if name and is_there(base / name, Path.exists):
            return base / name  # a directory or a pipe: reading it says so
    names = exercise_names(base)
    advice = did_you_mean(Path(name).stem, names) or "draft one with: drill tabletop plan DRILL"
    raise InvalidInput(f'there is no exercise "{name}"', where=name, advice=advice)


def exercise_names(base: Path) -> list[str]:
    """The names of the exercises in `drills/exercises/` below `base`."""
    return sorted(path.stem for suffix in _SUFFIXES for path in (base / DRILLS / EXERCISES).glob(f"*{suffix}"))


def is_topology(path: Path) -> bool:
    """Whether a file says at its top that it is a lab's topology."""
    head = _head(path)
    return bool(_TOPOLOGY.search(head)) and not _DRILL.search(head)


def is_exercise(path: Path) -> bool:
    """Whether a file says at its top that it is a tabletop exercise: it names a drill, and people."""
    head = _head(path)
    return bool(_DRILL.search(head) and _PEOPLE.search(head))


def is_gameday(path: Path) -> bool:
    """Whether a file says at its top that it is a game day."""
    return bool(_GAMEDAY.search(_head(path)))


def _head(path: Path) -> bytes:
    if not is_there(path):
        return b""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError:
        return b""  # whoever reads it says so


def yaml_files(name: str) -> list[str]:
    """The YAML files in and below the folder of that name; anything else, a folder without any too, is itself."""
    if not is_there(Path(name), Path.is_dir):
        return [name]
    return sorted(str(path) for path in Path(name).rglob("*") if path.suffix in _SUFFIXES and path.is_file()) or [name]


def drill_names(base: Path) -> list[str]:
    """The names of the drill files in `drills/` below `base`."""
    found = [path for suffix in _SUFFIXES for path in (base / DRILLS).glob(f"*{suffix}")]
    return sorted(path.stem for path in found if path.name != ENVIRONMENTS)


def locate_environments(near: Path) -> Path | None:
    """`environments.yaml` beside a drill file (or in that folder), else in `./drills`; None if neither is there.

    What lies in the folder of game days has it a folder above.
    """
    folder = near if near.is_dir() else near.parent
    folder = folder.parent if folder.name == GAMEDAYS else folder
    for candidate in (folder / ENVIRONMENTS, folder / DRILLS / ENVIRONMENTS, Path(DRILLS) / ENVIRONMENTS):
        if candidate.is_file():
            return candidate
    return None


def _candidates(name: str, base: Path) -> list[Path]:
    if "\0" in name:
        return []
    folders = [base, base / DRILLS]
    names = [name, *(name + suffix for suffix in _SUFFIXES if not name.endswith(_SUFFIXES))]
    return [folder / candidate for candidate in names for folder in folders]
