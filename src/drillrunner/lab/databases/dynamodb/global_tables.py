"""Which regions hold a table, and in which state: what UpdateTable changes and DescribeTable shows."""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.dynamodb.exceptions import MockValidationException, ResourceInUseException
from moto.dynamodb.models import dynamodb_backends

from drillrunner.lab.databases.dynamodb.replication import Replication
from drillrunner.lab.databases.lag import LagModel
from drillrunner.lab.world import ACCOUNT, World

GLOBAL_TABLE_VERSION = "2019.11.21"


@dataclass(slots=True)
class _Replica:
    """`ready_at` is when CREATING turns into ACTIVE, `gone_at` when DELETING ends (drill seconds)."""

    ready_at: float
    filled_from: str | None = None
    gone_at: float | None = None
    settings: dict[str, Any] = field(default_factory=dict)


class GlobalTables:
    """The global tables of one world. Call it under the world's lock, as moto's handlers are.

    `creation_seconds` is how long a replica stays CREATING and DELETING (AWS: minutes).
    """

    def __init__(self, world: World, creation_seconds: float = 2.0) -> None:
        self._world = world
        self.creation_seconds = creation_seconds
        self._groups: dict[str, dict[str, _Replica]] = {}
        rng = random.Random(f"{world.seed}/dynamodb")
        self.replication = Replication(rng, _put_in_place)
        self._operation: list[dict[tuple[str, str, Any], None]] = []

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """What is created meanwhile is ACTIVE at once: a lab that says it is ready has no table in the making."""
        usual, self.creation_seconds = self.creation_seconds, 0.0
        try:
            yield
        finally:
            self.creation_seconds = usual

    def set_lag(self, table: str, lag: LagModel) -> None:
        """The delay of that table's replication from now on."""
        with self._world.lock:
            self.replication.set_lag(table, lag)

    def pause(self, table: str, region: str) -> None:
        """Stop replication into and out of that region."""
        with self._world.lock:
            self.replication.pause(table, region, self._now())

    def resume(self, table: str, region: str) -> None:
        """Let replication into and out of that region go on where it stopped."""
        with self._world.lock:
            self.replication.resume(table, region, self._now())

    def regions(self, table: str) -> tuple[str, ...]:
        """The regions of a global table; empty for a table that is not one."""
        return tuple(self._groups.get(table, {}))

    def settle(self) -> None:
        """Bring replicas and records to what they are now; while an operation runs, the world stands still for it."""
        with self._world.lock:
            if self._operation:
                return
            now = self._now()
            for table in list(self._groups):
                self._settle_replicas(table, now)
            self.replication.settle(now)

    def update(self, table: str, region: str, updates: list[dict[str, Any]]) -> None:
        """UpdateTable's ReplicaUpdates (botocore dynamodb: ReplicationGroupUpdate).

        Raises moto's ValidationException and ResourceInUseException as DynamoDB does.
        """
        self.settle()
        if self.status(table) != "ACTIVE":
            raise ResourceInUseException(f"Attempt to change a resource which is still in use: Table: {table}")
        if self.replication.paused(table):
            raise ResourceInUseException(f"Replication of table {table} is paused; its settings cannot be changed")
        for each in updates:
            (kind, settings), *more = each.items()
            if more:
                raise MockValidationException("Each replica update holds exactly one of Create, Update and Delete")
            self._ACTIONS[kind](self, table, region, dict(settings))

    def status(self, table: str) -> str:
        """TableStatus: UPDATING while a replica is being made or removed."""
        group = self._groups.get(table, {})
        now = self._now()
        return "UPDATING" if any(_replica_status(replica, now) != "ACTIVE" for replica in group.values()) else "ACTIVE"

    def describe(self, table: str, region: str) -> dict[str, Any]:
        """What DescribeTable adds for a global table: the other regions' replicas, and the version."""
        self.settle()
        group = self._groups.get(table, {})
        if region not in group:
            return {}
        now = self._now()
        others = [
            {"RegionName": name, "ReplicaStatus": _replica_status(replica, now), **replica.settings}
            for name, replica in sorted(group.items())
            if name != region
        ]
        return {"Replicas": others, "GlobalTableVersion": GLOBAL_TABLE_VERSION, "TableStatus": self.status(table)}

    def table_deleted(self, table: str, region: str) -> None:
        """DeleteTable in one region takes that region out of the group."""
        group = self._groups.get(table, {})
        if group.pop(region, None) is not None:
            self.replication.forget(table, region)
            self._end_group_of_one(table)

    def operation(self, work: Callable[[], Any]) -> Any:
        """Run one of DynamoDB's write operations, then ship what it changed; nothing when it raised."""
        self.settle()
        self._operation.append({})
        try:
            result = work()
        except BaseException:
            self._operation.pop()
            raise
        changed = self._operation.pop()
        if self._operation:
            self._operation[-1].update(changed)
        else:
            self._ship(changed)
        return result

    def touched(self, table: str, region: str, key: Any) -> None:
        """The running operation changed that record."""
        if self._operation and region in self._groups.get(table, {}):
            self._operation[-1][table, region, key] = None

    def _ship(self, changed: dict[tuple[str, str, Any], None]) -> None:
        now = self._now()
        for table, region, key in changed:
            item = copy.deepcopy(_item(table, region, key))
            group = self._groups[table]
            targets = tuple(name for name, replica in group.items() if name != region and replica.gone_at is None)
            self.replication.written(table, region, targets, key, item, now)

    def _create(self, table: str, region: str, settings: dict[str, Any]) -> None:
        target = settings.pop("RegionName")
        group = self._groups.get(table, {region: _Replica(ready_at=self._now())})
        if target in group or table in dynamodb_backends[ACCOUNT][target].tables:
            raise MockValidationException(
                f"Failed to create a the new replica of table with name: '{table}' because one or more replicas "
                f"already existed as tables: {target}."
            )
        _make_table(table, region, target)
        group[target] = _Replica(self._now() + self.creation_seconds, filled_from=region, settings=settings)
        self._groups[table] = group

    def _update(self, table: str, region: str, settings: dict[str, Any]) -> None:
        target = settings.pop("RegionName")
        self._replica(table, target).settings.update(settings)

    def _delete(self, table: str, region: str, settings: dict[str, Any]) -> None:
        replica = self._replica(table, settings["RegionName"])
        replica.gone_at = self._now() + self.creation_seconds

    _ACTIONS: dict[str, Callable[[GlobalTables, str, str, dict[str, Any]], None]] = {  # noqa: RUF012 a constant
        "Create": _create,
        "Update": _update,
        "Delete": _delete,
    }

    def _replica(self, table: str, region: str) -> _Replica:
        group = self._groups.get(table, {})
        if region not in group:
            raise MockValidationException(
                "Update global table operation failed because one or more replicas were not part of the global table: "
                f"{region}."
            )
        return group[region]

    def _settle_replicas(self, table: str, now: float) -> None:
        group = self._groups[table]
        for region, replica in list(group.items()):
            if replica.filled_from is not None and replica.ready_at <= now:
                source, replica.filled_from = replica.filled_from, None
                _fill(table, source, region)
                self.replication.adopt(table, source, region)
            if replica.gone_at is not None and replica.gone_at <= now:
                del group[region]
                self.replication.forget(table, region)
                dynamodb_backends[ACCOUNT][region].tables.pop(table, None)
        self._end_group_of_one(table)

    def _end_group_of_one(self, table: str) -> None:
        if len(self._groups.get(table, {})) == 1:
            del self._groups[table]

    def _now(self) -> float:
        return self._world.clock.monotonic()


def _replica_status(replica: _Replica, now: float) -> str:
    if replica.gone_at is not None:
        return "DELETING"
    return "CREATING" if replica.ready_at > now else "ACTIVE"


def _item(table: str, region: str, key: Any) -> Any:
    there = dynamodb_backends[ACCOUNT][region].tables[table]
    return there.get_item(*key)


def _put_in_place(table: str, region: str, key: Any, item: Any) -> None:
    there = dynamodb_backends[ACCOUNT][region].tables.get(table)
    if there is None:  # deleted after the record was sent
        return
    hash_key, range_key = key
    if item is None:
        there.delete_item(hash_key, range_key)
    else:
        # to_json makes every container anew, so that the regions share nothing
        there.put_item(item.to_json()["Attributes"], overwrite=True)


def _make_table(table: str, source: str, target: str) -> None:
    original = dynamodb_backends[ACCOUNT][source].tables[table]
    made = dynamodb_backends[ACCOUNT][target].create_table(
        table,
        schema=copy.deepcopy(original.schema),
        throughput=copy.deepcopy(original.throughput),
        attr=copy.deepcopy(original.attr),
        global_indexes=[],
        indexes=[],
        streams=copy.deepcopy(original.stream_specification),
        billing_mode=original.billing_mode,
        sse_specification=copy.deepcopy(original.sse_specification),
        tags=copy.deepcopy(original.tags),
        deletion_protection_enabled=original.deletion_protection_enabled,
        warm_throughput=copy.deepcopy(original.warm_throughput),
    )
    made.global_indexes = copy.deepcopy(original.global_indexes)
    made.indexes = copy.deepcopy(original.indexes)


def _fill(table: str, source: str, target: str) -> None:
    original = dynamodb_backends[ACCOUNT][source].tables.get(table)
    filled = dynamodb_backends[ACCOUNT][target].tables.get(table)
    if original is not None and filled is not None:
        filled.items = copy.deepcopy(original.items)
