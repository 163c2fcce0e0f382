"""When a drill is due: a cadence, counted in the wall time of one zone. It is no part of what is drilled."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal, NamedTuple

from drillrunner.model.noun import Noun

DAY_SECONDS = 86_400.0
PERIOD_MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
# as a JSON schema writes them
DAYS_PATTERN = r"[1-9]\d{0,3}[dw]"
GRACE_PATTERN = r"\d{1,4}[hdw]"
STARTS_PATTERN = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?"
_DAYS = re.compile(rf"{DAYS_PATTERN}\Z", re.ASCII)
_GRACE = re.compile(rf"{GRACE_PATTERN}\Z", re.ASCII)
_STARTS = re.compile(rf"{STARTS_PATTERN}\Z", re.ASCII)
_UNIT_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}

DueState = Literal["never", "ok", "due", "overdue"]
Missed = Literal["skip", "run_once", "run"]
MISSED: tuple[Missed, ...] = ("skip", "run_once", "run")


class Every(Noun):
    """A distance in the calendar: whole months or whole days; the other is 0."""

    months: int = 0
    days: int = 0


class Schedule(Noun):
    """When a drill is to be run: exactly one of `every`, `cron` and `rrule` is there.

    `starts` is wall time in `time_zone` (an IANA name), and so are the times of `cron` and `rrule`. An `every`
    without `starts` counts from the last completed run. Overdue is what is later than `grace_seconds` after its
    moment. `missed` is what `drill agent` does with such a moment: leave it, run once for all of them, or once each.
    """

    every: Every | None = None
    cron: str | None = None
    rrule: str | None = None
    starts: datetime | None = None
    time_zone: str = "UTC"
    grace_seconds: float = 0.0
    missed: Missed = "skip"


class Due(Noun):
    """How a drill stands to its schedule. Moments are UTC.

    `due_at` is the first moment of the schedule that no completed run has answered: in the future where the state
    is `ok` or `never`, None where none will come. `missed` counts the moments whose grace has run out.
    """

    state: DueState
    due_at: datetime | None
    overdue_seconds: float = 0.0
    missed: int = 0


class Flaw(NamedTuple):
    """What is wrong with a text: a code of `files/codes.py`, and which `length` characters from `at` (from 0)."""

    code: str
    message: str
    at: int
    length: int
    advice: str | None = None


def parse_every(text: str) -> Every | None:
    """`month`, `quarter`, `half-year`, `year`, `90d` or `2w`; None where it is none of them."""
    if text in PERIOD_MONTHS:
        return Every(months=PERIOD_MONTHS[text])
    if not _DAYS.match(text):
        return None
    return Every(days=int(text[:-1]) * round(_UNIT_DAYS[text[-1]]))


def parse_grace(text: str) -> float | None:
    """Seconds in `36h`, `14d` or `2w`; None where it is none of them."""
    return int(text[:-1]) * _UNIT_DAYS[text[-1]] * DAY_SECONDS if _GRACE.match(text) else None


def parse_starts(text: str) -> datetime | None:
    """The wall time in `2026-01-13T10:00` or `2026-01-13` (midnight); None where it is no such time."""
    try:
        return datetime.fromisoformat(text) if _STARTS.match(text) else None
    except ValueError:
        return None


def cadence_words(schedule: Schedule) -> str:
    """`every quarter`, `cron 0 9 * * 1`, `FREQ=MONTHLY;BYDAY=2TU`: what a list shows of a schedule."""
    if schedule.cron is not None:
        return f"cron {schedule.cron}"
    if schedule.every is None:
        return schedule.rrule or ""
    names = {months: name for name, months in PERIOD_MONTHS.items()}
    return f"every {names.get(schedule.every.months) or f'{schedule.every.days}d'}"
