"""What a terminal says of a run beside its rehearsal."""

from __future__ import annotations

from drillrunner.judge.prediction import compare
from drillrunner.model.verdict import ObjectiveVerdict, Share, Verdict
from drillrunner.reporting.comparison_text import comparison_lines
from fabricated_rehearsal import rehearsal, rto_run
from made_up_verdict import verdict

PREDICTED = rehearsal([rto_run(n, 50.0 + n, anatomy={"detect": 20.0, "propagate": 30.0 + n}) for n in range(1, 101)])


def measured(high: float, detect: float, drill: str = "regional-outage") -> Verdict:
    rto = ObjectiveVerdict(name="rto", probe="checkout", target=180.0, low=high - 1, high=high, outcome="met", why="")
    parts = (Share(part="detect", seconds=detect), Share(part="propagate", seconds=high - detect))
    return verdict(drill=drill, objectives=(rto,), anatomy=parts)


def test_a_run_as_rehearsed_says_so_first() -> None:
    assert comparison_lines(compare(measured(100.0, 20.0), PREDICTED)) == [
        "AS REHEARSED · every objective within the prediction · regional-outage · run 20261120-140000-7f3a9c · seed 1",
        "  ✓ RTO of checkout 1m39s–1m40s, at P50: within nine rehearsed runs in ten (54s–2m25s)",
        "  Part of the RTO   measured    median  nine rehearsed runs in ten",
        "  Detect                 20s       20s  20s",
        "  Propagate            1m20s     1m20s  35s–2m05s",
        "  anatomy: no part of the RTO left its prediction; Detect is furthest off: 20s, median 20s (20s)",
    ]


def test_what_the_model_missed_is_named() -> None:
    lines = comparison_lines(compare(measured(200.0, 90.0), PREDICTED))
    assert lines[0].startswith("NOT AS REHEARSED · 1 of 1 objectives outside the prediction")
    assert "  Detect               1m30s       20s  20s            1m10s above" in lines
    assert lines[-1] == (
        "  what the model missed: Detect took 1m30s, more than the model knows:"
        " median 20s, nine rehearsed runs in ten 20s"
    )


def test_where_nothing_can_be_compared_no_result_is_claimed() -> None:
    lines = comparison_lines(compare(verdict(objectives=(), anatomy=()), rehearsal([])))
    assert lines[0].startswith("NOT COMPARED · no objective was measured in both")


def test_a_caution_stands_before_the_figures_and_outside_text_is_made_visible() -> None:
    lines = comparison_lines(compare(measured(100.0, 20.0, "other\x1b[2J"), PREDICTED))
    assert lines[1] == "  ! the run is of other\\u001b[2J, the rehearsal of regional-outage"
