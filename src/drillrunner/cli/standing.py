"""How drills, game days and exercises stand to their schedules, as the pages of `drill serve` are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from drillrunner.cli.due import state_words
from drillrunner.cli.scheduled import Occasion, occasions, scheduled_of
from drillrunner.errors import InvalidInput
from drillrunner.gameday.due import due
from drillrunner.model.agent import ThingKind
from drillrunner.model.drill import Drill
from drillrunner.model.history import PastRun
from drillrunner.model.schedule import Schedule, cadence_words
from drillrunner.reporting.wording import OUTCOME_MARK, utc_minute
from drillrunner.web import sources
from drillrunner.web.sources import Standing

_KINDS: dict[ThingKind, str] = {"drill": "drill", "gameday": "game day", "exercise": "exercise"}


def standing_of(drill: Drill, file: Path, runs: Sequence[PastRun], now: datetime) -> Standing | None:
    """What `drill due` says of a drill at that moment, seen from these runs; None where it has no schedule.

    Raises InvalidInput where its environment cannot be read.
    """
    schedule = drill.schedule
    if schedule is None:
        return None
    found = scheduled_of(drill, file, None, [run for run in runs if run.completed], now)
    return _standing(schedule, found.last_began, now)


def occasions_of(base: Path, reports: Path, now: datetime) -> list[sources.Occasion]:
    """The game days and exercises below `base`, each with how it stands; first those that can be read."""
    broken: list[sources.Occasion] = []

    def unreadable(kind: ThingKind, name: str, error: InvalidInput) -> None:
        broken.append(sources.Occasion(_KINDS[kind], name, problem=_why(error)))

    return [*(_row(one, now) for one in occasions(base, reports, now, unreadable)), *broken]


def _why(error: InvalidInput) -> str:
    count = len(error.problems)
    if not count:
        return error.message
    words = "1 problem; see it" if count == 1 else f"{count} problems; see them"
    return f"{words} with: drill validate {error.problems[0].file}"


def _row(one: Occasion, now: datetime) -> sources.Occasion:
    last = utc_minute(one.last_completed.isoformat()) if one.last_completed else ""
    mark = f"{OUTCOME_MARK[one.last_outcome]} {one.last_outcome} " if one.last_outcome else ""
    return sources.Occasion(
        kind=_KINDS[one.kind],
        name=one.name,
        title=one.title,
        owner=one.owner,
        environment=one.environment,
        last=f"{mark}{last}" if last else "",
        due=_standing(one.schedule, one.last_completed, now) if one.schedule else None,
    )


def _standing(schedule: Schedule, last_began: datetime | None, now: datetime) -> Standing:
    standing = due(schedule, last_began, now)
    return Standing(standing.state, state_words(standing, schedule), cadence_words(schedule))
