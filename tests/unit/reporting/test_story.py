"""What the journal tells, whole, torn or refused."""

from __future__ import annotations

from drillrunner.reporting.story import tell
from fabricated_run import EPOCH, Scribe, fabricated_run, throttle_change
from made_up_verdict import BEGAN_AT, entry


def test_a_change_is_told_from_capture_to_read_back() -> None:
    _, entries, _ = fabricated_run()
    throttle = next(change for change in tell(entries).changes if change.kind == "lambda.throttle")
    assert throttle.target == "lambda us-east-1 checkout"
    assert throttle.prior == '{"ReservedConcurrentExecutions": 40}'
    assert [(call.outcome, call.holds, call.value) for call in throttle.applied] == [("done", True, "0")]
    assert [(call.outcome, call.holds, call.value) for call in throttle.reverted] == [("done", True, "40")]
    assert throttle.state == "put back"
    assert throttle.began == BEGAN_AT + 32.12


def test_a_run_that_died_after_its_injection_leaves_something_not_put_back() -> None:
    _, entries, _ = fabricated_run()
    cut = next(number for number, one in enumerate(entries) if one.kind == "detected")
    story = tell(entries[:cut])
    assert [change.kind for change in story.harmed] == ["orders", "lambda.throttle", "route53.fail_health_check"]
    assert {change.state for change in story.harmed} == {"NOT PUT BACK"}


def test_the_probes_own_records_are_told_together_once_they_are_gone() -> None:
    _, entries, _ = fabricated_run()
    story = tell(entries)
    assert [change.kind for change in story.told_one_by_one] == [
        "lambda.throttle",
        "route53.fail_health_check",
        "aurora.failover",
    ]
    assert story.told_together == ("orders: 1 stretch of its own records, put back",)


def test_a_change_whose_call_was_never_meant_did_nothing() -> None:
    scribe = Scribe()
    document = throttle_change().model_dump(mode="json")
    scribe.write(1.0, "undo.recorded", change_id="c1", role="fault", kind="lambda.throttle", change=document)
    (change,) = tell(scribe.entries).changes
    assert (change.state, change.harmed) == ("never applied", False)


def test_a_change_that_was_so_already_is_nobodys_to_put_back() -> None:
    scribe = Scribe()
    document = throttle_change().model_dump(mode="json")
    scribe.write(1.0, "undo.recorded", change_id="c1", role="step", kind="aurora.switchover", change=document)
    scribe.write(2.0, "call.outcome", call_id="-", change_id="c1", role="apply", outcome="already", asked=2.0)
    (change,) = tell(scribe.entries).changes
    assert ([call.outcome for call in change.applied], change.harmed) == (["already"], False)


def test_a_failback_that_the_failovers_undo_covers_says_so() -> None:
    scribe = Scribe()
    change = throttle_change()
    document = change.model_dump(mode="json")
    scribe.write(1.0, "undo.recorded", change_id="c2", role="step", kind="aurora.switchover", change=document)
    scribe.call(1.1, "c2", "apply", change.apply[0], seconds=0.2, outcome="done")
    scribe.write(9.0, "change.reverted", change_id="c2", ok=True, by="c1")
    assert tell(scribe.entries).changes[0].state == "put back by undoing an earlier change"


def test_a_revert_that_failed_says_what_is_left() -> None:
    scribe = Scribe()
    change = throttle_change()
    document = change.model_dump(mode="json")
    scribe.write(1.0, "undo.recorded", change_id="c1", role="fault", kind="lambda.throttle", change=document)
    scribe.call(1.1, "c1", "apply", change.apply[0], seconds=0.2, outcome="unknown")
    scribe.write(9.0, "change.reverted", change_id="c1", ok=False, left="lambda.throttle: AccessDenied")
    (told,) = tell(scribe.entries).changes
    assert told.state == "STILL INJECTED: lambda.throttle: AccessDenied"
    assert told.harmed
    assert told.ended is None


def test_a_call_left_out_because_it_held_already_is_told_with_what_was_read() -> None:
    scribe = Scribe()
    document = throttle_change().model_dump(mode="json")
    scribe.write(1.0, "undo.recorded", change_id="c1", role="fault", kind="lambda.throttle", change=document)
    scribe.write(2.0, "read_back", change_id="c1", role="revert", holds=True, value=40, asked=1.0, answered=2.0)
    scribe.write(2.0, "call.outcome", call_id="-", change_id="c1", role="revert", outcome="already", asked=2.0)
    (call,) = tell(scribe.entries).changes[0].reverted
    assert (call.name, call.outcome, call.value) == ("lambda:PutFunctionConcurrency us-east-1", "already", "40")


def test_a_journal_may_end_anywhere() -> None:
    _, entries, _ = fabricated_run()
    for length in range(len(entries) + 1):
        story = tell(entries[:length])
        assert len(story.changes) <= 4
        assert story.head == (entries[length - 1].hash if length else "")


def test_entries_of_odd_shapes_are_told_without_an_error() -> None:
    odd = entry("undo.recorded", change_id="c1", change=None, role=7)
    story = tell([odd, entry("call.intent", change_id="c1", role="apply", call=[1]), entry("step.began", index="x")])
    assert [change.target for change in story.changes] == [""]
    assert EPOCH.year == 2026
