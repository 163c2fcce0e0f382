"""Reads one VEVENT of a calendar: when it is, how long, when it comes again, and what it replaces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from drillrunner.files.ics.components import Component
from drillrunner.files.ics.lines import Property
from drillrunner.files.ics.rule import Rule, read_rule
from drillrunner.files.ics.values import Reader, Stamp, plain_text
from drillrunner.files.ics.zones import Zone
from drillrunner.model.schedule import Flaw

# of one occurrence: the date, or the moment
Key = datetime
_CANCELLED = "CANCELLED"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Length:
    """How long an event is: on clocks, which may be turned meanwhile, and in time that passes. `zone` is the end's."""

    on_clocks: timedelta
    passing: timedelta
    zone: Zone

    def end(self, start: Stamp) -> datetime:
        """The last moment (UTC) at which an occurrence may end; the later of what both readings say."""
        return max(start.latest + self.passing, self.zone.latest(start.wall + self.on_clocks))


@dataclass(frozen=True, slots=True)
class Event:
    """A VEVENT. `replaces` is the occurrence of its series (the same `uid`) that it stands for."""

    uid: str
    summary: str
    is_cancelled: bool
    start: Stamp
    length: Length
    rule: Rule | None
    rule_at: Property | None
    added: tuple[tuple[Stamp, timedelta | None], ...]
    left_out: frozenset[Key]
    replaces: Key | None


def key_of(stamp: Stamp) -> Key:
    """What tells an occurrence from the others of its series: a date's midnight, else its first moment."""
    return stamp.wall if stamp.is_date else stamp.earliest


def read_event(reader: Reader, component: Component) -> Event | None:
    """The event; None, noted, where something of it cannot be read."""
    problems = reader.problems
    before = len(problems.found)
    uid = component.needed("UID", problems, "the event", "every event has a UID of its own")
    if uid and not uid.value.strip():
        problems.add("I107", "the event's UID is empty", uid.line.span(), "every event has a UID of its own")
    summary, status = component.all("SUMMARY"), component.one("STATUS", problems)
    start = _read_start(reader, component)
    length = _read_length(reader, component, start)
    rule_at = component.one("RRULE", problems)
    rule = _read_rule(reader, rule_at) if rule_at else None
    added = _read_added(reader, component, start)
    left_out = [stamp for found in component.all("EXDATE") for stamp in reader.stamps(found)]
    replaces = _read_replaced(reader, component)
    if start is None or length is None or uid is None or len(problems.found) > before:
        return None
    return Event(
        uid=uid.value.strip(),
        summary=plain_text(summary[0].value) if summary else "",
        is_cancelled=status is not None and status.value.strip().upper() == _CANCELLED,
        start=start,
        length=length,
        rule=rule,
        rule_at=rule_at,
        added=added,
        left_out=frozenset(key_of(stamp) for stamp in left_out),
        replaces=key_of(replaces) if replaces else None,
    )


def _read_start(reader: Reader, component: Component) -> Stamp | None:
    found = component.needed("DTSTART", reader.problems, "the event", "say when it begins")
    return reader.stamp(found) if found else None


def _read_length(reader: Reader, component: Component, start: Stamp | None) -> Length | None:
    """A day where a date has no end, no time at all where a time of day has none (section 3.6.1)."""
    ends, lasts = component.one("DTEND", reader.problems), component.one("DURATION", reader.problems)
    if ends and lasts:
        span = lasts.line.span(0, len("DURATION"))
        reader.problems.add("I108", "DTEND and DURATION exclude each other", span, "leave out one of them")
        return None
    if ends:
        return _until_end(reader, ends, start)
    duration = reader.duration(lasts) if lasts else timedelta(0)
    if duration is None or start is None:
        return None
    if start.is_date and duration % _DAY:
        message = "the event begins on a date, and its duration is no number of whole days"
        reader.problems.add("I117", message, lasts.span() if lasts else None, "write it in days, like P3D")
        return None
    duration = max(duration, _DAY) if start.is_date else duration
    return Length(duration, duration, start.zone)


def _until_end(reader: Reader, ends: Property, start: Stamp | None) -> Length | None:
    end = reader.stamp(ends)
    if end is None or start is None:
        return None
    if end.is_date != start.is_date:
        kinds = ("on a date", "at a time of day")
        message = f"the event begins {kinds[not start.is_date]} and ends {kinds[not end.is_date]}"
        reader.problems.add("I117", message, ends.span(), "DTSTART and DTEND are of the same kind")
        return None
    is_before = end.wall < start.wall if end.zone == start.zone else end.latest < start.earliest
    if is_before:
        reader.problems.add("I112", "the event ends before it begins", ends.span(), "swap DTSTART and DTEND")
        return None
    on_clocks, passing = end.wall - start.wall, end.latest - start.latest
    if start.is_date:
        on_clocks, passing = max(on_clocks, _DAY), max(passing, _DAY)
    return Length(on_clocks, max(passing, timedelta(0)), end.zone)


def _read_rule(reader: Reader, found: Property) -> Rule | None:
    rule = read_rule(found.value)
    if isinstance(rule, Flaw):
        reader.problems.add(rule.code, rule.message, found.span(rule.at, rule.length), rule.advice)
        return None
    return rule


def _read_added(
    reader: Reader, component: Component, start: Stamp | None
) -> tuple[tuple[Stamp, timedelta | None], ...]:
    """RDATE: further beginnings, each with a length of its own where it is a period."""
    added: list[tuple[Stamp, timedelta | None]] = []
    for found in component.all("RDATE"):
        if found.params.get("VALUE", "").upper() == "PERIOD":
            added += reader.periods(found)
            continue
        for stamp in reader.stamps(found):
            if start and stamp.is_date != start.is_date:
                message = f"the event begins {'on a date' if start.is_date else 'at a time of day'}, and this does not"
                reader.problems.add("I117", message, found.span(), "RDATE is of the same kind as DTSTART")
                break
            added.append((stamp, None))
    return tuple(added)


def _read_replaced(reader: Reader, component: Component) -> Stamp | None:
    found = component.one("RECURRENCE-ID", reader.problems)
    if found is None:
        return None
    if "RANGE" in found.params:
        advice = "export the calendar with each change as an event of its own, or split the series"
        span = found.line.span(0, len("RECURRENCE-ID"))
        reader.problems.add("I118", "a change of this occurrence and all later ones cannot be read", span, advice)
    return reader.stamp(found)
