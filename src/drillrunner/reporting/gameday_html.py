"""report.html of a game day: one offline file, the verdict first; and the folder's three reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drillrunner.model.gameday_course import Course, DrillCourse
from drillrunner.reporting import gameday_text as said
from drillrunner.reporting.gameday_markdown import render_gameday_markdown
from drillrunner.reporting.pages import page_template
from drillrunner.reporting.wording import length

PAGE, MARKDOWN, SUMMARY = "report.html", "report.md", "gameday.json"
TINTS = {"met": "met", "inconclusive": "inconclusive", "not begun": "inconclusive", "running": "inconclusive"}


@dataclass(frozen=True, slots=True)
class DrillCard:
    """A drill as the first screen shows it."""

    course: DrillCourse
    mark: str
    tint: str
    rto: str
    rpo: str
    cool_down: str | None
    conditions: str


def render_gameday_html(course: Course) -> str:
    """The whole document. It needs no script and nothing from anywhere."""
    headline = said.headline(course)
    entries = {one.id: one for one in course.gameday.drills}
    return page_template("gameday.html.j2").render(
        course=course,
        headline=headline,
        cards=[_card(one, said.conditions_of(entries[one.id])) for one in course.drills],
        checks=said.check_rows(course),
        left=[text for one in course.drills for text in one.left],
    )


def write_gameday_reports(folder: Path, course: Course) -> Path:
    """report.html, report.md and gameday.json. Returns the page. Raises OSError."""
    page = folder / PAGE
    (folder / SUMMARY).write_text(course.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (folder / MARKDOWN).write_text(render_gameday_markdown(course), encoding="utf-8")
    page.write_text(render_gameday_html(course), encoding="utf-8")
    return page


def _card(one: DrillCourse, conditions: str) -> DrillCard:
    cool_down = None
    if one.cool_down is not None:
        state = "steady again" if one.cool_down.steady else f"not steady ({one.cool_down.why})"
        cool_down = f"{state} after {length(one.cool_down.seconds)}"
    return DrillCard(
        course=one,
        mark=said.MARKS[one.state],
        tint=TINTS.get(one.state, "missed"),
        rto=said.measured(one.rto, one.rto_target),
        rpo=said.measured(one.rpo, one.rpo_target),
        cool_down=cool_down,
        conditions=conditions,
    )
