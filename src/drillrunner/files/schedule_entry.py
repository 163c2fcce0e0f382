"""Reads a drill's `schedule`: one cadence, where it begins, in which zone, and how late it may be."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from drillrunner.files.nearest import choices
from drillrunner.files.section import Section, shorten
from drillrunner.model.cron import parse_cron
from drillrunner.model.recurrence import flaw_of_rule
from drillrunner.model.schedule import (
    DAY_SECONDS,
    MISSED,
    Every,
    Flaw,
    Missed,
    Schedule,
    parse_every,
    parse_grace,
    parse_starts,
)
from drillrunner.yaml_source import ScalarNode, Span

CADENCES = ("every", "cron", "rrule")
FIRST_YEAR, LAST_YEAR = 2000, 2199
EVERY_DAYS_HIGH = 3660
GRACE_DAYS_HIGH = 366
ZONE_LONGEST = 100
_WRITE_EVERY = "write month, quarter, half-year, year, or days and weeks like 90d and 2w"


def read_schedule(top: Section) -> Schedule | None:
    """Read `schedule: {every|cron|rrule, starts, time_zone, grace, missed}`; None where it is not there or wrong."""
    section = top.section("schedule")
    if section is None:
        return None
    before = len(section.reading.problems.found)
    named = [key for key in CADENCES if key in section]
    if len(named) != 1:
        message = f"the schedule names {' and '.join(named)}" if named else "the schedule names no cadence"
        section.reading.problems.add("D143", message, section.span, "write one of every, cron and rrule")
    zone = _read_zone(section)
    starts = _read_starts(section, required=named == ["rrule"])
    every = _read_every(section)
    cron = _read_cron(section)
    rrule = _read_rule(section, starts)
    grace = _read_grace(section)
    missed = _read_missed(section)
    section.finish()
    if len(section.reading.problems.found) > before:
        return None
    return Schedule(
        every=every, cron=cron, rrule=rrule, starts=starts, time_zone=zone, grace_seconds=grace, missed=missed
    )


def is_zone(name: str) -> bool:
    """Whether the IANA has a time zone of that name."""
    try:
        # zoneinfo looks a name up as packages within packages: one of a thousand parts would exhaust the stack
        return len(name) <= ZONE_LONGEST and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        return False


def _read_every(section: Section) -> Every | None:
    taken = section.scalar("every")
    if taken is None:
        return None
    node, text = taken
    every = parse_every(text)
    if every is None:
        section.reading.problems.add("D144", f'"{shorten(text)}" is no cadence', node.span, _WRITE_EVERY)
    elif every.days > EVERY_DAYS_HIGH:
        section.reading.problems.add("D144", f'"every" must be at most {EVERY_DAYS_HIGH}d, not {text}', node.span)
    return every


def _read_grace(section: Section) -> float:
    taken = section.scalar("grace")
    if taken is None:
        return 0.0
    node, text = taken
    seconds = parse_grace(text)
    if seconds is None:
        message = f'"{shorten(text)}" is no grace'
        section.reading.problems.add("D144", message, node.span, "write hours, days or weeks, like 36h, 14d and 2w")
    elif seconds > GRACE_DAYS_HIGH * DAY_SECONDS:
        section.reading.problems.add("D144", f'"grace" must be at most {GRACE_DAYS_HIGH}d, not {text}', node.span)
    return seconds or 0.0


def _read_missed(section: Section) -> Missed:
    taken = section.scalar("missed")
    if taken is None:
        return "skip"
    node, text = taken
    for policy in MISSED:
        if text == policy:
            return policy
    message = f'"{shorten(text)}" is no policy for a date that was missed'
    section.reading.problems.add("D151", message, node.span, choices(text, MISSED))
    return "skip"


def _read_cron(section: Section) -> str | None:
    text, node = _read_text(section, "cron")
    if node is None:
        return None
    read = parse_cron(text)
    if isinstance(read, Flaw):
        _add(section, read, node, text)
    return text


def _read_rule(section: Section, starts: datetime | None) -> str | None:
    text, node = _read_text(section, "rrule")
    if node is None:
        return None
    flaw = flaw_of_rule(text, starts or datetime(FIRST_YEAR, 1, 1))
    if flaw and (starts or flaw.code != "D149"):
        _add(section, flaw, node, text)
    return text


def _read_text(section: Section, key: str) -> tuple[str, ScalarNode | None]:
    taken = section.scalar(key)
    if taken is None:
        return "", None
    node, text = taken
    if not text.strip() or len(text) > 200:
        what = f"has {len(text)} characters; at most 200 are allowed" if text.strip() else "is empty"
        section.reading.add("106", f'"{key}" {what}', node.span)
        return "", None
    return text, node


def _read_starts(section: Section, *, required: bool) -> datetime | None:
    taken = section.scalar("starts", required=required)
    if taken is None:
        return None
    node, text = taken
    advice = "write wall time in the schedule's time_zone, like 2026-01-13T10:00"
    starts = parse_starts(text)
    if starts is None:
        section.reading.problems.add("D148", f'"{shorten(text)}" is no date and time of day', node.span, advice)
        return None
    if not FIRST_YEAR <= starts.year <= LAST_YEAR:
        message = f'"starts" lies between {FIRST_YEAR} and {LAST_YEAR}, not in {starts.year}'
        section.reading.problems.add("D148", message, node.span)
        return None
    return starts


def _read_zone(section: Section) -> str:
    taken = section.scalar("time_zone")
    if taken is None:
        return "UTC"
    node, text = taken
    if not is_zone(text):
        message = f'there is no time zone "{shorten(text)}"'
        section.reading.problems.add("D147", message, node.span, "write an IANA name, like Europe/Berlin or UTC")
    return text


def _add(section: Section, flaw: Flaw, node: ScalarNode, text: str) -> None:
    section.reading.problems.add(flaw.code, flaw.message, _place(section, flaw, node, text), flaw.advice)


def _place(section: Section, flaw: Flaw, node: ScalarNode, text: str) -> Span:
    """Where the flaw is in the line; the whole value where it is not written there as it is read."""
    line = section.reading.problems.lines[node.span.line - 1]
    begins = line.find(text, node.span.column - 1)
    return Span(node.span.line, begins + flaw.at + 1, flaw.length) if begins >= 0 else node.span
