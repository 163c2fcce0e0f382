"""Whether a trigger finds anything to run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drillrunner.gameday.install.due_now import Answers, due_now, is_moment
from drillrunner.gameday.install.triggers import triggers_of
from drillrunner.gameday.occurrences import occurrences
from drillrunner.model.schedule import Every, Schedule
from install_jobs import FROM_THE_LAST_RUN, IN_THE_GAP, MONDAYS

MONDAY = datetime(2026, 11, 16, 8, tzinfo=UTC)  # 9:00 in Berlin
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_a_moment_is_due_from_then_on_and_not_before() -> None:
    assert due_now(MONDAYS, Answers(), MONDAY - MINUTE) is None
    assert due_now(MONDAYS, Answers(), MONDAY) == MONDAY
    assert due_now(MONDAYS, Answers(), MONDAY + 59 * MINUTE) == MONDAY


def test_a_run_that_began_since_answers_it_even_if_it_did_not_come_to_its_end() -> None:
    begun = Answers(begun=MONDAY + MINUTE)
    assert due_now(MONDAYS, begun, MONDAY + 5 * MINUTE) is None
    assert due_now(MONDAYS, begun, MONDAY + 7 * DAY) == MONDAY + 7 * DAY


def test_what_is_later_than_its_grace_is_left() -> None:
    assert due_now(MONDAYS, Answers(), MONDAY + 2 * HOUR) is None
    patient = MONDAYS.model_copy(update={"grace_seconds": 3 * 86_400.0})
    assert due_now(patient, Answers(), MONDAY + 2 * DAY) == MONDAY
    assert due_now(patient, Answers(), MONDAY + 4 * DAY) is None


def test_what_is_to_be_made_up_for_is_due_however_late_it_is() -> None:
    schedule = MONDAYS.model_copy(update={"missed": "run_once"})
    ran = Answers(completed=MONDAY - 10 * DAY, begun=MONDAY - 10 * DAY)
    assert due_now(schedule, ran, MONDAY + 2 * DAY) == MONDAY - 7 * DAY


def test_what_counts_from_the_last_run_waits_for_a_first_one() -> None:
    assert due_now(FROM_THE_LAST_RUN, Answers(), MONDAY) is None
    assert due_now(FROM_THE_LAST_RUN, Answers(begun=MONDAY), MONDAY + 200 * DAY) is None


def test_what_counts_from_the_last_run_is_due_at_the_look_after_its_day() -> None:
    schedule = FROM_THE_LAST_RUN.model_copy(update={"grace_seconds": 14 * 86_400.0})
    ran = Answers(completed=MONDAY - 100 * DAY, begun=MONDAY - 100 * DAY)
    found = due_now(schedule, ran, MONDAY)
    assert found is not None
    assert MONDAY - 14 * DAY < found <= MONDAY
    again = Answers(completed=ran.completed, begun=MONDAY)
    assert due_now(schedule, again, MONDAY + DAY) is None


def test_before_its_starts_nothing_is_due_and_a_leap_day_is() -> None:
    schedule = Schedule(every=Every(months=12), starts=datetime(2028, 2, 29, 9))
    assert due_now(schedule, Answers(), datetime(2028, 2, 29, 8, 59, tzinfo=UTC)) is None
    assert due_now(schedule, Answers(), datetime(2028, 2, 29, 9, 1, tzinfo=UTC)) is not None


def test_two_years_of_triggers_through_four_changes_of_clocks_start_one_run_for_each_moment() -> None:
    triggers, begun, started = triggers_of(IN_THE_GAP, "UTC"), None, []
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(730):
        for at in triggers.times:
            now = datetime.combine((first + number * DAY).date(), at, UTC) + timedelta(seconds=7)
            found = due_now(IN_THE_GAP, Answers(begun=begun), now)
            if found is not None:
                begun = now
                started.append(found)
    assert started == list(occurrences(IN_THE_GAP, first, first + 730 * DAY))


def test_a_trigger_without_memory_runs_for_its_own_moment_alone() -> None:
    assert is_moment(MONDAYS, MONDAY)
    assert not is_moment(MONDAYS, MONDAY - HOUR)
    assert not is_moment(MONDAYS, MONDAY + MINUTE)
