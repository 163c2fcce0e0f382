"""The drills of a folder with their schedules, and the completed runs that answer them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click

from drillrunner.cli.past_runs import past_runs
from drillrunner.errors import InvalidInput
from drillrunner.files.drill_file import read_drill
from drillrunner.files.environment_file import find_environment
from drillrunner.files.locate import drill_names, locate_drill
from drillrunner.model.drill import Drill
from drillrunner.model.history import PastRun, moment

FIRST_YEAR, LAST_YEAR = 2000, 2199


class Scheduled(NamedTuple):
    """A drill, where it is run, and its last completed run there with the moment when that began."""

    drill: Drill
    file: Path
    environment: str
    last: PastRun | None
    last_began: datetime | None


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
            drills.append(_scheduled(file, environment, completed, now))
        except InvalidInput as error:
            count = len(error.problems)
            why = f"{count} problem{'s' * (count > 1)}; see with: drill validate {name}" if count else error.message
            unreadable.append((name, why))
    return Found(tuple(drills), tuple(unreadable))


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


def _scheduled(file: Path, environment: str | None, completed: Iterable[PastRun], now: datetime) -> Scheduled:
    drill = read_drill(file)
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
