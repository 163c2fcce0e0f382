"""Reads a recurrence rule of a calendar (RRULE; RFC 5545, section 3.3.10) whole and strictly.

Calendars say more than a drill's own schedule may (`model/recurrence.py`): hours, seconds, and UNTIL in three forms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from drillrunner.files.section import shorten
from drillrunner.model.schedule import Flaw

FREQUENCIES = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
MOST_TIMES_A_DAY = 48
_TOO_OFTEN = {"SECONDLY": "every second", "MINUTELY": "every minute"}
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z)?)?\Z", re.ASCII)
_BY_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)\Z", re.ASCII)
# least, most, whether it may count from the end
_LISTS = {
    "BYSECOND": (0, 59, False),
    "BYMINUTE": (0, 59, False),
    "BYHOUR": (0, 23, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYMONTH": (1, 12, False),
    "BYSETPOS": (1, 366, True),
}
_SINGLE = {"INTERVAL": (1, 1_000, False), "COUNT": (1, 100_000, False)}
_KNOWN = ("FREQ", "UNTIL", "BYDAY", "WKST", *_SINGLE, *_LISTS)
_NOT_IN = {
    "BYYEARDAY": ("DAILY", "WEEKLY", "MONTHLY"),
    "BYMONTHDAY": ("WEEKLY",),
    "BYWEEKNO": ("HOURLY", "DAILY", "WEEKLY", "MONTHLY"),
}


class Until(NamedTuple):
    """The last moment of a rule: a date, wall time, or UTC."""

    at: datetime
    is_date: bool
    is_utc: bool


class Rule(NamedTuple):
    """A rule as it is written: what it leaves out is empty. `most` is COUNT, `days` are BYDAY: number and weekday.

    The number is 0 for every such day, the weekday 0 for Monday.
    """

    frequency: str
    interval: int
    most: int | None
    until: Until | None
    week_start: int
    days: tuple[tuple[int, int], ...]
    numbers: Mapping[str, tuple[int, ...]]

    def of(self, key: str) -> tuple[int, ...]:
        """The numbers of a list like BYMONTH."""
        return self.numbers.get(key, ())


class _Part(NamedTuple):
    key: str
    value: str
    at: int

    @property
    def value_at(self) -> int:
        return self.at + len(self.key) + 1


def read_rule(text: str) -> Rule | Flaw:
    """The rule, or the first thing that is wrong with it."""
    parts: dict[str, _Part] = {}
    at = 0
    for piece in text.upper().removesuffix(";").split(";"):
        key, _, value = piece.partition("=")
        part = _Part(key, value, at)
        if key in parts:
            return Flaw("I113", f"{key} is given twice", at, len(key))
        flaw = _flaw_of_part(part)
        if flaw:
            return flaw
        parts[key] = part
        at += len(piece) + 1
    return _flaw_of_all(parts) or _rule(parts)


def _flaw_of_part(part: _Part) -> Flaw | None:
    if part.key not in _KNOWN:
        advice = f"known are {', '.join(_KNOWN)}"
        return Flaw("I113", f'a rule has no part "{shorten(part.key)}"', part.at, len(part.key) or 1, advice)
    if part.key == "FREQ" and part.value in _TOO_OFTEN:
        message = f"an event that comes {_TOO_OFTEN[part.value]} is no freeze"
        return Flaw("I114", message, part.value_at, len(part.value), f"FREQ is {', '.join(FREQUENCIES)}")
    if part.key in _SINGLE or part.key in _LISTS:
        return _flaw_of_numbers(part)
    good = {
        "FREQ": part.value in FREQUENCIES,
        "WKST": part.value in _DAYS,
        "UNTIL": _until(part.value) is not None,
        "BYDAY": all(_is_day(each) for each in part.value.split(",")),
    }[part.key]
    return None if good else _wrong(part, _EXAMPLES[part.key])


_EXAMPLES = {
    "FREQ": f"FREQ is {', '.join(FREQUENCIES)}",
    "WKST": "write MO or SU",
    "UNTIL": "write it like 20271231T235959Z or 20271231",
    "BYDAY": "write days like MO,FR; the second Tuesday is 2TU, the last -1TU",
}


def _flaw_of_numbers(part: _Part) -> Flaw | None:
    low, high, from_end = _LISTS.get(part.key) or _SINGLE[part.key]
    pattern = re.compile(r"[+-]?\d{1,6}" if from_end else r"\d{1,6}", re.ASCII)
    numbers = part.value.split(",") if part.key in _LISTS else [part.value]
    good = len(numbers) <= 400 and all(pattern.fullmatch(each) and low <= abs(int(each)) <= high for each in numbers)
    ends = f", or -{high} and -{low}" if from_end else ""
    return None if good else _wrong(part, f"it lies between {low} and {high}{ends}")


def _flaw_of_all(parts: dict[str, _Part]) -> Flaw | None:
    """What is wrong between parts that are each sound."""
    if "FREQ" not in parts:
        return Flaw("I113", "a rule needs FREQ", 0, 1, _EXAMPLES["FREQ"])
    frequency = parts["FREQ"].value
    for key, excluded in _NOT_IN.items():
        if key in parts and frequency in excluded:
            return Flaw("I113", f"{key} cannot stand with FREQ={frequency}", parts[key].at, len(key))
    if "COUNT" in parts and "UNTIL" in parts:
        return Flaw("I113", "COUNT and UNTIL exclude each other", parts["UNTIL"].at, len("UNTIL"))
    by_day = parts.get("BYDAY")
    numbered = by_day and re.search(r"\d", by_day.value)
    if by_day and numbered and (frequency not in {"MONTHLY", "YEARLY"} or "BYWEEKNO" in parts):
        return _wrong(by_day, "numbers before days belong to MONTHLY, and to YEARLY without BYWEEKNO")
    return _flaw_of_times(parts)


def _flaw_of_times(parts: dict[str, _Part]) -> Flaw | None:
    times = 24 if parts["FREQ"].value == "HOURLY" else 1
    for key in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        if key not in parts or (key == "BYHOUR" and parts["FREQ"].value == "HOURLY"):
            continue
        times *= len(set(parts[key].value.split(",")))
        if times > MOST_TIMES_A_DAY:
            message = f"an event that comes more than {MOST_TIMES_A_DAY} times a day is no freeze"
            return Flaw("I114", message, parts[key].at, len(key))
    return None


def _rule(parts: dict[str, _Part]) -> Rule:
    values = {key: part.value for key, part in parts.items()}
    days = [_BY_DAY.match(each) for each in values["BYDAY"].split(",")] if "BYDAY" in values else []
    return Rule(
        frequency=values["FREQ"],
        interval=int(values.get("INTERVAL", "1")),
        most=int(values["COUNT"]) if "COUNT" in values else None,
        until=_until(values["UNTIL"]) if "UNTIL" in values else None,
        week_start=_DAYS.index(values.get("WKST", "MO")),
        days=tuple((int(day.group(1) or 0), _DAYS.index(day.group(2))) for day in days if day),
        numbers={key: tuple(int(each) for each in values[key].split(",")) for key in _LISTS if key in values},
    )


def _is_day(text: str) -> bool:
    match = _BY_DAY.match(text)
    return match is not None and (match.group(1) is None or 1 <= abs(int(match.group(1))) <= 53)


def _until(text: str) -> Until | None:
    match = _UNTIL.match(text)
    if match is None:
        return None
    day, time, utc = match.groups()
    try:
        return Until(datetime.strptime(day + (time or "000000"), "%Y%m%d%H%M%S"), time is None, utc is not None)
    except ValueError:
        return None


def _wrong(part: _Part, advice: str) -> Flaw:
    return Flaw("I113", f'{part.key} cannot be "{shorten(part.value)}"', part.value_at, len(part.value) or 1, advice)
