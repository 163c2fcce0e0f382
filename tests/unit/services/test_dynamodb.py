from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jmespath
import pytest

from drillrunner.clock import run_virtual
from drillrunner.errors import CallFailed
from drillrunner.model.call import AwsCall, Call
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer, Survivors
from drillrunner.ports import LedgerProbe, Outside, WritingProbe
from drillrunner.services import dynamodb
from fake_outside import FakeCaller, fake_outside, refusal

PARAMS = {"table": "orders", "write_region": "us-east-1", "read_region": "eu-west-1"}


@dataclass
class Table:
    """Items by hash key; `partial` answers leave half of a batch unprocessed."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    partial: int = 0

    def caller(self) -> FakeCaller:
        return FakeCaller({"dynamodb:PutItem": self.put, "dynamodb:BatchGetItem": self.get})

    def put(self, call: Call) -> JsonValue:
        assert isinstance(call, AwsCall)
        item: Any = call.params["Item"]
        self.items[item["pk"]["S"]] = item
        return {}

    def get(self, call: Call) -> JsonValue:
        assert isinstance(call, AwsCall)
        assert call.region == "eu-west-1"
        request: Any = call.params["RequestItems"]
        assert request["orders"]["ConsistentRead"] is True
        keys = request["orders"]["Keys"]
        assert len(keys) <= 100
        rest: list[Any] = []
        if self.partial:
            self.partial -= 1
            keys, rest = keys[: len(keys) // 2], keys[len(keys) // 2 :]
        found = [self.items[key["pk"]["S"]] for key in keys if key["pk"]["S"] in self.items]
        left: dict[str, Any] = {"orders": {"Keys": rest, "ConsistentRead": True}} if rest else {}
        answered: dict[str, Any] = {"Responses": {"orders": found}, "UnprocessedKeys": left}
        return answered


def ledger(**more: str) -> dynamodb.LedgerProbe:
    return dynamodb.LedgerProbe(dynamodb.LedgerParams.model_validate({**PARAMS, **more}))


def survived(table: Table, wrote: int, lose: tuple[int, ...] = ()) -> Survivors:
    async def main() -> Survivors:
        probe, outside = ledger(), fake_outside(table.caller())
        for seq in range(1, wrote + 1):
            assert (await probe.poll(outside, seq, 1.0)).ok is True
        for seq in lose:
            del table.items[f"drillrunner#run-1#us-east-1>eu-west-1#{seq}"]
        return await probe.survivors(outside, 1, wrote)

    found: Survivors = run_virtual(main)
    return found


def test_the_ledger_is_what_the_engine_takes_for_one() -> None:
    assert isinstance(ledger(), LedgerProbe)


def test_records_that_did_not_arrive_are_missing_from_the_survivors() -> None:
    found = survived(Table(), wrote=230, lose=(101, 230))
    assert found.present == tuple(number for number in range(1, 230) if number != 101)
    assert found.overwritten == ()


def test_a_batch_that_is_answered_in_part_is_read_to_its_end() -> None:
    assert survived(Table(partial=3), wrote=8).present == (1, 2, 3, 4, 5, 6, 7, 8)


def test_a_table_that_never_answers_whole_is_an_error_and_no_loss() -> None:
    with pytest.raises(CallFailed) as caught:
        survived(Table(partial=10_000), wrote=1000)
    assert caught.value.code == "UnprocessedKeys"


def test_a_record_that_holds_another_value_was_overwritten() -> None:
    async def main() -> Survivors:
        table = Table()
        probe, outside = ledger(), fake_outside(table.caller())
        await probe.poll(outside, 1, 1.0)
        await probe.poll(outside, 2, 1.0)
        table.items["drillrunner#run-1#us-east-1>eu-west-1#2"]["n"] = {"N": "7"}
        return await probe.survivors(outside, 1, 2)

    assert run_virtual(main) == Survivors(present=(1, 2), overwritten=(2,))


def test_a_refused_write_is_a_failure_that_is_never_tried_again() -> None:
    async def main() -> None:
        caller = FakeCaller({"dynamodb:PutItem": refusal("ThrottlingException")})
        assert await ledger().poll(fake_outside(caller), 1, 1.0) == Answer(ok=False, why="ThrottlingException")
        assert caller.retried == [False]

    run_virtual(main)


def test_an_extent_deletes_its_records_25_at_a_time_where_they_were_written() -> None:
    async def main() -> None:
        change = ledger(sort_key="sk").extent(fake_outside(), 1, 60)
        deletes = [call for call in change.revert if isinstance(call, AwsCall)]
        sizes = [len(jmespath.search("RequestItems.orders", call.params)) for call in deletes]
        assert sizes == [25, 25, 10]
        assert {call.region for call in deletes} == {"us-east-1"}
        first = jmespath.search("RequestItems.orders[0].DeleteRequest.Key", deletes[0].params)
        assert first == {"pk": {"S": "drillrunner#run-1#us-east-1>eu-west-1#1"}, "sk": {"S": "drillrunner"}}
        assert change.apply == ()

    run_virtual(main)


def test_a_deletion_holds_only_when_nothing_is_left_and_everything_was_looked_at() -> None:
    async def main() -> None:
        (delete,) = ledger().extent(fake_outside(), 1, 2).revert
        assert delete.read_back is not None
        path, expected = delete.read_back.path, delete.read_back.expected
        assert jmespath.search(path, {"Responses": {"orders": []}, "UnprocessedKeys": {}}) == expected
        assert jmespath.search(path, {"Responses": {"orders": [{}]}, "UnprocessedKeys": {}}) != expected
        assert jmespath.search(path, {"Responses": {"orders": []}, "UnprocessedKeys": {"orders": {}}}) != expected

    run_virtual(main)


def test_a_record_expires_where_the_table_has_a_ttl_attribute() -> None:
    async def main() -> None:
        table = Table()
        await ledger(ttl_attribute="expires").poll(fake_outside(table.caller()), 1, 1.0)
        (item,) = table.items.values()
        assert item["expires"] == {"N": "1767830400"}  # seven days after 2026-01-01

    run_virtual(main)


@dataclass
class Replica:
    """Shows a heartbeat in the other region `lag` seconds after it was written."""

    lag: float
    written: list[tuple[float, str]] = field(default_factory=list)
    outside: Outside | None = None

    def now(self) -> float:
        assert self.outside is not None
        return self.outside.clock.monotonic()

    def put(self, call: Call) -> JsonValue:
        assert isinstance(call, AwsCall)
        item: Any = call.params["Item"]
        self.written.append((self.now(), item["n"]["N"]))
        return {}

    def get(self, call: Call) -> JsonValue:
        arrived = [number for moment, number in self.written if moment + self.lag <= self.now()]
        return {"Item": {"n": {"N": arrived[-1]}}} if arrived else {}


def lagging(replica: Replica, polls: int = 1, timeout: float = 2.0, every: float = 5.0) -> list[Answer]:
    async def main() -> list[Answer]:
        caller = FakeCaller({"dynamodb:PutItem": replica.put, "dynamodb:GetItem": replica.get})
        replica.outside = outside = fake_outside(caller)
        params = {"table": "orders", "from": "us-east-1", "to": "eu-west-1"}
        probe = dynamodb.ReplicationLagProbe(dynamodb.ReplicationLagParams.model_validate(params))
        assert isinstance(probe, WritingProbe)
        answers = []
        for seq in range(1, polls + 1):
            await outside.clock.sleep_until(seq * every)
            answers.append(await probe.poll(outside, seq, timeout))
        return answers

    answers: list[Answer] = run_virtual(main)
    return answers


@pytest.mark.parametrize("lag", [0.0, 0.04, 0.4, 1.3])
def test_the_lag_that_is_measured_is_the_true_one_within_a_fifth(lag: float) -> None:
    (answer,) = lagging(Replica(lag))
    assert answer.ok is True
    assert answer.value is not None
    assert lag <= answer.value <= max(lag * 1.21, lag + 0.051)


def test_a_heartbeat_that_does_not_arrive_in_time_gives_the_age_of_the_oldest_missing_one() -> None:
    first, second = lagging(Replica(lag=60.0), polls=2)
    assert (first.ok, first.why) == (False, "not replicated")
    assert first.value is not None
    assert 1.5 < first.value <= 1.9
    assert second.value is not None
    assert 6.5 < second.value <= 6.9


def test_what_cannot_be_written_or_read_is_an_unknown_lag() -> None:
    async def main() -> None:
        params = {"table": "orders", "from": "us-east-1", "to": "eu-west-1"}
        probe = dynamodb.ReplicationLagProbe(dynamodb.ReplicationLagParams.model_validate(params))
        unwritable = FakeCaller({"dynamodb:PutItem": refusal("ThrottlingException")})
        assert await probe.poll(fake_outside(unwritable), 1, 1.0) == Answer(ok=None, why="write: ThrottlingException")
        unreadable = FakeCaller({"dynamodb:PutItem": {}, "dynamodb:GetItem": refusal("ConnectionFailed")})
        assert await probe.poll(fake_outside(unreadable), 2, 1.0) == Answer(ok=None, why="read: ConnectionFailed")

    run_virtual(main)
