"""The readers of files from outside, as targets of a fuzzer: bytes in, nothing out, and only our own errors allowed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drillrunner.errors import DrillError
from drillrunner.evidence.record import read_record
from drillrunner.files.actions_file import ACTIONS, read_actions
from drillrunner.files.drill_file import read_drill
from drillrunner.files.environment_file import read_environments
from drillrunner.files.exercise.file import read_exercise
from drillrunner.files.exercise.folder import ExerciseFolder
from drillrunner.files.exercise.journal import read_events
from drillrunner.files.gameday.file import read_gameday
from drillrunner.files.ics.file import read_freeze_windows
from drillrunner.files.journal_file import read_journal
from drillrunner.files.run_folder import RunFolder, read_plan
from drillrunner.files.runbook.file import read_runbook
from drillrunner.files.schedule_entry import read_schedule
from drillrunner.files.section import Reading, Section
from drillrunner.files.variables import Variables
from drillrunner.gameday.occurrences import first_after
from drillrunner.lab.topology import load_topology
from drillrunner.yaml_source import Problems, Span, read_yaml

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "src" / "drillrunner" / "lab" / "topologies"
BAD = ROOT / "tests" / "bad_drills"
UNIT = ROOT / "tests" / "unit"
BAD_GAMEDAYS = sorted((ROOT / "tests" / "bad_gamedays").glob("*.yaml"))
# nothing hinders these two; their dates are past
PAST_GAMEDAYS = [path for path in BAD_GAMEDAYS if path.stem in {"freeze-over", "schedule-over"}]
BAD_SCHEDULES = sorted(BAD.glob("schedule-*.yaml"))
SCHEDULES = sorted((ROOT / "tests" / "data" / "schedules").glob("*.yaml"))
CALENDARS = sorted((ROOT / "tests" / "calendars").glob("*.ics"))
BAD_CALENDARS = sorted((ROOT / "tests" / "bad_calendars").glob("*.ics"))
SAMPLE = ROOT / "reports" / "sample"
NOW = datetime(2026, 12, 24, tzinfo=UTC)
EXERCISE = ROOT / "tests" / "data" / "exercises" / "regional-outage.yaml"
EVENTS = ROOT / "tests" / "data" / "exercises" / "events.jsonl"


@dataclass(frozen=True)
class Reader:
    """What reads a file of that name, and files that it is meant for (or nearly so)."""

    file: str
    read: Callable[[Path], object]
    seeds: tuple[Path, ...]

    def takes(self, content: bytes, folder: Path) -> bool:
        """Whether it accepted the file. Anything else than acceptance or one of our own errors is let through."""
        path = folder / self.file
        path.write_bytes(content)
        try:
            self.read(path)
        except DrillError:
            return False
        return True


def _read_exercise(path: Path) -> object:
    """With its drill and what it shows, which are not there, and as one that has begun."""
    with suppress(DrillError):
        read_exercise(path)
    return read_exercise(path, alone=True)


def _read_gameday(path: Path) -> object:
    """In a project whose drills are there."""
    gamedays = path.parent / "project" / "drills" / "gamedays"
    if not gamedays.exists():
        shutil.copytree(BAD_GAMEDAYS[0].parent / "drills", gamedays.parent)
        gamedays.mkdir()
    return read_gameday(Path(shutil.copyfile(path, gamedays / "day.yaml")))


def _read_schedule(path: Path) -> object:
    """The schedule of a drill, and the first moment of it."""
    document = read_yaml(path)
    problems = Problems(document.file, document.lines)
    reading = Reading(problems, Variables(problems), "D")
    schedule = read_schedule(Section(reading, document.root, "the drill", Span()))
    if problems.found:
        problems.refuse()
    return first_after(schedule, NOW) if schedule else None


READERS = {
    "drill": Reader(
        "fuzzed.yaml", read_drill, (*sorted((ROOT / "drills").glob("*-*.yaml")), *sorted(BAD.glob("[a-z]*[a-z].yaml")))
    ),
    "environments": Reader(
        "environments.yaml",
        read_environments,
        (ROOT / "drills" / "environments.yaml", *sorted(BAD.glob("*.environments.yaml"))),
    ),
    "topology": Reader("topology.yaml", lambda path: load_topology(str(path)), tuple(sorted(LAB.glob("*.yaml")))),
    "journal": Reader("journal.jsonl", read_journal, (SAMPLE / "journal.jsonl",)),
    "runbook": Reader(
        "runbook.md",
        read_runbook,
        (*sorted((ROOT / "runbooks").glob("*.md")), *sorted((ROOT / "tests" / "bad_runbooks").glob("*.md"))),
    ),
    "exercise": Reader(
        "exercise.yaml",
        _read_exercise,
        (EXERCISE, *sorted((ROOT / "tests" / "bad_exercises").glob("*.yaml"))),
    ),
    "events": Reader("events.jsonl", lambda path: read_events(ExerciseFolder(path.parent)), (EVENTS,)),
    "actions": Reader(
        ACTIONS,
        read_actions,
        (UNIT / "files" / "actions.yaml", *sorted((ROOT / "tests" / "bad_actions").glob("*.yaml"))),
    ),
    "calendar": Reader(
        "freezes.ics",
        lambda path: read_freeze_windows(path, NOW - timedelta(days=30), NOW + timedelta(days=30)),
        # the good ones as often as the bad ones, which are mostly refused for what they were refused before
        (*CALENDARS * (len(BAD_CALENDARS) // len(CALENDARS)), *BAD_CALENDARS),
    ),
    "gameday": Reader("day.yaml", _read_gameday, (*BAD_GAMEDAYS, *PAST_GAMEDAYS * 20)),
    "schedule": Reader("fuzzed.yaml", _read_schedule, (*BAD_SCHEDULES, *SCHEDULES * 5)),
    "record": Reader("record.json", read_record, (UNIT / "evidence" / "record-1.json",)),
    "plan": Reader("plan.json", lambda path: read_plan(RunFolder(path.parent)), (SAMPLE / "plan.json",)),
}
