"""What a terminal says of two runs."""

from __future__ import annotations

from drillrunner.judge import judge
from drillrunner.judge.run_comparison import JudgedRun, compare_runs
from drillrunner.reporting.run_comparison_text import run_comparison_lines
from fabricated_run import fabricated_run

PLAN, ENTRIES, READINGS = fabricated_run()
RUN = JudgedRun(PLAN, ENTRIES, judge(PLAN, ENTRIES, READINGS))


def slower() -> JudgedRun:
    """The same run with an RTO of 200 s, a faster probe, and a header that nobody should read."""
    probes = (PLAN.drill.probes[0].model_copy(update={"every_seconds": 0.5}), *PLAN.drill.probes[1:])
    first = probes[0].model_copy(update={"params": {**probes[0].params, "password": "hunter2\x1b[2J"}})
    drill = PLAN.drill.model_copy(update={"probes": (first, *probes[1:])})
    objectives = tuple(
        one.model_copy(update={"low": 200.0, "high": 201.0, "outcome": "missed"}) if one.name == "rto" else one
        for one in RUN.verdict.objectives
    )
    judged = RUN.verdict.model_copy(update={"run_id": "later", "objectives": objectives, "outcome": "missed"})
    entries = [one for one in ENTRIES if one.data.get("change_id") != "f2"]
    return JudgedRun(PLAN.model_copy(update={"drill": drill}), entries, judged)


def test_what_got_worse_stands_first_and_each_objective_has_its_difference() -> None:
    lines = run_comparison_lines(compare_runs(RUN, slower()))
    assert lines[0].startswith("WORSE · the outcome went from met to missed; RTO of checkout is ")
    rto = next(line for line in lines if "RTO checkout" in line)
    assert rto.split()[0] == "▼"
    assert rto.endswith(" slower")
    assert "3m20s–3m21s" in rto
    assert next(line for line in lines if "Detection" in line).endswith("the intervals overlap")


def test_settings_are_told_by_path_with_secrets_masked() -> None:
    lines = run_comparison_lines(compare_runs(RUN, slower()))
    assert "  drill.probes.checkout.every_seconds: 1.0 → 0.5" in lines
    assert "  drill.probes.checkout.params.password: only the second has it: ***" in lines
    assert "hunter2" not in "\n".join(lines)


def test_a_fault_that_only_one_run_injected_is_named() -> None:
    lines = run_comparison_lines(compare_runs(RUN, slower()))
    wanted = "  faults: route53.fail_health_check route53 health check checkout-us-east-1: only in the first run"
    assert wanted in lines


def test_runs_that_are_alike_say_so() -> None:
    lines = run_comparison_lines(compare_runs(RUN, RUN))
    assert lines[0] == "NO WORSE · no objective is known to differ for the worse"
    assert "the plans are alike" in lines
    assert not any("injected" in line for line in lines)


def test_outside_text_is_made_visible() -> None:
    evil = RUN.verdict.model_copy(update={"ended_by": "aborted: \x1b[2J"})
    lines = run_comparison_lines(compare_runs(RUN, JudgedRun(PLAN, ENTRIES, evil)))
    assert "  ! the second run did not complete: aborted: \\u001b[2J" in lines
