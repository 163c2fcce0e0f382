"""The conductor on virtual time: whatever ends a run, everything is put back."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import anyio
import pytest

from drillrunner.clock import run_virtual
from drillrunner.engine.conduct import Conductor
from drillrunner.engine.guard import longest_seconds
from drillrunner.engine.perform import Performer
from drillrunner.engine.record import Record
from drillrunner.engine.revert import Reverted, owed, revert_all
from drillrunner.errors import ExitCode, FaultInEffect, PlanStale, Refused
from drillrunner.model.call import AwsCall, Call
from drillrunner.model.drill import StepSpec, StopCondition
from drillrunner.model.journal import PHASES, Entry
from small_system import (
    PRIMARY,
    MemoryJournal,
    ProcessDied,
    Ran,
    SmallSystem,
    outside_of,
    refuse,
    run_small,
    small_drill,
    throttle,
)

BEFORE = SmallSystem().reserves
TWO_FAULTS = small_drill(faults=(throttle("checkout"), throttle("search", after=5.0)))


def run(system: SmallSystem, *args: Any, **kwargs: Any) -> Ran:
    async def main() -> Ran:
        return await run_small(system, *args, **kwargs)

    ran: Ran = run_virtual(main)
    return ran


def test_a_run_goes_through_its_phases_and_puts_everything_back() -> None:
    system = SmallSystem()
    ran = run(system)
    assert ran.phases() == list(PHASES[:-1])
    assert ran.ending.outcome == "completed"
    assert (ran.ending.reverted.of, ran.ending.reverted.reverted) == (1, 1)
    assert system.reserves == BEFORE
    assert system.writes == [("PutFunctionConcurrency", "checkout", 0), ("PutFunctionConcurrency", "checkout", 40)]


def test_the_undo_is_journaled_before_the_intent_and_the_intent_before_the_outcome() -> None:
    kinds = run(SmallSystem()).kinds()
    order = [kinds.index(kind) for kind in ("undo.recorded", "call.intent", "call.outcome", "read_back")]
    assert order == sorted(order)
    assert kinds.index("effect.observed") > order[-1]


def test_nothing_is_injected_when_the_steady_state_does_not_hold() -> None:
    system = SmallSystem(broken_since=0.0, failover_seconds=1e9)
    ran = run(system)
    assert ran.ending.outcome == "refused"
    assert ran.ending.exit_code == ExitCode.REFUSED
    assert "status 429" in str(ran.ending.why)
    assert system.writes == []
    assert "undo.recorded" not in ran.kinds()


FROM_HOME = small_drill().model_copy(update={"served_from": PRIMARY})


def test_nothing_is_injected_while_users_are_served_from_the_standby() -> None:
    ran = run(SmallSystem(away_until=1e9), FROM_HOME)
    assert ran.ending.outcome == "refused"
    assert str(ran.ending.why) == (
        "the steady state does not hold: probe checkout is served from eu-west-1, not from us-east-1"
    )
    assert "undo.recorded" not in ran.kinds()


def test_a_baseline_is_taken_again_for_as_long_as_the_drill_allows() -> None:
    patient = FROM_HOME.model_copy(update={"baseline_within_seconds": 60.0})
    system = SmallSystem(away_until=25.0)
    ran = run(system, patient)
    assert ran.ending.outcome == "completed"
    assert ran.kinds().count("baseline.retaken") == 2
    injected = next(entry for entry in ran.entries if entry.data.get("phase") == "inject")
    assert 30.0 <= injected.at < 31.0
    late = run(SmallSystem(away_until=1e9), patient)
    assert late.ending.outcome == "refused"
    assert late.entries[-1].at <= 80.0


def test_the_steady_state_is_back_when_users_are_served_from_home_again() -> None:
    ran = run(SmallSystem(failback_seconds=45.0), FROM_HOME)
    restored = next(entry for entry in ran.entries if entry.data.get("phase") == "restored")
    steady = ran.entries[-1]
    assert (steady.kind, steady.data["ok"]) == ("steady_state", True)
    assert steady.at - restored.at > 40.0
    never = run(SmallSystem(failback_seconds=1e9), FROM_HOME)
    assert never.entries[-1].data["why"] == "probe checkout is served from eu-west-1, not from us-east-1"


def test_a_fault_that_is_there_already_is_refused_not_adopted() -> None:
    system = SmallSystem(reserves={**BEFORE, (PRIMARY, "checkout"): 0})
    with pytest.raises(FaultInEffect):
        run(system)
    assert system.writes == []


def test_a_target_that_changed_since_the_plan_is_left_alone() -> None:
    system = SmallSystem()

    def meddle(conductor: Conductor, entry: Entry) -> None:
        if entry.data.get("phase") == "inject":
            system.reserves[PRIMARY, "checkout"] = 7

    ran = run(system, on_entry=meddle)
    assert isinstance(ran.error, PlanStale)
    assert ran.ending.exit_code == ExitCode.REFUSED
    assert system.reserves[PRIMARY, "checkout"] == 7
    assert system.writes == []


@pytest.mark.parametrize("phase", PHASES[:-1])
def test_an_interrupt_in_any_phase_reverts_and_ends_aborted(phase: str) -> None:
    system = SmallSystem()

    def interrupt(conductor: Conductor, entry: Entry) -> None:
        if entry.data.get("phase") == phase:
            conductor.interrupt("SIGINT", "interrupted")

    ran = run(system, TWO_FAULTS, on_entry=interrupt)
    assert system.reserves == BEFORE
    assert ran.ending.exit_code == ExitCode.ABORTED
    assert ran.ending.reverted.left == ()


def test_faults_are_put_back_in_reverse_order() -> None:
    system = SmallSystem()
    run(system, TWO_FAULTS)
    assert system.writes[2:] == [
        ("DeleteFunctionConcurrency", "search", None),
        ("PutFunctionConcurrency", "checkout", 40),
    ]


def test_a_stop_condition_ends_the_run_and_says_which() -> None:
    system = SmallSystem()
    drill = small_drill(stop_if=(StopCondition(probe="standby", fails_for_seconds=3.0),))

    def fail_standby(conductor: Conductor, entry: Entry) -> None:
        if entry.kind == "effect.observed":
            system.standby_fails = True

    ran = run(system, drill, on_entry=fail_standby)
    assert ran.ending.exit_code == ExitCode.ABORTED
    assert "standby: failing for" in str(ran.ending.why)
    assert system.reserves == BEFORE
    tripped = [entry.data["condition"] for entry in ran.entries if entry.kind == "stop.tripped"]
    assert tripped == ["standby"]


def test_a_call_that_timed_out_counts_as_applied() -> None:
    system = SmallSystem()
    system.after = refuse("PutFunctionConcurrency", times=1, unknown=True)
    ran = run(system)
    outcomes = [entry.data["outcome"] for entry in ran.entries if entry.kind == "call.outcome"]
    assert outcomes == ["unknown", "done"]
    assert system.reserves == BEFORE
    assert ran.ending.outcome == "completed"


def test_a_refused_fault_ends_the_run_and_what_was_applied_before_it_is_reverted() -> None:
    system = SmallSystem()

    def refuse_search(call: Call) -> None:
        if isinstance(call, AwsCall) and call.params["FunctionName"] == "search":
            refuse("PutFunctionConcurrency", times=1)(call)

    system.before = refuse_search
    ran = run(system, TWO_FAULTS)
    assert ran.ending.exit_code == ExitCode.ABORTED
    assert system.reserves == BEFORE


def test_a_revert_that_fails_is_tried_again_and_the_others_do_not_wait_for_it() -> None:
    system = SmallSystem()
    system.before = refuse("DeleteFunctionConcurrency", times=3)
    ran = run(system, TWO_FAULTS)
    assert [write[0] for write in system.writes[2:]] == ["PutFunctionConcurrency", "DeleteFunctionConcurrency"]
    assert ran.ending.reverted.left == ()
    assert system.reserves == BEFORE


def test_what_cannot_be_put_back_is_said() -> None:
    system = SmallSystem()
    system.before = refuse("DeleteFunctionConcurrency", times=10_000)
    ran = run(system, TWO_FAULTS)
    assert ran.ending.exit_code == ExitCode.STILL_INJECTED
    assert [one.describe() for one in ran.ending.reverted.left] == ["lambda.throttle on lambda us-east-1 search"]
    done = next(entry for entry in ran.entries if entry.kind == "revert.done")
    assert done.data["left"] == ["lambda.throttle on lambda us-east-1 search"]


def test_a_full_disk_before_the_injection_means_that_nothing_is_injected() -> None:
    system = SmallSystem()
    journal = MemoryJournal(lambda: 0.0, full_after=4)
    ran = run(system, journal=journal)
    assert ran.ending.exit_code == ExitCode.REFUSED
    assert system.writes == []


def test_a_disk_that_fills_up_after_the_injection_does_not_keep_the_revert_from_happening() -> None:
    system = SmallSystem()
    journal = MemoryJournal(lambda: 0.0)

    def fill(conductor: Conductor, entry: Entry) -> None:
        if entry.kind == "effect.observed":
            journal.full_after = len(journal.entries)

    ran = run(system, journal=journal, on_entry=fill)
    assert system.reserves == BEFORE
    assert ran.ending.exit_code == ExitCode.ABORTED


def test_a_manual_step_asks_a_person_and_one_who_refuses_ends_the_run() -> None:
    asked: list[str] = []
    drill = small_drill(failover=(StepSpec(kind="manual", text="tell support"),))
    run(SmallSystem(), drill, ask_person=asked.append)
    assert asked == ["tell support"]

    def nobody(text: str) -> None:
        raise Refused("nobody can be asked")

    system = SmallSystem()
    ran = run(system, drill, ask_person=nobody)
    assert ran.ending.exit_code == ExitCode.ABORTED
    assert system.reserves == BEFORE


def test_a_recovery_that_never_comes_ends_at_its_deadline_and_is_reverted() -> None:
    system = SmallSystem(failover_seconds=1e9)
    ran = run(system, small_drill(recovery_within_seconds=40.0))
    assert "recovered" not in ran.kinds()
    assert "failback" not in ran.phases()
    assert system.reserves == BEFORE
    assert ran.ending.outcome == "completed"


def test_probes_keep_their_schedule_without_drift() -> None:
    ran = run(SmallSystem())
    checkout = [reading for reading in ran.readings if reading.probe == "checkout"]
    steps = [later.asked - earlier.asked for earlier, later in pairwise(checkout)]
    assert max(abs(step - 1.0) for step in steps) < 1e-6
    assert [reading.seq for reading in checkout] == list(range(1, len(checkout) + 1))


def _entries_of_a_whole_run() -> int:
    return len(run(SmallSystem(), TWO_FAULTS).entries)


async def _die_after(system: SmallSystem, journal: MemoryJournal) -> None:
    """A run whose process ends at once, without any revert, when its journal says so."""
    try:
        await run_small(system, TWO_FAULTS, journal=journal)
    except BaseException as error:
        if not _died(error):
            raise


def _died(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_died(one) for one in error.exceptions)
    return isinstance(error, ProcessDied)


@pytest.mark.parametrize("entry", range(1, 40))
def test_a_run_that_died_after_any_entry_is_put_back_from_its_journal_alone(entry: int) -> None:
    system = SmallSystem()

    async def main() -> Reverted:
        journal = MemoryJournal(lambda: 0.0, dies_after=entry)
        await _die_after(system, journal)
        journal.dies_after = None
        outside = outside_of(system)
        record = Record(journal, journal.entries)
        return await revert_all(record, Performer(record, outside), outside.clock, within_seconds=60.0)

    reverted: Reverted = run_virtual(main)
    assert system.reserves == BEFORE
    assert reverted.left == ()


def test_every_entry_of_a_run_is_covered_by_the_test_above() -> None:
    assert _entries_of_a_whole_run() <= 39


def test_a_run_that_dies_does_leave_its_faults_behind() -> None:
    """Otherwise the test above would prove nothing."""
    left = []
    for entry in range(1, _entries_of_a_whole_run() + 1):
        system = SmallSystem()

        async def main(system: SmallSystem = system, entry: int = entry) -> None:
            await _die_after(system, MemoryJournal(lambda: 0.0, dies_after=entry))

        run_virtual(main)
        left.append(system.reserves != BEFORE)
    assert 8 <= sum(left) < len(left)


def test_a_late_effect_of_a_call_that_timed_out_is_swept() -> None:
    """The apply times out, the run reverts, and only then does the apply land."""
    system = SmallSystem()
    late: list[Call] = []

    def swallow(call: Call) -> None:
        if isinstance(call, AwsCall) and call.operation == "PutFunctionConcurrency" and not late:
            late.append(call)
            system.reserves[PRIMARY, "checkout"] = 0
            refuse("PutFunctionConcurrency", times=1, unknown=True)(call)

    def land(conductor: Conductor, entry: Entry) -> None:
        if entry.kind == "change.reverted" and len(late) == 1:
            late.append(late[0])
            system.reserves[PRIMARY, "checkout"] = 0

    system.before = swallow
    ran = run(system, on_entry=land)
    assert len(late) == 2
    assert system.reserves == BEFORE
    assert owed(ran.entries) == []


def test_a_view_that_fails_neither_ends_the_run_nor_keeps_it_from_reverting() -> None:
    system = SmallSystem()

    def broken(conductor: Conductor, entry: Entry) -> None:
        if entry.kind == "effect.observed":
            raise BrokenPipeError

    ran = run(system, on_entry=broken)
    assert ran.ending.outcome == "completed"
    assert system.reserves == BEFORE


def test_a_cancellation_from_outside_reverts_too() -> None:
    system = SmallSystem()

    async def main() -> list[bool]:
        injected = []
        with anyio.CancelScope() as outer:

            def cancel(conductor: Conductor, entry: Entry) -> None:
                if entry.data.get("phase") == "detect":
                    injected.append(system.reserves != BEFORE)
                    outer.cancel()

            await run_small(system, on_entry=cancel)
        return injected

    assert run_virtual(main) == [True]
    assert system.reserves == BEFORE


def test_a_person_who_never_answers_ends_the_run_at_the_time_that_the_guard_allowed_for() -> None:
    system = SmallSystem()
    drill = small_drill(failover=(StepSpec(kind="manual", text="tell support"),))

    async def main() -> Ran:
        return await run_small(system, drill, person_is_away=True)

    ran: Ran = run_virtual(main)
    assert "deadline" in str(ran.ending.why)
    assert ran.entries[-1].at <= longest_seconds(ran.plan)
    assert system.reserves == BEFORE
