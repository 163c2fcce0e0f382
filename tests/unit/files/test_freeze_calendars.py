"""Calendars as freeze windows: three programs' own forms, what fails closed, and one bad calendar for each rule."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from drillrunner.errors import InvalidInput
from drillrunner.files.codes import CODES
from drillrunner.files.ics.file import read_freeze_windows
from drillrunner.files.ics.recurrence import Bounds, Budget, unfold
from drillrunner.files.ics.rule import Rule, read_rule
from drillrunner.files.ics.windows_zones import IANA_NAMES
from drillrunner.files.problems import render_text
from drillrunner.gameday.ics import Occasion, ics
from drillrunner.model.freeze import FreezeWindow

TESTS = Path(__file__).parents[2]
BAD_CALENDARS = TESTS / "bad_calendars"
BAD = sorted(BAD_CALENDARS.glob("*.ics"))
BEGIN, END = datetime(2026, 11, 16, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)
START = "DTSTART:20261224T100000Z"


def windows(path: Path, begin: datetime = BEGIN, end: datetime = END) -> list[str]:
    return [said(window) for window in read_freeze_windows(path, begin, end)]


def said(window: FreezeWindow) -> str:
    assert window.starts.utcoffset() == window.ends.utcoffset() == timedelta(0)
    return f"{window.starts:%Y-%m-%d %H:%M} to {window.ends:%Y-%m-%d %H:%M} {window.summary}"


def calendar(folder: Path, *events: str, head: str = "") -> Path:
    """A calendar of events, each of which is its properties, with UIDs of their own where they name none."""
    bodies = [event if "UID:" in event else f"UID:{number}\n{event}" for number, event in enumerate(events)]
    parts = "".join(f"BEGIN:VEVENT\n{body}\nEND:VEVENT\n" for body in bodies)
    path = folder / "freezes.ics"
    path.write_text(f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{parts}END:VCALENDAR\n", encoding="utf-8")
    return path


def times(folder: Path, *events: str, head: str = "") -> list[str]:
    """The windows of such a calendar, without their summaries."""
    found = windows(calendar(folder, *events, head=head))
    return [" ".join(window.split()[:5]) for window in found]


def codes(path: Path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        windows(path)
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_calendar_is_told_with_its_exact_message(path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        windows(path)
    told = render_text(caught.value.problems).replace(f"{BAD_CALENDARS}/", "") + "\n"
    assert told == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_code_of_a_calendar_has_a_bad_one_and_every_message_its_calendar() -> None:
    shown = {code for path in BAD for code in re.findall(r" error\[(\w+)\]", path.with_suffix(".txt").read_text())}
    assert {code for code in shown if code.startswith("I")} == {code for code in CODES if code.startswith("I")}
    assert {path.stem for path in BAD_CALENDARS.glob("*.txt")} == {path.stem for path in BAD}


def test_a_calendar_of_google_with_changed_cancelled_and_all_day_events() -> None:
    assert windows(TESTS / "calendars" / "google.ics") == [
        "2026-11-16 17:00 to 2026-11-16 21:00 Billing run",
        "2026-12-01 19:00 to 2026-12-01 22:00 Billing run, a day later",
        "2026-12-14 17:00 to 2026-12-14 21:00 Billing run",
        "2026-12-21 17:00 to 2026-12-21 21:00 Billing run",
        "2026-12-22 23:00 to 2027-01-01 23:00 End of year",
        "2026-12-28 17:00 to 2026-12-28 21:00 Billing run",
    ]


def test_a_calendar_of_outlook_with_names_of_windows_and_a_zone_of_its_own() -> None:
    assert windows(TESTS / "calendars" / "outlook.ics") == [
        "2026-11-16 14:00 to 2026-11-16 17:00 Plant maintenance",
        "2026-12-11 15:00 to 2026-12-11 19:00 Monatsabschluß der Buchhaltung",
        "2026-12-23 10:00 to 2026-12-25 12:00 Heiligabend (in all time zones: it names none)",
        "2027-01-08 15:00 to 2027-01-08 19:00 Monatsabschluß der Buchhaltung",
        "2027-02-12 15:00 to 2027-02-12 19:00 Monatsabschluß der Buchhaltung",
    ]


def test_a_calendar_of_apple_with_an_added_date_a_leap_day_and_a_time_without_zone() -> None:
    assert windows(TESTS / "calendars" / "apple.ics", end=datetime(2028, 3, 1, tzinfo=UTC)) == [
        "2026-11-27 05:00 to 2026-11-28 04:59 Black Friday 🛒",
        "2026-11-30 05:00 to 2026-12-01 04:59 Black Friday 🛒",
        "2026-12-14 11:00 to 2026-12-14 14:00 Stocktaking",
        "2027-11-26 05:00 to 2027-11-27 04:59 Black Friday 🛒",
        "2028-02-29 05:00 to 2028-03-02 05:00 Leap day",
    ]


@pytest.mark.parametrize("name", ["google", "outlook", "apple"])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_line_ends_byte_order_marks_and_blank_lines_change_nothing(name: str, ending: bytes, tmp_path: Path) -> None:
    original = TESTS / "calendars" / f"{name}.ics"
    content = original.read_bytes().replace(b"\r\n", b"\n").removeprefix(b"\xef\xbb\xbf")
    path = tmp_path / "freezes.ics"
    path.write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", ending) + ending * 2)
    assert windows(path) == windows(original)


def test_our_own_calendar_of_drills_is_read_back(tmp_path: Path) -> None:
    title = "Ausfall: Währung, 🛒; \\n und " + "große " * 30
    moments = [datetime(2027, 1, 12, 9, tzinfo=UTC), datetime(2026, 12, 29, 23, 30, tzinfo=UTC)]
    occasions = [
        Occasion(
            drill="outage",
            title=title,
            owner="team",
            environment="lab",
            runbook=None,
            time_zone="Europe/Berlin",
            at=moment,
        )
        for moment in moments
    ]
    path = tmp_path / "drills.ics"
    path.write_bytes(ics(occasions, BEGIN, alarm=True))
    found = read_freeze_windows(path, BEGIN, END)
    assert [window.starts for window in found] == sorted(moments)
    assert {window.ends - window.starts for window in found} == {timedelta(hours=1)}
    assert {window.summary for window in found} == {f"Drill: {title.strip()}"[:199] + "…"}
    assert found[0].source == "drills.ics"


def test_events_shown_as_free_or_tentative_freeze_and_cancelled_ones_do_not(tmp_path: Path) -> None:
    for line, count in {"TRANSP:TRANSPARENT": 1, "STATUS:TENTATIVE": 1, "STATUS:CANCELLED": 0}.items():
        assert len(times(tmp_path, f"{START}\n{line}")) == count


def test_a_time_without_a_zone_freezes_wherever_somebody_may_be(tmp_path: Path) -> None:
    floating = "DTSTART:20261224T100000\nDTEND:20261224T110000"
    assert times(tmp_path, floating) == ["2026-12-23 20:00 to 2026-12-24 23:00"]
    assert times(tmp_path, floating, head="X-WR-TIMEZONE:Romance Standard Time\n") == [
        "2026-12-24 09:00 to 2026-12-24 10:00"
    ]


def test_an_hour_that_comes_twice_or_not_at_all_is_frozen_with_all_it_may_mean(tmp_path: Path) -> None:
    berlin = "DTSTART;TZID=Europe/Berlin:{}\nDTEND;TZID=Europe/Berlin:{}"
    path = calendar(
        tmp_path,
        berlin.format("20261025T023000", "20261025T024500"),
        berlin.format("20270328T023000", "20270328T024500"),
    )
    found = windows(path, datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
    assert [window.split(" event")[0] for window in found] == [
        "2026-10-25 00:30 to 2026-10-25 01:45",
        "2027-03-28 00:30 to 2027-03-28 01:45",
    ]


def test_wall_times_of_a_rule_follow_the_clocks_of_their_zone(tmp_path: Path) -> None:
    event = "DTSTART;TZID=Europe/Berlin:20260101T080000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=1MO"
    path = calendar(tmp_path, event)
    found = read_freeze_windows(path, datetime(2027, 2, 1, tzinfo=UTC), datetime(2027, 4, 30, tzinfo=UTC))
    assert [f"{window.starts:%m-%d %H:%M}" for window in found] == ["02-01 07:00", "03-01 07:00", "04-05 06:00"]


def test_a_change_that_fits_no_occurrence_takes_none_away(tmp_path: Path) -> None:
    daily = f"UID:a\n{START}\nRRULE:FREQ=DAILY;COUNT=2"
    changed = "UID:a\nRECURRENCE-ID;VALUE=DATE:20261225\nDTSTART:20261225T120000Z"
    assert times(tmp_path, daily, changed) == [
        "2026-12-24 10:00 to 2026-12-24 10:00",
        "2026-12-25 10:00 to 2026-12-25 10:00",
        "2026-12-25 12:00 to 2026-12-25 12:00",
    ]


def test_a_change_is_found_in_whichever_zone_it_names_the_occurrence(tmp_path: Path) -> None:
    daily = f"UID:a\n{START}\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE;TZID=Asia/Tokyo:20261224T190000"
    changed = "UID:a\nRECURRENCE-ID;TZID=Europe/Berlin:20261225T110000\nDTSTART:20261226T100000Z"
    assert times(tmp_path, daily, changed) == ["2026-12-26 10:00 to 2026-12-26 10:00"]


def test_an_event_that_began_long_before_still_freezes(tmp_path: Path) -> None:
    path = calendar(tmp_path, "DTSTART:20200101T000000Z\nDTEND:20200103T000000Z\nRRULE:FREQ=WEEKLY;BYDAY=WE")
    moment = datetime(2026, 12, 24, 23, 59, tzinfo=UTC)
    assert windows(path, moment, moment) == ["2026-12-23 00:00 to 2026-12-25 00:00 event 0"]
    late = moment + timedelta(minutes=2)
    assert windows(path, late, late) == []


@pytest.mark.parametrize(
    ("until", "last_day"),
    [("20261227", 27), ("20261227T100000", 27), ("20261227T085959Z", 26), ("20261227T090000Z", 27), ("20261201", 0)],
)
def test_until_is_read_as_a_date_as_wall_time_and_in_utc(until: str, last_day: int, tmp_path: Path) -> None:
    event = f"DTSTART;TZID=Europe/Berlin:20261224T100000\nRRULE:FREQ=DAILY;UNTIL={until}"
    days = [int(window[8:10]) for window in times(tmp_path, event)]
    assert days == list(range(24, last_day + 1))


def test_periods_and_added_dates_freeze_too(tmp_path: Path) -> None:
    event = f"{START}\nDTEND:20261224T120000Z\nRDATE:20261226T100000Z\nRDATE;VALUE=PERIOD:20261228T100000Z/P1D"
    assert times(tmp_path, event) == [
        "2026-12-24 10:00 to 2026-12-24 12:00",
        "2026-12-26 10:00 to 2026-12-26 12:00",
        "2026-12-28 10:00 to 2026-12-29 10:00",
    ]


@pytest.mark.parametrize(
    "name",
    ["/example.org/20050126_1/Europe/Berlin", "w. europe standard time", '"W. Europe Standard Time"', "Europe/Berlin"],
)
def test_zones_by_the_names_that_programs_give_them(name: str, tmp_path: Path) -> None:
    assert times(tmp_path, f"DTSTART;TZID={name}:20261224T100000") == ["2026-12-24 09:00 to 2026-12-24 09:00"]


def test_a_short_name_means_what_the_calendar_says_before_what_others_say(tmp_path: Path) -> None:
    zone = "BEGIN:VTIMEZONE\nTZID:EST\nBEGIN:STANDARD\nTZOFFSETTO:+1000\nEND:STANDARD\nEND:VTIMEZONE\n"
    event = "DTSTART;TZID=EST:20261224T100000"
    assert times(tmp_path, event, head=zone) == ["2026-12-24 00:00 to 2026-12-24 00:00"]
    assert times(tmp_path, event) == ["2026-12-24 15:00 to 2026-12-24 15:00"]


def test_every_name_of_windows_leads_to_a_zone() -> None:
    assert len({ZoneInfo(name).key for name in IANA_NAMES.values()}) > 130


def test_what_is_wrong_far_from_the_game_day_is_told_all_the_same(tmp_path: Path) -> None:
    path = calendar(tmp_path, START, "DTSTART:20120101T000000Z\nRRULE:FREQ=OFTEN", "STATUS:CANCELLED")
    assert codes(path) == ["I113", "I107"]


def test_a_file_that_is_too_large_or_not_there_is_refused(tmp_path: Path) -> None:
    path = calendar(tmp_path, f"{START}\nDESCRIPTION:{'x' * 1_048_576}")
    assert codes(path) == ["Y105"]
    assert codes(tmp_path / "nowhere.ics") == ["Y101"]
    assert codes(tmp_path) == ["Y102"]


def test_what_would_take_too_long_is_refused(tmp_path: Path) -> None:
    assert codes(calendar(tmp_path, *[START] * 10_001)) == ["I116"]
    assert codes(calendar(tmp_path, START, head="X-A:1\n" * 60_000)) == ["I116"]
    never = "DTSTART:19700101T000000Z\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1"
    assert codes(calendar(tmp_path, *[never] * 500)) == ["I114"]
    assert codes(calendar(tmp_path, "DTSTART:16000101\nDTEND:23000101\nRRULE:FREQ=DAILY")) == ["I116"]
    assert times(tmp_path, *[never.removesuffix(";COUNT=1")] * 50) == []


def any_rule(rng: Random) -> str:
    """A rule that comes at least once a year."""
    numbers = {"BYMONTHDAY": (1, 28), "BYHOUR": (0, 23), "BYMINUTE": (0, 59)}
    frequency = rng.choice(["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts = [f"FREQ={frequency}", f"INTERVAL={rng.choice([1, 1, 2, 3])}", f"WKST={rng.choice(['MO', 'SU', 'WE'])}"]
    key = rng.choice(["BYMONTHDAY", "BYDAY", "BYMONTH", "BYHOUR", "BYMINUTE", "BYYEARDAY", "BYWEEKNO", ""])
    if key == "BYDAY":
        numbered = {"MONTHLY": ["1", "-1", "2", "-4"], "YEARLY": ["1", "20", "-1", "-50"]}.get(frequency, [""])
        parts.append(f"BYDAY={rng.choice(numbered)}{rng.choice(['MO', 'TH', 'SU'])},{rng.choice(numbered)}WE")
    elif key == "BYMONTH":
        parts.append(f"BYMONTH={rng.randint(1, 6)},{rng.randint(7, 12)}")
    elif key in {"BYYEARDAY", "BYWEEKNO"} and frequency == "YEARLY":
        parts.append(f"{key}={rng.randint(1, 52)},-{rng.randint(1, 52)};BYDAY=MO,TU,WE,TH,FR,SA,SU")
    elif key in numbers and not (key == "BYMONTHDAY" and frequency == "WEEKLY") and frequency != "HOURLY":
        low, high = numbers[key]
        parts.append(f"{key}={rng.randint(low, high)},{rng.randint(low, high)}")
    if rng.random() < 0.3:
        parts.append(f"BYSETPOS={rng.choice(['1', '-1', '1,2'])}")
    if rng.random() < 0.3:
        parts.append(f"COUNT={rng.randint(1, 40)}")
    return ";".join(parts)


def test_rules_name_the_same_times_as_dateutil_says() -> None:
    rng, named = Random(1), 0
    for _ in range(150):
        text = any_rule(rng)
        start = datetime(2025, rng.randint(1, 12), rng.randint(1, 28), rng.randint(0, 23), 30)
        low = start + timedelta(days=rng.randint(-3, 500))
        high = low + timedelta(days=rng.choice([1, 30, 400]))
        rule = read_rule(text)
        assert isinstance(rule, Rule), text
        found = list(unfold(rule, start, Bounds(low, high, lambda wall: True), Budget()))
        expected = takewhile(lambda wall, high=high: wall <= high, rrulestr(text, dtstart=start))  # type: ignore[misc]
        assert found == [wall for wall in expected if wall >= low], f"seed 1: {text} from {start}"
        named += len(found)
    assert named > 3_000
