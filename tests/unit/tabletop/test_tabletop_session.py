"""What a facilitator and players do, what comes of it, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drillrunner.errors import ExerciseRefused
from drillrunner.model.exercise import Exercise, RandomEvent
from drillrunner.model.exercise_event import Actor
from drillrunner.tabletop import commands, talk
from drillrunner.tabletop.commands import Drafts
from drillrunner.tabletop.desk import Desk
from drillrunner.tabletop.session import ExerciseState, due_injects, next_inject, reduce
from played_exercise import COMMANDER, EXERCISE, FACILITATOR, ON_CALL, begun, started

AUDITOR, SCRIBE, EVALUATOR = Actor(role="auditor"), Actor(role="scribe"), Actor(role="evaluator")


def refusal(desk: Desk, command: Callable[..., Drafts], by: Actor = FACILITATOR, **settings: object) -> str:
    before = desk.state
    with pytest.raises(ExerciseRefused) as refused:
        desk.do(command, by, **settings)
    assert desk.state is before
    return refused.value.message


def due(desk: Desk) -> list[str]:
    return [inject.id for inject in due_injects(desk.state, desk.now())]


def test_the_state_is_what_its_events_say_and_nothing_else() -> None:
    desk, log = started()
    desk.do(commands.publish, FACILITATOR, inject_id="alarm")
    log.now = 100.0
    desk.do(talk.decide, ON_CALL, text="Declare", expected_id="alarm.1")
    desk.do(talk.ask, COMMANDER, text="Only us-east-1?")
    assert reduce(EXERCISE, log.events) == desk.state


def test_dice_are_thrown_once_and_a_seed_says_what_they_show() -> None:
    many = tuple(RandomEvent(id=f"e{n}", text="It happens.", chance=0.5) for n in range(40))
    exercise = EXERCISE.model_copy(update={"randomise": many})
    drawn = [[one.happens for one in begun(exercise, seed=seed)[0].state.drawn] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert 8 < sum(drawn[0]) < 32


def test_a_random_event_that_was_drawn_is_due_among_the_injects_and_the_others_are_not_there() -> None:
    desk, log = started()
    assert list(desk.state.injects) == ["alarm", "no-chat", "decision", "back"]
    assert desk.state.injects["no-chat"].drawn
    log.now = 130.0
    assert due(desk) == ["alarm", "no-chat"]


def test_dice_that_a_crash_kept_from_being_written_down_are_thrown_again_the_same() -> None:
    many = tuple(RandomEvent(id=f"e{n}", text="It happens.", chance=0.5) for n in range(20))
    exercise = EXERCISE.model_copy(update={"randomise": many})
    desk, log = begun(exercise, seed=5)
    del log.events[8:]
    again = Desk(exercise, log, log.events)
    again.take_up(0.0)
    assert again.state.drawn == desk.state.drawn


def test_an_inject_is_due_when_its_moment_has_come_and_those_before_it_are_published() -> None:
    desk, log = started()
    log.now = 10.0 + 400.0
    assert due(desk) == ["alarm", "no-chat"]
    assert [inject.id for inject in [next_inject(desk.state, desk.now())] if inject] == ["back"]
    desk.do(commands.publish_due, FACILITATOR)
    assert due(desk) == ["decision"]
    assert refusal(desk, commands.publish, inject_id="back") == '"back" comes after "decision", which is not published'


def test_what_is_due_is_published_by_the_clock_only_where_that_is_asked_for() -> None:
    desk, log = started(EXERCISE.model_copy(update={"publish": "auto"}))
    log.now = 10.0 + 400.0
    published = desk.publish_what_is_due()
    assert [event.data["inject"] for event in published] == ["alarm", "no-chat", "decision"]
    assert all(event.data["automatic"] for event in published)
    assert desk.state.publish == "auto"
    assert started()[0].state.publish == "manual"


def test_an_inject_may_be_published_early_but_not_twice_and_not_once_skipped() -> None:
    desk, _ = started()
    desk.do(commands.publish, FACILITATOR, inject_id="alarm")
    desk.do(commands.skip_inject, FACILITATOR, inject_id="back", reason="no time")
    assert refusal(desk, commands.publish, inject_id="alarm") == '"alarm" was published at T+00:00 already'
    assert refusal(desk, commands.publish, inject_id="back") == '"back" was skipped: no time'
    assert refusal(desk, commands.publish, inject_id="nothing") == 'there is no inject "nothing"'
    assert refusal(desk, commands.skip_inject, inject_id="decision", reason=" ") == "a reason is needed, in a few words"


def test_nothing_is_played_before_the_start_or_after_the_end() -> None:
    desk, _ = begun()
    assert refusal(desk, commands.publish, inject_id="alarm") == "the clock is not started"
    assert refusal(desk, talk.decide, ON_CALL, text="Declare") == "the clock is not started"
    desk.do(commands.start_clock, FACILITATOR)
    desk.do(commands.end, FACILITATOR)
    assert refusal(desk, commands.publish, inject_id="alarm") == "the exercise has ended"
    assert refusal(desk, commands.resume_clock) == "the exercise has ended"
    desk.do(talk.rate, EVALUATOR, objective_id="rto", rating="s", reason="two minutes late")
    desk.do(talk.find, SCRIBE, sort="strength", text="calm")
    assert (desk.state.ratings["rto"].rating, desk.state.findings[0].text) == ("S", "calm")


def test_the_clock_goes_forward_only_and_not_for_ever() -> None:
    desk, log = started()
    log.now = 70.0
    desk.do(commands.skip_clock, FACILITATOR, to_seconds=300.0)
    assert desk.scenario_seconds() == 300.0
    said = "the clock shows T+05:00 and never goes back to T+04:00"
    assert refusal(desk, commands.skip_clock, to_seconds=240.0) == said
    for far in (float("inf"), float("nan"), 1e9):
        assert refusal(desk, commands.skip_clock, to_seconds=far) == "a scenario lasts seven days at most"


def test_a_pause_keeps_injects_from_being_due() -> None:
    desk, log = started()
    desk.do(commands.pause_clock, FACILITATOR, reason="coffee")
    log.now = 5_000.0
    assert (due(desk), desk.state.status, desk.scenario_seconds()) == (["alarm"], "paused", 0.0)
    assert refusal(desk, commands.pause_clock) == "the clock stands already"
    desk.do(commands.resume_clock, FACILITATOR)
    assert refusal(desk, commands.resume_clock) == "the clock runs already"
    log.now = 5_200.0
    assert due(desk) == ["alarm", "no-chat"]


def test_time_in_which_the_process_was_dead_counts_as_a_pause() -> None:
    desk, log = started()
    log.now = 40.0
    desk.do(talk.note, FACILITATOR, text="all there")
    log.now = 900.0
    again = Desk(EXERCISE, log, log.events)
    (resumed,) = again.take_up(alive_until_real_seconds=70.0)
    assert (resumed.scenario_seconds, resumed.data["dead_seconds"], resumed.data["was_running"]) == (60.0, 830.0, True)
    assert (again.state.status, again.scenario_seconds(), again.state.interruptions) == ("paused", 60.0, 1)
    again.do(commands.resume_clock, FACILITATOR)
    log.now = 910.0
    assert again.scenario_seconds() == 70.0
    assert reduce(EXERCISE, log.events) == again.state


def test_a_sign_of_life_from_before_the_last_event_or_from_the_future_is_not_believed() -> None:
    for alive, at in ((0.0, 40.0), (1e9, 900.0)):
        desk, log = started()
        log.now = 40.0
        desk.do(talk.note, FACILITATOR, text="all there")
        log.now = 900.0
        again = Desk(EXERCISE, log, log.events)
        (resumed,) = again.take_up(alive)
        assert resumed.data["alive_until_real_seconds"] == at


def test_hints_are_given_one_after_the_other_or_by_number_and_each_once() -> None:
    desk, _ = started()
    assert (
        refusal(desk, commands.give_hint, inject_id="alarm") == '"alarm" is not published: there is nothing to hint at'
    )
    desk.do(commands.publish, FACILITATOR, inject_id="alarm")
    desk.do(commands.give_hint, FACILITATOR, inject_id="alarm", hint=2)
    (given,) = desk.do(commands.give_hint, FACILITATOR, inject_id="alarm")
    assert (given.data["hint"], desk.state.injects["alarm"].hints_given) == (1, (2, 1))
    assert refusal(desk, commands.give_hint, inject_id="alarm") == '"alarm" has 2 hints, all given'
    assert refusal(desk, commands.give_hint, inject_id="alarm", hint=2) == 'hint 2 of "alarm" was given already'
    assert refusal(desk, commands.give_hint, inject_id="alarm", hint=3) == '"alarm" has 2 hints'


def test_a_decision_that_is_what_was_expected_answers_its_inject_and_ticks_it_off() -> None:
    desk, log = started()
    for inject_id in ("alarm", "decision"):
        desk.do(commands.publish, FACILITATOR, inject_id=inject_id)
    log.now = 100.0
    (event,) = desk.do(talk.decide, COMMANDER, text="We fail over", expected_id="decision.1")
    assert event.data == {
        "text": "We fail over",
        "expected": "decision.1",
        "inject": "decision",
        "decides": "failover",
    }
    assert desk.state.done["decision.1"].moment.scenario_seconds == 90.0
    assert refusal(desk, talk.mark_done, expected_id="decision.1") == '"decision.1" was done already'


def test_nothing_that_nobody_was_told_yet_is_answered_or_ticked_off() -> None:
    desk, _ = started()
    not_yet = '"alarm" is not published: nobody can answer it yet'
    assert refusal(desk, talk.decide, ON_CALL, text="Declare", inject_id="alarm") == not_yet
    assert refusal(desk, talk.mark_done, expected_id="alarm.1") == not_yet
    assert refusal(desk, talk.mark_done, expected_id="alarm.9") == 'there is no expected action "alarm.9"'


def test_what_is_ticked_off_was_done_by_the_one_it_was_expected_of_unless_somebody_else_is_named() -> None:
    desk, _ = started()
    desk.do(commands.publish, FACILITATOR, inject_id="alarm")
    (event,) = desk.do(talk.mark_done, EVALUATOR, expected_id="alarm.1")
    assert event.data == {"expected": "alarm.1", "who": "on-call engineer"}
    assert desk.state.done["alarm.1"].actor == Actor(role="on-call engineer")


def test_a_question_is_answered_once_by_the_facilitator() -> None:
    desk, _ = started()
    (asked,) = desk.do(talk.ask, COMMANDER, text="Only us-east-1?")
    assert refusal(desk, talk.answer, COMMANDER, question=asked.seq, text="Yes") == (
        '"incident commander" may not answer a question'
    )
    desk.do(talk.answer, FACILITATOR, question=asked.seq, text="Yes")
    assert desk.state.questions[0].answer == "Yes"
    again = refusal(desk, talk.answer, question=asked.seq, text="No")
    assert again == f"question {asked.seq} was answered already"
    assert refusal(desk, talk.answer, question=99, text="No") == "there is no question 99"


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        (commands.publish, {"inject_id": "alarm"}),
        (commands.skip_inject, {"inject_id": "alarm", "reason": "x"}),
        (commands.pause_clock, {}),
        (commands.skip_clock, {"to_seconds": 500.0}),
        (commands.give_hint, {"inject_id": "alarm"}),
        (commands.end, {}),
        (talk.answer, {"question": 1, "text": "x"}),
        (talk.mark_done, {"expected_id": "alarm.1"}),
        (talk.rate, {"objective_id": "rto", "rating": "P", "reason": "x"}),
        (talk.find, {"sort": "strength", "text": "x"}),
        (talk.note, {"text": "x"}),
    ],
)
def test_what_is_the_facilitators_no_player_and_no_observer_may_do(
    command: Callable[..., Drafts], settings: dict[str, object]
) -> None:
    desk, _ = started()
    for by in (COMMANDER, AUDITOR):
        assert refusal(desk, command, by, **settings).startswith(f'"{by.role}" may not ')


def test_only_players_decide_and_only_facilitator_and_scribe_write_down_what_others_said() -> None:
    desk, _ = started()
    assert refusal(desk, talk.decide, AUDITOR, text="x") == '"auditor" may not write a decision down'
    assert refusal(desk, talk.decide, COMMANDER, text="x", who=ON_CALL) == (
        '"incident commander" may not speak for "on-call engineer"'
    )
    assert refusal(desk, talk.decide, text="x", who=AUDITOR) == 'a decision is a player\'s, and "auditor" is none'
    assert refusal(desk, talk.decide, text="x", who=Actor(role="intern")) == 'nobody at this table is "intern"'
    (event,) = desk.do(talk.decide, SCRIBE, text="We wait", who=COMMANDER)
    assert (event.actor, event.data["recorded_by"]) == (COMMANDER, "scribe")


def test_the_last_rating_holds_and_none_is_without_its_reason() -> None:
    desk, _ = started()
    desk.do(talk.rate, FACILITATOR, objective_id="rto", rating="U", reason="nobody decided")
    desk.do(talk.rate, EVALUATOR, objective_id="rto", rating="m", reason="somebody did at last")
    assert desk.state.ratings["rto"].rating == "M"
    assert refusal(desk, talk.rate, objective_id="rto", rating="P", reason="  ") == "a reason is needed, in a few words"
    assert refusal(desk, talk.rate, objective_id="rto", rating="A", reason="x") == '"A" is no rating'
    assert refusal(desk, talk.rate, objective_id="rpo", rating="P", reason="x") == 'there is no objective "rpo"'
    unstarted = refusal(begun()[0], talk.rate, objective_id="rto", rating="P", reason="x")
    assert unstarted == "nothing was practised yet: the clock is not started"


def test_people_come_and_go() -> None:
    desk, log = begun()
    desk.do(talk.join, COMMANDER)
    assert refusal(desk, talk.join, COMMANDER) == "Api (incident commander) is there already"
    desk.do(talk.join, Actor(role="incident commander", person="Bo"))
    log.now = 10.0
    desk.do(talk.leave, COMMANDER)
    assert [one.actor.person for one in desk.state.present()] == ["Bo"]
    assert refusal(desk, talk.leave, COMMANDER) == "Api (incident commander) is not there"
    assert refusal(desk, talk.join, Actor(role="monitoring")).startswith('"monitoring" may not')


def test_words_are_kept_as_they_are_but_for_blanks_around_them_and_are_bounded() -> None:
    desk, _ = started()
    (event,) = desk.do(talk.note, FACILITATOR, text="  <b>two\nlines</b> \ud83d ")
    assert event.data["text"] == "<b>two\nlines</b> \ud83d"
    assert refusal(desk, talk.note, text="x" * 4_001) == "the note has 4001 characters; at most 4000 are allowed"


def test_a_finding_has_a_day_that_there_is_and_an_objective_that_there_is() -> None:
    desk, _ = started()
    assert refusal(desk, talk.find, sort="improvement", text="x", due="31.1.2027") == '"31.1.2027" is no day'
    assert refusal(desk, talk.find, sort="improvement", text="x", objective="x") == 'there is no objective "x"'
    desk.do(talk.find, FACILITATOR, sort="improvement", text="Who decides?", action="Write it down", due="2027-01-31")
    row = desk.state.findings[0]
    assert (row.number, row.action, row.due, row.owner) == (1, "Write it down", "2027-01-31", None)


def test_a_journal_that_fails_leaves_the_state_as_it_was() -> None:
    class FullDisk:
        def real_seconds(self) -> float:
            return 0.0

        def append(self, draft: object, real_seconds: float) -> object:
            raise ExerciseRefused("disk full")

    desk = Desk(EXERCISE, FullDisk())  # type: ignore[arg-type]
    assert refusal(desk, commands.begin, seed=1, exercise_sha256="", version="1") == "disk full"
    assert desk.state.began_at is None


def test_an_exercise_begins_once() -> None:
    desk, _ = begun()
    assert refusal(desk, commands.begin, seed=1, exercise_sha256="", version="1") == "the exercise has begun already"
    fresh = ExerciseState(Exercise.model_validate(EXERCISE.model_dump()))
    with pytest.raises(ExerciseRefused, match="has not begun"):
        commands.start_clock(fresh, 0.0, FACILITATOR)
