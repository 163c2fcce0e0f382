"""The snapshot: equal when nothing was left behind, different for anything that was, deaf to what drifts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drillrunner.lab.control.app import ControlPlane
from drillrunner.lab.control.in_process import client
from drillrunner.lab.control.snapshot import canonical, items

TABLE = {
    "TableName": "orders",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
REGIONS = ["us-east-1", "eu-west-1", "ap-southeast-1"]


class Seeded:
    """A small world, and clients of it that need no socket."""

    def __init__(self, control: ControlPlane, code: bytes) -> None:
        self.control = control
        self.lambda_ = self.client("lambda")
        self.route53 = self.client("route53")
        self.rds = self.client("rds")
        self.cloudwatch = self.client("cloudwatch")
        self.dynamodb = self.client("dynamodb")
        self._seed_function(code)
        self._seed_names()
        self._seed_databases()

    def client(self, service: str) -> Any:
        return client(self.control.handle, service, "us-east-1")

    def _seed_function(self, code: bytes) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = self.client("iam").create_role(RoleName="lab", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
        self.lambda_.create_function(
            FunctionName="checkout", Role=role, Runtime="python3.11", Handler="app.handler", Code={"ZipFile": code}
        )

    def _seed_names(self) -> None:
        config = {"Type": "HTTPS", "FullyQualifiedDomainName": "a.example.test", "Regions": REGIONS}
        made = self.route53.create_health_check(CallerReference="a", HealthCheckConfig=config)
        self.check = made["HealthCheck"]["Id"]
        made = self.route53.create_hosted_zone(Name="example.test", CallerReference="a")
        self.zone = made["HostedZone"]["Id"]
        self.set_weight(10)

    def _seed_databases(self) -> None:
        self.dynamodb.create_table(**TABLE)
        self.rds.create_db_instance(
            DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20
        )
        self.put_alarm(5)

    def put_alarm(self, threshold: float) -> None:
        self.cloudwatch.put_metric_alarm(
            AlarmName="checkout-5xx",
            Namespace="lab",
            MetricName="5xx",
            Period=60,
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Sum",
        )

    def set_weight(self, weight: int) -> None:
        record = {"Name": "www.example.test", "Type": "A", "TTL": 60, "SetIdentifier": "us", "Weight": weight}
        wanted = {**record, "ResourceRecords": [{"Value": "10.0.0.1"}], "HealthCheckId": self.check}
        changes = [{"Action": "UPSERT", "ResourceRecordSet": wanted}]
        self.route53.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch={"Changes": changes})


@pytest.fixture(scope="module")
def seeded(control: ControlPlane, zipped_code: bytes) -> Seeded:
    return Seeded(control, zipped_code)


def test_a_look_changes_nothing(seeded: Seeded) -> None:
    first = seeded.control.snapshot()
    assert first == seeded.control.snapshot()
    assert json.loads(json.dumps(first)) == first
    assert set(first) == {"cloudwatch", "dynamodb", "lambda", "rds", "route53"}


def test_a_read_in_another_region_leaves_no_trace(seeded: Seeded) -> None:
    before = seeded.control.snapshot()
    for service, operation in (("lambda", "list_functions"), ("rds", "describe_db_clusters")):
        getattr(client(seeded.control.handle, service, "ap-south-1"), operation)()
    assert seeded.control.snapshot() == before


def test_a_reserve_is_seen_and_none_is_not_zero(seeded: Seeded) -> None:
    before = seeded.control.snapshot()

    def reserved() -> Any:
        found = seeded.control.snapshot()["lambda"]["us-east-1"]["Functions"]["checkout"]
        return found["ReservedConcurrentExecutions"]

    assert reserved() is None
    seeded.lambda_.put_function_concurrency(FunctionName="checkout", ReservedConcurrentExecutions=0)
    assert reserved() == 0
    assert seeded.control.snapshot() != before
    seeded.lambda_.delete_function_concurrency(FunctionName="checkout")
    assert seeded.control.snapshot() == before


def test_a_health_check_put_back_is_as_it_was_whatever_its_version(seeded: Seeded) -> None:
    before = seeded.control.snapshot()
    seeded.route53.update_health_check(HealthCheckId=seeded.check, Inverted=True)
    assert seeded.control.snapshot() != before
    seeded.route53.update_health_check(HealthCheckId=seeded.check, Inverted=False)
    assert seeded.control.snapshot() == before


def test_a_weight_is_seen(seeded: Seeded) -> None:
    before = seeded.control.snapshot()
    seeded.set_weight(0)
    assert seeded.control.snapshot() != before
    seeded.set_weight(10)
    assert seeded.control.snapshot() == before


def test_a_stopped_instance_is_seen(seeded: Seeded) -> None:
    """Whether it is stopped at once, as moto has it, or stopping first, as the lab's databases have it."""
    before = seeded.control.snapshot()
    seeded.rds.stop_db_instance(DBInstanceIdentifier="orders")
    assert seeded.control.snapshot() != before


def test_an_alarm_s_settings_are_seen_and_its_state_is_not(seeded: Seeded) -> None:
    before = seeded.control.snapshot()
    seeded.cloudwatch.set_alarm_state(AlarmName="checkout-5xx", StateValue="ALARM", StateReason="test")
    assert seeded.control.snapshot() == before
    seeded.put_alarm(6)
    assert seeded.control.snapshot() != before
    seeded.put_alarm(5)
    assert seeded.control.snapshot() == before


def test_a_leftover_schedule_is_seen(seeded: Seeded) -> None:
    before = seeded.control.snapshot()
    scheduler = seeded.client("scheduler")
    scheduler.create_schedule(
        Name="dead-man",
        FlexibleTimeWindow={"Mode": "OFF"},
        ScheduleExpression="rate(1 minute)",
        Target={"Arn": "arn:aws:scheduler:::aws-sdk:lambda:putFunctionConcurrency", "RoleArn": "arn:aws:iam::1:role/r"},
    )
    assert list(seeded.control.snapshot()["scheduler"]["us-east-1"]["Schedules"]) == ["default/dead-man"]
    scheduler.delete_schedule(Name="dead-man")
    assert seeded.control.snapshot() == before


def test_items_are_read_beside_the_snapshot(seeded: Seeded) -> None:
    before = seeded.control.snapshot()
    seeded.dynamodb.put_item(TableName="orders", Item={"pk": {"S": "1"}})
    assert seeded.control.snapshot() == before
    assert items(seeded.control.handle, "us-east-1", "orders") == [{"pk": {"S": "1"}}]


def test_the_lab_s_own_looks_are_not_told_as_calls(seeded: Seeded) -> None:
    start = len(seeded.control.world.truth.since())
    seeded.control.snapshot()
    assert seeded.control.world.truth.since(start, "api.called") == []


def test_order_means_nothing_to_it() -> None:
    assert canonical({"b": [{"x": 2}, {"x": 1}], "a": b"\x00"}) == {"a": "AA==", "b": [{"x": 1}, {"x": 2}]}
