"""What came of an exercise: latencies in people's time, deadlines in the scenario's, ratings and findings."""

from __future__ import annotations

from drillrunner.model.exercise_outcome import ExerciseOutcome
from drillrunner.tabletop import commands, talk
from drillrunner.tabletop.desk import Desk
from drillrunner.tabletop.outcome import decide_time, outcome_of
from played_exercise import COMMANDER, FACILITATOR, ON_CALL, MemoryLog, begun, started


def played() -> tuple[Desk, MemoryLog]:
    """Alarm at T+0:00, declared at T+6:00 (late); decision asked at T+6:00, made at T+9:00 with a pause in between."""
    desk, log = started()
    desk.do(commands.publish, FACILITATOR, inject_id="alarm")
    log.now += 60.0
    desk.do(commands.skip_clock, FACILITATOR, to_seconds=360.0)
    desk.do(talk.decide, ON_CALL, text="Declare", expected_id="alarm.1")
    desk.do(commands.publish, FACILITATOR, inject_id="decision")
    log.now += 90.0
    desk.do(commands.pause_clock, FACILITATOR)
    log.now += 1_000.0
    desk.do(commands.resume_clock, FACILITATOR)
    log.now += 90.0
    desk.do(talk.decide, COMMANDER, text="We fail over", expected_id="decision.1")
    desk.do(commands.skip_inject, FACILITATOR, inject_id="back", reason="no time")
    return desk, log


def test_latency_is_peoples_time_without_pauses_and_skips() -> None:
    outcome = outcome_of(played()[0].state)
    latencies = {one.inject_id: one.decision_latency_seconds for one in outcome.injects}
    assert latencies == {"alarm": 60.0, "no-chat": None, "decision": 180.0, "back": None}
    decision = next(one for one in outcome.injects if one.inject_id == "decision")
    assert (decision.decision, decision.decided_by, decision.decided_seconds) == ("We fail over", COMMANDER, 540.0)


def test_what_was_expected_is_held_against_the_scenarios_clock() -> None:
    outcome = outcome_of(played()[0].state)
    shown = [(one.expected_id, one.status, one.done_seconds, one.late_seconds) for one in outcome.expected]
    assert shown == [("alarm.1", "late", 360.0, 60.0), ("decision.1", "in_time", 540.0, 0.0)]


def test_what_nobody_did_is_missing_and_what_nobody_was_asked_is_not() -> None:
    desk, _ = started()
    desk.do(commands.publish, FACILITATOR, inject_id="alarm")
    assert [one.status for one in outcome_of(desk.state).expected] == ["missing", "not_asked"]


def test_to_decide_took_people_from_the_first_inject_to_the_decision_to_fail_over() -> None:
    decide = outcome_of(played()[0].state).decide
    assert decide is not None
    assert (decide.seconds, decide.from_inject, decide.decision, decide.marked) == (
        240.0,
        "alarm",
        "We fail over",
        True,
    )


def test_without_a_marked_decision_the_first_that_answers_the_failovers_inject_is_taken() -> None:
    desk, log = started()
    for inject_id in ("alarm", "decision"):
        desk.do(commands.publish, FACILITATOR, inject_id=inject_id)
    log.now += 30.0
    desk.do(talk.decide, ON_CALL, text="Declare", inject_id="alarm")
    assert decide_time(desk.state, "failover") is None
    desk.do(talk.decide, COMMANDER, text="We fail over", inject_id="decision")
    decide = decide_time(desk.state, "failover")
    assert decide is not None
    assert (decide.seconds, decide.marked) == (30.0, False)


def test_going_back_is_decided_from_the_failbacks_inject_on() -> None:
    desk, log = played()
    desk, log = started()
    for inject_id in ("alarm", "decision"):
        desk.do(commands.publish, FACILITATOR, inject_id=inject_id)
    log.now += 600.0
    desk.do(commands.publish, FACILITATOR, inject_id="back")
    log.now += 45.0
    desk.do(talk.decide, COMMANDER, text="Tomorrow", inject_id="back", decides="failback")
    decide = outcome_of(desk.state).failback_decide
    assert decide is not None
    assert (decide.seconds, decide.from_inject) == (45.0, "back")


def test_times_pauses_people_findings_and_ratings_are_told() -> None:
    desk, log = played()
    desk.do(talk.join, COMMANDER)
    desk.do(talk.ask, COMMANDER, text="Only us-east-1?")
    desk.do(talk.find, FACILITATOR, sort="strength", text="calm")
    desk.do(talk.find, FACILITATOR, sort="improvement", text="Who decides?", owner="Api")
    log.now += 20.0
    desk.do(commands.end, FACILITATOR)
    log.now += 5_000.0
    desk.do(talk.rate, FACILITATOR, objective_id="rto", rating="S", reason="late, but done")
    outcome = outcome_of(desk.state)
    assert (outcome.status, outcome.scenario_seconds, outcome.people_seconds) == ("ended", 560.0, 260.0)
    assert (outcome.paused_seconds, outcome.skipped_seconds, outcome.unanswered_questions) == (1_000.0, 300.0, 1)
    assert [(one.objective_id, one.rating, one.reason) for one in outcome.objectives] == [
        ("rto", "S", "late, but done"),
        ("tell", None, None),
    ]
    assert ([row.text for row in outcome.strengths()], [row.owner for row in outcome.improvements()]) == (
        ["calm"],
        ["Api"],
    )
    assert [one.actor for one in outcome.participants] == [COMMANDER]
    assert [(one.id, one.happens) for one in outcome.drawn] == [("no-chat", True), ("on-a-plane", False)]


def test_an_exercise_that_nobody_played_has_an_outcome_too_and_it_goes_through_json() -> None:
    outcome = outcome_of(begun()[0].state)
    assert (outcome.status, outcome.decide, outcome.ended_at) == ("not_started", None, None)
    whole = outcome_of(played()[0].state)
    assert ExerciseOutcome.model_validate_json(whole.model_dump_json()) == whole
