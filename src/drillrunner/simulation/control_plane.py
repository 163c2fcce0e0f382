"""The fake world's control plane: the AWS calls that faults, steps and probes make, on a handful of dictionaries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drillrunner.model.call import AwsCall
from drillrunner.model.noun import JsonValue
from drillrunner.simulation.databases import Databases, Later, refused
from drillrunner.simulation.topology import ZONE, Host, Topology

CHANGES = frozenset(
    {
        "PutFunctionConcurrency",
        "DeleteFunctionConcurrency",
        "UpdateHealthCheck",
        "ChangeResourceRecordSets",
        "FailoverGlobalCluster",
        "SwitchoverGlobalCluster",
        "StopDBInstance",
        "StartDBInstance",
        "PromoteReadReplica",
        "PutItem",
        "BatchWriteItem",
    }
)
NO_OBSERVATIONS: JsonValue = []


def changes_something(call: AwsCall) -> bool:
    return call.operation in CHANGES


def address_of(region: str, regions: tuple[str, ...]) -> str:
    return f"10.0.0.{regions.index(region) + 1}"


class ControlPlane:
    """State that calls read and change. `changed` is told after every change; `looks` gives a check's observations."""

    def __init__(self, topology: Topology, now: Callable[[], float], later: Later, changed: Callable[[], None]) -> None:
        self.topology = topology
        self.reserves = {(one.region, one.name): one.reserve for one in topology.functions}
        self.inverted = {check.check_id: False for check in topology.checks}
        self.records = {f"{host.name}.": _records(host, topology) for host in topology.hosts}
        self.databases = Databases(topology.clusters, topology.instances, topology.tables, now, later)
        self.alarm = "OK"
        self.looks: Callable[[str], JsonValue] = lambda check_id: NO_OBSERVATIONS
        self._changed = changed
        self._services: dict[str, Callable[[AwsCall], JsonValue]] = {
            "lambda": self._lambda,
            "route53": self._route53,
            "dynamodb": self.databases.dynamodb,
            "cloudwatch": self._cloudwatch,
        }

    def perform(self, call: AwsCall, seconds_ago: float = 0.0) -> JsonValue:
        """The call's answer. Raises CallFailed where AWS would refuse it, having changed nothing.

        A read may be answered as of so many seconds ago; only RDS does that, whose calls refuse to repeat.
        """
        rds = call.service == "rds"
        answer = self.databases.rds(call, seconds_ago) if rds else self._services[call.service](call)
        if changes_something(call):
            self._changed()
        return answer

    def state(self) -> dict[str, JsonValue]:
        """Everything that a run can change, by the names that Changes give their targets."""
        found: dict[str, JsonValue] = {
            f"lambda {region} {name}": reserve for (region, name), reserve in self.reserves.items()
        }
        found |= {f"route53 health check {check_id}": inverted for check_id, inverted in self.inverted.items()}
        found |= {f"route53 {name} A": dict(records) for name, records in self.records.items()}
        return found | self.databases.state()

    def put_back(self, target: str, before: JsonValue) -> None:
        """What somebody does who brings one target back by hand, or with a switch of their own."""
        match target.split():
            case ["lambda", region, name]:
                self.reserves[region, name] = before  # type: ignore[assignment]
            case ["route53", "health", "check", check_id]:
                self.inverted[check_id] = bool(before)
            case ["route53", name, "A"] if isinstance(before, dict):
                self.records[name] = dict(before)
            case ["rds", region, name]:
                instance = self.databases.instances[region, name]
                if instance.status == "stopped":
                    instance.start()
            case ["aurora", name] if isinstance(before, dict):
                cluster = self.databases.clusters[name]
                if cluster.status == "available" and not cluster.resyncing and cluster.writer != before["writer"]:
                    cluster.begin_move(str(before["writer"]), loses=False)
        self._changed()

    def _lambda(self, call: AwsCall) -> JsonValue:
        key = (call.region, str(call.params["FunctionName"]))
        if key not in self.reserves:
            raise refused("ResourceNotFoundException", "no such function")
        if call.operation == "GetFunctionConcurrency":
            reserve = self.reserves[key]
            return {} if reserve is None else {"ReservedConcurrentExecutions": reserve}
        put = call.operation == "PutFunctionConcurrency"
        self.reserves[key] = int(str(call.params["ReservedConcurrentExecutions"])) if put else None
        return {}

    def _route53(self, call: AwsCall) -> JsonValue:
        performed: dict[str, Callable[[dict[str, Any]], JsonValue]] = {
            "ListHealthChecks": self._list_checks,
            "ListTagsForResources": self._list_tags,
            "GetHealthCheck": self._get_check,
            "GetHealthCheckStatus": lambda params: {"HealthCheckObservations": self.looks(params["HealthCheckId"])},
            "UpdateHealthCheck": self._update_check,
            "ListResourceRecordSets": self._list_records,
            "ChangeResourceRecordSets": self._change_records,
        }
        return performed[call.operation](call.params)

    def _list_checks(self, params: dict[str, Any]) -> JsonValue:
        checks: list[JsonValue] = [{"Id": one.check_id, "CallerReference": one.name} for one in self.topology.checks]
        return {"HealthChecks": checks, "IsTruncated": False}

    def _list_tags(self, params: dict[str, Any]) -> JsonValue:
        names = {one.check_id: one.name for one in self.topology.checks}
        sets: list[JsonValue] = [
            {"ResourceId": check_id, "Tags": [{"Key": "Name", "Value": names[check_id]}]}
            for check_id in params["ResourceIds"]
        ]
        return {"ResourceTagSets": sets}

    def _get_check(self, params: dict[str, Any]) -> JsonValue:
        check_id = params["HealthCheckId"]
        check = next(one for one in self.topology.checks if one.check_id == check_id)
        config: JsonValue = {"Inverted": self.inverted[check_id], "FailureThreshold": check.threshold}
        return {"HealthCheck": {"Id": check_id, "HealthCheckConfig": config}}

    def _update_check(self, params: dict[str, Any]) -> JsonValue:
        self.inverted[params["HealthCheckId"]] = params["Inverted"]
        return {}

    def _list_records(self, params: dict[str, Any]) -> JsonValue:
        records = self.records.get(params["StartRecordName"], {})
        return {"ResourceRecordSets": [records[key] for key in sorted(records)], "IsTruncated": False}

    def _change_records(self, params: dict[str, Any]) -> JsonValue:
        assert params["HostedZoneId"] == ZONE
        for change in params["ChangeBatch"]["Changes"]:
            record = change["ResourceRecordSet"]
            self.records[record["Name"]][record["SetIdentifier"]] = record
        return {}

    def _cloudwatch(self, call: AwsCall) -> JsonValue:
        names: Any = call.params["AlarmNames"]
        return {"MetricAlarms": [{"AlarmName": name, "StateValue": self.alarm} for name in names]}


def _records(host: Host, topology: Topology) -> dict[str, JsonValue]:
    """One record for each region: a failover pair's (home is the primary), or weighted ones."""
    checks = {one.region: one.check_id for one in topology.checks if one.host == host.name}
    records: dict[str, JsonValue] = {}
    for index, region in enumerate(host.regions):
        record: dict[str, JsonValue] = {
            "Name": f"{host.name}.",
            "Type": "A",
            "SetIdentifier": region,
            "TTL": host.ttl_seconds,
            "ResourceRecords": [{"Value": address_of(region, host.regions)}],
            "HealthCheckId": checks[region],
        }
        if host.routing == "weighted":
            record["Weight"] = host.weights[index]
        else:
            record["Failover"] = "SECONDARY" if index else "PRIMARY"
        records[region] = record
    return records
