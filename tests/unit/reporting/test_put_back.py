"""How long putting everything back is said to take."""

from __future__ import annotations

from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue
from drillrunner.reporting.lines import remember
from drillrunner.reporting.progress import Progress, note
from drillrunner.reporting.put_back import Durations, PutBack, durations_of, put_back
from fabricated_run import Scribe


def call(operation: str, expected: str, region: str = "us-east-1") -> JsonValue:
    read: JsonValue = {"service": "rds", "operation": "Describe", "region": region, "transport": "aws"}
    back: JsonValue = {"read": read, "path": "Writer", "expected": expected}
    return {"service": "rds", "operation": operation, "region": region, "transport": "aws", "read_back": back}


def move(apply: JsonValue, revert: JsonValue, target: str = "aurora ledger") -> dict[str, JsonValue]:
    return {"target": target, "apply": [apply], "revert": [revert]}


FAILOVER = move(call("Failover", "eu-west-1", "eu-west-1"), call("Switchover", "us-east-1", "eu-west-1"))
FAILBACK = move(call("Switchover", "us-east-1"), call("Switchover", "eu-west-1"))
THROTTLE = move(call("Put", "0"), call("Put", "40"), "lambda checkout")


class Told(Scribe):
    """A journal, written in seconds, as the engine writes it: an intent holds no read-back."""

    def recorded(self, at: float, name: str, change: dict[str, JsonValue], role: str = "step") -> None:
        self.write(at, "undo.recorded", change_id=name, group=name, role=role, kind="x", change=change)

    def done(self, at: float, name: str, change: dict[str, JsonValue], seconds: float, role: str = "apply") -> None:
        """A call that is answered after a second, and seen to work after so many."""
        calls = change[role]
        assert isinstance(calls, list)
        assert isinstance(calls[0], dict)
        bare: JsonValue = {key: value for key, value in calls[0].items() if key != "read_back"}
        self.write(at, "call.intent", call_id="k", change_id=name, role=role, call=bare)
        self.write(at + 1, "call.outcome", call_id="k", change_id=name, role=role, outcome="done")
        self.write(at + 1.1, "read_back", change_id=name, role=role, holds=False)
        if seconds:
            self.write(at + seconds, "read_back", change_id=name, role=role, holds=True)


def estimate(told: Told, now: float, before: dict[str, float] | None = None) -> PutBack | None:
    progress, undos, durations = Progress(), dict[str, Entry](), Durations(dict(before or {}))
    for entry in told.entries:
        remember(entry, undos)
        note(progress, entry, undos)
        durations.note(entry, undos)
    return put_back(progress.begun.values(), durations.seconds, 5000.0 + now)


def failed_over() -> Told:
    told = Told()
    told.recorded(0.0, "c1", FAILOVER)
    told.done(1.0, "c1", FAILOVER, 15.0)
    return told


def test_an_undo_by_another_call_takes_no_less_than_applying_did_until_that_call_was_seen() -> None:
    assert estimate(failed_over(), 20.0) == PutBack(15.0, is_least=True)


def test_an_undo_by_the_same_call_takes_what_that_took() -> None:
    told = Told()
    told.recorded(0.0, "c1", THROTTLE, "fault")
    told.done(1.0, "c1", THROTTLE, 2.5)
    assert estimate(told, 20.0) == PutBack(2.5, is_least=False)


def test_what_is_being_applied_by_an_unknown_call_takes_longer_by_the_second() -> None:
    told = Told()
    told.recorded(0.0, "c1", FAILOVER)
    told.done(1.0, "c1", FAILOVER, 0.0)  # it was answered, and is not seen to work yet
    assert estimate(told, 8.0) == PutBack(7.0, is_least=True)
    assert estimate(told, 9.0) == PutBack(8.0, is_least=True)


def test_an_earlier_run_tells_how_long_the_undo_takes() -> None:
    earlier = failed_over()
    earlier.recorded(20.0, "c2", FAILBACK)
    earlier.done(21.0, "c2", FAILBACK, 31.0)
    before = durations_of([earlier.entries])
    assert before == {"rds:Failover aurora ledger": 15.0, "rds:Switchover aurora ledger": 31.0}
    assert estimate(failed_over(), 20.0, before) == PutBack(31.0, is_least=False)


def test_an_undo_that_took_several_tries_before_is_expected_to_take_as_long_again() -> None:
    earlier = failed_over()
    earlier.write(20.0, "revert.began", of=1)
    earlier.done(21.0, "c1", FAILOVER, 0.0, "revert")
    earlier.write(26.0, "change.reverted", change_id="c1", ok=False, left="its read-back never showed it")
    earlier.done(30.0, "c1", FAILOVER, 31.0, "revert")
    earlier.write(62.0, "change.reverted", change_id="c1", ok=True)
    assert estimate(failed_over(), 20.0, durations_of([earlier.entries])) == PutBack(41.0, is_least=False)


def test_the_longest_that_was_seen_counts() -> None:
    assert durations_of([failed_over().entries, failed_over().entries]) == {"rds:Failover aurora ledger": 15.0}
    slower = Told()
    slower.recorded(0.0, "c1", FAILOVER)
    slower.done(1.0, "c1", FAILOVER, 40.0)
    assert durations_of([slower.entries, failed_over().entries])["rds:Failover aurora ledger"] == 40.0


def test_after_the_failback_its_undo_and_the_failover_s_cost_nothing_more() -> None:
    told = failed_over()
    told.recorded(20.0, "c2", FAILBACK)
    told.done(21.0, "c2", FAILBACK, 0.0)
    assert estimate(told, 30.0) == PutBack(15.0, is_least=True)  # nobody knows yet where the writer will be
    told.write(52.0, "read_back", change_id="c2", role="apply", holds=True)
    assert estimate(told, 53.0) == PutBack(0.0, is_least=False)


def test_what_is_left_of_several_targets_adds_up() -> None:
    told = Told()
    told.recorded(0.0, "c1", THROTTLE, "fault")
    told.done(0.0, "c1", THROTTLE, 2.5)
    told.recorded(5.0, "c2", FAILOVER)
    told.done(5.0, "c2", FAILOVER, 15.0)
    assert estimate(told, 30.0) == PutBack(17.5, is_least=True)
    told.write(31.0, "change.reverted", change_id="c2", ok=True)
    assert estimate(told, 32.0) == PutBack(2.5, is_least=False)


def test_what_cannot_be_put_back_and_nothing_at_all_take_no_time() -> None:
    assert estimate(Told(), 1.0) is None
    told = Told()
    told.recorded(0.0, "c1", {**THROTTLE, "revert": [], "irreversible": True})
    told.done(1.0, "c1", THROTTLE, 2.5)
    assert estimate(told, 5.0) is None


def test_what_a_dead_run_had_begun_took_nobody_knows_how_long() -> None:
    told = Told()
    told.recorded(0.0, "c1", FAILOVER)
    told.done(1.0, "c1", FAILOVER, 15.0)
    told.done(20.0, "c1", FAILOVER, 0.0, "revert")  # and the machine was switched off
    told.write(2_000.0, "interrupted", by="drill revert", why="it died")
    told.write(2_001.0, "read_back", change_id="c1", role="revert", holds=True)
    assert durations_of([told.entries]) == {"rds:Failover aurora ledger": 15.0}


def test_a_call_that_failed_is_not_ended_by_what_is_read_later() -> None:
    told = Told()
    told.recorded(0.0, "c1", THROTTLE, "fault")
    told.write(1.0, "call.intent", call_id="k", change_id="c1", role="apply", call=call("Put", "0"))
    told.write(2.0, "call.outcome", call_id="k", change_id="c1", role="apply", outcome="unknown")
    told.write(90.0, "read_back", change_id="c1", role="apply", holds=True)
    assert durations_of([told.entries]) == {}


def test_a_ledger_s_records_are_left_out() -> None:
    told = Told()
    told.recorded(0.0, "c1", THROTTLE, "ledger")
    told.done(1.0, "c1", THROTTLE, 90.0, "revert")
    assert durations_of([told.entries]) == {}
