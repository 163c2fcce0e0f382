"""One stamped line per event."""

from __future__ import annotations

from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue
from drillrunner.reporting.lines import stamped_line
from fabricated_run import fabricated_run, throttle_change
from made_up_verdict import entry

UNDOS: dict[str, Entry] = {
    "c1": entry(
        "undo.recorded",
        change_id="c1",
        role="fault",
        kind="lambda.throttle",
        change=throttle_change().model_dump(mode="json"),
    )
}


def line(kind: str, /, **data: JsonValue) -> str | None:
    return stamped_line(entry(kind, 51.0, **data), UNDOS)


def test_an_injection_says_what_was_there_and_what_is_now() -> None:
    said = line("call.outcome", change_id="c1", role="apply", outcome="done")
    assert said == "14:05:51 inject  lambda.throttle lambda us-east-1 checkout: applied (40 → 0)"


def test_a_secret_that_was_captured_alone_is_not_shown() -> None:
    change = throttle_change().model_copy(update={"prior": {"MasterUserPassword": "hunter2"}})
    undo = entry("undo.recorded", change_id="c1", role="fault", kind="x", change=change.model_dump(mode="json"))
    said = stamped_line(entry("call.outcome", 51.0, change_id="c1", role="apply", outcome="done"), {"c1": undo})
    assert said is not None
    assert said.endswith("applied (*** → 0)")


def test_an_unknown_outcome_counts_as_applied() -> None:
    said = line("call.outcome", change_id="c1", role="apply", outcome="unknown", error="timed out")
    assert said is not None
    assert said.endswith("outcome unknown, counts as applied: timed out")


def test_a_failed_revert_is_in_capitals() -> None:
    said = line("change.reverted", change_id="c1", ok=False, left="AccessDenied")
    assert said == "14:05:51 REVERT  lambda.throttle lambda us-east-1 checkout: NOT PUT BACK: AccessDenied"


def test_what_is_left_after_the_revert_is_said() -> None:
    said = line("revert.done", of=2, reverted=1, left=["lambda.throttle"], seconds=4.2)
    assert said == "14:05:51 REVERT  1/2 put back in 4.2s; LEFT: lambda.throttle"


def test_a_persons_step_shows_what_to_do() -> None:
    said = line("step.began", section="failover", index=1, kind="manual", text="Tell support")
    assert said == '14:05:51 person  failover 2: waiting: "Tell support" [enter when done]'


def test_an_interruption_says_that_everything_is_put_back() -> None:
    said = line("interrupted", by="SIGINT", why="")
    assert said == "14:05:51 STOP    SIGINT: stopping, and putting everything back"


def test_terminal_escapes_in_an_error_are_shown_not_obeyed() -> None:
    said = line("call.outcome", change_id="c1", role="revert", outcome="failed", error="\x1b[2Jgone")
    assert said is not None
    assert said.endswith("FAILED: \\u001b[2Jgone")


def test_records_that_people_need_not_see_have_no_line() -> None:
    assert line("undo.recorded", change_id="c1") is None
    ledger = {"l1": entry("undo.recorded", change_id="l1", role="ledger", kind="dynamodb.ledger")}
    assert stamped_line(entry("change.reverted", change_id="l1", ok=True), ledger) is None
    assert stamped_line(entry("change.reverted", change_id="l1", ok=False), ledger) is not None
    assert line("call.outcome", change_id="c1", role="revert", outcome="done") is None
    assert line("read_back", change_id="c1", role="apply", holds=False) is None
    assert line("unheard.of") is None


def test_every_kind_survives_empty_data() -> None:
    _, entries, _ = fabricated_run()
    for kind in {one.kind for one in entries} | {"stop.tripped", "interrupted"}:
        said = stamped_line(entry(kind), {})
        assert said is None or said.startswith("14:05:51 ")
