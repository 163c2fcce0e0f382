"""A trend on a terminal."""

from __future__ import annotations

from drillrunner.judge.trend import trend
from drillrunner.model.history import BrokenRun
from drillrunner.model.trend import Period
from drillrunner.reporting.trend_text import bar, sparkline, trend_lines
from past_reports import day, past, rto

RUNS = [
    past(day(2026, 2, 1), rto(100.0, 110.0)),
    past(day(2026, 5, 1), rto(60.0, 62.0, 120.0)),
    past(day(2026, 6, 1), rto(600.0, None, 120.0)),
    past(day(2026, 6, 2), rto(1.0, 2.0), ended_by="aborted: SIGINT"),
]


def period(low: float | None, high: float | None, median: float | None, *targets: float) -> Period:
    return Period(name="2026-Q1", runs=1, measured=1, met=0, median=median, low=low, high=high, targets=targets)


def test_each_quarter_is_a_line_with_median_spread_and_the_share_that_met_its_target() -> None:
    lines = trend_lines(trend(RUNS, "quarter"), ["rto"])
    assert lines[0] == (
        "regional-outage · lab (simulated, topology checkout) · RTO of checkout · target ≤ 3m, since 2026-05-01 ≤ 2m"
    )
    assert lines[2].split()[:6] == ["2026-Q1", "1m45s", "1m40s–1m50s", "1", "1/1", "100%"]
    assert lines[3].split()[:7] == ["2026-Q2", "not", "bounded", "≥", "1m", "2", "1/2"]
    assert lines[4].startswith("  each run  ")
    assert lines[-1] == "not counted: regional-outage · lab (simulated, topology checkout): 1 aborted"


def test_a_bar_shows_spread_median_and_target_on_one_scale() -> None:
    assert bar(period(2.0, 5.0, 3.0, 8.0), 10.0, 10) == "··━●━━··│·"


def test_a_bar_that_nothing_bounds_runs_on_to_the_right() -> None:
    assert bar(period(2.0, None, None, 4.0), 10.0, 10) == "··━━│━━━━→"


def test_nothing_measured_is_an_empty_bar_with_its_target() -> None:
    nothing = period(None, None, None, 4.0).model_copy(update={"measured": 0})
    assert bar(nothing, 10.0, 10) == "····│·····"


def test_the_sparkline_is_oldest_first_and_marks_what_has_no_figure() -> None:
    (line,) = trend([*RUNS[:3], past(day(2026, 7, 1), rto(None, None))], "quarter").lines
    assert sparkline(line) == "▅▃×·"


def test_objectives_that_are_not_asked_for_are_left_out() -> None:
    assert trend_lines(trend(RUNS[:1], "quarter"), ["rpo"]) == ["no completed run is there that measured this"]


def test_a_folder_that_cannot_be_read_is_told_and_outside_text_made_visible() -> None:
    broken = (BrokenRun(run_id="x", folder="reports/x", why="torn"),)
    found = trend([past(day(2026, 2, 1), rto(1.0, 2.0), drill="evil\x1b[2J")], "run").model_copy(
        update={"broken": broken}
    )
    lines = trend_lines(found, ["rto"])
    assert lines[0].startswith("evil\\u001b[2J · ")
    assert lines[-1] == "! reports/x is left out: torn"
