"""`drill calendar`: the drills to come by their schedules, as a table or as an iCalendar file."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import offers, reports_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drillrunner.cli.scheduled import Scheduled, ScheduledThing
    from drillrunner.gameday.ics import Occasion

_COLUMNS = ("when", "drill", "environment", "owner")
MONTH_DAYS = 365.25 / 12
MOST_LINES = 400


@click.command()
@click.argument("drills", nargs=-1, metavar="[DRILLS]…", shell_complete=offers("drills"))
@click.option("--ics", "target", type=click.Path(path_type=Path), help="Write an iCalendar file (RFC 5545) there.")
@click.option("--months", type=click.IntRange(1, 120), default=12, show_default=True, help="How far to look ahead.")
@click.option("--alarm", is_flag=True, help="Add a reminder a week before each drill to the file.")
@click.option(
    "--environment",
    "environment_name",
    metavar="NAME",
    shell_complete=offers("environments"),
    help="As if the drills were run there.",
)
@click.option("--now", metavar="MOMENT", help="As if it were then: 2026-11-21T12:00Z (UTC without an offset).")
@reports_option
def calendar(
    drills: tuple[str, ...],
    target: Path | None,
    months: int,
    alarm: bool,
    environment_name: str | None,
    now: str | None,
    reports: Path,
) -> int:
    """List the drills to come, of ./drills or those that are named.

    The file holds every drill as an event of its own in UTC, under an id that stays: importing it again changes what
    is there and adds nothing twice. Exit code 2 when a drill's file could not be read.
    """
    from drillrunner.cli.scheduled import find_scheduled, moment_given, tell_unreadable, with_others
    from drillrunner.errors import ExitCode

    at = moment_given(now)
    found = find_scheduled(drills, environment_name, reports, at)
    until = at + timedelta(days=months * MONTH_DAYS)
    occasions = _occasions(found.drills, at, until)
    found, others = (found, []) if drills else with_others(found, reports, at)
    occasions = sorted([*occasions, *_of_others(others, at, until)], key=lambda one: (one.at, one.drill))
    if target is None:
        click.echo("\n".join(_table(occasions)))
    else:
        _write(target, occasions, at, alarm)
    _tell_uncounted(found.drills)
    tell_unreadable(found)
    return ExitCode.INVALID if found.unreadable else ExitCode.ALL_MET


def _occasions(drills: tuple[Scheduled, ...], now: datetime, until: datetime) -> list[Occasion]:
    """Ascending; two drills at one moment by their names."""
    from drillrunner.gameday.due import planned
    from drillrunner.gameday.ics import Occasion

    occasions = [
        Occasion(
            drill=one.drill.name,
            title=one.drill.title,
            owner=one.drill.owner,
            environment=one.environment,
            runbook=one.drill.runbook,
            time_zone=one.drill.schedule.time_zone,
            at=moment,
        )
        for one in drills
        if one.drill.schedule
        for moment in planned(one.drill.schedule, one.last_began, now, until)
    ]
    return sorted(occasions, key=lambda occasion: (occasion.at, occasion.drill))


def _of_others(things: list[ScheduledThing], now: datetime, until: datetime) -> Iterator[Occasion]:
    """Game days and exercises to come."""
    from drillrunner.gameday.due import planned
    from drillrunner.gameday.ics import Occasion

    for one in things:
        for moment in planned(one.schedule, one.last_completed, now, until):
            yield Occasion(
                drill=one.name,
                title=one.title,
                owner=one.owner,
                environment=one.environment,
                runbook=None,
                time_zone=one.schedule.time_zone,
                at=moment,
                kind=one.kind,
            )


def _table(occasions: list[Occasion]) -> list[str]:
    from drillrunner.cli.scheduled import local_minute
    from drillrunner.reporting.table_text import aligned

    if not occasions:
        return ["no drill is scheduled in that time"]
    kinds = {"drill": "", "gameday": "game day ", "exercise": "exercise "}
    rows = [
        (local_minute(one.at, one.time_zone), f"{kinds[one.kind]}{one.drill}", one.environment, one.owner)
        for one in occasions
    ]
    lines = aligned([_COLUMNS, *rows[:MOST_LINES]])
    left_out = len(rows) - MOST_LINES
    return [*lines, f"… and {left_out} more: --ics writes them all"] if left_out > 0 else lines


def _write(target: Path, occasions: list[Occasion], stamp: datetime, alarm: bool) -> None:
    from drillrunner.cli.written import written_whole
    from drillrunner.gameday.ics import ics

    with written_whole(target) as file:
        file.write(ics(occasions, stamp, alarm=alarm))
    drills = "1 drill" if len(occasions) == 1 else f"{len(occasions)} drills"
    click.echo(f"{target}: {drills}", err=not target.is_file())


def _tell_uncounted(drills: tuple[Scheduled, ...]) -> None:
    """Say which schedules count from a run that never was."""
    for one in drills:
        schedule = one.drill.schedule
        if schedule and schedule.every and schedule.starts is None and one.last is None:
            click.echo(
                f"! {one.drill.name} was never run, and its schedule counts from there: run it, or give starts",
                err=True,
            )
