"""The wall times that a calendar's recurrence rule names, period by period, with a bound on the work.

dateutil, which unfolds a drill's own schedule, cannot be bounded: a rule that never comes (30 February) is searched to
the year 9999, which takes 0.6 s for FREQ=YEARLY and 12 s for FREQ=DAILY, and a calendar may hold thousands of events.
Here a rule without COUNT is begun near the time that is asked about, and `Budget` ends what is too dear.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import NamedTuple

from drillrunner.files.ics.rule import Rule

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Budget:
    """How many days (or hours) may still be looked at, for all rules of a file together."""

    left: int = 100_000

    def spend(self) -> bool:
        """Whether one more may be."""
        self.left -= 1
        return self.left >= 0


class Bounds(NamedTuple):
    """Which wall times are asked for: from `low` to `high`. `until` says of one whether the rule still holds."""

    low: datetime
    high: datetime
    until: Callable[[datetime], bool]


def unfold(rule: Rule, start: datetime, bounds: Bounds, budget: Budget) -> Iterator[datetime]:
    """The rule's wall times within the bounds, ascending; it ends early where the budget does. `start` is DTSTART."""
    filled = _filled(rule, start)
    counted = 0
    for wall in _walls(filled, start, bounds, budget):
        if wall < start:
            continue
        counted += 1
        if wall > bounds.high or (rule.most and counted > rule.most) or not bounds.until(wall):
            return
        if wall >= bounds.low:
            yield wall


def _filled(rule: Rule, start: datetime) -> Rule:
    """The rule with what DTSTART adds to it (the last paragraphs of section 3.3.10)."""
    numbers, days = dict(rule.numbers), rule.days
    names_days = bool(days or {"BYMONTHDAY", "BYYEARDAY"} & numbers.keys())
    weekday = ((0, start.weekday()),)
    if rule.frequency == "WEEKLY" and not days:
        days = weekday
    elif rule.frequency == "MONTHLY" and not names_days:
        numbers["BYMONTHDAY"] = (start.day,)
    elif rule.frequency == "YEARLY" and not names_days:
        if "BYWEEKNO" in numbers:
            days = weekday
        else:
            numbers.setdefault("BYMONTH", (start.month,))
            numbers["BYMONTHDAY"] = (start.day,)
    if rule.frequency != "HOURLY":
        numbers.setdefault("BYHOUR", (start.hour,))
    numbers.setdefault("BYMINUTE", (start.minute,))
    numbers.setdefault("BYSECOND", (start.second,))
    return rule._replace(numbers=numbers, days=days)


def _walls(rule: Rule, start: datetime, bounds: Bounds, budget: Budget) -> Iterator[datetime]:
    """The wall times of each period, ascending, some of which lie before DTSTART."""
    if rule.frequency == "HOURLY":
        yield from _hourly(rule, start, bounds, budget)
        return
    times = _times(rule)
    positions = rule.of("BYSETPOS")
    clips = not positions and rule.most is None
    number = 0 if rule.most else _first_period(rule, start, bounds.low)
    while True:
        first, last = _period(rule, start.date(), number)
        if first > bounds.high.date() or not budget.spend():
            return
        if clips:
            first, last = max(first, bounds.low.date()), min(last, bounds.high.date())
        days = _days(rule, first, last, budget)
        walls = (datetime.combine(day, at) for day in days for at in times)
        yield from _at_positions(list(walls), positions) if positions else walls
        number += rule.interval


def _hourly(rule: Rule, start: datetime, bounds: Bounds, budget: Budget) -> Iterator[datetime]:
    hour = start.replace(minute=0, second=0)
    if rule.most is None and bounds.low > hour:
        hour += (bounds.low - hour) // _HOUR // rule.interval * rule.interval * _HOUR
    hours, pairs = rule.of("BYHOUR"), sorted(product(rule.of("BYMINUTE"), rule.of("BYSECOND")))
    while hour <= bounds.high and budget.spend():
        if (not hours or hour.hour in hours) and _fits(rule, hour.date()):
            walls = [hour.replace(minute=minute, second=second) for minute, second in pairs]
            yield from _at_positions(walls, rule.of("BYSETPOS")) if rule.of("BYSETPOS") else walls
        hour += rule.interval * _HOUR


def _times(rule: Rule) -> list[time]:
    named = product(rule.of("BYHOUR"), rule.of("BYMINUTE"), rule.of("BYSECOND"))
    return sorted({time(hour, minute, second) for hour, minute, second in named})


def _at_positions(walls: list[datetime], positions: tuple[int, ...]) -> list[datetime]:
    """BYSETPOS: the first is 1, the last -1."""
    indices = {position - 1 if position > 0 else len(walls) + position for position in positions}
    return [walls[index] for index in sorted(indices) if 0 <= index < len(walls)]


def _first_period(rule: Rule, start: datetime, low: datetime) -> int:
    """The number of the last period of the rule that begins at `low` or before it, counted from DTSTART's."""
    if low <= start:
        return 0
    if rule.frequency == "YEARLY":
        between = low.year - start.year
    elif rule.frequency == "MONTHLY":
        between = (low.year - start.year) * 12 + low.month - start.month
    elif rule.frequency == "WEEKLY":
        between = (_week(low.date(), rule) - _week(start.date(), rule)).days // 7
    else:
        between = (low.date() - start.date()).days
    return between // rule.interval * rule.interval


def _period(rule: Rule, start: date, number: int) -> tuple[date, date]:
    """The first and the last day of the period with that number."""
    if rule.frequency == "DAILY":
        day = start + number * _DAY
        return day, day
    if rule.frequency == "WEEKLY":
        first = _week(start, rule) + number * 7 * _DAY
        return first, first + 6 * _DAY
    if rule.frequency == "MONTHLY":
        years, month = divmod(start.month - 1 + number, 12)
        return _month(start.year + years, month + 1)
    year = start.year + number
    return date(year, 1, 1), date(year, 12, 31)


def _month(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _week(day: date, rule: Rule) -> date:
    """The first day of its week."""
    return day - (day.weekday() - rule.week_start) % 7 * _DAY


def _days(rule: Rule, day: date, last: date, budget: Budget) -> Iterator[date]:
    """The days that fit, from the first to the last of them."""
    months = rule.of("BYMONTH")
    while day <= last and budget.spend():
        if months and day.month not in months:
            day = _month(day.year, day.month)[1] + _DAY
            continue
        if _fits(rule, day):
            yield day
        day += _DAY


def _fits(rule: Rule, day: date) -> bool:
    """Whether every list of days of the rule names the day."""
    if (months := rule.of("BYMONTH")) and day.month not in months:
        return False
    first, last = _month(day.year, day.month)
    if (days := rule.of("BYMONTHDAY")) and not {day.day, day.day - last.day - 1} & set(days):
        return False
    year_first, year_last = date(day.year, 1, 1), date(day.year, 12, 31)
    if (days := rule.of("BYYEARDAY")) and not _places(day, year_first, year_last) & set(days):
        return False
    if (weeks := rule.of("BYWEEKNO")) and not _week_numbers(rule, day) & set(weeks):
        return False
    if not rule.days:
        return True
    in_month = rule.frequency == "MONTHLY" or bool(months)
    return _is_of_weekdays(rule, day, (first, last) if in_month else (year_first, year_last))


def _is_of_weekdays(rule: Rule, day: date, span: tuple[date, date]) -> bool:
    """Whether BYDAY names the day, where `2TU` is the second Tuesday of the span."""
    numbers = [number for number, weekday in rule.days if weekday == day.weekday()]
    if not numbers or 0 in numbers:
        return bool(numbers)
    from_begin, from_end = (day - span[0]).days // 7 + 1, -((span[1] - day).days // 7 + 1)
    return from_begin in numbers or from_end in numbers


def _places(day: date, first: date, last: date) -> set[int]:
    """Which day of the span it is, counted from its begin and from its end."""
    return {(day - first).days + 1, (day - last).days - 1}


def _week_numbers(rule: Rule, day: date) -> set[int]:
    """The number of its week, counted from both ends of the year that has most of the week."""
    week = _week(day, rule)
    year = (week + 3 * _DAY).year
    first, after = _first_week(year, rule), _first_week(year + 1, rule)
    return {(week - first).days // 7 + 1, (week - after).days // 7}


def _first_week(year: int, rule: Rule) -> date:
    """Where the week begins that is the first with four days in the year."""
    return _week(date(year, 1, 4), rule)
