"""A run as a trace: root, phases and calls, without what the calls were given."""

from __future__ import annotations

from itertools import pairwise

import pytest

from drillrunner.model.verdict import RevertResult
from drillrunner.sinks.known_run import KnownRun
from drillrunner.sinks.trace import Parent, Piece, parent_in, pieces_of, span_id_of, trace_id_of
from fabricated_run import Scribe, fabricated_run, throttle_change
from made_up_verdict import verdict

ENTRIES = fabricated_run()[1]
RUN = KnownRun().with_entries(ENTRIES)
PIECES = pieces_of(ENTRIES, RUN, verdict())
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_the_root_is_the_run_with_its_outcome_and_its_rto() -> None:
    root = PIECES[0]
    assert (root.name, root.parent, root.failed) == ("drill.run", None, "availability was missed: 24.61% of 30%")
    assert root.attributes["drillrunner.outcome"] == "missed"
    assert root.attributes["drillrunner.rto_seconds_low"] == 97.1
    assert root.attributes["drillrunner.rto_seconds_high"] == 98.7
    assert [mark.name for mark in root.marks] == ["effect.observed", "effect.observed", "detected", "recovered"]


def test_phases_follow_each_other_below_the_root() -> None:
    phases = [piece for piece in PIECES if piece.name.startswith("phase ")]
    assert [phase.name for phase in phases][:3] == ["phase preflight", "phase baseline", "phase inject"]
    assert all(phase.parent == 0 for phase in phases)
    assert all(one.ended == after.began for one, after in pairwise(phases))


def test_a_call_is_a_client_span_below_its_phase_named_by_convention() -> None:
    call = next(piece for piece in PIECES if piece.is_call)
    assert call.name == "lambda/PutFunctionConcurrency"
    assert call.attributes["rpc.system"] == "aws-api"
    assert (call.attributes["rpc.service"], call.attributes["rpc.method"]) == ("lambda", "PutFunctionConcurrency")
    assert call.attributes["cloud.region"] == "us-east-1"
    assert call.attributes["drillrunner.target"] == "lambda us-east-1 checkout"
    assert call.parent is not None
    assert PIECES[call.parent].name == "phase inject"


def test_no_span_holds_what_a_call_was_given() -> None:
    assert "ReservedConcurrentExecutions" not in repr(PIECES)


def test_a_statement_is_told_by_its_verb_and_database_alone() -> None:
    scribe = Scribe()
    scribe.write(0.0, "run.began", run_id="7f3a", drill="d", environment="lab", time_scale=1.0)
    call = {"transport": "sql", "database": "orders", "statement": "alter role app password 'secret'"}
    scribe.write(1.0, "call.intent", call_id="k1", change_id="c1", role="apply", call=dict(call))
    piece = pieces_of(scribe.entries, KnownRun(), None)[-1]
    assert (piece.name, piece.failed) == ("ALTER orders", "unknown")
    assert "secret" not in repr(piece)


def test_what_is_left_makes_the_root_fail() -> None:
    scribe = Scribe()
    scribe.write(0.0, "interrupted", by="drill revert", why="its process died")
    scribe.call(1.0, "c1", "revert", throttle_change().revert[0], seconds=1.0, outcome="failed")
    scribe.write(9.0, "revert.done", of=1, reverted=0, left=["a on b"], seconds=8.0)
    left = RevertResult(of=1, reverted=0, seconds=8.0, left=("a on b",))
    root, call = pieces_of(scribe.entries, RUN, verdict(revert=left))
    assert (root.name, root.failed) == ("drill.revert", "still injected")
    assert (call.parent, call.failed) == (0, "failed")


def test_nothing_makes_no_span() -> None:
    assert pieces_of((), RUN, None) == ()


def test_ids_follow_from_the_run_so_that_a_revert_joins_its_trace() -> None:
    assert trace_id_of("7f3a") == trace_id_of("7f3a") != trace_id_of("7f3b")
    assert 0 < trace_id_of("7f3a") < 2**128
    assert len({span_id_of("7f3a", 1, number) for number in range(len(PIECES))}) == len(PIECES)


def test_a_traceparent_is_honoured() -> None:
    assert parent_in(PARENT) == Parent(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331)


@pytest.mark.parametrize("wrong", [None, "", "hello", PARENT.replace("b7ad6b7169203331", "0" * 16), "ff" + PARENT[2:]])
def test_a_traceparent_that_is_not_valid_is_as_none(wrong: str | None) -> None:
    assert parent_in(wrong) is None


def test_a_parent_comes_before_its_children() -> None:
    def above(piece: Piece) -> int:
        return -1 if piece.parent is None else piece.parent

    assert all(above(piece) < index for index, piece in enumerate(PIECES))
