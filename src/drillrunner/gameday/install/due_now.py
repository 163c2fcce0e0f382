"""Whether a trigger finds anything to run. Pure.

As for the agent, a run answers every moment before it, however it ended, unless it was refused before anything was
injected; what is later than its grace is left, unless the schedule says `missed: run_once` (`run` counts as that
here: a trigger starts one run).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from drillrunner.gameday.install.triggers import counts_from_run
from drillrunner.gameday.occurrences import moment_of, occurrences
from drillrunner.model.noun import Noun
from drillrunner.model.schedule import Schedule

# Triggers come late: timers of machines that boot, queues of runners.
LATE_SECONDS = 3_600.0
_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Answers(Noun):
    """When the last completed run began, and when the last one that was not refused did (UTC; None: never)."""

    completed: datetime | None = None
    begun: datetime | None = None


def due_now(schedule: Schedule, answers: Answers, now: datetime) -> datetime | None:
    """The first moment that wants a run now; None where none does.

    What counts from the last completed run wants none before there is one.
    """
    late = timedelta(seconds=max(schedule.grace_seconds, LATE_SECONDS))
    floor = now - late
    since = answers.completed if counts_from_run(schedule) else answers.begun or _origin(schedule) or floor
    if since is None:
        return None
    if schedule.missed != "skip":
        floor = since
    answered = max(floor, answers.begun or floor)
    base = since if counts_from_run(schedule) else max(since, answered)
    return next((at for at in occurrences(schedule, base, now) if at > answered), None)


def is_moment(schedule: Schedule, at: datetime) -> bool:
    """Whether the schedule names a moment in the minute up to `at`: the one that a trigger of whole minutes is for."""
    return next(occurrences(schedule, at - _MINUTE, at), None) is not None


def _origin(schedule: Schedule) -> datetime | None:
    if schedule.starts is None:
        return None
    return moment_of(schedule.starts, ZoneInfo(schedule.time_zone)).astimezone(UTC) - _SECOND
