"""Reads a calendar (an ICS file, RFC 5545) as freeze windows: every event in it is a time in which nothing is injected.

It fails closed. An event that cannot be read is an error, not left out. What leaves several moments open (a time
without a zone, an hour that comes twice) freezes all of them. An event that is tentative or shown as free
(TRANSP:TRANSPARENT, as calendars make all-day events) freezes as others do. Only STATUS:CANCELLED, EXDATE and changed
occurrences free time; EXRULE, which RFC 5545 gave up, frees none.

The package `icalendar` (7.3.0 was tried) is not used: it drops what it cannot read from an event and goes on, takes an
unknown TZID for no zone, has no lines or columns to tell, refuses folds within a character of UTF-8, and takes 2 s for
750 KB. How a rule is unfolded, and why not by dateutil: `recurrence.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from drillrunner.errors import InvalidInput, Problem
from drillrunner.files.ics.components import WANTED, Component, read_components
from drillrunner.files.ics.event import Event, Key, key_of, read_event
from drillrunner.files.ics.lines import content_lines, stop_at_many
from drillrunner.files.ics.recurrence import Bounds, Budget, unfold
from drillrunner.files.ics.rule import Rule
from drillrunner.files.ics.values import FIRST_YEAR, LAST_YEAR, Reader, Stamp, plain_text
from drillrunner.files.ics.zones import EVERYWHERE, Definition, Zone, Zones
from drillrunner.files.section import shorten
from drillrunner.model.freeze import FreezeWindow
from drillrunner.yaml_source import Expected, Problems, Span, read_bytes

MOST_WINDOWS = 10_000
_EXPECTED = Expected(
    "an ICS calendar", "calendars are named in a game day's freeze", "export a shorter time of the calendar"
)
# further apart than a wall time and its moment can be, in any zone
_ROOM = timedelta(days=2)
_FIRST, _LAST = datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR, 12, 31)


def read_freeze_windows(path: Path, begin: datetime, end: datetime) -> tuple[FreezeWindow, ...]:
    """The windows that touch the time from `begin` to `end` (both with a time zone), in UTC, by their beginnings.

    Raises InvalidInput with everything that is wrong with the whole file, of at most 1 MiB (codes Y1xx, I1xx).
    """
    problems = Problems(str(path))
    data = read_bytes(path, problems, _EXPECTED)
    calendars = read_components(content_lines(data, problems, WANTED), problems)
    events = [event for calendar in calendars for event in _read_calendar(calendar, problems)]
    if problems.found:
        problems.refuse()
    windows = list(_Series(problems, path.name, events, begin.astimezone(UTC), end.astimezone(UTC)).windows())
    if problems.found:
        problems.refuse()
    return tuple(sorted(windows, key=lambda window: (window.starts, window.ends)))


def calendar_problems(paths: Iterable[str], moment: datetime) -> list[Problem]:
    """Everything that is wrong with calendars, each read as if a game day were at that moment."""
    found: list[Problem] = []
    for path in paths:
        try:
            read_freeze_windows(Path(path), moment, moment)
        except InvalidInput as error:
            found += error.problems
    return found


class _Placed(NamedTuple):
    """An event, and where it begins in the file."""

    event: Event
    span: Span


def _read_calendar(calendar: Component, problems: Problems) -> list[_Placed]:
    _check_head(calendar, problems)
    zones = _read_zones(calendar, problems)
    floating = _read_floating(calendar, problems, zones)
    reader = Reader(problems, zones, floating)
    placed = []
    for part in calendar.parts:
        if part.name == "VEVENT":
            event = read_event(reader, part)
            stop_at_many(problems)
            if event:
                placed.append(_Placed(event, part.begin.span()))
    return placed


def _check_head(calendar: Component, problems: Problems) -> None:
    version = calendar.needed("VERSION", problems, "the calendar", "write VERSION:2.0")
    if version and version.value.strip() != "2.0":
        message = f'the calendar is of version "{shorten(version.value)}"'
        problems.add("I106", message, version.span(), "export it as iCalendar (RFC 5545), whose VERSION is 2.0")
    scale = calendar.one("CALSCALE", problems)
    if scale and scale.value.strip().upper() != "GREGORIAN":
        message = f'the calendar counts as "{shorten(scale.value)}"'
        problems.add("I106", message, scale.span(), "only CALSCALE:GREGORIAN is read")


def _read_zones(calendar: Component, problems: Problems) -> Zones:
    """Every VTIMEZONE. One that is given twice has the offsets of both."""
    reader = Reader(problems, Zones({}), EVERYWHERE)
    definitions: dict[str, Definition] = {}
    for part in calendar.parts:
        if part.name != "VTIMEZONE":
            continue
        name = part.needed("TZID", problems, "the time zone", "say what it is called")
        location = part.one("X-LIC-LOCATION", problems)
        offsets = [reader.offset(found) for rule in part.parts for found in rule.all("TZOFFSETTO")]
        if name is None:
            continue
        earlier = definitions.get(name.value, Definition(None, ()))
        given = tuple(offset for offset in offsets if offset is not None)
        named = location.value.strip() if location else earlier.location
        definitions[name.value] = Definition(named, earlier.offsets + given)
        stop_at_many(problems)
    return Zones(definitions)


def _read_floating(calendar: Component, problems: Problems, zones: Zones) -> Zone:
    """The zone of times that name none: what X-WR-TIMEZONE says, else all zones there are."""
    found = calendar.one("X-WR-TIMEZONE", problems)
    if found is None:
        return EVERYWHERE
    return Reader(problems, zones, EVERYWHERE).zone(found, found.value.strip(), found.at) or EVERYWHERE


class _Series:
    """The events of a file, put together by their UIDs, between two moments."""

    def __init__(
        self, problems: Problems, source: str, events: Sequence[_Placed], begin: datetime, end: datetime
    ) -> None:
        self._problems = problems
        self._source = source
        self._events = events
        self._begin, self._end = begin, end
        self._budget = Budget()
        self._replaced: dict[str, set[Key]] = {}

    def windows(self) -> Iterator[FreezeWindow]:
        """Every occurrence that touches the time that is asked about. What is given twice or too dear is noted."""
        self._note_replaced()
        count = 0
        for event, span in self._events:
            if event.is_cancelled:
                continue
            for starts, ends in self._occurrences(event):
                if starts <= self._end and self._begin <= ends:
                    count += 1
                    yield FreezeWindow(starts=starts, ends=ends, summary=_said(event), source=self._source)
                if count > MOST_WINDOWS:
                    message = f"more than {MOST_WINDOWS} freeze windows touch the time of the game day"
                    self._problems.stop("I116", message, span)
            if self._budget.left < 0:
                return

    def _note_replaced(self) -> None:
        """Which occurrences of which series have an event of their own; none may have two."""
        seen: dict[tuple[str, Key | None], Span] = {}
        for event, span in self._events:
            first = seen.setdefault((event.uid, event.replaces), span)
            if first != span:
                what = "this occurrence is changed" if event.replaces else "an event of this UID is there"
                self._problems.add("I115", f"{what} already", span, f"the first is on line {first.line}")
                stop_at_many(self._problems)
            if event.replaces:
                self._replaced.setdefault(event.uid, set()).add(event.replaces)
        if self._problems.found:
            self._problems.refuse()

    def _occurrences(self, event: Event) -> Iterator[tuple[datetime, datetime]]:
        """The first and the last moment of each, in no order, some of them outside of the time that is asked about."""
        freed = event.left_out | (self._replaced.get(event.uid, set()) if event.replaces is None else set())
        for start in self._starts(event):
            if key_of(start) not in freed:
                yield start.earliest, event.length.end(start)
        for start, length in event.added:
            if key_of(start) not in freed:
                yield start.earliest, event.length.end(start) if length is None else start.latest + length

    def _starts(self, event: Event) -> Iterator[Stamp]:
        """DTSTART, unless its rule ended before, and what the rule says."""
        start, rule = event.start, event.rule
        until = _until(rule, start) if rule else None
        if until is None or until(start.wall):
            yield start
        if rule is None or until is None:
            return
        room = _ROOM + max(event.length.on_clocks, event.length.passing)
        low = max(self._begin.replace(tzinfo=None) - room, _FIRST)
        high = min(self._end.replace(tzinfo=None) + _ROOM, _LAST)
        bounds = Bounds(max(low, start.wall), high, until)
        for wall in unfold(rule, start.wall, bounds, self._budget):
            if wall != start.wall:
                yield start._replace(wall=wall)
        if self._budget.left < 0 and event.rule_at:
            advice = "leave COUNT out and write UNTIL, or export a shorter time of the calendar"
            message = "the rules up to this one take too long to unfold"
            self._problems.add("I114", message, event.rule_at.span(), advice)


def _until(rule: Rule, start: Stamp) -> Callable[[datetime], bool]:
    """Whether a rule still holds at a wall time: the longer reading where UNTIL is of another kind than DTSTART."""
    until = rule.until
    if until is None:
        return lambda wall: True
    if until.is_utc:
        last = until.at.replace(tzinfo=UTC)
        return lambda wall: start.zone.earliest(wall) <= last
    if until.is_date:
        return lambda wall: wall.date() <= until.at.date()
    return lambda wall: wall <= until.at


def _said(event: Event) -> str:
    """The summary. Times without a zone freeze longer than they look: that is said."""
    summary = event.summary or f"event {plain_text(event.uid)}"
    return f"{summary} (in all time zones: it names none)" if event.start.zone is EVERYWHERE else summary
