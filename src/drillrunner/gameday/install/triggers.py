"""On which days and at which times a target has to look whether a schedule has a moment. Never too seldom.

What a schedule names is unfolded over 28 years, after which the calendar repeats itself, and gathered: its months, its
days of the month, its days of the week, its times. Every combination of these is a trigger. Where that is more than the
schedule names, `exact` is False, and what is not due is left when it is triggered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from drillrunner.gameday.occurrences import moment_of, occurrences
from drillrunner.model.cron import Cron, parse_cron
from drillrunner.model.noun import Noun
from drillrunner.model.schedule import Flaw, Schedule

YEARS = 28
MOMENTS_MOST = 20_000
# When a target looks for what counts from the last run, which may have begun at any time of day.
DAILY_AT = time(9)
EVERY_MONTH, EVERY_DAY, EVERY_WEEKDAY = frozenset(range(1, 13)), frozenset(range(1, 32)), frozenset(range(7))
_CRON_BEGINS = datetime(2025, 1, 1, tzinfo=UTC)
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


class Triggers(Noun):
    """All combinations, in wall time of `time_zone`. Days of the week are those of `date.weekday`: Monday is 0.

    `times` are whole minutes, ascending. `exact` says that the schedule names each of them and no other.
    """

    time_zone: str
    months: frozenset[int]
    month_days: frozenset[int]
    week_days: frozenset[int]
    times: tuple[time, ...]
    exact: bool

    def fits(self, day: date) -> bool:
        return day.month in self.months and day.day in self.month_days and day.weekday() in self.week_days

    def with_one_kind_of_day(self) -> Triggers:
        """Days of the month or days of the week, not both: the kind that comes less often.

        For what takes the two of them as alternatives, as cron does, or takes one alone.
        """
        if self.month_days >= EVERY_DAY or self.week_days >= EVERY_WEEKDAY:
            return self
        if len(self.month_days) * 7 < len(self.week_days) * 30:
            return self.model_copy(update={"week_days": EVERY_WEEKDAY, "exact": False})
        return self.model_copy(update={"month_days": EVERY_DAY, "exact": False})

    def with_minutes_in_each_hour(self) -> Triggers:
        """As one cron expression has it, whose kinds of day are alternatives, and whose minutes come in each hour."""
        minutes, hours = ({one.minute for one in self.times}, {one.hour for one in self.times})
        times = tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes))
        one = self.with_one_kind_of_day()
        return one.model_copy(update={"times": times, "exact": one.exact and times == self.times})


def counts_from_run(schedule: Schedule) -> bool:
    """Whether its moments are known only from the last completed run."""
    return schedule.every is not None and schedule.starts is None


def triggers_of(schedule: Schedule, time_zone: str | None = None) -> Triggers:
    """What covers every moment of a schedule, in its own time zone or in another one.

    Where a target would skip a time that the clocks leave out, the end of the gap is a time of its own. What counts
    from the last run, or names no date at all, is looked for once a day.
    """
    zone_name = time_zone or schedule.time_zone
    zone = ZoneInfo(zone_name)
    moments = () if counts_from_run(schedule) else _moments(schedule)
    walls = [_whole_minute(at.astimezone(zone).replace(tzinfo=None)) for at in moments]
    if not walls:
        return Triggers(
            time_zone=zone_name,
            months=EVERY_MONTH,
            month_days=EVERY_DAY,
            week_days=EVERY_WEEKDAY,
            times=(DAILY_AT,),
            exact=False,
        )
    found = Triggers(
        time_zone=zone_name,
        months=frozenset(wall.month for wall in walls),
        month_days=_all_or(frozenset(wall.day for wall in walls)),
        week_days=frozenset(wall.weekday() for wall in walls),
        times=tuple(sorted({wall.time() for wall in walls})),
        exact=False,
    )
    return found.model_copy(update={"exact": _is_exact(found, walls, schedule)})


def cron_lines(triggers: Triggers) -> tuple[str, ...]:
    """The triggers as cron expressions of five fields, each with one time of day, so that it tells which one it was."""
    days = _cron_days(triggers)
    return tuple(f"{one.minute} {one.hour} {days}" for one in triggers.times)


def one_cron_line(triggers: Triggers) -> str:
    """The triggers as one cron expression: each of its minutes in each of its hours."""
    minutes, hours = minutes_and_hours(triggers)
    return f"{minutes} {hours} {_cron_days(triggers)}"


def minutes_and_hours(triggers: Triggers) -> tuple[str, str]:
    """The two fields that both cron and EventBridge begin with."""
    minutes = frozenset(one.minute for one in triggers.times)
    hours = frozenset(one.hour for one in triggers.times)
    return listed(minutes, frozenset(range(60))), listed(hours, frozenset(range(24)))


def _cron_days(triggers: Triggers) -> str:
    one = triggers.with_one_kind_of_day()
    week_days = listed(frozenset((day + 1) % 7 for day in one.week_days), EVERY_WEEKDAY)
    return f"{listed(one.month_days, EVERY_DAY)} {listed(one.months, EVERY_MONTH)} {week_days}"


def by_minute(times: Sequence[time]) -> Iterator[tuple[int, str]]:
    """For each minute of the hour, the hours at which it comes: `(30, "2,14")`."""
    for minute in sorted({one.minute for one in times}):
        yield minute, listed(frozenset(one.hour for one in times if one.minute == minute), frozenset(range(24)))


def listed(values: frozenset[int], everything: frozenset[int]) -> str:
    """`*`, or the values ascending, with ranges for three and more in a row: `1,8-14`."""
    if values >= everything:
        return "*"
    ranges: list[list[int]] = []
    for value in sorted(values):
        if ranges and ranges[-1][-1] == value - 1:
            ranges[-1].append(value)
        else:
            ranges.append([value])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in ranges)


def triggered_at(line: str, now: datetime) -> datetime | None:
    """When a cron line that counts in UTC triggered last, today or yesterday; None where it did not, or is none."""
    cron = parse_cron(line)
    if isinstance(cron, Flaw):
        return None
    at = now.astimezone(UTC)
    days = (at.date(), at.date() - _DAY)
    return next((found for day in days for found in _latest_first(cron, day) if found <= at), None)


def _latest_first(cron: Cron, day: date) -> Iterator[datetime]:
    if cron.fits(day):
        yield from (datetime.combine(day, at, UTC) for at in reversed(cron.times()))


def _moments(schedule: Schedule) -> Iterator[datetime]:
    """From the first on, for so many years; hours of every day are gathered long before."""
    zone = ZoneInfo(schedule.time_zone)
    begins = moment_of(schedule.starts, zone) - _MINUTE if schedule.starts else _CRON_BEGINS
    return islice(occurrences(schedule, begins, begins + YEARS * 365.25 * _DAY), MOMENTS_MOST)


def _whole_minute(wall: datetime) -> datetime:
    """Not before the moment."""
    cut = wall.replace(second=0, microsecond=0)
    return cut if cut == wall else cut + _MINUTE


def _all_or(month_days: frozenset[int]) -> frozenset[int]:
    return EVERY_DAY if month_days >= EVERY_DAY else month_days


def _is_exact(found: Triggers, walls: Sequence[datetime], schedule: Schedule) -> bool:
    """Whether every trigger from the first moment on is a moment, and there is no end to them."""
    if _ends(schedule):
        return False
    count = (walls[-1].date() - walls[0].date()).days + 1
    days = sum(found.fits(walls[0].date() + number * _DAY) for number in range(count))
    first, last = (sum(wall.date() == end.date() for wall in walls) for end in (walls[0], walls[-1]))
    whole = (days - 2) * len(found.times) + first + last if count > 1 else len(walls)
    return whole == len(set(walls))


def _ends(schedule: Schedule) -> bool:
    return schedule.rrule is not None and any(part in schedule.rrule.upper() for part in ("COUNT=", "UNTIL="))
