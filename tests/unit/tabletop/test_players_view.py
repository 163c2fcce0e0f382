"""What a player can see is what was published to them, and what they said themselves."""

from __future__ import annotations

import pytest

from drillrunner.errors import ExerciseRefused
from drillrunner.tabletop import commands, talk
from drillrunner.tabletop.players_view import players_view
from played_exercise import COMMANDER, FACILITATOR, ON_CALL, begun, started


def test_nothing_is_seen_before_it_is_published() -> None:
    desk, _ = begun()
    view = players_view(desk.state, "incident commander", 0.0)
    assert (view.injects, view.status, view.scenario_seconds) == ((), "not_started", 0.0)


def test_an_inject_is_seen_by_those_whom_it_is_for() -> None:
    desk, log = started()
    for inject_id in ("alarm", "decision", "no-chat"):
        log.now += 5.0
        desk.do(commands.publish, FACILITATOR, inject_id=inject_id)
    commander = players_view(desk.state, "incident commander", log.now)
    on_call = players_view(desk.state, "on-call engineer", log.now)
    assert [inject.id for inject in commander.injects] == ["decision", "no-chat"]
    assert [inject.id for inject in on_call.injects] == ["alarm", "no-chat"]
    assert (commander.artifacts(), on_call.artifacts()) == (("artifacts/t6.svg",), ("artifacts/alarm.md",))


def test_no_hint_no_expectation_no_note_and_no_draw_is_ever_in_it() -> None:
    desk, _ = started()
    for inject_id in ("alarm", "decision", "back", "no-chat"):
        desk.do(commands.publish, FACILITATOR, inject_id=inject_id)
    desk.do(commands.give_hint, FACILITATOR, inject_id="alarm")
    desk.do(talk.mark_done, FACILITATOR, expected_id="decision.1")
    desk.do(talk.note, FACILITATOR, text="SECRET-LOG")
    for role in ("incident commander", "on-call engineer"):
        assert "SECRET" not in players_view(desk.state, role, desk.now()).model_dump_json()


def test_questions_and_decisions_are_seen_by_the_role_that_they_are_of() -> None:
    desk, _ = started()
    (asked,) = desk.do(talk.ask, ON_CALL, text="Only us-east-1?")
    desk.do(talk.answer, FACILITATOR, question=asked.seq, text="So it seems")
    desk.do(talk.decide, COMMANDER, text="We wait")
    on_call = players_view(desk.state, "on-call engineer", desk.now())
    commander = players_view(desk.state, "incident commander", desk.now())
    assert [(one.text, one.answer) for one in on_call.questions] == [("Only us-east-1?", "So it seems")]
    assert (commander.questions, [one.text for one in commander.said]) == ((), ["We wait"])


def test_a_role_that_there_is_not_sees_nothing() -> None:
    with pytest.raises(ExerciseRefused, match='nobody at this table is "intern"'):
        players_view(begun()[0].state, "intern", 0.0)


def test_the_drill_whose_name_says_what_is_broken_is_not_named() -> None:
    desk, _ = started()
    assert desk.state.exercise.drill not in players_view(desk.state, "on-call engineer", desk.now()).model_dump_json()
