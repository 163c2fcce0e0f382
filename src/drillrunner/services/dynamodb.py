"""DynamoDB global tables: a ledger of numbered records that measures what is lost, and a probe of the lag.

Replicas take the last writer's version, typically within a second; ReplicationLatency is published
every five minutes, too coarse for an RPO, so both probes write items of their own
(Developer Guide, "Monitoring global tables"). Their undo is recorded before they write.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from drillrunner.errors import CallFailed
from drillrunner.model.call import AwsCall, Call, Change, ReadBack
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer, Survivors
from drillrunner.model.region import Region
from drillrunner.ports import Outside
from drillrunner.registry import Params, probe
from drillrunner.services.aws_reading import SHARE_OF_TIMEOUT, failed, found, quoted, unknown

# botocore dynamodb: BatchGetItem takes up to 100 items, BatchWriteItem up to 25.
READ_AT_ONCE = 100
DELETE_AT_ONCE = 25
# DynamoDB answers a batch in part when it is busy; the rest is asked for again, ever more slowly.
BATCH_TRIES = 8
FIRST_PAUSE_SECONDS = 0.1
# A record that nobody could delete expires by itself where the table has a TTL attribute.
EXPIRES_AFTER = timedelta(days=7)
# How often the lag probe looks: the pause grows with the lag, so that a figure is within 20 % or 50 ms.
LOOK_EVERY_SECONDS = 0.05
LOOK_EVERY_SHARE = 0.2

TableName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]
AttributeName = Annotated[str, Field(min_length=1, max_length=255)]


@dataclass(frozen=True, slots=True)
class Keys:
    """The table's string key attributes, and the keys of the items that one probe of one run writes."""

    table: str
    hash_name: str
    range_name: str | None
    prefix: str

    def of(self, run_id: str, last_part: str) -> dict[str, JsonValue]:
        """The whole primary key of one item."""
        value: JsonValue = {"S": f"drillrunner#{run_id}#{self.prefix}#{last_part}"}
        return {self.hash_name: value} | ({self.range_name: {"S": "drillrunner"}} if self.range_name else {})

    def of_all(self, run_id: str, numbers: Iterable[int]) -> list[dict[str, JsonValue]]:
        return [self.of(run_id, str(number)) for number in numbers]


class LedgerParams(Params):
    """What dynamodb.ledger takes."""

    table: TableName = Field(description="a global table with string keys")
    write_region: Region = Field(description="the region that is written to")
    read_region: Region = Field(description="the region in which the survivors are read")
    key: AttributeName = Field(default="pk", description="the hash key attribute, a string")
    sort_key: AttributeName | None = Field(default=None, description="the range key attribute, a string, if any")
    ttl_attribute: AttributeName | None = Field(
        default=None, description="the table's TTL attribute: records then expire after 7 days at the latest"
    )


@probe("dynamodb.ledger", params=LedgerParams, ledger=True)
class LedgerProbe:
    """Write numbered records in one region, and read in another which of them survived.

    Each poll puts one item; `ok` means that DynamoDB acknowledged it. Records are read back
    strongly consistent, in the region that users would read after the failover, and are deleted when
    the run is put back. Its value is how long the write took, in milliseconds.
    """

    def __init__(self, params: LedgerParams) -> None:
        self._params = params
        self._keys = Keys(params.table, params.key, params.sort_key, f"{params.write_region}>{params.read_region}")

    def calls(self) -> Sequence[Call]:
        params = self._params
        key = self._keys.of("run", "0")
        return (
            _call("PutItem", params.write_region, {"TableName": params.table, "Item": key}),
            _batch_get(self._keys, params.read_region, [key]),
        )

    async def poll(self, outside: Outside, seq: int, timeout_seconds: float) -> Answer:
        asked = outside.clock.monotonic()
        put: dict[str, JsonValue] = {"TableName": self._params.table, "Item": self._item(outside, seq)}
        try:
            await outside.ask(_call("PutItem", self._params.write_region, put), timeout_seconds=timeout_seconds)
        except CallFailed as failure:
            return failed(failure)
        value = (outside.clock.monotonic() - asked) * 1000
        return Answer(ok=True, value=value, region=self._params.write_region)

    def _item(self, outside: Outside, seq: int) -> dict[str, JsonValue]:
        wall = outside.clock.wall()
        item = self._keys.of(outside.run_id, str(seq))
        item |= {"n": {"N": str(seq)}, "run": {"S": outside.run_id}, "at": {"S": wall.isoformat()}}
        if self._params.ttl_attribute:
            item[self._params.ttl_attribute] = {"N": str(int((wall + EXPIRES_AFTER).timestamp()))}
        return item

    def extent(self, outside: Outside, first: int, last: int) -> Change:
        """The deletion of records first..last in the region that wrote them; deletes replicate."""
        params = self._params
        keys = self._keys.of_all(outside.run_id, range(first, last + 1))
        records = f"records {first}-{last} to {params.read_region}"
        return Change(
            target=f"dynamodb {params.write_region} {params.table} {records}",
            revert=tuple(
                _deleting(self._keys, params.write_region, keys[start : start + DELETE_AT_ONCE])
                for start in range(0, len(keys), DELETE_AT_ONCE)
            ),
        )

    async def survivors(self, outside: Outside, first: int, last: int) -> Survivors:
        """See ports.LedgerProbe. An item that holds another number or run was overwritten."""
        present: dict[int, bool] = {}
        for start in range(first, last + 1, READ_AT_ONCE):
            numbers = range(start, min(start + READ_AT_ONCE, last + 1))
            keys = self._keys.of_all(outside.run_id, numbers)
            for item in await _every_item(self._keys, self._params.read_region, keys, outside):
                number = int(str(found(item, f"{quoted(self._keys.hash_name)}.S")).rsplit("#", 1)[-1])
                present[number] = _is_ours(item, outside.run_id, number)
        return Survivors(
            present=tuple(sorted(present)),
            overwritten=tuple(sorted(number for number, ours in present.items() if not ours)),
        )


def _is_ours(item: JsonValue, run_id: str, number: int) -> bool:
    return bool(found(item, "[n.N, run.S]") == [str(number), run_id])


class ReplicationLagParams(Params):
    """What dynamodb.replication_lag takes."""

    table: TableName = Field(description="a global table with string keys")
    from_region: Region = Field(alias="from", description="the region that is written to")
    to: Region = Field(description="the region that the write must reach")
    key: AttributeName = Field(default="pk", description="the hash key attribute, a string")
    sort_key: AttributeName | None = Field(default=None, description="the range key attribute, a string, if any")

    @model_validator(mode="after")
    def _two_regions(self) -> Self:
        if self.from_region == self.to:
            raise ValueError("from and to are the same region")
        return self


@dataclass
class Acknowledged:
    """When each heartbeat that has not been seen yet was acknowledged, in drill-clock seconds."""

    moments: dict[int, float] = field(default_factory=dict)

    def oldest_after(self, seen: int) -> float | None:
        """When the earliest heartbeat after that one was acknowledged; those up to it are forgotten."""
        self.moments = {number: moment for number, moment in self.moments.items() if number > seen}
        return min(self.moments.values(), default=None)


@probe("dynamodb.replication_lag", params=ReplicationLagParams, estimates_rpo=True)
class ReplicationLagProbe:
    """Write a heartbeat in one region and look in the other until it is there.

    Its value is the lag in seconds: from the heartbeat's acknowledgement until it was seen, or, where
    it was not seen within the time-out, the age of the oldest heartbeat that is still missing (a lower
    bound, and not ok). Within 20 % or 50 ms. There is one item for each run, which every poll
    overwrites. The write is never repeated; looking until it is seen is the measurement.
    """

    def __init__(self, params: ReplicationLagParams) -> None:
        self._params = params
        self._keys = Keys(params.table, params.key, params.sort_key, f"{params.from_region}>{params.to}")
        self._acknowledged = Acknowledged()

    def calls(self) -> Sequence[Call]:
        key = self._keys.of("run", "heartbeat")
        return (
            _call("PutItem", self._params.from_region, {"TableName": self._params.table, "Item": key}),
            self._looking(key),
        )

    def extent(self, outside: Outside, first: int, last: int) -> Change:
        """The deletion of the run's one heartbeat, whichever polls are meant."""
        key = self._keys.of(outside.run_id, "heartbeat")
        return Change(
            target=f"dynamodb {self._params.from_region} {self._params.table} heartbeat to {self._params.to}",
            revert=(_deleting(self._keys, self._params.from_region, [key]),),
        )

    async def poll(self, outside: Outside, seq: int, timeout_seconds: float) -> Answer:
        deadline = outside.clock.monotonic() + timeout_seconds * SHARE_OF_TIMEOUT
        key = self._keys.of(outside.run_id, "heartbeat")
        put: dict[str, JsonValue] = {"TableName": self._params.table, "Item": {**key, "n": {"N": str(seq)}}}
        try:
            await outside.ask(_call("PutItem", self._params.from_region, put), timeout_seconds=timeout_seconds / 2)
        except CallFailed as failure:
            return unknown(failure, "write: ")
        acknowledged = outside.clock.monotonic()
        self._acknowledged.moments[seq] = acknowledged
        try:
            return await self._look_until_seen(outside, seq, acknowledged, deadline)
        except CallFailed as failure:
            return unknown(failure, "read: ")

    async def _look_until_seen(self, outside: Outside, seq: int, acknowledged: float, deadline: float) -> Answer:
        clock = outside.clock
        looking = self._looking(self._keys.of(outside.run_id, "heartbeat"))
        while True:
            left = deadline - clock.monotonic()
            answer = await outside.ask(looking, timeout_seconds=max(left, LOOK_EVERY_SECONDS))
            seen = int(found(answer, "Item.n.N") or 0)
            lag = clock.monotonic() - acknowledged
            if seen >= seq:
                self._acknowledged.oldest_after(seen)
                return Answer(ok=True, value=lag, region=self._params.to)
            pause = max(LOOK_EVERY_SECONDS, lag * LOOK_EVERY_SHARE)
            if clock.monotonic() + pause >= deadline:
                return self._not_seen(clock.monotonic(), seen)
            await clock.sleep(pause)

    def _not_seen(self, now: float, seen: int) -> Answer:
        oldest = self._acknowledged.oldest_after(seen)
        age = None if oldest is None else now - oldest
        return Answer(ok=False, value=age, why="not replicated", region=self._params.to)

    def _looking(self, key: dict[str, JsonValue]) -> AwsCall:
        asked: dict[str, JsonValue] = {"TableName": self._params.table, "Key": key, "ConsistentRead": True}
        return _call("GetItem", self._params.to, asked)


async def _every_item(keys: Keys, region: str, wanted: list[dict[str, JsonValue]], outside: Outside) -> list[Any]:
    """Those of at most 100 items that are there. Raises CallFailed when DynamoDB keeps answering in part."""
    items: list[Any] = []
    asking = _batch_get(keys, region, wanted)
    pause = FIRST_PAUSE_SECONDS
    for _ in range(BATCH_TRIES):
        answer = await outside.read(asking)
        items += found(answer, f"Responses.{quoted(keys.table)}") or []
        rest: dict[str, JsonValue] = found(answer, "UnprocessedKeys") or {}
        if not rest:
            return items
        asking = _call("BatchGetItem", region, {"RequestItems": rest})
        await outside.clock.sleep(pause)
        pause *= 2
    raise CallFailed(
        f"{BATCH_TRIES} answers in a row left keys unread",
        code="UnprocessedKeys",
        unknown=False,
        where=asking.describe(),
        advice="the table is throttled: raise its read capacity, or read again later",
    )


def _batch_get(keys: Keys, region: str, wanted: list[dict[str, JsonValue]]) -> AwsCall:
    request: JsonValue = {keys.table: {"Keys": list(wanted), "ConsistentRead": True}}
    return _call("BatchGetItem", region, {"RequestItems": request})


def _deleting(keys: Keys, region: str, unwanted: list[dict[str, JsonValue]]) -> AwsCall:
    """Deletes at most 25 items; deleting what is not there succeeds, so it may be repeated."""
    requests: JsonValue = [{"DeleteRequest": {"Key": key}} for key in unwanted]
    return _call(
        "BatchWriteItem",
        region,
        {"RequestItems": {keys.table: requests}},
        ReadBack(
            read=_batch_get(keys, region, unwanted),
            path=f"[length(Responses.{quoted(keys.table)} || `[]`), length(keys(UnprocessedKeys || `{{}}`))]",
            expected=[0, 0],
            within_seconds=5.0,
        ),
    )


def _call(operation: str, region: str, asked: dict[str, JsonValue], read_back: ReadBack | None = None) -> AwsCall:
    return AwsCall(service="dynamodb", operation=operation, region=region, params=asked, read_back=read_back)
