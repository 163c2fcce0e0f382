"""How figures are gathered over runs: medians, spreads, targets that change, and what is not counted."""

from __future__ import annotations

from drillrunner.judge.trend import trend
from drillrunner.model.history import PastRun
from drillrunner.model.trend import TrendLine
from drillrunner.model.verdict import ObjectiveVerdict
from past_reports import day, past, rto


def only_line(*runs: PastRun) -> TrendLine:
    (line,) = trend(runs, "quarter").lines
    return line


def test_a_quarter_has_the_median_of_middles_the_lowest_low_and_the_highest_high() -> None:
    line = only_line(
        past(day(2026, 7, 1), rto(10.0, 20.0)),
        past(day(2026, 8, 1), rto(50.0, 52.0)),
        past(day(2026, 9, 30), rto(5, 9)),
    )
    (quarter,) = line.periods
    assert (quarter.name, quarter.runs, quarter.measured, quarter.met) == ("2026-Q3", 3, 3, 3)
    assert (quarter.median, quarter.low, quarter.high) == (15.0, 5.0, 52.0)


def test_quarters_and_months_are_those_of_utc_and_come_in_order() -> None:
    late = past(day(2026, 12, 31, 23), rto(1.0, 2.0), began_wall="2026-12-31T23:30:00-01:00")
    runs = [late, past(day(2026, 4, 1), rto(1.0, 2.0)), past(day(2026, 3, 31), rto(1.0, 2.0))]
    assert [period.name for period in only_line(*runs).periods] == ["2026-Q1", "2026-Q2", "2027-Q1"]
    (monthly,) = trend(runs, "month").lines
    assert [period.name for period in monthly.periods] == ["2026-03", "2026-04", "2027-01"]
    (single,) = trend(runs, "run").lines
    assert [period.name for period in single.periods] == [runs[2].run_id, runs[1].run_id, runs[0].run_id]


def test_a_run_that_never_recovered_ranks_last_and_leaves_the_spread_open() -> None:
    never = past(day(2026, 7, 3), rto(600.0, None))
    two = only_line(past(day(2026, 7, 1), rto(10.0, 12.0)), never).periods[0]
    assert (two.median, two.low, two.high, two.met) == (None, 10.0, None, 1)
    three = only_line(past(day(2026, 7, 1), rto(10, 12)), past(day(2026, 7, 2), rto(20, 22)), never).periods[0]
    assert three.median == 21.0


def test_a_run_that_measured_nothing_counts_as_a_run_but_not_as_a_measurement() -> None:
    blind = only_line(past(day(2026, 7, 1), rto(None, None)), past(day(2026, 7, 2), rto(20.0, 22.0))).periods[0]
    assert (blind.runs, blind.measured, blind.met, blind.median) == (2, 1, 1, 21.0)
    nothing = only_line(past(day(2026, 7, 1), rto(None, None))).periods[0]
    assert (nothing.measured, nothing.median, nothing.low, nothing.high) == (0, None, None, None)


def test_the_lab_aws_topologies_and_environments_never_share_a_line() -> None:
    runs = [
        past(day(2026, 7, 1), rto(1.0, 2.0)),
        past(day(2026, 7, 2), rto(1.0, 2.0), kind="aws", place="123456789012"),
        past(day(2026, 7, 3), rto(1.0, 2.0), place="postgres"),
        past(day(2026, 7, 4), rto(1.0, 2.0), environment="other"),
        past(day(2026, 7, 5), rto(1.0, 2.0, probe="orders")),
    ]
    assert len(trend(runs, "quarter").lines) == len(runs)


def test_a_target_that_changed_is_told_with_the_run_since_which_it_holds() -> None:
    runs = [past(day(2026, 7, number), rto(1.0, 2.0, target)) for number, target in ((1, 180), (2, 180), (3, 120))]
    line = only_line(*runs)
    assert [(one.target, one.run_id) for one in line.targets] == [(180.0, runs[0].run_id), (120.0, runs[2].run_id)]
    assert line.periods[0].targets == (180.0, 120.0)


def test_runs_that_ended_early_or_go_on_are_counted_beside_the_line() -> None:
    found = trend(
        [
            past(day(2026, 7, 1), rto(1.0, 2.0)),
            past(day(2026, 7, 2), rto(1.0, 2.0), ended_by="aborted: SIGINT"),
            past(day(2026, 7, 3), ended_by="refused: a freeze window"),
            past(day(2026, 7, 4), ended_by="died"),
            past(day(2026, 7, 5), ended_by="died", under_way=True),
            past(day(2026, 7, 6), rto(1.0, 2.0), began_wall=""),
        ],
        "quarter",
    )
    assert len(found.lines[0].runs) == 1
    assert {one.ended: one.count for one in found.left_out} == {
        "aborted": 1,
        "refused": 1,
        "died": 1,
        "running": 1,
        "undated": 1,
    }


def test_objectives_come_in_their_usual_order_rto_first() -> None:
    latency = ObjectiveVerdict(name="latency", probe="a", target=1.0, low=0.1, high=0.2, outcome="met", why="")
    found = trend([past(day(2026, 7, 1), latency, rto(1.0, 2.0))], "quarter")
    assert [line.objective for line in found.lines] == ["rto", "latency"]
