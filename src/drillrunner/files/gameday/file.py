"""Reads a game day from its YAML file in `drills/gamedays/`, and says everything that is wrong with it at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from drillrunner.errors import InvalidInput, Problem
from drillrunner.files.environment_file import environment_names, find_environment
from drillrunner.files.gameday.drills import FoundDrill, PlacedDrill, read_drills, settings_of
from drillrunner.files.gameday.rules import (
    Frozen,
    read_announcements,
    read_approvals,
    read_freeze,
    read_rehearsal,
    read_roles,
    read_whole,
)
from drillrunner.files.locate import DRILLS, GAMEDAYS, is_gameday, is_there
from drillrunner.files.nearest import choices, did_you_mean
from drillrunner.files.schedule_entry import read_schedule
from drillrunner.files.section import DAY_SECONDS, Reading, Section
from drillrunner.files.variables import PlainTexts
from drillrunner.model.environment import Environment
from drillrunner.model.gameday import VERSION, GameDay
from drillrunner.model.recurrence import rule_walls, until_of
from drillrunner.model.schedule import Schedule
from drillrunner.yaml_source import Document, Problems, Span, read_yaml

TIME_BOX_SECONDS_HIGH = 2 * DAY_SECONDS
_SUFFIXES = (".yaml", ".yml")


class GameDayFile(NamedTuple):
    """A game day that was read, the drills that it names by their ids, and where it runs (not connected yet)."""

    gameday: GameDay
    file: Path
    drills: dict[str, FoundDrill]
    environment: Environment
    lines: tuple[str, ...]
    schedule_span: Span
    freeze_spans: tuple[Span, ...]


def read_gameday(path: Path) -> GameDay:
    """The game day in a file. Raises InvalidInput with everything that is wrong (codes Y1xx, G1xx, D143 to D150)."""
    return read_gameday_file(path).gameday


def read_gameday_file(path: Path) -> GameDayFile:
    """The game day with its drills and its environment. Raises InvalidInput as `read_gameday` does."""
    document = read_yaml(path)
    problems = Problems(document.file, document.lines)
    reading = Reading(problems, PlainTexts(problems), "G")
    found = _read(path, document, reading)
    if found is None or problems.found:
        problems.refuse()
    return found


def past_dates(found: GameDayFile, now: datetime) -> list[Problem]:
    """What of it lies wholly in the past: a schedule that names no further date, freeze windows that are over.

    It hinders nobody, and whoever checks the file wants to know.
    """
    problems = Problems(str(found.file), found.lines)
    schedule = found.gameday.schedule
    if schedule is not None and _is_over(schedule, now):
        advice = "give it a later UNTIL or starts, or take the schedule out"
        problems.add("G130", "the schedule names no date that is still to come", found.schedule_span, advice)
    for window, span in zip(found.gameday.freeze, found.freeze_spans, strict=True):
        if window.ends <= now:
            message = f"the freeze window ended on {window.ends:%Y-%m-%d %H:%M%z}"
            problems.add("G131", message, span, "take it out, or give it new dates")
    return problems.found


def _is_over(schedule: Schedule, now: datetime) -> bool:
    """Whether a rule has named its last date, with a day of room for zones. Every other cadence goes on for ever."""
    if schedule.rrule is None or schedule.starts is None:
        return False
    until = until_of(schedule.rrule)
    since = max(schedule.starts, now.astimezone(UTC).replace(tzinfo=None) - timedelta(days=1))
    return (until is not None and until < now) or next(rule_walls(schedule.rrule, schedule.starts, since), None) is None


def locate_gameday(name: str, base: Path) -> Path:
    """The file that `name` means: the path itself, else in `drills/gamedays/`. Raises InvalidInput with the nearest."""
    if "\0" not in name:
        names = [name, *(name + suffix for suffix in _SUFFIXES if not name.endswith(_SUFFIXES))]
        for folder in (base / DRILLS / GAMEDAYS, base):
            for candidate in (folder / one for one in names):
                if is_there(candidate):
                    return candidate
    known = gameday_names(base)
    advice = did_you_mean(Path(name).stem, known) or f"they are kept in {base / DRILLS / GAMEDAYS}"
    raise InvalidInput(f'there is no game day "{name}"', where=name, advice=advice)


def gameday_names(base: Path) -> list[str]:
    """The names of the game days in `drills/gamedays/` below `base`; a drill may lie there beside them."""
    found = [path for suffix in _SUFFIXES for path in (base / DRILLS / GAMEDAYS).glob(f"*{suffix}")]
    return sorted(path.stem for path in found if is_gameday(path))


def _read(path: Path, document: Document, reading: Reading) -> GameDayFile | None:
    top = Section(reading, document.root, "the game day", Span())
    _read_version(top)
    name, title = top.name_text("gameday", required=True), top.text("title", required=True)
    environment = _read_environment(top, path)
    schedule_span = top.span_of("schedule")
    schedule = read_schedule(top)
    roles = read_roles(top)
    placed = read_drills(top, path.parent, environment)
    texts, lead = read_announcements(top)
    frozen = read_freeze(top, path.parent)
    approvals = read_approvals(top, path.parent)
    rehearsal = read_rehearsal(top, environment, path.parent)
    time_box = top.duration("time_box", 0.0, low=1.0, high=TIME_BOX_SECONDS_HIGH)
    settings = settings_of(reading, placed, environment)
    top.finish()
    if reading.problems.found or name is None or title is None or environment is None:
        return None
    gameday = GameDay(
        name=name,
        title=title,
        environment=environment.name,
        roles=roles,
        drills=tuple(one.entry for one in placed),
        settings=settings,
        schedule=schedule,
        announcements=texts,
        lead_seconds=lead,
        freeze=frozen.windows,
        calendars=tuple(str(one.resolve()) for one in frozen.calendars),
        approvals=approvals,
        time_box_seconds=time_box or None,
        rehearsal=rehearsal,
    )
    return _found(gameday, path, document, placed, environment, schedule_span, frozen)


def _found(
    gameday: GameDay,
    path: Path,
    document: Document,
    placed: tuple[PlacedDrill, ...],
    environment: Environment,
    schedule_span: Span,
    frozen: Frozen,
) -> GameDayFile:
    drills = {one.entry.id: one.found for one in placed if one.found is not None}
    return GameDayFile(gameday, path, drills, environment, document.lines, schedule_span, frozen.spans)


def _read_version(top: Section) -> None:
    span = top.value_span("version")
    if read_whole(top, "version", VERSION, 0, 999_999) != VERSION:
        advice = f"write version: {VERSION}"
        top.reading.problems.add("G108", "this version of game days is not known", span, advice)


def _read_environment(top: Section, path: Path) -> Environment | None:
    """The environment of every drill of the day; a fault of environments.yaml itself is told as it is."""
    span = top.value_span("environment")
    name = top.name_text("environment", required=True)
    if name is None:
        return None
    known = environment_names(path)
    if name not in known:
        advice = choices(name, known) or "environments are defined in drills/environments.yaml"
        top.reading.problems.add("G125", f'there is no environment "{name}"', span, advice)
        return None
    return find_environment(name, path)
