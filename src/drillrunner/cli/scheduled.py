"""What has a schedule (drills, game days, exercises), and the completed runs that answer each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click

from drillrunner.cli.past_runs import past_runs
from drillrunner.errors import DrillError, InvalidInput
from drillrunner.files.drill_file import read_drill
from drillrunner.files.environment_file import find_environment
from drillrunner.files.exercise.file import read_exercise
from drillrunner.files.exercise.folder import drill_of, exercise_folders
from drillrunner.files.exercise.journal import read_events
from drillrunner.files.gameday.file import gameday_names, locate_gameday, read_gameday
from drillrunner.files.gameday.folder import gameday_folders
from drillrunner.files.journal_file import read_journal
from drillrunner.files.locate import drill_names, exercise_names, locate_drill, locate_exercise
from drillrunner.model.agent import ThingKind
from drillrunner.model.drill import Drill
from drillrunner.model.gameday import GameDay
from drillrunner.model.history import PastRun, moment
from drillrunner.model.schedule import Schedule

FIRST_YEAR, LAST_YEAR = 2000, 2199


class Scheduled(NamedTuple):
    """A drill, where it is run, and its last completed run there with the moment when that began."""

    drill: Drill
    file: Path
    environment: str
    last: PastRun | None
    last_began: datetime | None


class ScheduledThing(NamedTuple):
    """A drill, game day or exercise with its schedule, and when its last completed run began (UTC)."""

    name: str
    kind: ThingKind
    schedule: Schedule
    last_completed: datetime | None
    last_outcome: str | None
    file: Path
    title: str
    owner: str
    environment: str


class Occasion(NamedTuple):
    """A game day or an exercise, with or without a schedule, and when the last that came to its end began (UTC)."""

    name: str
    kind: ThingKind
    schedule: Schedule | None
    last_completed: datetime | None
    last_outcome: str | None
    file: Path
    title: str
    owner: str
    environment: str


class Found(NamedTuple):
    """The drills that could be read; for each of the others its name and why."""

    drills: tuple[Scheduled, ...]
    unreadable: tuple[tuple[str, str], ...]


def find_scheduled(names: Sequence[str], environment: str | None, reports: Path, now: datetime) -> Found:
    """The drills of those names (none: every one in `./drills`), with or without a schedule.

    A completed run counts where it ran in the drill's environment, or in `environment`. Runs that began after `now`
    are left out. Raises InvalidInput for a name that no drill has.
    """
    completed = [run for run in past_runs(reports) if isinstance(run, PastRun) and run.completed]
    drills, unreadable = [], []
    for name in names or drill_names(Path()):
        file = locate_drill(name, Path())
        try:
            drills.append(scheduled_of(read_drill(file), file, environment, completed, now))
        except InvalidInput as error:
            count = len(error.problems)
            why = f"{count} problem{'s' * (count > 1)}; see with: drill validate {name}" if count else error.message
            unreadable.append((name, why))
    return Found(tuple(drills), tuple(unreadable))


def scheduled_things(
    environment: str | None,
    reports: Path,
    now: datetime,
    unreadable: Callable[[str, str], None] = lambda _name, _why: None,
) -> Iterator[ScheduledThing]:
    """Whatever has a schedule in `./drills`, `./drills/gamedays` and `./drills/exercises`.

    A drill counts the runs in `environment`, or in its own; game days and exercises say themselves where they are
    held. What cannot be read is told to `unreadable`, by its name and why, and hides no other.
    """
    found = find_scheduled((), environment, reports, now)
    for one in found.drills:
        schedule = one.drill.schedule
        if schedule is not None:
            about = (one.file, one.drill.title, one.drill.owner, one.environment)
            outcome = one.last.outcome if one.last else None
            yield ScheduledThing(one.drill.name, "drill", schedule, one.last_began, outcome, *about)
    for name, why in found.unreadable:
        unreadable(name, why)
    yield from _others(reports, now, unreadable)


def with_others(found: Found, reports: Path, now: datetime) -> tuple[Found, list[ScheduledThing]]:
    """The game days and exercises, and what was found with those of them that cannot be read."""
    broken: list[tuple[str, str]] = []
    others = list(_others(reports, now, lambda name, why: broken.append((name, why))))
    return found._replace(unreadable=(*found.unreadable, *broken)), others


def _others(reports: Path, now: datetime, unreadable: Callable[[str, str], None]) -> Iterator[ScheduledThing]:
    for one in occasions(Path(), reports, now, lambda _kind, name, error: unreadable(name, error.message)):
        if one.schedule is not None:
            about = (one.file, one.title, one.owner, one.environment)
            yield ScheduledThing(one.name, one.kind, one.schedule, one.last_completed, one.last_outcome, *about)


def occasions(
    base: Path, reports: Path, now: datetime, unreadable: Callable[[ThingKind, str, InvalidInput], None]
) -> Iterator[Occasion]:
    """Every game day and exercise below `base`; what cannot be read is told, and hides no other."""
    for name in gameday_names(base):
        try:
            yield _gameday(locate_gameday(name, base), reports, now)
        except InvalidInput as error:
            unreadable("gameday", name, error)
    for name in exercise_names(base):
        try:
            yield _exercise(name, locate_exercise(name, base), reports, now)
        except InvalidInput as error:
            unreadable("exercise", name, error)


def _gameday(file: Path, reports: Path, now: datetime) -> Occasion:
    """Only a game day of which every drill came to its end counts as completed."""
    gameday = read_gameday(file)
    owner = ", ".join(gameday.roles.get("owner") or gameday.roles["facilitator"])
    began, outcome = _last_gameday(gameday, reports, now)
    about = (file, gameday.title, owner, gameday.environment)
    return Occasion(gameday.name, "gameday", gameday.schedule, began, outcome, *about)


def _last_gameday(gameday: GameDay, reports: Path, now: datetime) -> tuple[datetime | None, str | None]:
    for folder in gameday_folders(reports, gameday.name):
        try:
            entries = read_journal(folder.journal)
        except (DrillError, OSError):
            continue  # `drill gameday report` says what is wrong with it; it answers no schedule
        first, last = (entries[0], entries[-1]) if entries else (None, None)
        if first is None or last is None or first.data.get("environment") != gameday.environment:
            continue
        began, outcome = moment(first.wall), last.data.get("outcome")
        ran = sum(entry.kind == "drill.ended" for entry in entries)
        whole = outcome in ("met", "missed") or (outcome == "inconclusive" and ran == len(gameday.drills))
        if whole and began is not None and began <= now:
            return began, str(outcome)
    return None, None


def _exercise(name: str, file: Path, reports: Path, now: datetime) -> Occasion:
    """One of its drill that came to its end answers it."""
    exercise = read_exercise(file)
    began = _last_exercise(exercise.drill, reports, now)
    return Occasion(name, "exercise", exercise.schedule, began, None, file, exercise.title, "", "tabletop")


def _last_exercise(drill: str, reports: Path, now: datetime) -> datetime | None:
    for folder in exercise_folders(reports):
        try:
            events = read_events(folder).events if drill_of(folder) == drill else ()
        except (DrillError, OSError):
            continue  # as of a game day
        if any(event.kind == "exercise_ended" for event in events) and events[0].at <= now:
            return events[0].at
    return None


def tell_unreadable(found: Found) -> None:
    """One line on standard error for each file that is left out."""
    from drillrunner.reporting.outside_text import visible

    for name, why in found.unreadable:
        click.echo(visible(f"! {name} is left out: {why}"), err=True)


def moment_given(text: str | None) -> datetime:
    """The moment of `--now`, in UTC where it has no offset; the present where it is not given. Raises InvalidInput."""
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    found = moment(text)
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        advice = f"write a moment between {FIRST_YEAR} and {LAST_YEAR}, like 2026-11-21T12:00Z"
        raise InvalidInput(f'--now cannot read "{text}"', advice=advice)
    return found


def local_minute(at: datetime, time_zone: str) -> str:
    """`2027-01-12 10:00 Europe/Berlin`."""
    from zoneinfo import ZoneInfo

    return f"{at.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M} {time_zone}"


def scheduled_of(
    drill: Drill, file: Path, environment: str | None, completed: Iterable[PastRun], now: datetime
) -> Scheduled:
    """One drill as `find_scheduled` gives it. Raises InvalidInput where its environment cannot be read."""
    where = find_environment(environment or drill.environment, file)
    ran = [
        (began, run)
        for run in completed
        if (run.drill, run.environment, run.kind) == (drill.name, where.name, where.kind)
        and (began := moment(run.began_wall)) is not None
        and began <= now
    ]
    began, last = max(ran, key=lambda one: one[0], default=(None, None))
    return Scheduled(drill, file, where.name, last, began)
