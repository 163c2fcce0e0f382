"""What a terminal shows of past runs."""

from __future__ import annotations

import re

from drillrunner.model.history import BrokenRun, History, PastRehearsal
from drillrunner.model.verdict import ObjectiveVerdict, RevertResult
from drillrunner.reporting.history_text import history_lines
from past_reports import day, past, rto

RPO = ObjectiveVerdict(name="rpo", probe="orders", target=5.0, low=1.0, high=1.5, outcome="met", why="", estimated=True)
MET = past(day(2026, 11, 20), rto(97.1, 98.7), RPO)


def test_a_run_is_one_line_with_its_figures_against_their_targets() -> None:
    header, line = history_lines(History(runs=(MET,)))
    assert header.split("  ")[0] == "when"
    assert re.split(" {2,}", line) == [
        "2026-11-20 12:00Z",
        "20261120-120000-000000",
        "regional-outage",
        "lab",
        "✓ met",
        "1m37s–1m39s / ≤ 3m",
        "~1s–1.5s (estimate)",
        "4/4",
        "completed",
    ]


def test_what_is_left_injected_is_said_in_capitals_but_not_of_a_run_that_goes_on() -> None:
    left = RevertResult(of=3, reverted=1, seconds=None, left=("a", "b"))
    died = past(day(2026, 11, 20), ended_by="died", revert=left)
    assert "1/3 STILL INJECTED  died" in history_lines(History(runs=(died,)))[1]
    going_on = died.model_copy(update={"under_way": True})
    assert history_lines(History(runs=(going_on,)))[1].endswith("1/3       still running")


def test_a_long_reason_is_cut_and_outside_text_made_visible() -> None:
    ended = past(day(2026, 11, 20), drill="evil\x1b[2J", ended_by="aborted: " + "because " * 20)
    line = history_lines(History(runs=(ended,)))[1]
    assert "evil\\u001b[2J" in line
    assert line.endswith("…")


def test_an_aws_environment_says_that_it_is_one() -> None:
    assert (
        "staging (aws)" in history_lines(History(runs=(past(day(2026, 1, 1), environment="staging", kind="aws"),)))[1]
    )


def test_what_is_left_out_and_what_is_broken_is_told() -> None:
    broken = BrokenRun(run_id="x", folder="reports/x", why="the hash chain does not hold")
    assert history_lines(History(runs=(), broken=(broken,))) == [
        "no run is there that is asked for",
        "! reports/x is left out: the hash chain does not hold",
    ]
    assert history_lines(History(runs=(MET,), more=True))[-1] == "… and older ones: --limit shows more"


def test_rehearsals_have_a_table_of_their_own() -> None:
    rehearsed = PastRehearsal(
        folder="reports/rehearsals/20261120-120000-aaaaaa-regional-outage",
        drill="regional-outage",
        environment="lab",
        topology="checkout",
        outcome="met",
        runs=200,
        rto_seconds_p90=None,
        rto_target=180.0,
        rto_met=199,
        rto_of=200,
    )
    lines = history_lines(History(runs=(MET,), rehearsals=(rehearsed,)))
    assert lines[2] == ""
    assert lines[3].startswith("rehearsal")
    assert "200   ✓ met    not bounded / ≤ 3m  199/200" in lines[4]
