"""An expected action that is ticked off with the words that showed it was done when they were said."""

from __future__ import annotations

import pytest

from drillrunner.errors import ExerciseRefused
from drillrunner.model.exercise_event import Actor
from drillrunner.tabletop import commands, talk
from drillrunner.tabletop.outcome import outcome_of
from drillrunner.tabletop.session import TICKED_OFF, reduce
from played_exercise import COMMANDER, EXERCISE, FACILITATOR, ON_CALL, started


def test_it_was_done_when_it_was_said_and_by_whoever_said_it_however_late_it_is_ticked_off() -> None:
    desk, log = started()
    desk.do(commands.publish, FACILITATOR, inject_id="alarm")
    log.now = 70.0
    (said,) = desk.do(talk.act, ON_CALL, text="I declare an incident", inject_id="alarm")
    log.now = 500.0
    desk.do(talk.mark_done, FACILITATOR, expected_id="alarm.1", event=said.seq)
    done = desk.state.done["alarm.1"]
    assert (done.actor, done.moment.scenario_seconds) == (ON_CALL, 60.0)
    assert outcome_of(desk.state).expected[0].status == "in_time"
    assert reduce(EXERCISE, log.events) == desk.state


def test_a_decision_that_was_expected_to_decide_on_the_failover_does() -> None:
    desk, log = started()
    for inject_id in ("alarm", "decision"):
        desk.do(commands.publish, FACILITATOR, inject_id=inject_id)
    log.now = 40.0
    desk.do(talk.decide, COMMANDER, text="We wait", inject_id="decision")
    log.now = 100.0
    (said,) = desk.do(talk.decide, COMMANDER, text="We fail over")
    log.now = 200.0
    desk.do(talk.mark_done, FACILITATOR, expected_id="decision.1", event=said.seq)
    decide = outcome_of(desk.state).decide
    assert decide is not None
    assert (decide.decision, decide.seconds, decide.marked) == ("We fail over", 90.0, True)


def test_a_decision_that_is_only_ticked_off_was_made_when_it_was_ticked_off() -> None:
    desk, log = started()
    for inject_id in ("alarm", "decision"):
        desk.do(commands.publish, FACILITATOR, inject_id=inject_id)
    log.now = 40.0
    desk.do(talk.decide, COMMANDER, text="We wait", inject_id="decision")
    log.now = 100.0
    desk.do(talk.mark_done, FACILITATOR, expected_id="decision.1")
    decide = outcome_of(desk.state).decide
    assert decide is not None
    assert (decide.seconds, decide.decided_by, decide.marked) == (90.0, Actor(role="incident commander"), True)
    assert [said.text for said in desk.state.said] == ["We wait", TICKED_OFF]
    assert reduce(EXERCISE, log.events) == desk.state


def test_words_that_nobody_said_show_nothing() -> None:
    desk, _ = started()
    desk.do(commands.publish, FACILITATOR, inject_id="alarm")
    with pytest.raises(ExerciseRefused, match="event 1 is no decision and no action"):
        desk.do(talk.mark_done, FACILITATOR, expected_id="alarm.1", event=1)
