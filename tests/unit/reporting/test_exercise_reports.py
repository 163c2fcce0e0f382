"""The after-action report of an exercise: ratings, latencies, expected against done, and the RTO with people in it."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pytest

from drillrunner.judge.exercise_rto import measured_rto, with_people
from drillrunner.model.action import Action
from drillrunner.model.exercise_event import Actor
from drillrunner.model.exercise_measured import MeasuredRto
from drillrunner.model.exercise_outcome import FindingRow
from drillrunner.model.verdict import Share
from drillrunner.reporting.exercise.events import EVENT_TITLES, event_words
from drillrunner.reporting.exercise.report import (
    AfterAction,
    decide_sentence,
    decided_sentence,
    headline,
    report_json,
    status_words,
    tint,
)
from drillrunner.reporting.exercise.report_html import render_report_html
from drillrunner.reporting.exercise.report_markdown import render_report_markdown
from drillrunner.tabletop import commands, talk
from drillrunner.tabletop.outcome import outcome_of
from outside_strings import HIDDEN
from past_reports import day, rto, verdict_on
from played_exercise import COMMANDER, EXERCISE, FACILITATOR, started

HOSTILE = "<img src=x onerror=alert(1)> | [x](http://evil.test)" + "".join(HIDDEN) + "."
ARTIFACTS = {"artifacts/alarm.md": b"the alarm", "artifacts/t6.svg": b"<svg/>"}


def played(*, ended: bool = True, rating: str | None = "M", text: str = "fail over") -> AfterAction:
    """The commander decides ten minutes after the first inject, four minutes late."""
    desk, log = started()
    log.now = 10.0
    desk.do(commands.publish, FACILITATOR, inject_id="alarm")
    log.now = 370.0
    desk.do(commands.publish, FACILITATOR, inject_id="decision")
    log.now = 850.0
    desk.do(talk.decide, COMMANDER, text=text, expected_id="decision.1")
    row = {"action": text, "owner": "Api", "due": "2027-01-31", "ticket": "OPS-1", "retest": "outage"}
    desk.do(talk.find, FACILITATOR, sort="improvement", text=text, **row)
    desk.do(talk.find, FACILITATOR, sort="strength", text=text)
    if rating is not None:
        desk.do(talk.rate, FACILITATOR, objective_id="rto", rating=rating, reason=text)
        desk.do(talk.rate, FACILITATOR, objective_id="tell", rating="P", reason="in time")
    if ended:
        desk.do(commands.end, FACILITATOR)
    return AfterAction("20261121-090000-tabletop-outage-aaaaaa", EXERCISE, outcome_of(desk.state), log.events)


def measured(source: str = "lab") -> MeasuredRto:
    anatomy = (
        Share(part="detect", seconds=30.0),
        Share(part="decide", seconds=5.0),
        Share(part="switch", seconds=45.0),
    )
    found = measured_rto(verdict_on(day(2026, 11, 20), rto(79.0, 80.0), anatomy=anatomy), "lab")
    assert found is not None
    return found


def beside(report: AfterAction) -> AfterAction:
    assert report.outcome.decide is not None
    one = measured()
    return replace(report, measured=(one,), decided=(with_people(one, report.outcome.decide.seconds),))


def test_the_headline_counts_ratings() -> None:
    assert headline(played()) == "Objectives: 1 P · 1 M"
    assert headline(played(rating=None)) == "Objectives: 2 not rated"


@pytest.mark.parametrize(
    ("rating", "colour"), [("P", "pass"), ("S", "pass"), ("M", "unsure"), ("U", "fail"), (None, "unsure")]
)
def test_its_colour_is_of_the_worst_rating(rating: str | None, colour: str) -> None:
    assert tint(played(rating=rating)) == colour


def test_an_exercise_that_has_not_ended_is_reported_as_such() -> None:
    report = played(ended=False)
    assert headline(report) == "Not ended: it came to T+14m"
    assert "drill tabletop run --resume" in (status_words(report) or "")
    for text in (render_report_html(report, {}), render_report_markdown(report)):
        assert "has not ended" in text
    assert report_json(report)["ended"] is False
    assert status_words(played()) is None


def test_what_was_expected_stands_against_what_was_done() -> None:
    for text in (render_report_html(played(), ARTIFACTS), render_report_markdown(played())):
        assert "expected by T+10m, done at T+14m (4m late)" in text
        assert "expected by T+5m, not done" in text
        assert "1 late, 1 missing" in text
        assert "8m" in text  # from the decision's inject to the decision


def test_people_took_the_time_from_the_first_inject_to_the_decision() -> None:
    assert decide_sentence(played()) == (
        "People decided after 14m, counted from inject alarm on, without pauses and what was skipped: "
        "Api (incident commander), at T+14m of the scenario."
    )


def test_the_measured_rto_stands_beside_it_with_people_in_the_place_of_its_own_decision() -> None:
    report = beside(played())
    sentence = "With this decision time the RTO would have been 15m14s–15m15s, and missed (target 3m)."
    assert decided_sentence(report.decided[0]) == sentence
    for text in (render_report_html(report, ARTIFACTS), render_report_markdown(report)):
        assert "1m19s–1m20s / ≤ 3m ✓" in text
        assert "15m14s–15m15s" in text
    document = report_json(report)
    assert document["with_people"][0]["outcome"] == "missed"  # type: ignore[index,call-overload]


def test_without_a_run_it_says_how_to_make_one() -> None:
    assert "drill rehearse outage makes one" in render_report_markdown(played())


def test_where_nobody_decided_nothing_is_made_up() -> None:
    desk, log = started()
    report = AfterAction("x", EXERCISE, outcome_of(desk.state), log.events, measured=(measured(),))
    assert decide_sentence(report).startswith("Nobody decided to fail over")
    assert "would have been" not in render_report_html(report, {})


def test_the_plan_names_the_actions_that_were_made_of_it() -> None:
    made = Action(
        id="A-7", title="x", owner="Api", due=day(2027, 1, 31).date(), opened=day(2026, 11, 21).date(), finding="1"
    )
    report = replace(played(), actions=(made,))
    assert "A-7 open" in render_report_html(report, ARTIFACTS)
    assert "A-7 open" in render_report_markdown(report)


def test_texts_of_people_are_escaped_everywhere() -> None:
    report = beside(played(text=HOSTILE))
    page, markdown = render_report_html(report, ARTIFACTS), render_report_markdown(report)
    assert "<img src=x" not in page
    assert "<img" not in markdown
    assert "](http" not in markdown
    kept = json.loads(json.dumps(report_json(report)))
    assert kept["outcome"]["findings"][0]["text"] == HOSTILE  # data stays as it was said
    assert not any(hidden in text for hidden in HIDDEN for text in (page, markdown))


def test_the_page_is_offline_and_runs_no_script() -> None:
    page = render_report_html(beside(played()), ARTIFACTS)
    assert "script-src 'none'" in html.unescape(page)
    assert not re.search(r'(?:src|href)="https?:', page)
    assert "<script" not in page
    assert len(page) < 100_000


def test_every_kind_of_event_has_words() -> None:
    desk, log = started()
    for kind in EVENT_TITLES:
        assert event_words(log.events[0].model_copy(update={"kind": kind, "data": {}}))
    told = [f"{EVENT_TITLES[event.kind]}: {event_words(event)}" for event in log.events]
    assert told == [
        "began: drill outage, seed 7",
        "drawn: no-chat: it happens",
        "drawn: on-a-plane: it does not happen",
        "clock: started",
    ]
    assert desk.state.status == "running"


def test_a_row_without_owner_and_day_shows_it() -> None:
    report = played()
    row = FindingRow(number=3, sort="improvement", text="unclear", found_by=Actor(role="scribe"))
    outcome = report.outcome.model_copy(update={"findings": (row,)})
    page = render_report_html(replace(report, outcome=outcome), ARTIFACTS)
    assert "nobody" in page
    assert "no date" in page
