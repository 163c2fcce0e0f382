"""Where a run departed from its plan."""

from __future__ import annotations

from drillrunner.judge import judge
from drillrunner.model.drill import StepSpec
from drillrunner.model.plan import Plan
from drillrunner.reporting.deviations import deviations
from drillrunner.reporting.story import tell
from fabricated_pieces import Story, objective, plan, polls
from fabricated_run import fabricated_run

DOWN = [(10.5, 20.0)]


def told(story: Story, made: Plan | None = None) -> list[str]:
    drill = made or plan(objective("rto", 600.0))
    verdict = judge(drill, story.entries, polls(60, DOWN))
    found = deviations(drill, story.entries, tell(story.entries), verdict)
    return [f"{one.what}: {one.words}" for one in found]


def test_a_run_that_went_as_planned_has_none() -> None:
    drill, entries, readings = fabricated_run()
    assert deviations(drill, entries, tell(entries), judge(drill, entries, readings)) == ()


def test_a_baseline_that_was_taken_again_is_told_once_with_its_last_reason() -> None:
    story = Story().write(3.0, "baseline.retaken", why="served from eu-west-1")
    story.write(9.0, "baseline.retaken", why="checkout failed")
    assert told(story) == ["baseline: taken 2 times more: checkout failed"]


def test_a_stop_condition_and_what_interrupted_are_told_in_order() -> None:
    story = Story().effect(10.0, 10.2).write(30.0, "interrupted", by="SIGINT", why=None)
    story.write(20.0, "stop.tripped", condition="standby", why="failed for 30s")
    assert told(story) == ["stop condition: standby: failed for 30s", "interrupted: by SIGINT"]


def test_a_call_that_was_made_again_is_told_with_how_it_ended_first() -> None:
    story = Story().undo(9.0)
    for number, outcome in enumerate(("unknown", "done")):
        call = {"service": "lambda", "operation": "PutFunctionConcurrency", "region": "us-east-1"}
        call_id = f"k{number}"
        story.write(10.0 + number, "call.intent", call_id=call_id, change_id="f1", role="apply", call=dict(call))
        story.write(10.5 + number, "call.outcome", call_id=call_id, change_id="f1", role="apply", outcome=outcome)
    words = "lambda:PutFunctionConcurrency us-east-1 was made 2 times; the first time: unknown"
    assert told(story) == [f"call repeated: {words}"]


def test_a_call_of_the_apply_and_the_same_of_the_revert_are_no_repetition() -> None:
    assert told(Story().effect(10.0, 10.2).intent(30.0, role="revert").end(40.0)) == []


def test_phases_that_waited_to_their_deadline_are_told() -> None:
    story = Story().phase(9.0, "inject").effect(10.0, 10.2).phase(11.0, "detect").phase(311.0, "recover")
    story.phase(611.0, "revert").phase(620.0, "restored").write(1220.0, "steady_state", moment="after", ok=False)
    story.phase(1220.0, "judged").write(1221.0, "run.ended", outcome="aborted", why="deadline")
    assert told(story) == [
        "deadline: nothing was detected within 5m",
        "deadline: users were not served again within 10m of the fault",
        "deadline: the steady state was not back when the waiting ended",
    ]


def test_a_revert_that_took_longer_than_allowed_is_told() -> None:
    story = Story().effect(10.0, 10.2).phase(20.0, "revert")
    story.write(700.0, "revert.done", of=1, reverted=1, left=[], irreversible=[], seconds=680.0)
    assert told(story) == ["deadline: putting everything back took 11m20s, 10m were allowed"]


def test_steps_that_failed_or_were_left_out_are_told() -> None:
    made = plan(objective("rto", 600.0), failover=[StepSpec(kind="aurora.failover"), StepSpec(kind="manual", text="x")])
    story = Story().effect(10.0, 10.2)
    story.write(12.0, "step.began", section="failover", index=0, kind="aurora.failover", by="automation")
    story.write(14.0, "step.done", section="failover", index=0, kind="aurora.failover", ok=False, error="no capacity")
    assert told(story, made) == [
        "step failed: failover 1 (aurora.failover): no capacity",
        "step left out: failover 2 (manual) was never begun",
    ]
