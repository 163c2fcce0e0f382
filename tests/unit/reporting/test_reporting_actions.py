"""Corrective actions in reports: what is overdue, and what the run says of it, as of a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from drillrunner.judge import judge
from drillrunner.model.action import Action
from drillrunner.reporting import render_all
from drillrunner.reporting.actions import Retest, ShownActions, action_lines, retest_words, shown_actions
from fabricated_run import fabricated_run

TODAY = date(2026, 12, 31)


def action(number: int = 1, **changes: Any) -> Action:
    fields: dict[str, Any] = {"id": f"A-{number}", "title": "Lower the TTL", "owner": "api"}
    fields |= {"due": date(2026, 12, 24), "opened": date(2026, 11, 21), "retest": "regional-outage"}
    return Action.model_validate({**fields, **changes})


def shown(*actions: Action, retests: tuple[Retest, ...] = ()) -> ShownActions:
    return shown_actions(actions, retests, "regional-outage", "7f3a", TODAY)


def texts(actions: ShownActions | None) -> dict[str, str]:
    plan, entries, readings = fabricated_run()
    return render_all(plan, entries, lambda: iter(readings), judge(plan, entries, readings), actions=actions)


def test_overdue_ones_of_the_drill_are_shown_the_longest_first() -> None:
    rows = shown(action(1), action(2, due=date(2026, 12, 1)), action(3, due=TODAY), action(4, retest="other")).rows
    assert [(one.action.id, one.late) for one in rows] == [("A-2", "overdue by 30 days"), ("A-1", "overdue by 7 days")]


def test_an_action_of_the_run_or_of_its_drill_is_about_it_also_without_a_retest() -> None:
    found = shown(action(1, retest=None, source="7f3a"), action(2, retest=None, drill="regional-outage"), action(3))
    assert [one.action.id for one in found.rows] == ["A-1", "A-2", "A-3"]


def test_what_the_run_retests_is_shown_though_it_is_not_overdue() -> None:
    early = action(1, due=date(2027, 2, 1))
    assert [one.retested for one in shown(early, retests=(Retest(early, None),)).rows] == [
        "met by this run: it can be closed"
    ]
    assert "not closed by this run: rto" in shown(early, retests=(Retest(early, "rto was missed"),)).rows[0].retested


def test_what_the_run_closed_is_shown_as_closed_and_not_as_overdue() -> None:
    done = action(1, status="done", closed=date(2026, 12, 30), closed_by="7f3a")
    (row,) = shown(done, action(2, status="done", closed=TODAY, closed_by="other")).rows
    assert (row.late, row.retested) == ("", "closed by this run")


def test_both_reports_show_them_with_every_outside_text_escaped() -> None:
    evil = action(1, title="<img src=x> *now*", owner="@team", ticket="<b>")
    rendered = texts(shown(evil))
    assert "&lt;img src=x&gt; *now*" in rendered["report.html"]
    assert "<img src=x>" not in rendered["report.html"] + rendered["report.md"]
    assert (
        "| A-1 | &lt;img src=x&gt; \\*now\\* | @<!-- -->team | 2026-12-24 | overdue by 7 days |  |"
        in rendered["report.md"]
    )


def test_without_any_the_reports_are_as_they_were() -> None:
    assert texts(None) == texts(shown()) == texts(shown(action(1, due=TODAY)))


def test_a_file_that_cannot_be_read_is_said_in_both() -> None:
    rendered = texts(ShownActions(TODAY, unread='action 1 needs "owner"'))
    assert "actions.yaml could not be read: action 1 needs" in rendered["report.html"]
    assert "actions.yaml could not be read: action 1 needs" in rendered["report.md"]


def test_a_long_list_is_cut_and_says_so() -> None:
    found = shown(*(action(number) for number in range(1, 61)))
    assert (len(found.rows), found.left_out) == (50, 10)
    assert "10 more are in actions.yaml" in texts(found)["report.html"]


def test_an_action_in_the_terminal_says_who_when_and_what_closes_it() -> None:
    lines = action_lines(action(7, ticket="OPS-1", objective="rto checkout", environment="prod", source="7f3a"), TODAY)
    assert lines == [
        "A-7   due 2026-12-24 · OVERDUE BY 7 DAYS · api · OPS-1",
        "      Lower the TTL",
        "      retest: regional-outage, rto checkout, in prod · from 7f3a",
    ]
    assert retest_words(action(retest=None)) == ""
