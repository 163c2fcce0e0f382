"""Which past runs are meant, which came before a run, and what is said where nothing is known."""

from __future__ import annotations

from datetime import timedelta

from drillrunner.judge.history import Wanted, earlier_runs, past_rehearsal, past_run, place_of
from drillrunner.model.history import worst_of
from fabricated_rehearsal import rehearsal, rto_run
from past_reports import day, past, rto, verdict_on

NEWEST_FIRST = [past(day(2026, 11, number), rto(number, number + 2.0)) for number in (9, 8, 7, 6, 5, 4)]
NOW = past(day(2026, 11, 10), rto(10.0, 12.0))


def test_the_last_four_runs_before_one_are_told_oldest_first() -> None:
    found = earlier_runs(NEWEST_FIRST, NOW)
    assert [one.rto_seconds for one in found] == [7.0, 8.0, 9.0, 10.0]
    assert [one.run_id[:8] for one in found] == ["20261106", "20261107", "20261108", "20261109"]


def test_no_more_runs_are_read_than_are_needed() -> None:
    looked_at = iter(NEWEST_FIRST)
    earlier_runs(looked_at, NOW, most=2)
    assert next(looked_at).run_id.startswith("20261107")


def test_later_runs_and_the_run_itself_are_not_before_it() -> None:
    assert [one.run_id[:8] for one in earlier_runs(NEWEST_FIRST, NEWEST_FIRST[3])] == ["20261104", "20261105"]


def test_another_drill_place_or_kind_and_a_run_that_ended_early_are_left_out() -> None:
    others = [
        past(day(2026, 11, 9), rto(1.0, 2.0), drill="other"),
        past(day(2026, 11, 8), rto(1.0, 2.0), environment="staging"),
        past(day(2026, 11, 7), rto(1.0, 2.0), kind="aws"),
        past(day(2026, 11, 6), rto(1.0, 2.0), place="postgres"),
        past(day(2026, 11, 5), rto(1.0, 2.0), ended_by="aborted: SIGINT"),
    ]
    assert earlier_runs(others, NOW) == ()


def test_a_run_that_did_not_recover_has_no_middle_but_its_low_end() -> None:
    (one,) = earlier_runs([past(day(2026, 11, 9), rto(600.0, None))], NOW)
    assert (one.rto_low, one.rto_high, one.rto_seconds, one.outcome) == (600.0, None, None, "missed")


def test_of_two_rtos_a_run_is_judged_by_the_worse() -> None:
    good, slow, never = rto(10.0, 11.0), rto(50.0, 60.0, probe="b"), rto(20.0, None, probe="c")
    assert worst_of([good, slow], "rto") is slow
    assert worst_of([never, good, slow], "rto") is never
    assert worst_of([good], "rpo") is None


def test_a_run_without_a_date_is_left_out_only_where_a_date_is_asked_for() -> None:
    undated = past(day(2026, 11, 9), began_wall="")
    assert Wanted().has(undated)
    assert not Wanted(since=day(2026, 1, 1)).has(undated)


def test_since_drill_and_environment_choose_runs() -> None:
    assert Wanted(since=day(2026, 11, 10)).has(NOW)
    assert not Wanted(since=day(2026, 11, 10) + timedelta(seconds=1)).has(NOW)
    assert not Wanted(drill="other").has(NOW)
    assert not Wanted(environment="prod").has(NOW)


def test_where_a_run_took_place_is_read_from_a_plan_of_any_version() -> None:
    assert place_of({"kind": "lab", "topology": "checkout", "something": "newer"}) == ("lab", "checkout")
    assert place_of({"kind": "aws", "account": None}) == ("aws", None)
    assert place_of({"kind": "cloud"}) is None
    assert place_of(None) is None


def test_what_lists_need_of_a_verdict_is_taken_from_it() -> None:
    judged = verdict_on(day(2026, 11, 10), rto(10.0, 12.0))
    assert past_run(judged, "lab", "checkout", f"reports/{judged.run_id}") == NOW


def test_a_rehearsal_is_summed_up_by_its_first_rto() -> None:
    found = past_rehearsal(rehearsal([rto_run(n, 170.0 + n) for n in range(1, 21)]), "reports/rehearsals/x")
    assert (found.runs, found.rto_met, found.rto_of) == (20, 10, 20)
    assert (found.rto_seconds_p90, found.rto_target) == (188.0, 180.0)
