"""The moments of a schedule, in order. Cadences count in wall time; here alone it becomes moments.

One rule for every cadence: a wall time that the clocks skip is the next moment that there is (the end of the gap;
RFC 5545 would add the gap's length), and one that comes twice is its first.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from drillrunner.model.cron import parse_cron
from drillrunner.model.recurrence import rule_walls, until_of
from drillrunner.model.schedule import Every, Flaw, Schedule

END = datetime(2400, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def occurrences(schedule: Schedule, after: datetime, before: datetime) -> Iterator[datetime]:
    """The moments after `after`, up to and with `before`: ascending, none twice, in UTC. Both bounds have a time zone.

    An `every` without `starts` counts from `after`.
    """
    zone = ZoneInfo(schedule.time_zone)
    last = min(before.astimezone(UTC), END)
    until = until_of(schedule.rrule) if schedule.rrule else None
    if until is not None:
        last = min(last, until)
    previous = after.astimezone(UTC)
    for wall in _walls(schedule, after.astimezone(zone).replace(tzinfo=None, fold=0)):
        if wall < _floor(schedule):
            continue
        found = moment_of(wall, zone)
        if found > last:
            return
        if found > previous:
            yield found
            previous = found


def first_after(schedule: Schedule, after: datetime) -> datetime | None:
    """The next moment; None where none will come."""
    return next(occurrences(schedule, after, END), None)


def moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC at which clocks of the zone show this: the first of two, or the end of the gap it lies in."""
    late = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return late
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _change_between(early, late, zone)


def _change_between(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """The whole second at which the offset of `early` ends, at `late` at the latest."""
    early, late = early.replace(microsecond=0), late.replace(microsecond=0)
    offset = early.astimezone(zone).utcoffset()
    while late - early > _SECOND:
        half = early + (late - early) // _SECOND // 2 * _SECOND
        if half.astimezone(zone).utcoffset() == offset:
            early = half
        else:
            late = half
    return late


def _floor(schedule: Schedule) -> datetime:
    return schedule.starts or datetime.min


def _walls(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Wall times from a day before `after` on (or earlier), ascending."""
    begins = max(after - 2 * _DAY, datetime(1971, 1, 1))
    if schedule.cron is not None:
        return _cron_walls(schedule.cron, max(begins, _floor(schedule)))
    if schedule.rrule is not None and schedule.starts is not None:
        return rule_walls(schedule.rrule, schedule.starts, begins)
    every = schedule.every or Every()
    if schedule.starts is not None:
        return _steps(every, schedule.starts, 0)
    return _steps(every, after.replace(second=0, microsecond=0), 1)


def _cron_walls(text: str, begins: datetime) -> Iterator[datetime]:
    cron = parse_cron(text)
    if isinstance(cron, Flaw):
        return
    day = begins.date()
    while day.year < END.year:
        if cron.fits(day):
            yield from (datetime.combine(day, at) for at in cron.times())
        day += _DAY


def _steps(every: Every, base: datetime, first: int) -> Iterator[datetime]:
    """Steps from a base, each counted from there: what a short month cut off is back in the next."""
    if not (every.months or every.days):
        return
    for number in count(first):
        wall = _months_later(base, every.months * number) + every.days * number * _DAY
        if wall.year >= END.year:
            return
        yield wall


def _months_later(base: datetime, months: int) -> datetime:
    """The same day so many months later; the month's last day where there is none."""
    years, month = divmod(base.month - 1 + months, 12)
    year = base.year + years
    return base.replace(year=year, month=month + 1, day=min(base.day, monthrange(year, month + 1)[1]))
