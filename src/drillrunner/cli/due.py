"""`drill due`: which drills are due by their schedules, seen from the completed runs of the reports folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import json_option, offers, reports_option

if TYPE_CHECKING:
    from drillrunner.cli.scheduled import Found, Scheduled, ScheduledThing
    from drillrunner.model.noun import JsonValue
    from drillrunner.model.schedule import Due, Schedule

_COLUMNS = ("drill", "environment", "schedule", "last completed run", "verdict", "state")


@click.command()
@click.argument("drills", nargs=-1, metavar="[DRILLS]…", shell_complete=offers("drills"))
@click.option(
    "--environment",
    "environment_name",
    metavar="NAME",
    shell_complete=offers("environments"),
    help="Count the runs there, instead of where each drill says.",
)
@click.option("--now", metavar="MOMENT", help="As if it were then: 2026-11-21T12:00Z (UTC without an offset).")
@reports_option
@json_option
def due(drills: tuple[str, ...], environment_name: str | None, now: str | None, reports: Path, as_json: bool) -> int:
    """List when each drill of ./drills (or each that is named) ran last, and when it is due.

    Only completed runs count, where they ran in the drill's own environment. Exit code 1 when a drill is overdue, else
    2 when a file could not be read, else 0.
    """
    from drillrunner.cli.scheduled import find_scheduled, moment_given, tell_unreadable, with_others
    from drillrunner.errors import ExitCode

    at = moment_given(now)
    found = find_scheduled(drills, environment_name, reports, at)
    standings = [_standing(one, at) for one in found.drills]
    found, things = (found, []) if drills else with_others(found, reports, at)
    others = [(one, _standing_of(one, at)) for one in things]
    click.echo(_json(found, standings, others, at) if as_json else _table(found, standings, others))
    tell_unreadable(found)
    if any(standing and standing.state == "overdue" for standing in [*standings, *(one for _, one in others)]):
        return ExitCode.MISSED
    return ExitCode.INVALID if found.unreadable else ExitCode.ALL_MET


def _standing(one: Scheduled, now: datetime) -> Due | None:
    """None where the drill has no schedule."""
    from drillrunner.gameday.due import due as due_of

    return due_of(one.drill.schedule, one.last_began, now) if one.drill.schedule else None


def _standing_of(one: ScheduledThing, now: datetime) -> Due:
    from drillrunner.gameday.due import due as due_of

    return due_of(one.schedule, one.last_completed, now)


def _table(found: Found, standings: list[Due | None], others: list[tuple[ScheduledThing, Due]]) -> str:
    from drillrunner.reporting.table_text import aligned

    rows = [_row(one, standing) for one, standing in zip(found.drills, standings, strict=True)]
    rows += [_other_row(one, standing) for one, standing in others]
    return "\n".join(aligned([_COLUMNS, *rows])) if rows else "no drill is there"


def _row(one: Scheduled, standing: Due | None) -> tuple[str, ...]:
    from drillrunner.model.schedule import cadence_words
    from drillrunner.reporting.wording import OUTCOME_MARK, utc_minute

    schedule = one.drill.schedule
    return (
        one.drill.name,
        one.environment,
        cadence_words(schedule) if schedule else "—",
        utc_minute(one.last.began_wall) if one.last else "—",
        f"{OUTCOME_MARK[one.last.outcome]} {one.last.outcome}" if one.last else "—",
        state_words(standing, schedule) if standing and schedule else "no schedule",
    )


def _other_row(one: ScheduledThing, standing: Due) -> tuple[str, ...]:
    """A game day or an exercise, as a drill is shown."""
    from drillrunner.model.schedule import cadence_words
    from drillrunner.reporting.wording import OUTCOME_MARK, utc_minute

    kind = "game day" if one.kind == "gameday" else one.kind
    return (
        f"{kind} {one.name}",
        one.environment,
        cadence_words(one.schedule),
        utc_minute(one.last_completed.isoformat()) if one.last_completed else "—",
        f"{OUTCOME_MARK[one.last_outcome]} {one.last_outcome}" if one.last_outcome else "—",
        state_words(standing, one.schedule),
    )


def state_words(standing: Due, schedule: Schedule) -> str:
    """`OVERDUE by 51d: was due on 2026-10-01 12:00 UTC`: how a drill stands to its schedule."""
    from drillrunner.cli.scheduled import local_minute

    at = local_minute(standing.due_at, schedule.time_zone) if standing.due_at else ""
    if standing.state == "overdue":
        times = f", {standing.missed} missed" if standing.missed > 1 else ""
        return f"OVERDUE by {_span(standing.overdue_seconds)}: was due on {at}{times}"
    if standing.state == "due":
        return f"due on {at}, at the latest {_span(schedule.grace_seconds)} later"
    if standing.state == "ok":
        return f"ok until {at}" if at else "ok: no further date"
    return f"never run, due on {at}" if at else "never run"


def _span(seconds: float) -> str:
    """Whole days; hours and less below one day."""
    from drillrunner.model.duration import format_duration

    return f"{int(seconds // 86_400)}d" if seconds >= 86_400 else format_duration(seconds)


def _json(found: Found, standings: list[Due | None], others: list[tuple[ScheduledThing, Due]], now: datetime) -> str:
    import json

    lines = [_line(one, standing) for one, standing in zip(found.drills, standings, strict=True)]
    unreadable = [{"drill": name, "why": why} for name, why in found.unreadable]
    document = {
        "now": now.isoformat(),
        "drills": lines,
        "gamedays": [_other_line(one, standing) for one, standing in others if one.kind == "gameday"],
        "exercises": [_other_line(one, standing) for one, standing in others if one.kind == "exercise"],
        "unreadable": unreadable,
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _other_line(one: ScheduledThing, standing: Due) -> dict[str, JsonValue]:
    return {
        "name": one.name,
        "file": str(one.file),
        "environment": one.environment,
        "schedule": one.schedule.model_dump(mode="json", exclude_defaults=True),
        "last_began": one.last_completed.isoformat() if one.last_completed else None,
        "last_outcome": one.last_outcome,
        "due": standing.model_dump(mode="json"),
    }


def _line(one: Scheduled, standing: Due | None) -> dict[str, JsonValue]:
    schedule = one.drill.schedule
    return {
        "drill": one.drill.name,
        "file": str(one.file),
        "environment": one.environment,
        "schedule": schedule.model_dump(mode="json", exclude_defaults=True) if schedule else None,
        "last_run": one.last.run_id if one.last else None,
        "last_began": one.last_began.isoformat() if one.last_began else None,
        "last_outcome": one.last.outcome if one.last else None,
        "due": standing.model_dump(mode="json") if standing else None,
    }
