"""Finds the files that a user means: a drill by its name, the environments beside a drill."""

from __future__ import annotations

import re
from pathlib import Path

from drillrunner.errors import InvalidInput
from drillrunner.files.nearest import did_you_mean

DRILLS = "drills"
ENVIRONMENTS = "environments.yaml"
SCHEMA_SUFFIX = ".schema.json"
_SUFFIXES = (".yaml", ".yml")
_TOPOLOGY = re.compile(rb"^topology:", re.MULTILINE)
_DRILL = re.compile(rb"^drill:", re.MULTILINE)
_HEAD_BYTES = 4_096


def locate_drill(name: str, base: Path) -> Path:
    """The drill file that `name` means, seen from the folder `base`.

    Tried in order: the path itself, the same below `drills/`, both with `.yaml` or `.yml` added.
    Raises InvalidInput with the nearest name.
    """
    candidates = list(_candidates(name, base))
    for path in candidates:
        if path.is_file():
            return path
    if candidates and candidates[0].exists():
        return candidates[0]  # a directory or a pipe: reading it says so
    advice = did_you_mean(Path(name).stem, drill_names(base)) or f"looked in {base} and {base / DRILLS}"
    raise InvalidInput(f'there is no drill "{name}"', where=name, advice=advice)


def is_topology(path: Path) -> bool:
    """Whether a file says at its top that it is a lab's topology."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return False  # whoever reads it says so
    return bool(_TOPOLOGY.search(head)) and not _DRILL.search(head)


def drill_names(base: Path) -> list[str]:
    """The names of the drill files in `drills/` below `base`."""
    found = [path for suffix in _SUFFIXES for path in (base / DRILLS).glob(f"*{suffix}")]
    return sorted(path.stem for path in found if path.name != ENVIRONMENTS)


def locate_environments(near: Path) -> Path | None:
    """`environments.yaml` beside a drill file (or in that folder), else in `./drills`; None if neither is there."""
    folder = near if near.is_dir() else near.parent
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
