"""What a journal tells whom: the events of a run, in order, with nothing of the calls' inputs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drillrunner.model.journal import Entry
from drillrunner.model.verdict import RevertResult
from drillrunner.sinks.event import Event, ended_event, events_of
from drillrunner.sinks.known_run import KnownRun
from fabricated_run import BEGAN_AT, Scribe, fabricated_run
from made_up_verdict import verdict

ENTRIES = fabricated_run()[1]


def told(entries: list[Entry]) -> list[Event]:
    run = KnownRun()
    events: list[Event] = []
    for entry in entries:
        run = run.with_entry(entry)
        events += events_of(entry, run)
    return events


def test_a_run_is_told_from_its_beginning_to_its_revert() -> None:
    assert [event.type.removeprefix("io.drillrunner.") for event in told(ENTRIES)] == [
        "run.began",
        "fault.applied",
        "fault.applied",
        "detected",
        "recovered",
        "reverted",
    ]


def test_every_event_names_its_run_and_has_an_id_of_its_own() -> None:
    events = told(ENTRIES)
    assert {(event.run_id, event.drill, event.environment) for event in events} == {("7f3a", "regional-outage", "lab")}
    assert len({event.id for event in events}) == len(events)


def test_a_fault_is_told_by_its_kind_and_target_alone() -> None:
    applied = told(ENTRIES)[1]
    assert applied.text == "fault lambda.throttle is in effect on lambda us-east-1 checkout"
    assert set(applied.data) == {"kind", "target", "earliest", "latest"}
    assert "ReservedConcurrentExecutions" not in applied.model_dump_json()


def test_an_interval_is_told_as_times_of_day_on_the_run_s_clock() -> None:
    scribe = Scribe()
    scribe.write(0.0, "run.began", run_id="7f3a", drill="d", environment="lab", time_scale=10.0)
    entry = scribe.write(60.0, "recovered", low=BEGAN_AT + 40.0, high=BEGAN_AT + 50.0)
    run = KnownRun().with_entries(scribe.entries)
    recovered = next(events_of(entry, run))
    assert recovered.data == {"earliest": "2026-11-20T14:00:58+00:00", "latest": "2026-11-20T14:00:59+00:00"}
    assert recovered.at == datetime(2026, 11, 20, 14, 1, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["revert.done", "cleanup.done"])
def test_what_is_left_is_told_first_with_the_command_that_mends_it(kind: str) -> None:
    scribe = Scribe()
    scribe.write(0.0, "run.began", run_id="7f3a", drill="d", environment="lab", time_scale=1.0)
    scribe.write(9.0, kind, of=2, reverted=1, left=["lambda.throttle on lambda us-east-1 checkout"], seconds=3.0)
    _, left, *_ = told(scribe.entries)
    assert left.type == "io.drillrunner.left.injected"
    assert left.text == (
        "STILL INJECTED: lambda.throttle on lambda us-east-1 checkout. Mend it with: drill revert 7f3a"
    )


def test_an_end_is_told_with_outcome_and_figures() -> None:
    run = KnownRun().with_entries(ENTRIES)
    event = ended_event(ENTRIES[-1], run, verdict())
    assert event.text == "drill regional-outage on lab: missed; RTO 97.1 to 98.7 s; RPO 1.0 to 1.4 s"
    assert event.data["rto_seconds"] == {"low": 97.1, "high": 98.7}
    assert event.data["outcome"] == "missed"


def test_an_end_says_what_is_still_injected_and_how_it_ended() -> None:
    run = KnownRun().with_entries(ENTRIES)
    left = RevertResult(of=2, reverted=1, seconds=3.0, left=("a on b",))
    text = ended_event(ENTRIES[-1], run, verdict(revert=left, ended_by="aborted: asked to stop")).text
    assert text.endswith("; aborted: asked to stop; STILL INJECTED: a on b")


def test_an_end_that_could_not_be_judged_is_told_all_the_same() -> None:
    run = KnownRun().with_entries(ENTRIES)
    assert ended_event(ENTRIES[-1], run, None).text == "drill regional-outage on lab has ended: completed"
