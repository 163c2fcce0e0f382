"""The fake world's databases: Aurora global clusters, RDS instances and DynamoDB global tables, by their AWS calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drillrunner.errors import CallFailed
from drillrunner.model.call import AwsCall
from drillrunner.model.noun import JsonValue
from drillrunner.simulation.topology import GlobalCluster, Instance, Table

Later = Callable[[float, Callable[[], None]], object]


def refused(code: str, message: str) -> CallFailed:
    """What AWS answers when it certainly has not begun."""
    return CallFailed(message, code=code, unknown=False)


class Memory:
    """What was shown when: a replica of the control plane may answer as of a moment ago."""

    def __init__(self, now: Callable[[], float], shown: JsonValue) -> None:
        self._now = now
        self._shown = [(now(), shown)]

    def note(self, shown: JsonValue) -> None:
        self._shown.append((self._now(), shown))

    def at(self, seconds_ago: float) -> JsonValue:
        moment = self._now() - seconds_ago
        return next((shown for noted, shown in reversed(self._shown) if noted <= moment), self._shown[0][1])


class Cluster:
    """An Aurora global database in motion. Calls are refused while it is not available."""

    def __init__(self, made: GlobalCluster, now: Callable[[], float], later: Later) -> None:
        self.made = made
        self.writer = made.regions[0]
        self.status = "available"
        self.resyncing: frozenset[str] = frozenset()
        self.memory = Memory(now, self.describe())
        self._later = later

    def describe(self) -> JsonValue:
        members: list[JsonValue] = [
            {
                "DBClusterArn": self.made.arn(region),
                "IsWriter": region == self.writer,
                "SynchronizationStatus": "pending-resync" if region in self.resyncing else "connected",
            }
            for region in self.made.regions
        ]
        return {"GlobalClusters": [{"Status": self.status, "GlobalClusterMembers": members}]}

    def move(self, call: AwsCall) -> JsonValue:
        """Failover (AllowDataLoss) or switchover to the named cluster, over after `move_seconds`."""
        to = str(call.params["TargetDbClusterIdentifier"]).split(":")[3]
        if self.status != "available":
            raise refused("InvalidGlobalClusterStateFault", f"it is {self.status}")
        if to == self.writer or to in self.resyncing:
            raise refused("InvalidDBClusterStateFault", f"{to} cannot become the writer")
        self.begin_move(to, loses=call.operation == "FailoverGlobalCluster")
        return {}

    def begin_move(self, to: str, *, loses: bool) -> None:
        self.status = "failing-over" if loses else "switching-over"
        self.memory.note(self.describe())
        self._later(self.made.move_seconds, lambda: self._moved(to, loses=loses))

    def _moved(self, to: str, *, loses: bool) -> None:
        old, self.writer, self.status = self.writer, to, "available"
        if loses:
            self.resyncing |= {old}
            self._later(self.made.rebuild_seconds, lambda: self._rebuilt(old))
        self.memory.note(self.describe())

    def _rebuilt(self, region: str) -> None:
        self.resyncing -= {region}
        self.memory.note(self.describe())

    def state(self) -> JsonValue:
        resyncing: list[JsonValue] = [*sorted(self.resyncing)]
        return {"writer": self.writer, "status": self.status, "resyncing": resyncing}


class DbInstance:
    """An RDS instance in motion."""

    def __init__(self, made: Instance, now: Callable[[], float], later: Later) -> None:
        self.made = made
        self.status = "available"
        self.replica_of = made.replica_of
        self.memory = Memory(now, self.describe())
        self._later = later

    def describe(self) -> JsonValue:
        shown: dict[str, JsonValue] = {"DBInstanceIdentifier": self.made.name, "DBInstanceStatus": self.status}
        if self.replica_of:
            shown["ReadReplicaSourceDBInstanceIdentifier"] = self.replica_of
        return {"DBInstances": [shown]}

    def stop(self) -> JsonValue:
        return self._through("available", "stopping", "stopped")

    def start(self) -> JsonValue:
        return self._through("stopped", "starting", "available")

    def promote(self) -> JsonValue:
        if self.replica_of is None:
            raise refused("InvalidDBInstanceState", "it is no read replica")
        answer = self._through("available", "modifying", "available")
        self.replica_of = None
        return answer

    def _through(self, wanted: str, during: str, after: str) -> JsonValue:
        if self.status != wanted:
            raise refused("InvalidDBInstanceState", f"it is {self.status}")
        self.status = during
        self.memory.note(self.describe())
        self._later(self.made.change_seconds, lambda: self._arrive(after))
        return {}

    def _arrive(self, status: str) -> None:
        self.status = status
        self.memory.note(self.describe())

    def state(self) -> JsonValue:
        return {"status": self.status, "replica_of": self.replica_of}


@dataclass
class GlobalTable:
    """A DynamoDB global table: items by region and key with the version that wrote them; the last writer wins."""

    made: Table
    later: Later
    items: dict[str, dict[str, tuple[int, dict[str, Any] | None]]] = field(default_factory=dict)
    versions: int = 0
    stalled_seconds: Callable[[], float] = lambda: 0.0

    def write(self, region: str, key: str, item: dict[str, Any] | None) -> None:
        self.versions += 1
        version = self.versions
        self._take(region, key, version, item)
        for other in self.made.regions:
            if other != region:
                self._replicate(other, key, version, item)

    def _replicate(self, region: str, key: str, version: int, item: dict[str, Any] | None) -> None:
        seconds = self.made.lag_seconds + self.stalled_seconds()
        self.later(seconds, lambda: self._take(region, key, version, item))

    def _take(self, region: str, key: str, version: int, item: dict[str, Any] | None) -> None:
        held = self.items.setdefault(region, {})
        if key not in held or held[key][0] <= version:
            held[key] = (version, item)

    def read(self, region: str, key: str) -> dict[str, Any] | None:
        return self.items.get(region, {}).get(key, (0, None))[1]

    def keys(self, region: str) -> list[str]:
        return sorted(key for key, (_, item) in self.items.get(region, {}).items() if item is not None)


class Databases:
    """Every database of a topology. `perform` answers a call, or raises CallFailed where AWS would refuse it."""

    def __init__(
        self,
        clusters: tuple[GlobalCluster, ...],
        instances: tuple[Instance, ...],
        tables: tuple[Table, ...],
        now: Callable[[], float],
        later: Later,
    ) -> None:
        self.clusters = {made.name: Cluster(made, now, later) for made in clusters}
        self.instances = {(made.region, made.name): DbInstance(made, now, later) for made in instances}
        self.tables = {made.name: GlobalTable(made, later) for made in tables}

    def rds(self, call: AwsCall, seconds_ago: float) -> JsonValue:
        if "GlobalClusterIdentifier" in call.params:
            cluster = self.clusters[str(call.params["GlobalClusterIdentifier"])]
            return cluster.memory.at(seconds_ago) if call.operation.startswith("Describe") else cluster.move(call)
        instance = self.instances[call.region, str(call.params["DBInstanceIdentifier"])]
        performed: dict[str, Callable[[], JsonValue]] = {
            "DescribeDBInstances": lambda: instance.memory.at(seconds_ago),
            "StopDBInstance": instance.stop,
            "StartDBInstance": instance.start,
            "PromoteReadReplica": instance.promote,
        }
        return performed[call.operation]()

    def dynamodb(self, call: AwsCall) -> JsonValue:
        params: dict[str, Any] = call.params
        if call.operation == "PutItem":
            self.tables[params["TableName"]].write(call.region, _key(params["Item"]), params["Item"])
            return {}
        if call.operation == "GetItem":
            item = self.tables[params["TableName"]].read(call.region, _key(params["Key"]))
            return {} if item is None else {"Item": item}
        [(name, wanted)] = params["RequestItems"].items()
        table = self.tables[name]
        if call.operation == "BatchWriteItem":
            for one in wanted:
                table.write(call.region, _key(one["DeleteRequest"]["Key"]), None)
            return {}
        found = [table.read(call.region, _key(key)) for key in wanted["Keys"]]
        return {"Responses": {name: [item for item in found if item is not None]}, "UnprocessedKeys": {}}

    def state(self) -> dict[str, JsonValue]:
        """By the names that Changes give their targets (a table's records: a prefix of theirs)."""
        found: dict[str, JsonValue] = {f"aurora {name}": cluster.state() for name, cluster in self.clusters.items()}
        for (region, name), instance in self.instances.items():
            found[f"rds {region} {name}"] = instance.state()
        for name, table in self.tables.items():
            for region in table.made.regions:
                found[f"dynamodb {region} {name}"] = list(table.keys(region))
        return found


def _key(item: dict[str, Any]) -> str:
    return str(item["pk"]["S"])
