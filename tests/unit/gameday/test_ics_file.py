"""The iCalendar file, read again by a small reader that knows RFC 5545 and forgives nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from drillrunner.gameday.ics import Occasion, escaped, folded, ics, uid_of

STAMP = datetime(2026, 11, 21, 12, tzinfo=UTC)
Component = dict[str, str]


def occasion(**changes: object) -> Occasion:
    fields = {
        "drill": "regional-outage",
        "title": "us-east-1 stops; checkout, orders",
        "owner": "team-checkout",
        "environment": "lab",
        "runbook": "../runbooks/outage.md",
        "time_zone": "Europe/Berlin",
        "at": datetime(2027, 1, 12, 9, tzinfo=UTC),
    }
    return Occasion.model_validate({**fields, **changes})


def unfolded(file: bytes) -> list[str]:
    """The content lines: every physical one ends in CRLF and has at most 75 octets of whole characters."""
    assert file.endswith(b"\r\n")
    physical = file[:-2].split(b"\r\n")
    for line in physical:
        assert len(line) <= 75
        assert b"\n" not in line
        assert b"\r" not in line
        line.decode("utf-8")
    return re.sub(rb"\r\n ", b"", file[:-2]).decode("utf-8").split("\r\n")


def unescaped(value: str) -> str:
    assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", value), "a separator stands bare"
    assert re.fullmatch(r"(?:[^\\]|\\[\\;,nN])*", value), "a backslash escapes nothing"
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value)


def read(file: bytes) -> list[Component]:
    """The events; an alarm's properties are under `VALARM.NAME`. Anything out of place fails."""
    lines = unfolded(file)
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    events: list[Component] = []
    open_parts = ["VCALENDAR"]
    for line in lines[1:-1]:
        name, colon, value = line.partition(":")
        assert colon, line
        assert re.fullmatch(r"[A-Z-]+", name), line
        if name == "BEGIN":
            open_parts.append(value)
            if value == "VEVENT":
                events.append({})
        elif name == "END":
            assert open_parts.pop() == value
        elif len(open_parts) > 1:
            key = name if open_parts[-1] == "VEVENT" else f"{open_parts[-1]}.{name}"
            assert key not in events[-1], f"{key} is there twice"
            events[-1][key] = value
    assert open_parts == ["VCALENDAR"]
    return events


def test_an_event_has_what_the_rfc_requires_and_reads_back_as_it_was() -> None:
    (event,) = read(ics([occasion()], STAMP))
    assert event["DTSTAMP"] == "20261121T120000Z"
    assert event["DTSTART"] == "20270112T090000Z"
    assert unescaped(event["SUMMARY"]) == "Drill: us-east-1 stops; checkout, orders"
    assert unescaped(event["DESCRIPTION"]).splitlines() == [
        "drill run regional-outage --environment lab",
        "Owner: team-checkout",
        "Scheduled in Europe/Berlin",
        "Runbook: ../runbooks/outage.md",
    ]
    assert not any(key.startswith("VALARM") for key in event)


def test_the_calendar_says_its_version_and_what_made_it() -> None:
    lines = unfolded(ics([], STAMP))
    assert lines == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//drillrunner//drill calendar//EN",
        "CALSCALE:GREGORIAN",
        "END:VCALENDAR",
    ]


def test_an_alarm_reminds_a_week_before() -> None:
    (event,) = read(ics([occasion()], STAMP, alarm=True))
    assert (event["VALARM.ACTION"], event["VALARM.TRIGGER"]) == ("DISPLAY", "-P7D")


def test_an_id_stays_with_its_drill_and_moment_and_is_no_other_s() -> None:
    assert uid_of(occasion()) == uid_of(occasion(title="another title", owner="others"))
    assert uid_of(occasion()) == "f2ff5eab-e9a2-5827-a1cf-f6ecd9d47254"
    others = [occasion(drill="other"), occasion(at=datetime(2027, 2, 9, 9, tzinfo=UTC))]
    assert len({uid_of(one) for one in [occasion(), *others]}) == 3


def test_a_line_is_folded_between_characters_never_within() -> None:
    assert folded("A" * 75) == b"A" * 75 + b"\r\n"
    assert folded("A" * 76) == b"A" * 75 + b"\r\n A\r\n"
    assert folded("A" * 74 + "é") == b"A" * 74 + "\r\n é\r\n".encode()


def test_control_characters_are_left_out_and_line_ends_are_one() -> None:
    assert escaped("a\r\nb\rc\x00\ud800\x1b[31m\td\\n;,") == "a\\nb\\nc[31m\td\\\\n\\;\\,"


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=200))
def test_whatever_a_title_holds_the_file_reads_back(title: str) -> None:
    (event,) = read(ics([occasion(title=title)], STAMP, alarm=True))
    kept = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", title.replace("\r\n", "\n").replace("\r", "\n"))
    assert unescaped(event["SUMMARY"]) == f"Drill: {kept}"
