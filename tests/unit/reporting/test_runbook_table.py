"""The runbook's steps in the reports."""

from __future__ import annotations

from pathlib import Path

from drillrunner.judge import judge
from drillrunner.reporting import render_all
from drillrunner.reporting.runbook_table import step_table
from fabricated_run import fabricated_plan, fabricated_run
from walked_runbook import walked_run

TOLD = ((40.0, "1.2", "begun"), (90.0, "1.2", "done"), (100.0, "1.4", "begun"))


def test_expected_taken_who_and_how_late_are_told_of_each_step(tmp_path: Path) -> None:
    rows = {row.step: row for row in step_table(walked_run(tmp_path, *TOLD)).rows}
    assert rows["1.2"].cells == ("1.2", "Watch the health check.", "20s", "50s", "ana", "30s", "done")
    assert (rows["1.1"].state, rows["1.4"].state) == ("never begun", "left open")
    assert (rows["1.3"].by, rows["1.3"].state) == ("the drill", "done")
    assert [step for step, row in rows.items() if row.is_amiss] == ["1.2", "1.3", "1.4"]


def test_a_run_in_which_nobody_told_anything_has_the_drill_s_own_steps_alone(tmp_path: Path) -> None:
    table = step_table(walked_run(tmp_path))
    assert [row.step for row in table.rows] == ["1.3", "2.1"]
    assert table.note == "Of the runbook's 4 other steps nothing was recorded."


def test_while_the_run_goes_on_every_step_is_told(tmp_path: Path) -> None:
    table = step_table(walked_run(tmp_path, until=70.0), over=False)
    assert [row.state for row in table.rows] == ["to do", "to do", "begun", "to do", "the drill does it", "to do"]


def test_html_and_markdown_have_the_table_and_a_run_without_a_runbook_has_none(tmp_path: Path) -> None:
    plan, plain, readings = fabricated_run()
    entries = walked_run(tmp_path, *TOLD)
    verdict = judge(plan, entries, iter(readings))
    texts = render_all(plan, entries, lambda: iter(readings), verdict)
    assert "The runbook's steps <small>runbooks/regional-outage.md</small>" in texts["report.html"]
    assert "<td>left open</td>" in texts["report.html"]
    assert "### The runbook's steps (runbooks/regional-outage.md)" in texts["report.md"]
    row = "| <!-- -->1.2 | Watch the health check. | 20s | 50s | ana | 30s | done |"
    assert row in texts["report.md"]
    without = render_all(plan, plain, lambda: iter(readings), judge(plan, plain, iter(readings)))
    assert "The runbook" not in without["report.html"] + without["report.md"]


def test_a_hostile_step_is_shown_and_never_obeyed(tmp_path: Path) -> None:
    head = "---\ndrill: regional-outage\nowner: t\nreviewed: never\n---\n"
    hostile = head + "1. <script>alert(1)</script> | @x **b**\n"
    entries = walked_run(tmp_path, (40.0, "1", "begun"), text=hostile)
    plan, _, readings = fabricated_run()
    texts = render_all(plan, entries, lambda: iter(readings), judge(fabricated_plan(), entries, iter(readings)))
    assert "<script>alert(1)" not in texts["report.html"] + texts["report.md"]
    assert "\\| @<!-- -->x \\*\\*b\\*\\*" in texts["report.md"]
