"""How a drill stands to its schedule, from its last completed run and the present moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from drillrunner.gameday.occurrences import first_after, moment_of, occurrences
from drillrunner.model.schedule import Due, Schedule


def due(schedule: Schedule, last_completed: datetime | None, now: datetime) -> Due:
    """Never run, due, overdue or all right. Both moments have a time zone; `last_completed` is when that run began.

    A run answers every moment of the schedule before it. What was never run is due from `starts` on; without
    `starts` nothing says since when, so that it stays `never`.
    """
    since = last_completed or _origin(schedule)
    if since is None:
        return Due(state="never", due_at=first_after(schedule, now) if schedule.cron else None)
    first = first_after(schedule, since)
    if first is None or first > now:
        return Due(state="ok" if last_completed else "never", due_at=first)
    deadline = now - timedelta(seconds=schedule.grace_seconds)
    if first >= deadline:
        return Due(state="due", due_at=first)
    missed = sum(1 for _ in occurrences(schedule, since, deadline))
    return Due(state="overdue", due_at=first, overdue_seconds=(now - first).total_seconds(), missed=max(1, missed))


def planned(schedule: Schedule, last_completed: datetime | None, now: datetime, until: datetime) -> list[datetime]:
    """The moments from now until then. An `every` without `starts` has none before the first completed run."""
    counts_from_run = schedule.every is not None and schedule.starts is None
    if not counts_from_run:
        return list(occurrences(schedule, now, until))
    if last_completed is None:
        return []
    return [moment for moment in occurrences(schedule, last_completed, until) if moment > now]


def _origin(schedule: Schedule) -> datetime | None:
    """Right before the first moment that the schedule can name; None where it does not say when it begins."""
    if schedule.starts is None:
        return None
    begins = moment_of(schedule.starts, ZoneInfo(schedule.time_zone))
    return begins.astimezone(UTC) - timedelta(seconds=1)
