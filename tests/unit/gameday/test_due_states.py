"""How a drill stands to its schedule, day by day, against tables that were worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drillrunner.gameday.due import due, planned
from drillrunner.model.schedule import Due, Every, Schedule

QUARTERLY = Schedule(every=Every(months=3), grace_seconds=14 * 86_400)
MONDAYS = Schedule(cron="0 9 * * 1", time_zone="Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "state", "days_overdue", "missed"),
    [
        ("2026-01-31T12:00", "ok", 0, 0),
        ("2026-04-30T09:59", "ok", 0, 0),  # 31 January and three months: April has 30 days
        ("2026-04-30T10:00", "due", 0, 0),
        ("2026-05-14T10:00", "due", 0, 0),  # the last moment of the grace
        ("2026-05-15T10:00", "overdue", 15, 1),
        ("2026-08-01T10:00", "overdue", 93, 1),  # the second quarter's end is within its grace still
        ("2026-08-15T10:00", "overdue", 107, 2),
        ("2026-11-21T10:00", "overdue", 205, 3),
    ],
)
def test_a_quarter_after_the_last_run_it_is_due_and_after_its_grace_overdue(
    now: str, state: str, days_overdue: int, missed: int
) -> None:
    found = due(QUARTERLY, at("2026-01-31T10:00"), at(now))
    assert (found.state, found.overdue_seconds // 86_400, found.missed) == (state, days_overdue, missed)
    assert found.due_at == at("2026-04-30T10:00")


def test_a_run_answers_the_moments_before_it_and_none_after() -> None:
    sunday = due(MONDAYS, at("2026-11-15T20:00"), at("2026-11-17T12:00"))
    assert sunday == Due(state="overdue", due_at=at("2026-11-16T08:00"), overdue_seconds=28 * 3600.0, missed=1)
    monday = due(MONDAYS, at("2026-11-16T08:05"), at("2026-11-17T12:00"))
    assert monday == Due(state="ok", due_at=at("2026-11-23T08:00"))


def test_what_was_never_run_and_says_not_since_when_is_not_overdue() -> None:
    assert due(QUARTERLY, None, at("2026-11-21T12:00")) == Due(state="never", due_at=None)
    assert due(MONDAYS, None, at("2026-11-21T12:00")) == Due(state="never", due_at=at("2026-11-23T08:00"))


def test_what_was_never_run_is_due_from_its_start_on() -> None:
    schedule = Schedule(every=Every(days=14), starts=datetime(2026, 1, 5, 9), grace_seconds=86_400)
    states = {day: due(schedule, None, at(f"2026-01-{day}T12:00")) for day in ("04", "05", "07", "21")}
    assert {day: (found.state, found.missed) for day, found in states.items()} == {
        "04": ("never", 0),
        "05": ("due", 0),
        "07": ("overdue", 1),
        "21": ("overdue", 2),
    }
    assert all(found.due_at == at("2026-01-05T09:00") for found in states.values())


def test_after_the_last_date_of_a_rule_nothing_is_due() -> None:
    once = Schedule(rrule="FREQ=DAILY;COUNT=1", starts=datetime(2026, 1, 5, 9))
    assert due(once, at("2026-01-05T09:00"), at("2026-06-01T00:00")) == Due(state="ok", due_at=None)


def test_a_year_of_mondays_that_nobody_kept_counts_each() -> None:
    assert due(MONDAYS, at("2025-12-31T12:00"), at("2026-12-31T12:00")).missed == 52


def test_the_calendar_counts_from_the_last_run_only_where_the_schedule_does() -> None:
    now, until = at("2026-06-01T00:00"), at("2026-12-31T00:00")
    assert planned(QUARTERLY, at("2026-01-31T10:00"), now, until) == [at("2026-07-31T10:00"), at("2026-10-31T10:00")]
    assert planned(QUARTERLY, None, now, until) == []
    assert planned(MONDAYS, None, now, at("2026-06-09T00:00")) == [at("2026-06-01T07:00"), at("2026-06-08T07:00")]
