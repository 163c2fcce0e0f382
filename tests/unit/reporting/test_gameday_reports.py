"""The report of a game day: the verdict first, every drill with its run, and nothing from outside taken for markup."""

from __future__ import annotations

from pathlib import Path

from drillrunner.model.gameday import GameDay, GameDayDrill
from drillrunner.model.gameday_course import Announced, ApprovalCheck, Course, Delivery, DrillCourse, GateCheck, Ignored
from drillrunner.model.verdict import Interval
from drillrunner.reporting.gameday_html import render_gameday_html, write_gameday_reports
from drillrunner.reporting.gameday_markdown import render_gameday_markdown
from drillrunner.reporting.gameday_text import plan_lines, summary_lines
from fabricated_gameday import gameday, planned

RUN = "20261120-140010-7f3a9c"
DAY: GameDay = gameday(GameDayDrill(id="dns", drill="dns"), GameDayDrill(id="outage", drill="outage", needs=("dns",)))
MISSED = DrillCourse(
    id="dns",
    drill="dns",
    plan_hash="a" * 64,
    state="missed",
    run_id=RUN,
    report=f"../{RUN}/report.html",
    outcome="missed",
    rto=Interval(low=80.0, high=82.0),
    rto_target=30.0,
    reverted="1/1",
    exit_code=1,
    why="RTO missed",
)
COURSE = Course(
    gameday_id="20261120-140000-gameday-quarterly-7f3a9c",
    gameday=DAY,
    environment="lab",
    plan_hash="b" * 64,
    began_at="2026-11-20T14:00:00.000+00:00",
    ended_at="2026-11-20T14:09:00.000+00:00",
    outcome="missed",
    exit_code=1,
    why="dns: an objective was missed",
    drills=(MISSED, DrillCourse(id="outage", drill="outage", why="it needs dns (missed)")),
    announcements=(
        Announced(
            moment="start",
            at="2026-11-20T14:00:00.000+00:00",
            text="it has begun",
            deliveries=(Delivery(sink="webhook", ok=True), Delivery(sink="webhook", ok=False, why="answered 503")),
        ),
    ),
    approvals=ApprovalCheck(
        ok=True, needed=1, counted=("pilot",), ignored=(Ignored(approver="ops", why="it is not signed"),)
    ),
    gate=(GateCheck(id="dns", ok=True, chance=0.9, runs=10, at_least=0.8, rehearsal="rehearsals/r", reused=True),),
)


def test_the_terminal_reads_verdict_drills_checks_and_where_the_report_is() -> None:
    lines = summary_lines(COURSE, Path("report.html"))
    assert lines[0].startswith("FAIL · dns: an objective was missed · game day quarterly")
    assert any("1m20s–1m22s / ≤ 30s" in line and RUN in line for line in lines)
    assert "  outage: it needs dns (missed)" in lines
    assert "  approvals: ✓ 1 of 1: pilot" in lines
    assert "  not counted: ops: it is not signed" in lines
    assert any("90% of 10 rehearsed runs met everything" in line and "earlier rehearsal" in line for line in lines)
    assert "  told start: told to 1 of 2; webhook: answered 503" in lines
    assert lines[-1] == "  report: report.html"


def test_the_page_and_the_markdown_link_each_run() -> None:
    assert f'href="../{RUN}/report.html"' in render_gameday_html(COURSE)
    assert f"](../{RUN}/report.html)" in render_gameday_markdown(COURSE)


def test_what_is_still_injected_is_the_first_thing_on_every_report() -> None:
    left = MISSED.model_copy(update={"state": "left", "left": ("lambda.throttle on checkout",)})
    course = COURSE.model_copy(update={"outcome": "left", "drills": (left,), "why": None})
    assert render_gameday_html(course).index("STILL INJECTED") < render_gameday_html(course).index("<h1>")
    assert "> **STILL INJECTED**" in render_gameday_markdown(course)
    assert any(line.startswith("  STILL INJECTED: lambda.throttle") for line in summary_lines(course, None))


def test_hostile_names_are_text_and_no_markup() -> None:
    hostile = COURSE.model_copy(
        update={"gameday": DAY.model_copy(update={"title": "<script>alert(1)</script> \x1b[31m[x](javascript:1)"})}
    )
    assert "<script>" not in render_gameday_html(hostile)
    assert "<script>" not in render_gameday_markdown(hostile)
    assert "\x1b" not in render_gameday_html(hostile) + render_gameday_markdown(hostile)


def test_three_reports_are_written_and_the_json_reads_back(tmp_path: Path) -> None:
    page = write_gameday_reports(tmp_path, COURSE)
    assert page.name == "report.html"
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "report.md", "gameday.json"}
    assert Course.model_validate_json((tmp_path / "gameday.json").read_bytes()) == COURSE


def test_the_plan_names_every_target_condition_and_hash() -> None:
    plan = planned(DAY)
    text = "\n".join(plan_lines(plan, ["dns: frozen"], 600.0))
    assert plan.hash in text
    assert all(one.hash in text for one in plan.plans)
    assert "needs dns" in text
    assert "would be refused: dns: frozen" in text
