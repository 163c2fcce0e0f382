"""Functions, tables, databases and alarms as AWS lists them, and what becomes of each in a topology."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from drillrunner.clock import run_virtual
from drillrunner.errors import CallFailed
from drillrunner.lab.topology import AlarmSpec, ClusterSpec, FunctionSpec, InstanceSpec, Latency, TableSpec
from drillrunner.model.call import AwsCall, Call
from drillrunner.model.noun import JsonValue
from drillrunner.ports import Outside
from drillrunner.snapshot.cloudwatch import alarm, read_alarms
from drillrunner.snapshot.dynamodb import read_tables
from drillrunner.snapshot.lambda_ import read_functions
from drillrunner.snapshot.notes import Part
from drillrunner.snapshot.rds import instances, read_clusters, read_instances
from fake_outside import FakeCaller, Script, fake_outside, refusal

EAST, WEST = "us-east-1", "eu-west-1"
REGIONS = (EAST, WEST)
NO_DATA: JsonValue = {"MetricDataResults": []}
Spec = TypeVar("Spec")


def by_region(**answers: JsonValue) -> Script:
    """One answer for each region: `by_region(us_east_1=…)`; the others answer nothing."""
    return lambda call: answers.get(where(call).replace("-", "_"), {})


def where(call: Call) -> str:
    assert isinstance(call, AwsCall)
    return call.region


def lag_of(value: float) -> JsonValue:
    """Every metric has had this value, in its own unit, and ten times as much in the tail."""
    results: list[JsonValue] = [{"Id": "p50_0", "Values": [value]}, {"Id": "p99_0", "Values": [value * 10]}]
    return {"MetricDataResults": results}


def read(
    reading: Callable[[Outside, tuple[str, ...]], Awaitable[Part[Spec]]], scripts: dict[str, Script]
) -> tuple[list[Spec], list[str]]:
    """What was understood, and the notes as `kind: subject: why`."""

    async def main() -> Part[Spec]:
        return await reading(fake_outside(FakeCaller({"cloudwatch:GetMetricData": NO_DATA, **scripts})), REGIONS)

    part: Part[Spec] = run_virtual(main)
    return list(part.specs), [f"{note.kind}: {note.subject}: {note.why}" for note in part.notes]


def listed(*names: str) -> JsonValue:
    return {"Functions": [{"FunctionName": name} for name in names]}


def test_functions_are_read_with_their_reserve_and_how_long_they_take() -> None:
    scripts: dict[str, Script] = {
        "lambda:ListFunctions": by_region(us_east_1=listed("checkout"), eu_west_1=listed("checkout")),
        "lambda:GetFunctionConcurrency": by_region(us_east_1={"ReservedConcurrentExecutions": 40}),
        "cloudwatch:GetMetricData": lambda call: lag_of(30.0) if where(call) == EAST else NO_DATA,
    }
    functions, notes = read(read_functions, scripts)
    measured = Latency(median_ms=30.0, p99_ms=300.0)
    assert functions == [
        FunctionSpec(name="checkout", region=EAST, reserved_concurrency=40, latency=measured),
        FunctionSpec(name="checkout", region=WEST),
    ]
    assert notes == []


def test_a_function_that_vanishes_while_it_is_read_is_left_out_and_said() -> None:
    scripts: dict[str, Script] = {
        "lambda:ListFunctions": by_region(us_east_1=listed("gone")),
        "lambda:GetFunctionConcurrency": refusal("ResourceNotFoundException"),
    }
    assert read(read_functions, scripts) == (
        [],
        ["left out: function gone in us-east-1: it was deleted while it was read"],
    )


def test_what_may_not_be_read_ends_the_snapshot() -> None:
    with pytest.raises(CallFailed, match="AccessDenied"):
        read(read_functions, {"lambda:ListFunctions": refusal("AccessDeniedException")})


def table(*replicas: str, **more: Any) -> JsonValue:
    described: dict[str, Any] = {
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "Replicas": [{"RegionName": region} for region in replicas],
    }
    return {"Table": {**described, **more}}


def test_a_global_table_is_read_once_with_its_replicas_and_its_lag() -> None:
    scripts: dict[str, Script] = {
        "dynamodb:ListTables": {"TableNames": ["orders"]},
        "dynamodb:DescribeTable": by_region(us_east_1=table(WEST, EAST)),
        "cloudwatch:GetMetricData": lag_of(700.0),
    }
    tables, notes = read(read_tables, scripts)
    lag = Latency(median_ms=700.0, p99_ms=7000.0)
    assert tables == [TableSpec(name="orders", region=EAST, hash_key="pk", replicas=(WEST,), lag=lag)]
    assert notes == []


def test_what_a_table_of_the_lab_cannot_have_is_said() -> None:
    keys = [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
    described = table(
        "ap-south-1",
        WEST,
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        MultiRegionConsistency="STRONG",
        GlobalTableWitnesses=[{"RegionName": "us-west-2"}],
    )
    scripts: dict[str, Script] = {
        "dynamodb:ListTables": by_region(us_east_1={"TableNames": ["orders"]}),
        "dynamodb:DescribeTable": described,
    }
    tables, notes = read(read_tables, scripts)
    assert tables == [TableSpec(name="orders", region=EAST, hash_key="id", replicas=(WEST,))]
    assert notes == [
        "left out: table orders in us-east-1, its sort key at: a table of the lab has a hash key alone",
        "assumed: table orders in us-east-1: its hash key id is a text in the lab, and of type N in AWS",
        "assumed: table orders in us-east-1: it replicates asynchronously in the lab, and is strongly consistent in"
        " AWS",
        "left out: table orders in us-east-1, its witness in us-west-2: the lab has no witnesses",
        "left out: table orders in us-east-1, its replica: ap-south-1 is not one of the regions",
        "assumed: table orders, its lag: no ReplicationLatency above 0 in the last day: the lab's default",
    ]


def arn(region: str, identifier: str) -> str:
    return f"arn:aws:rds:{region}:123456789012:cluster:{identifier}"


def global_clusters(*members: tuple[str, str], engine: str = "aurora-postgresql") -> JsonValue:
    """The first member writes."""
    told: list[JsonValue] = [
        {"DBClusterArn": arn(region, name), "IsWriter": number == 0} for number, (region, name) in enumerate(members)
    ]
    return {"GlobalClusters": [{"GlobalClusterIdentifier": "ledger", "Engine": engine, "GlobalClusterMembers": told}]}


def test_a_global_database_is_read_with_its_members_and_its_lag() -> None:
    scripts: dict[str, Script] = {
        "rds:DescribeGlobalClusters": global_clusters((EAST, "ledger-us-east-1"), (WEST, "ledger-eu-west-1")),
        "rds:DescribeDBClusters": {},
        "cloudwatch:GetMetricData": lag_of(90.0),
    }
    clusters, notes = read(read_clusters, scripts)
    lag = Latency(median_ms=90.0, p99_ms=900.0)
    assert clusters == [ClusterSpec(global_cluster="ledger", writer=EAST, secondaries=(WEST,), lag=lag)]
    assert notes == []


def test_a_global_database_of_another_engine_is_simulated_and_its_members_are_renamed() -> None:
    scripts: dict[str, Script] = {
        "rds:DescribeGlobalClusters": global_clusters((EAST, "main"), ("ap-south-1", "far"), engine="aurora-mysql"),
        "rds:DescribeDBClusters": by_region(eu_west_1={"DBClusters": [{"DBClusterIdentifier": "reports"}]}),
    }
    clusters, notes = read(read_clusters, scripts)
    assert clusters == [ClusterSpec(global_cluster="ledger", writer=EAST, engine="aurora-mysql", data="simulated")]
    assert notes == [
        "left out: database cluster reports in eu-west-1: the lab has clusters of Aurora global databases alone",
        "left out: global database ledger, its secondary in ap-south-1: that is not one of the regions",
        "assumed: global database ledger, its cluster main: it is called ledger-us-east-1 in the lab",
    ]


def test_a_global_database_whose_writer_is_elsewhere_is_left_out() -> None:
    scripts: dict[str, Script] = {
        "rds:DescribeGlobalClusters": global_clusters(("ap-south-1", "far"), (WEST, "near")),
        "rds:DescribeDBClusters": {},
    }
    assert read(read_clusters, scripts) == (
        [],
        ["left out: global database ledger: its writer is in ap-south-1, not one of the regions"],
    )


def test_a_replica_follows_its_source_by_name_and_members_of_clusters_are_no_instances() -> None:
    source = "arn:aws:rds:us-east-1:123456789012:db:orders"
    replica: dict[str, JsonValue] = {
        "DBInstanceIdentifier": "copy",
        "Engine": "postgres",
        "ReadReplicaSourceDBInstanceIdentifier": source,
    }
    member: dict[str, JsonValue] = {"DBInstanceIdentifier": "ledger-1", "DBClusterIdentifier": "ledger"}
    primary: dict[str, JsonValue] = {"DBInstanceIdentifier": "orders", "Engine": "postgres"}
    scripts: dict[str, Script] = {
        "rds:DescribeDBInstances": by_region(
            us_east_1={"DBInstances": [primary, member]}, eu_west_1={"DBInstances": [replica]}
        ),
        "cloudwatch:GetMetricData": lag_of(2.0),
    }
    found, notes = read(read_instances, scripts)
    assert found == [
        InstanceSpec(name="orders", region=EAST),
        InstanceSpec(name="copy", region=WEST, replica_of="orders", lag=Latency(median_ms=2000.0, p99_ms=20_000.0)),
    ]
    assert notes == []


def test_a_replica_of_a_replica_comes_after_it_and_one_without_its_source_stands_alone() -> None:
    def replica(name: str, source: str) -> dict[str, Any]:
        return {"DBInstanceIdentifier": name, "Engine": "postgres", "ReadReplicaSourceDBInstanceIdentifier": source}

    there = [
        (EAST, replica("a", "b")),
        (EAST, replica("b", "c")),
        (EAST, {"DBInstanceIdentifier": "c", "Engine": "postgres"}),
        (EAST, replica("d", "elsewhere")),
        (WEST, {"DBInstanceIdentifier": "c", "Engine": "mysql"}),
    ]
    part = instances(there)
    assert [(spec.name, spec.replica_of) for spec in part.specs] == [("c", None), ("d", None), ("b", "c"), ("a", "b")]
    assert [(note.kind, note.subject) for note in part.notes] == [
        ("assumed", "instance d in us-east-1"),
        ("left out", "instance c in eu-west-1"),
    ]


ALARM: dict[str, Any] = {
    "AlarmName": "checkout-5xx",
    "Namespace": "AWS/ApiGateway",
    "MetricName": "5XXError",
    "Dimensions": [{"Name": "ApiName", "Value": "checkout"}],
    "Statistic": "Sum",
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 5.0,
    "Period": 60,
    "EvaluationPeriods": 3,
}


def test_an_alarm_is_read_as_it_is_and_missing_data_are_what_aws_takes_them_for() -> None:
    spec, notes = alarm(EAST, {**ALARM, "TreatMissingData": "breaching"})
    assert spec == AlarmSpec(
        name="checkout-5xx",
        region=EAST,
        namespace="AWS/ApiGateway",
        metric="5XXError",
        dimensions={"ApiName": "checkout"},
        threshold=5.0,
        evaluation_periods=3,
        treat_missing_data="breaching",
    )
    assert notes == []
    unsaid, _ = alarm(EAST, ALARM)
    assert unsaid is not None
    assert unsaid.treat_missing_data == "missing"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"DatapointsToAlarm": 2}, "all 3 periods must breach in the lab, and 2 of them in AWS"),
        ({"Namespace": "Shop"}, "the lab publishes no Shop 5XXError, so it has no data there"),
    ],
)
def test_an_alarm_that_differs_in_the_lab_is_kept_and_said(changes: dict[str, Any], why: str) -> None:
    spec, notes = alarm(EAST, {**ALARM, **changes})
    assert spec is not None
    assert [(note.kind, note.why) for note in notes] == [("assumed", why)]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Metrics": [{"Id": "e1", "Expression": "m1/m2"}]}, "metric math"),
        ({"ThresholdMetricId": "band"}, "anomaly band"),
        ({"Statistic": None, "ExtendedStatistic": "p99"}, "on p99"),
    ],
)
def test_an_alarm_that_the_lab_cannot_evaluate_is_left_out(changes: dict[str, Any], why: str) -> None:
    spec, (note,) = alarm(EAST, {**ALARM, **changes})
    assert (spec, note.kind) == (None, "left out")
    assert why in note.why


def test_composite_alarms_are_left_out_by_name() -> None:
    listing: JsonValue = {"MetricAlarms": [], "CompositeAlarms": [{"AlarmName": "everything"}]}
    alarms, notes = read(read_alarms, {"cloudwatch:DescribeAlarms": by_region(us_east_1=listing)})
    assert (alarms, notes) == ([], ["left out: alarm everything in us-east-1: the lab has no composite alarms"])
