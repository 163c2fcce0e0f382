"""What an exercise is held against: the drill that it names, and that drill's runbook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drillrunner.errors import InvalidInput
from drillrunner.files.drill_file import read_drill
from drillrunner.files.locate import DRILLS, drill_names
from drillrunner.files.nearest import did_you_mean
from drillrunner.files.runbook.file import read_runbook
from drillrunner.files.section import Section, check_name, shorten
from drillrunner.model.drill import Drill
from drillrunner.model.runbook import RunbookStep

_SUFFIXES = (".yaml", ".yml")
_FOLDERS_ABOVE = 3
_DRILL_STEP = re.compile(r"(failover|failback|revert) ([1-9]\d{0,3})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class DrillContext:
    """The exercise's drill by its name; the drill itself is None where it could not be read, or was not looked for."""

    name: str | None
    drill: Drill | None = None
    path: Path | None = None


def read_drill_name(top: Section, exercise: Path, *, look: bool) -> DrillContext:
    """Read `drill: name`, and the drill itself where it is to be looked for."""
    taken = top.scalar("drill", required=True)
    if taken is None or not check_name(top.reading, taken[1], '"drill"', taken[0].span):
        return DrillContext(None)
    node, name = taken
    if not look:
        return DrillContext(name)
    path = drill_path(name, exercise)
    if path is None:
        advice = did_you_mean(name, _known_drills(exercise)) or "drills are kept in drills/"
        top.reading.problems.add("X109", f'there is no drill "{shorten(name)}"', node.span, advice)
        return DrillContext(name)
    try:
        drill = read_drill(path)
    except InvalidInput:
        message = f'the drill "{shorten(name)}" cannot be read'
        top.reading.problems.add("X109", message, node.span, f"mend it first: drill validate {path}")
        return DrillContext(name, None, path)
    if drill.name != name:
        message = f'{path.name} holds the drill "{drill.name}"'
        top.reading.problems.add("X109", message, node.span, "file and drill need one name")
    return DrillContext(name, drill, path)


def drill_path(name: str, exercise: Path) -> Path | None:
    """The file of that drill in a folder `drills` around the exercise's file or below the one that we are in."""
    for folder in _drills_folders(exercise):
        for suffix in _SUFFIXES:
            path = folder / f"{name}{suffix}"
            if path.is_file():
                return path
    return None


def step_flaw(step: str, context: DrillContext) -> str | None:
    """What is wrong with `step: failover 2` (a drill's) or `step: Fail over by hand 3` (its runbook's)."""
    if context.drill is None or context.path is None:
        return None
    match = _DRILL_STEP.match(step)
    if match:
        steps = _drill_steps(context.drill, match[1])
        return None if int(match[2]) <= steps else f'the {match[1]} of "{context.name}" has {_counted(steps)}'
    if context.drill.runbook is None:
        return f'"{shorten(step)}" is no step of the drill, which names no runbook'
    known = _runbook_steps(context.path.parent / context.drill.runbook)
    if known is None or any(step == f"{one.section} {one.number}" for one in known):
        return None
    return f'"{shorten(step)}" is no step of the drill or of its runbook'


def _drill_steps(drill: Drill, role: str) -> int:
    if role == "revert":
        return len(drill.faults)
    return len(drill.failover if role == "failover" else drill.failback)


def _counted(steps: int) -> str:
    return "no steps" if steps == 0 else "1 step" if steps == 1 else f"{steps} steps"


def _runbook_steps(path: Path) -> tuple[RunbookStep, ...] | None:
    """None where the runbook cannot be read; `drill runbook check` says why."""
    try:
        return read_runbook(path).steps
    except InvalidInput:
        return None


def _drills_folders(exercise: Path) -> Iterator[Path]:
    for folder in list(exercise.absolute().parents)[:_FOLDERS_ABOVE]:
        if folder.name == DRILLS:
            yield folder
        yield folder / DRILLS
    yield Path(DRILLS)


def _known_drills(exercise: Path) -> set[str]:
    return {name for folder in _drills_folders(exercise) for name in drill_names(folder.parent)}
