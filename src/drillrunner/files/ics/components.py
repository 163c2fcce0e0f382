"""The components of an iCalendar file (RFC 5545, section 3.4): what BEGIN opens and END closes, with its properties."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from drillrunner.files.ics.lines import ContentLine, Property, parsed, stop_at_many
from drillrunner.files.nearest import choices
from drillrunner.files.section import shorten
from drillrunner.yaml_source import Problems

MOST_DEPTH = 8
MOST_EVENTS = 10_000
_HOLDS = {
    "VCALENDAR": ("VEVENT", "VTODO", "VJOURNAL", "VTIMEZONE"),
    "VEVENT": ("VALARM", "PARTICIPANT", "VLOCATION", "VRESOURCE"),
    "VTIMEZONE": ("STANDARD", "DAYLIGHT"),
}
_READ = {
    "VCALENDAR": ("VERSION", "CALSCALE", "X-WR-TIMEZONE"),
    "VEVENT": (
        *("UID", "SUMMARY", "STATUS", "DTSTART", "DTEND", "DURATION"),
        *("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"),
    ),
    "VTIMEZONE": ("TZID", "X-LIC-LOCATION"),
    "STANDARD": ("TZOFFSETTO",),
    "DAYLIGHT": ("TZOFFSETTO",),
}
WANTED = frozenset({"BEGIN", "END", *(name for names in _READ.values() for name in names)})


@dataclass(slots=True)
class Component:
    """What stands between BEGIN and END: the properties that are read of it, and the components within.

    A property whose every line is broken is there, without any value.
    """

    name: str
    begin: ContentLine
    properties: dict[str, list[Property]] = field(default_factory=dict)
    parts: list[Component] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        """Every property of that name, in the file's order."""
        return self.properties.get(name, [])

    def one(self, name: str, problems: Problems) -> Property | None:
        """The first property of that name. A second one is noted."""
        found = self.all(name)
        for again in found[1:]:
            advice = f"it is on line {found[0].line.number} already"
            problems.add("I108", f"{name} is given twice", again.line.span(0, len(name)), advice)
        return found[0] if found else None

    def needed(self, name: str, problems: Problems, what: str, advice: str) -> Property | None:
        """The same of a property that must be there. `what` says of what, where it is not."""
        if name not in self.properties:
            problems.add("I107", f"{what} has no {name}", self.begin.span(), advice)
        return self.one(name, problems)


def read_components(lines: Iterable[ContentLine], problems: Problems) -> list[Component]:
    """The calendars of the file. Raises InvalidInput where it cannot be told what is within what."""
    reading = _Nesting(problems)
    for line in lines:
        reading.take(line)
    if reading.open:
        left = reading.open[-1]
        problems.stop("I103", f"{left.name} is not closed", left.begin.span(), f"END:{left.name} is missing")
    return reading.calendars


@dataclass(slots=True)
class _Nesting:
    """The calendars so far, and the components that are still open, the innermost last."""

    problems: Problems
    calendars: list[Component] = field(default_factory=list)
    open: list[Component] = field(default_factory=list)
    events: int = 0

    def take(self, line: ContentLine) -> None:
        if line.name == "BEGIN":
            self._begin(line)
        elif not self.open:
            self._refuse_outside(line)
        elif line.name == "END":
            self._end(line)
        elif line.name in _READ.get(self.open[-1].name, ()):
            there = self.open[-1].properties.setdefault(line.name, [])
            if read := parsed(line, self.problems):
                there.append(read)
        stop_at_many(self.problems)

    def _begin(self, line: ContentLine) -> None:
        name = _named(line)
        if not self.open and name != "VCALENDAR":
            self._refuse_outside(line)
        if len(self.open) >= MOST_DEPTH:
            self.problems.stop("I104", f"components lie more than {MOST_DEPTH} deep in each other", line.span())
        component = Component(name, line)
        if self.open:
            self._check_place(name, line)
            self.open[-1].parts.append(component)
        else:
            self.calendars.append(component)
        self.open.append(component)
        self.events += name == "VEVENT"
        if self.events > MOST_EVENTS:
            message = f"the calendar has more than {MOST_EVENTS} events"
            self.problems.stop("I116", message, line.span(), "export a shorter time of it")

    def _check_place(self, name: str, line: ContentLine) -> None:
        """An event in a wrong place, or under a misspelt name, would be left out unseen."""
        around = self.open[-1].name
        allowed = _HOLDS.get(around)
        misplaced = name in {"VCALENDAR", "VEVENT"} if allowed is None else name not in allowed
        if misplaced and not (name.startswith("X-") and allowed):
            message = f'{around} cannot hold "{shorten(name)}"'
            self.problems.add("I105", message, line.span(len("BEGIN:")), choices(name, allowed or ()))

    def _end(self, line: ContentLine) -> None:
        name, inner = _named(line), self.open.pop()
        if name != inner.name:
            advice = f"{inner.name}, begun on line {inner.begin.number}, must be closed first"
            self.problems.stop("I103", f"{shorten(name)} is closed, but is not what is open", line.span(), advice)

    def _refuse_outside(self, line: ContentLine) -> None:
        self.problems.stop("I101", "this stands outside of the calendar", line.span(), "END:VCALENDAR ends it")


def _named(line: ContentLine) -> str:
    """What BEGIN or END names."""
    return line.text.partition(":")[2].strip().upper()
