"""On which days and at which times other schedulers look: never too seldom, exactly where they can."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from drillrunner.gameday.install.eventbridge import schedule_expression
from drillrunner.gameday.install.systemd import on_calendar
from drillrunner.gameday.install.triggers import Triggers, cron_lines, one_cron_line, triggered_at, triggers_of
from drillrunner.gameday.occurrences import occurrences
from drillrunner.model.schedule import Every, Schedule
from install_jobs import FROM_THE_LAST_RUN, IN_THE_GAP, MONDAYS, SECOND_TUESDAYS

BERLIN = "Europe/Berlin"
STARTS = datetime(2026, 1, 31, 10, 0, 30)
SCHEDULES = {
    "mondays": MONDAYS,
    "second Tuesdays of quarters": SECOND_TUESDAYS,
    "within the gap": IN_THE_GAP,
    "within the gap of Lord Howe, half an hour": Schedule(cron="15 2 * * *", time_zone="Australia/Lord_Howe"),
    "the end of each month, half a minute past": Schedule(every=Every(months=1), starts=STARTS, time_zone=BERLIN),
    "every 90 days": Schedule(every=Every(days=90), starts=STARTS, time_zone="America/New_York"),
    "leap days": Schedule(rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", starts=datetime(2024, 2, 29, 8)),
    "ten times": Schedule(rrule="FREQ=WEEKLY;COUNT=10", starts=datetime(2027, 1, 4, 9), time_zone=BERLIN),
    "last working days": Schedule(
        rrule="FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", starts=datetime(2026, 1, 1, 23, 45), time_zone=BERLIN
    ),
    "either kind of day": Schedule(cron="0 9 13 * 5", time_zone="Asia/Kathmandu"),
}


def looks_at(triggers: Triggers, moment: datetime) -> bool:
    """Whether there is a trigger in the minute from the moment on."""
    wall = moment.astimezone(ZoneInfo(triggers.time_zone)).replace(tzinfo=None)
    wall += timedelta(seconds=-wall.second % 60)
    return triggers.fits(wall.date()) and wall.time() in triggers.times


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_no_moment_is_without_a_trigger_in_its_own_zone_or_in_utc(schedule: Schedule) -> None:
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    moments = list(islice(occurrences(schedule, begins, begins + timedelta(days=3_000)), 3_000))
    assert moments
    for triggers in (triggers_of(schedule), triggers_of(schedule, "UTC")):
        forms = (triggers, triggers.with_one_kind_of_day(), triggers.with_minutes_in_each_hour())
        assert [at for at in moments for form in forms if not looks_at(form, at)] == []


def test_a_weekly_schedule_is_expressed_exactly() -> None:
    found = triggers_of(MONDAYS)
    assert found.exact
    assert on_calendar(found) == ("Mon *-*-* 9:00:00 Europe/Berlin",)
    assert one_cron_line(found) == "0 9 * * 1"
    assert schedule_expression(found) == "cron(0 9 ? * MON *)"
    assert found.with_minutes_in_each_hour().exact


def test_second_tuesdays_are_exact_for_systemd_and_all_tuesdays_for_cron() -> None:
    found = triggers_of(SECOND_TUESDAYS)
    assert found.exact
    assert on_calendar(found) == ("Tue *-02,05,08,11-08,09,10,11,12,13,14 10:00:00 Europe/Berlin",)
    assert one_cron_line(found) == "0 10 * 2,5,8,11 2"
    assert not found.with_minutes_in_each_hour().exact


def test_in_utc_a_time_has_one_trigger_for_each_half_of_the_year_each_on_a_line_of_its_own() -> None:
    assert cron_lines(triggers_of(MONDAYS, "UTC")) == ("0 7 * * 1", "0 8 * * 1")


def test_where_clocks_skip_the_time_the_end_of_the_gap_is_a_trigger_too() -> None:
    found = triggers_of(IN_THE_GAP)
    assert found.times == (time(2, 30), time(3, 0))
    assert not found.exact


def test_what_ends_is_not_exact_because_triggers_go_on() -> None:
    assert not triggers_of(SCHEDULES["ten times"]).exact


def test_what_counts_from_the_last_run_is_looked_for_every_day() -> None:
    found = triggers_of(FROM_THE_LAST_RUN)
    assert one_cron_line(found) == "0 9 * * *"
    assert not found.exact


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("30 15 * * *", "2026-11-21T15:30"),
        ("30 17 * * *", "2026-11-20T17:30"),
        ("30 17 * * 6", None),  # it is Saturday, and not half past five yet
        ("30 15 * * 6", "2026-11-21T15:30"),
        ("x", None),
    ],
)
def test_a_trigger_is_known_again_however_late_the_run_begins(line: str, expected: str | None) -> None:
    now = datetime(2026, 11, 21, 16, 59, tzinfo=UTC)
    found = triggered_at(line, now)
    assert found == (datetime.fromisoformat(f"{expected}:00+00:00") if expected else None)
