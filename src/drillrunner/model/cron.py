"""Five fields of cron, read strictly: minute, hour, day of month, month, day of week (POSIX crontab, and names).

Our own, because the format is closed since 1987 and small, because a flaw has to be shown at its place in the file,
and because what a change of clocks does must be the same for every cadence, which a library of cron decides itself.
"""

from __future__ import annotations

import re
from datetime import date, time
from typing import NamedTuple

from drillrunner.model.schedule import Flaw

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIELDS = re.compile(r"\S+")
_ITEM = re.compile(r"(\*|[A-Za-z0-9]+)(?:-([A-Za-z0-9]+))?(?:/(\d{1,2}))?\Z")


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    names: dict[str, int]


_FIVE = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _DAYS),
)


class Cron(NamedTuple):
    """What the fields mean. `week_days` are those of `date.weekday`: Monday is 0.

    `either_day`: both kinds of day are restricted, so a day fits by one of them. Where one of the two begins with
    `*`, it must fit both (the rule of Vixie's cron).
    """

    minute: int
    hours: tuple[int, ...]
    month_days: frozenset[int]
    months: frozenset[int]
    week_days: frozenset[int]
    either_day: bool

    def fits(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_month, by_week = day.day in self.month_days, day.weekday() in self.week_days
        return by_month or by_week if self.either_day else by_month and by_week

    def times(self) -> list[time]:
        """The times of a day that fits, ascending."""
        return [time(hour, self.minute) for hour in self.hours]


def parse_cron(text: str) -> Cron | Flaw:
    """What the expression means, or the first thing that is wrong with it."""
    found = list(_FIELDS.finditer(text))
    if len(found) != len(_FIVE):
        message = f"a cron expression has five fields, not {len(found)}"
        advice = "minute, hour, day of month, month, day of week, like: 0 9 * * 1"
        return Flaw("D145", message, 0, len(text), advice)
    values: list[frozenset[int]] = []
    for field, match in zip(_FIVE, found, strict=True):
        read = _field(field, match.group(), match.start())
        if isinstance(read, Flaw):
            return read
        values.append(read)
    return _checked(values, found)


def _checked(values: list[frozenset[int]], found: list[re.Match[str]]) -> Cron | Flaw:
    minutes, hours, month_days, months, week_days = values
    if len(minutes) > 1:
        message, advice = "a drill is scheduled at most once an hour", "write one minute, like: 0 9 * * 1"
        return Flaw("D150", message, found[0].start(), len(found[0].group()), advice)
    starred = any(match.group().startswith("*") for match in (found[2], found[4]))
    if starred and not any(min(month_days) <= _LONGEST_MONTHS[month - 1] for month in months):
        message = f"no month of {found[3].group()} has a day {found[2].group()}"
        return Flaw("D149", message, found[2].start(), len(found[2].group()))
    return Cron(
        minute=min(minutes),
        hours=tuple(sorted(hours)),
        month_days=month_days,
        months=months,
        week_days=frozenset((day - 1) % 7 for day in week_days),
        either_day=not starred,
    )


def _field(field: _Field, text: str, at: int) -> frozenset[int] | Flaw:
    values: set[int] = set()
    for item in text.split(","):
        read = _item(field, item)
        if isinstance(read, str):
            return Flaw("D145", f'"{item}" is no {field.name} of cron: {read}', at, len(item) or 1)
        values.update(read)
        at += len(item) + 1
    return frozenset(values)


def _item(field: _Field, item: str) -> range | str:
    """The values of `*`, `5`, `1-5`, `*/2` or `1-20/3`; or why there are none."""
    match = _ITEM.match(item)
    if not match or (match[1] == "*" and match[2]):
        return "write a number, a range like 1-5, or a step like */2"
    if match[3] and match[1] != "*" and not match[2]:
        return f"a step needs a range, like {item.partition('/')[0]}-{field.high}/{match[3]}"
    low = field.low if match[1] == "*" else _number(field, match[1])
    high = field.high if match[1] == "*" else _number(field, match[2] or match[1])
    if low is None or high is None:
        return f"it lies between {field.low} and {field.high}" + (", or is a name of three letters" * bool(field.names))
    if high == 0 and low > 0 and field.names is _DAYS:
        high = 7  # fri-sun
    if high < low:
        return "the range is upside down"
    step = int(match[3] or 1)
    return range(low, high + 1, step) if step else "a step is at least 1"


def _number(field: _Field, text: str) -> int | None:
    if not text.isdigit():
        return field.names.get(text.lower())
    return int(text) if len(text) <= 2 and field.low <= int(text) <= field.high else None
