"""The moments of schedules over months of calendar, against tables that were worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillrunner.gameday.occurrences import first_after, moment_of, occurrences
from drillrunner.model.schedule import Every, Schedule


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def found(schedule: Schedule, after: str, before: str) -> list[str]:
    """The moments in UTC, as `2026-03-29T01:00`."""
    return [f"{one:%Y-%m-%dT%H:%M}" for one in occurrences(schedule, at(after), at(before))]


def test_a_time_that_clocks_skip_in_berlin_is_the_end_of_the_gap() -> None:
    nightly = Schedule(cron="30 2 * * *", time_zone="Europe/Berlin")
    # clocks go from 02:00 to 03:00 on 29 March 2026
    assert found(nightly, "2026-03-28T00:00", "2026-03-31T00:00") == [
        "2026-03-28T01:30",
        "2026-03-29T01:00",
        "2026-03-30T00:30",
    ]


def test_a_time_that_comes_twice_in_berlin_is_its_first() -> None:
    nightly = Schedule(cron="30 2 * * *", time_zone="Europe/Berlin")
    # clocks go from 03:00 back to 02:00 on 25 October 2026
    assert found(nightly, "2026-10-24T00:00", "2026-10-27T00:00") == [
        "2026-10-24T00:30",
        "2026-10-25T00:30",
        "2026-10-26T01:30",
    ]


def test_both_changes_of_clocks_in_new_york() -> None:
    rule = "FREQ=DAILY;BYHOUR=1,2;BYMINUTE=30"
    twice = Schedule(rrule=rule, starts=datetime(2026, 1, 1), time_zone="America/New_York")
    # 8 March 2026: 02:00 becomes 03:00, so that 02:30 is 03:00 EDT
    assert found(twice, "2026-03-08T00:00", "2026-03-09T06:00") == [
        "2026-03-08T06:30",
        "2026-03-08T07:00",
        "2026-03-09T05:30",
    ]
    # 1 November 2026: 02:00 becomes 01:00, so that 01:30 comes at 05:30Z and 06:30Z
    assert found(twice, "2026-11-01T00:00", "2026-11-02T00:00") == ["2026-11-01T05:30", "2026-11-01T07:30"]


def test_every_hour_across_a_gap_comes_once_for_each_moment() -> None:
    hourly = Schedule(cron="0 * * * *", time_zone="Europe/Berlin")
    # 02:00 does not exist and would be 03:00, which is there itself
    assert found(hourly, "2026-03-28T23:30", "2026-03-29T02:30") == [
        "2026-03-29T00:00",
        "2026-03-29T01:00",
        "2026-03-29T02:00",
    ]


def test_a_day_that_samoa_left_out_is_the_first_moment_of_the_next() -> None:
    # 30 December 2011 is missing in Apia: the 31st began there at 10:00Z on the 30th
    assert moment_of(datetime(2011, 12, 30, 9, 15), ZoneInfo("Pacific/Apia")) == datetime(2011, 12, 30, 10, tzinfo=UTC)


def test_a_wall_time_stays_while_its_moment_moves_with_the_season() -> None:
    rule = "FREQ=MONTHLY;BYDAY=2TU;BYHOUR=10"
    second_tuesdays = Schedule(rrule=rule, starts=datetime(2026, 1, 13, 10), time_zone="Europe/Berlin")
    assert found(second_tuesdays, "2026-01-01T00:00", "2026-12-31T00:00") == [
        "2026-01-13T09:00",
        "2026-02-10T09:00",
        "2026-03-10T09:00",
        "2026-04-14T08:00",
        "2026-05-12T08:00",
        "2026-06-09T08:00",
        "2026-07-14T08:00",
        "2026-08-11T08:00",
        "2026-09-08T08:00",
        "2026-10-13T08:00",
        "2026-11-10T09:00",
        "2026-12-08T09:00",
    ]


def test_a_month_without_a_31st_takes_its_last_day_and_the_next_has_the_31st_again() -> None:
    monthly = Schedule(every=Every(months=1), starts=datetime(2026, 1, 31, 8))
    assert found(monthly, "2026-01-01T00:00", "2026-06-01T00:00") == [
        "2026-01-31T08:00",
        "2026-02-28T08:00",
        "2026-03-31T08:00",
        "2026-04-30T08:00",
        "2026-05-31T08:00",
    ]


def test_a_rule_for_the_31st_leaves_short_months_out() -> None:
    rule = Schedule(rrule="FREQ=MONTHLY;BYMONTHDAY=31", starts=datetime(2026, 1, 31, 8))
    assert found(rule, "2026-01-01T00:00", "2026-06-01T00:00") == [
        "2026-01-31T08:00",
        "2026-03-31T08:00",
        "2026-05-31T08:00",
    ]


def test_quarters_from_the_end_of_one_end_with_their_months() -> None:
    quarterly = Schedule(every=Every(months=3), starts=datetime(2025, 11, 30))
    assert found(quarterly, "2025-12-01T00:00", "2026-12-01T00:00") == [
        "2026-02-28T00:00",
        "2026-05-30T00:00",
        "2026-08-30T00:00",
        "2026-11-30T00:00",
    ]


def test_a_leap_day_is_the_28th_in_other_years_and_itself_in_the_next_leap_year() -> None:
    yearly = Schedule(every=Every(months=12), starts=datetime(2024, 2, 29))
    assert found(yearly, "2024-02-01T00:00", "2028-12-01T00:00") == [
        "2024-02-29T00:00",
        "2025-02-28T00:00",
        "2026-02-28T00:00",
        "2027-02-28T00:00",
        "2028-02-29T00:00",
    ]
    assert found(Schedule(cron="0 0 29 2 *"), "2025-01-01T00:00", "2033-01-01T00:00") == [
        "2028-02-29T00:00",
        "2032-02-29T00:00",
    ]


def test_the_last_day_of_each_quarter_by_a_rule() -> None:
    rule = Schedule(rrule="FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=-1", starts=datetime(2026, 3, 31, 9))
    assert found(rule, "2026-01-01T00:00", "2027-01-01T00:00") == [
        "2026-03-31T09:00",
        "2026-06-30T09:00",
        "2026-09-30T09:00",
        "2026-12-31T09:00",
    ]


def test_without_a_start_a_distance_counts_from_the_bound() -> None:
    assert found(Schedule(every=Every(days=90)), "2026-01-01T08:00:30", "2026-08-01T00:00") == [
        "2026-04-01T08:00",
        "2026-06-30T08:00",
    ]


def test_the_lower_bound_is_left_out_and_the_upper_one_is_in() -> None:
    monday = Schedule(cron="0 9 * * 1")
    assert found(monday, "2026-11-16T09:00", "2026-11-30T09:00") == ["2026-11-23T09:00", "2026-11-30T09:00"]


def test_nothing_comes_before_the_start() -> None:
    monday = Schedule(cron="0 9 * * 1", starts=datetime(2026, 11, 23, 9))
    assert found(monday, "2026-11-01T00:00", "2026-11-30T12:00") == ["2026-11-23T09:00", "2026-11-30T09:00"]


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ("FREQ=WEEKLY;COUNT=3", "2026-01-19T10:00"),
        ("FREQ=WEEKLY;UNTIL=20260119T100000Z", "2026-01-19T10:00"),
        ("FREQ=WEEKLY;UNTIL=20260119T095959Z", "2026-01-12T10:00"),
    ],
)
def test_a_rule_ends_by_its_count_or_its_last_moment(rule: str, last: str) -> None:
    schedule = Schedule(rrule=rule, starts=datetime(2026, 1, 5, 10))
    assert found(schedule, "2026-01-01T00:00", "2027-01-01T00:00")[-1] == last
    assert first_after(schedule, at(last)) is None


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
CADENCES = (
    {"every": Every(months=1)},
    {"every": Every(days=14)},
    {"every": Every(months=12), "starts": datetime(2020, 2, 29, 2, 30)},
    {"cron": "30 */2 * * *"},
    {"cron": "15 2 28-31 * sun"},
    {"rrule": "FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=15", "starts": datetime(2020, 1, 1)},
    {"rrule": "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU;BYHOUR=2", "starts": datetime(2020, 1, 1, 0, 30)},
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(CADENCES),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2019, 1, 1), datetime(2035, 1, 1)),
    st.integers(0, 120),
)
def test_moments_ascend_within_the_window(cadence: dict[str, object], zone: str, after: datetime, days: int) -> None:
    schedule = Schedule.model_validate({**cadence, "time_zone": zone})
    begins = after.replace(tzinfo=UTC)
    ends = begins + timedelta(days=days)
    moments = list(occurrences(schedule, begins, ends))
    assert all(begins < one <= ends for one in moments)
    assert all(one < other for one, other in pairwise(moments))
    assert all(one.tzinfo is UTC for one in moments)
