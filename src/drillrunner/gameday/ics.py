"""Drills to come as an iCalendar file (RFC 5545).

Times are in UTC and every occasion is an event of its own: a reader needs no VTIMEZONE, which would go stale, and
cannot unfold a rule otherwise than `drill due` does. An import after a change replaces events by their UID.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from drillrunner.model.agent import ThingKind
from drillrunner.model.noun import Noun, as_bytes

LINE_OCTETS = 75
_WORDS: dict[ThingKind, str] = {"drill": "Drill", "gameday": "Game day", "exercise": "Exercise"}
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "drillrunner:occasion")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class Occasion(Noun):
    """One drill (or game day, or exercise: `kind`) at one moment (UTC).

    `drill` is its name, `time_zone` the zone that its schedule is written in.
    """

    drill: str
    title: str
    owner: str
    environment: str
    runbook: str | None
    time_zone: str
    at: datetime
    kind: ThingKind = "drill"


def ics(occasions: Sequence[Occasion], stamp: datetime, *, alarm: bool = False) -> bytes:
    """The calendar, made at `stamp`. `alarm` adds a reminder a week before each drill."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//drillrunner//drill calendar//EN", "CALSCALE:GREGORIAN"]
    for occasion in occasions:
        lines += _event(occasion, stamp, alarm)
    return b"".join(folded(line) for line in [*lines, "END:VCALENDAR"])


def uid_of(occasion: Occasion) -> str:
    """The same for the same drill at the same moment, whenever and wherever it is asked."""
    kind = "" if occasion.kind == "drill" else f"{occasion.kind}/"
    return str(uuid.uuid5(_NAMESPACE, f"{kind}{occasion.drill}/{_stamp(occasion.at)}"))


def escaped(text: str) -> str:
    """TEXT of section 3.3.11: without control characters and halves of pairs, which it may not hold."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    for character in "\\;,":
        lines = lines.replace(character, f"\\{character}")
    return _CONTROL.sub("", lines).replace("\n", "\\n")


def folded(line: str) -> bytes:
    """One content line: at most 75 octets each, no character of UTF-8 torn, CRLF at the end (section 3.1)."""
    octets = as_bytes(line)
    pieces, begins, room = [], 0, LINE_OCTETS
    while len(octets) - begins > room:
        ends = begins + room
        while octets[ends] & 0xC0 == 0x80:
            ends -= 1
        pieces.append(octets[begins:ends])
        begins, room = ends, LINE_OCTETS - 1
    return b"\r\n ".join([*pieces, octets[begins:]]) + b"\r\n"


def _event(occasion: Occasion, stamp: datetime, alarm: bool) -> Iterator[str]:
    summary = escaped(f"{_WORDS[occasion.kind]}: {occasion.title}")
    yield "BEGIN:VEVENT"
    yield f"UID:{uid_of(occasion)}"
    yield f"DTSTAMP:{_stamp(stamp)}"
    yield f"DTSTART:{_stamp(occasion.at)}"
    yield "DURATION:PT1H"
    yield f"SUMMARY:{summary}"
    yield f"DESCRIPTION:{escaped(_description(occasion))}"
    yield "CATEGORIES:DRILL"
    if alarm:
        yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{summary}", "TRIGGER:-P7D", "END:VALARM")
    yield "END:VEVENT"


def _description(occasion: Occasion) -> str:
    commands: dict[ThingKind, str] = {
        "drill": f"drill run {occasion.drill} --environment {occasion.environment}",
        "gameday": f"drill gameday run {occasion.drill}",
        "exercise": f"drill tabletop run {occasion.drill}",
    }
    lines = [
        commands[occasion.kind],
        f"Owner: {occasion.owner}",
        f"Scheduled in {occasion.time_zone}",
    ]
    return "\n".join([*lines, f"Runbook: {occasion.runbook}"] if occasion.runbook else lines)


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
