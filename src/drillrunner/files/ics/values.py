"""Values of an iCalendar file (RFC 5545, section 3.3): dates, times, durations, offsets, texts.

What cannot be read is noted, and None (or less) is answered.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from drillrunner.files.ics.lines import Property
from drillrunner.files.ics.zones import UTC_ZONE, Zone, Zones
from drillrunner.files.section import shorten
from drillrunner.yaml_source import Problems

FIRST_YEAR, LAST_YEAR = 1583, 2399
LONGEST_DAYS = 3_660
MOST_ZONES = 300
_STAMP = re.compile(r"(\d{8})(?:T(\d{6})(Z)?)?\Z", re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?=.)(?:(\d{1,6})W|(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?)\Z", re.ASCII
)
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(\d\d)?\Z", re.ASCII)
_ESCAPED = re.compile(r"\\(.)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_WRITE_STAMP = "write a date like 20261224, wall time like 20261224T180000 or UTC like 20261224T180000Z"


class Stamp(NamedTuple):
    """A date (midnight) or a time of day, as clocks of the zone show it."""

    wall: datetime
    is_date: bool
    zone: Zone

    @property
    def earliest(self) -> datetime:
        """The first moment (UTC) that it may be."""
        return self.zone.earliest(self.wall)

    @property
    def latest(self) -> datetime:
        """The last moment (UTC) that it may be."""
        return self.zone.latest(self.wall)


class Reader:
    """Reads the values of one calendar. `floating` is the zone of times that name none."""

    def __init__(self, problems: Problems, zones: Zones, floating: Zone) -> None:
        self.problems = problems
        self.floating = floating
        self._zones = zones
        self._named: set[str] = set()

    def zone(self, found: Property, name: str, at: int) -> Zone | None:
        """The zone of that name, which stands at a position of the property's line."""
        self._named.add(name)
        if len(self._named) > MOST_ZONES:
            message = f"the calendar names more than {MOST_ZONES} time zones"
            self.problems.stop("I116", message, found.line.span(at, len(name)))
        zone = self._zones.find(name)
        if zone is None:
            advice = "define it in a VTIMEZONE, or name an IANA zone like Europe/Berlin"
            message = f'there is no time zone "{shorten(name)}"'
            self.problems.add("I110", message, found.line.span(at, len(name)), advice)
        return zone

    def stamp(self, found: Property) -> Stamp | None:
        """The property's only value."""
        return self._stamp(found, found.value, 0)

    def stamps(self, found: Property) -> list[Stamp]:
        """The property's values, which commas part."""
        stamps, at = [], 0
        for text in found.value.split(","):
            stamp = self._stamp(found, text, at)
            if stamp is None:
                break  # the next would be wrong in the same way
            stamps.append(stamp)
            at += len(text) + 1
        return stamps

    def periods(self, found: Property) -> list[tuple[Stamp, timedelta]]:
        """`start/end` and `start/duration`, which commas part, as beginnings and lengths."""
        periods, at = [], 0
        for text in found.value.split(","):
            period = self._period(found, text, at)
            if period is None:
                break
            periods.append(period)
            at += len(text) + 1
        return periods

    def _period(self, found: Property, text: str, at: int) -> tuple[Stamp, timedelta] | None:
        begins, slash, ends = text.partition("/")
        start = self._stamp(found, begins, at, is_period=True)
        if start is None:
            return None
        if not slash:
            self.problems.add(
                "I109", f'"{shorten(text)}" is not a period', found.span(at, len(text)), "write start/end"
            )
            return None
        ends_at = at + len(begins) + 1
        if ends[:1] in {"P", "+", "-"}:
            length = self._duration(found, ends, ends_at)
            return None if length is None else (start, length)
        end = self._stamp(found, ends, ends_at, is_period=True)
        if end is None:
            return None
        if end.latest < start.earliest:
            self.problems.add("I112", "the period ends before it begins", found.span(ends_at, len(ends)))
            return None
        return start, end.latest - start.latest

    def _stamp(self, found: Property, text: str, at: int, *, is_period: bool = False) -> Stamp | None:
        match = _STAMP.match(text)
        wall = _wall(match) if match else None
        if match is None or wall is None:
            message = f'"{shorten(text)}" is not a date or a time'
            self.problems.add("I109", message, found.span(at, len(text)), _WRITE_STAMP)
            return None
        is_date = match.group(2) is None
        kind, fitting = found.params.get("VALUE", "").upper(), "DATE" if is_date else "DATE-TIME"
        if (is_period and is_date) or (not is_period and kind not in {"", fitting}):
            said = "PERIOD" if is_period else kind
            message = f'"{text}" is {"a date" if is_date else "a time of day"}, and VALUE says {shorten(said)}'
            self.problems.add("I109", message, found.span(at, len(text)), "VALUE is DATE, DATE-TIME or left out")
            return None
        if not FIRST_YEAR <= wall.year <= LAST_YEAR:
            message = f"the year must lie between {FIRST_YEAR} and {LAST_YEAR}, not be {wall.year}"
            self.problems.add("I109", message, found.span(at, len(text)))
            return None
        zone = self._zone_of(found, is_utc=match.group(3) is not None)
        return Stamp(wall, is_date, zone) if zone else None

    def _zone_of(self, found: Property, *, is_utc: bool) -> Zone | None:
        name = found.params.get("TZID")
        if name is None:
            return UTC_ZONE if is_utc else self.floating
        at = found.line.text.find(name, found.line.name_length)
        zone = self.zone(found, name, at)
        if zone and is_utc and zone.iana is not UTC_ZONE.iana:
            message = f'the time is in UTC (Z) and in "{shorten(name)}"'
            self.problems.add("I108", message, found.line.span(at, len(name)), "leave out TZID or Z")
            return None
        return zone

    def duration(self, found: Property) -> timedelta | None:
        """The property's value: weeks and days are whole days of the calendar."""
        return self._duration(found, found.value, 0)

    def _duration(self, found: Property, text: str, at: int) -> timedelta | None:
        match = _DURATION.match(text)
        if match is None:
            advice = "write it like PT2H, P3D or P1DT12H"
            self.problems.add("I111", f'"{shorten(text)}" is not a duration', found.span(at, len(text)), advice)
            return None
        sign, *numbers = match.groups()
        weeks, days, hours, minutes, seconds = (int(number or 0) for number in numbers)
        length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        if sign == "-" and length:
            span = found.span(at, len(text))
            self.problems.add("I111", "the duration is negative", span, "an event lasts no time or some")
            return None
        if length > timedelta(days=LONGEST_DAYS):
            span = found.span(at, len(text))
            self.problems.add("I111", f"the duration is longer than {LONGEST_DAYS} days", span)
            return None
        return length

    def offset(self, found: Property) -> timedelta | None:
        """How far a zone's clocks are ahead of UTC."""
        match = _OFFSET.match(found.value.strip())
        if match is None or int(match.group(2)) > 23 or int(match.group(3)) > 59:
            message = f'"{shorten(found.value)}" is not an offset from UTC'
            self.problems.add("I109", message, found.span(), "write it like +0100 or -0530")
            return None
        sign, hours, minutes, seconds = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
        return -offset if sign == "-" else offset


def plain_text(value: str) -> str:
    """A TEXT without its escapes, on one line, of at most 200 characters."""
    text = _ESCAPED.sub(lambda match: " " if match.group(1) in "nN" else match.group(1), value[:2_000])
    words = " ".join(_CONTROLS.sub(" ", text).split())
    return words if len(words) <= 200 else words[:199] + "…"


def _wall(match: re.Match[str]) -> datetime | None:
    day, time = match.group(1), match.group(2) or "000000"
    if time.endswith("60"):  # a leap second, which no clock here shows
        time = time[:4] + "59"
    try:
        return datetime.strptime(day + time, "%Y%m%d%H%M%S")
    except ValueError:
        return None
