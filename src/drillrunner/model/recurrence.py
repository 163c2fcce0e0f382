"""Recurrence rules of RFC 5545, section 3.3.10: checked strictly with places here, unfolded by dateutil.

Two things are narrower than the RFC: a drill comes at most once an hour, and a daily or weekly rule takes no days of
the month (a monthly one does), so that a rule that never comes is found out at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from drillrunner.model.schedule import Flaw

_DAY = "(?:MO|TU|WE|TH|FR|SA|SU)"
_UNTIL = re.compile(r"\d{8}T\d{6}Z\Z")
_TOO_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY")
# key: (least, most, whether it may count from the end, whether it may be a list)
_NUMBERS = {
    "INTERVAL": (1, 1000, False, False),
    "COUNT": (1, 10_000, False, False),
    "BYMONTH": (1, 12, False, True),
    "BYMONTHDAY": (1, 31, True, True),
    "BYYEARDAY": (1, 366, True, True),
    "BYWEEKNO": (1, 53, True, True),
    "BYSETPOS": (1, 366, True, True),
    "BYHOUR": (0, 23, False, True),
    "BYMINUTE": (0, 59, False, False),
}
_TEXTS = {
    "FREQ": re.compile(r"DAILY|WEEKLY|MONTHLY|YEARLY"),
    "UNTIL": _UNTIL,
    "WKST": re.compile(_DAY),
    "BYDAY": re.compile(rf"(?:[+-]?[1-9]\d?)?{_DAY}(?:,(?:[+-]?[1-9]\d?)?{_DAY})*"),
}
_EXAMPLES = {
    "FREQ": "write DAILY, WEEKLY, MONTHLY or YEARLY",
    "UNTIL": "write it in UTC, like 20271231T235959Z",
    "WKST": "write MO or SU",
    "BYDAY": "write days like MO,FR; the second Tuesday is 2TU, the last -1TU",
}
_ONLY = {
    "BYMONTHDAY": ("MONTHLY", "YEARLY"),
    "BYSETPOS": ("MONTHLY", "YEARLY"),
    "BYYEARDAY": ("YEARLY",),
    "BYWEEKNO": ("YEARLY",),
}


class _Part(NamedTuple):
    """`KEY=VALUE`; `at` is where it begins, `value_at` where its value does."""

    key: str
    value: str
    at: int
    value_at: int

    @property
    def whole(self) -> str:
        return f"{self.key}={self.value}"


def flaw_of_rule(text: str, starts: datetime) -> Flaw | None:
    """The first thing that is wrong with a rule. `starts` is wall time."""
    parts: dict[str, _Part] = {}
    for part in _parts(text.upper()):
        flaw = _flaw_of_part(part, parts)
        if flaw:
            return flaw
        parts[part.key] = part
    flaw = _flaw_of_all(parts)
    if flaw is None and not _comes(text, starts):
        return Flaw("D149", "no date fits this rule", 0, len(text))
    return flaw


def _comes(text: str, starts: datetime) -> bool:
    """Whether a sound rule names any date. UNTIL is held against the wall with a day of room for zones."""
    first, until = next(rule_walls(text, starts), None), until_of(text)
    return first is not None and (until is None or first <= until.replace(tzinfo=None) + timedelta(days=1))


def rule_walls(text: str, starts: datetime, after: datetime | None = None) -> Iterator[datetime]:
    """The wall times that a sound rule names from `after` on. UNTIL, which is in UTC, is left to callers."""
    from dateutil.rrule import rrulestr

    kept = ";".join(part.whole for part in _parts(text.upper()) if part.key != "UNTIL")
    rule = rrulestr(kept, dtstart=starts)
    return iter(rule.xafter(after, inc=True)) if after else iter(rule)


def until_of(text: str) -> datetime | None:
    """The moment after which a sound rule names nothing more."""
    found = next((part.value for part in _parts(text.upper()) if part.key == "UNTIL"), None)
    return datetime.strptime(found, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if found else None


def _parts(text: str) -> Iterator[_Part]:
    at = 0
    for piece in text.split(";"):
        key, equals, value = piece.partition("=")
        yield _Part(key, value, at, at + len(key) + len(equals))
        at += len(piece) + 1


def _flaw_of_part(part: _Part, earlier: dict[str, _Part]) -> Flaw | None:
    if part.key in earlier:
        return Flaw("D146", f"{part.key} is given twice", part.at, len(part.key))
    if part.key == "BYSECOND" or (part.key == "FREQ" and part.value in _TOO_OFTEN):
        return _too_often(part)
    if part.key == "BYMINUTE" and "," in part.value:
        return _too_often(part)
    if part.key in _TEXTS:
        good = _TEXTS[part.key].fullmatch(part.value) and (part.key != "UNTIL" or _is_stamp(part.value))
        return None if good else _wrong_value(part, _EXAMPLES[part.key])
    if part.key in _NUMBERS:
        return _flaw_of_numbers(part)
    known = ", ".join([*_TEXTS, *_NUMBERS])
    return Flaw(
        "D146", f'a recurrence rule has no part "{part.key}"', part.at, len(part.key) or 1, f"known are {known}"
    )


def _flaw_of_numbers(part: _Part) -> Flaw | None:
    low, high, may_be_negative, may_be_list = _NUMBERS[part.key]
    pattern = r"[+-]?\d{1,5}" if may_be_negative else r"\d{1,5}"
    numbers = part.value.split(",") if may_be_list else [part.value]
    good = all(re.fullmatch(pattern, each) and low <= abs(int(each)) <= high for each in numbers)
    negative = f", or -{high} and -{low}" if may_be_negative else ""
    return None if good else _wrong_value(part, f"it lies between {low} and {high}{negative}")


def _flaw_of_all(parts: dict[str, _Part]) -> Flaw | None:
    """What is wrong between parts that are each sound."""
    if "FREQ" not in parts:
        return Flaw("D146", "a recurrence rule needs FREQ", 0, 1, _EXAMPLES["FREQ"])
    frequency = parts["FREQ"].value
    for key, allowed in _ONLY.items():
        if key in parts and frequency not in allowed:
            return Flaw("D146", f"{key} belongs to {' or '.join(allowed)}", parts[key].at, len(key))
    if "COUNT" in parts and "UNTIL" in parts:
        return Flaw("D146", "COUNT and UNTIL exclude each other", parts["UNTIL"].at, len("UNTIL"))
    return _flaw_of_numbered_days(parts, frequency)


def _flaw_of_numbered_days(parts: dict[str, _Part], frequency: str) -> Flaw | None:
    by_day = parts.get("BYDAY")
    if by_day is None or not re.search(r"\d", by_day.value):
        return None
    if frequency not in {"MONTHLY", "YEARLY"} or "BYWEEKNO" in parts:
        return _wrong_value(by_day, "numbers before days belong to MONTHLY, and to YEARLY without BYWEEKNO")
    most = 5 if frequency == "MONTHLY" else 53
    if any(int(number) > most for number in re.findall(r"\d+", by_day.value)):
        return _wrong_value(by_day, f"a {frequency.lower()} rule counts to {most}")
    return None


def _is_stamp(value: str) -> bool:
    try:
        datetime.strptime(value, "%Y%m%dT%H%M%SZ")
    except ValueError:
        return False
    return True


def _wrong_value(part: _Part, advice: str) -> Flaw:
    return Flaw("D146", f'{part.key} cannot be "{part.value}"', part.value_at, len(part.value) or 1, advice)


def _too_often(part: _Part) -> Flaw:
    message = "a drill is scheduled at most once an hour"
    return Flaw("D150", message, part.at, len(part.whole), "write FREQ=DAILY with BYHOUR and one BYMINUTE")
