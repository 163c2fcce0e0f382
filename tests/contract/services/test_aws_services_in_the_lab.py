"""Every AWS fault and step through boto3 against the lab: applied, seen, put back to the last field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import anyio
import jmespath
import pytest

import fake_outside
from database_lab import Lab, make_global_cluster, served_lab
from drillrunner.calls.aws import AwsCaller
from drillrunner.errors import CallFailed, FaultInEffect, InvalidInput
from drillrunner.lab.control import app
from drillrunner.lab.control.hooks import Observation
from drillrunner.model.call import AwsCall, Call, Change, ReadBack
from drillrunner.model.environment import Environment
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer
from drillrunner.ports import Outside
from drillrunner.registry import find

REGIONS = ("us-east-1", "eu-west-1")
CHECKED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Performing:
    """Applies and puts back as an executor does, against one served lab."""

    lab: Lab

    def run(self, work: Callable[[Outside], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            environment = Environment(name="lab", kind="lab", regions=REGIONS, endpoint_url=self.lab.url)
            caller = AwsCaller(environment, self.lab.world.clock)
            return await work(
                fake_outside.fake_outside(caller, environment=environment, clock=self.lab.world.clock)  # type: ignore[arg-type]
            )

        return anyio.run(main)

    def snapshot(self) -> dict[str, Any]:
        return app.build_app(self.lab.world).snapshot()

    def capture(self, role: Any, kind_name: str, /, **params: JsonValue) -> Sequence[Change]:
        kind = find(role, kind_name)
        assert kind is not None
        assert kind.capture is not None
        capture, parsed = kind.capture, kind.params.model_validate(params)
        changes: Sequence[Change] = self.run(lambda outside: capture(parsed, outside))
        return changes

    def perform(self, calls: Sequence[Call]) -> None:
        async def work(outside: Outside) -> None:
            for call in calls:
                await perform(call, outside)

        self.run(work)


async def perform(call: Call, outside: Outside) -> None:
    if call.skip_if_held and call.read_back and await holds(call.read_back, outside):
        return
    await outside.read(call, timeout_seconds=100.0)
    assert call.read_back is not None
    deadline = outside.clock.monotonic() + call.read_back.within_seconds
    while not await holds(call.read_back, outside):
        assert outside.clock.monotonic() < deadline, f"{call.describe()} never showed {call.read_back.expected}"
        await outside.clock.sleep(1.0)


async def holds(read_back: ReadBack, outside: Outside) -> bool:
    answer = await outside.read(read_back.read, timeout_seconds=100.0)
    return bool(jmespath.search(read_back.path, answer) == read_back.expected)


@pytest.fixture(scope="module")
def performing() -> Iterator[Performing]:
    with served_lab() as lab:
        seed(lab)
        yield Performing(lab)


def seed(lab: Lab) -> None:
    role = lab.client("iam", "us-east-1").create_role(
        RoleName="drill", AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[]}'
    )["Role"]["Arn"]
    functions = lab.client("lambda", "us-east-1")
    for name in ("checkout", "search"):
        functions.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role,
            Handler="h.h",
            Code={"ZipFile": b"x"},
            Tags={"app": "shop"},
        )
    functions.put_function_concurrency(FunctionName="checkout", ReservedConcurrentExecutions=40)
    app.build_app(lab.world).hooks.health_status = all_well
    seed_route53(lab)
    seed_databases(lab)


def all_well(health_check_id: str) -> Sequence[Observation]:
    return [
        Observation("us-east-1", f"192.0.2.{number}", "Success: HTTP Status Code 200, OK", CHECKED)
        for number in range(16)
    ]


def seed_route53(lab: Lab) -> None:
    route53 = lab.client("route53", "us-east-1")
    config = {"Type": "HTTPS", "FullyQualifiedDomainName": "a.example.test", "Port": 443, "ResourcePath": "/health"}
    check = route53.create_health_check(CallerReference="check-1", HealthCheckConfig=config)["HealthCheck"]["Id"]
    route53.change_tags_for_resource(
        ResourceType="healthcheck", ResourceId=check, AddTags=[{"Key": "Name", "Value": "checkout-us-east-1"}]
    )
    zone = route53.create_hosted_zone(Name="example.test", CallerReference="zone-1")["HostedZone"]["Id"]
    plain = {"Name": "shop.example.test", "Type": "A"}
    records = [
        {**plain, "SetIdentifier": "us", "Weight": 100, "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
        | {"HealthCheckId": check},
        {**plain, "SetIdentifier": "eu", "Weight": 0}
        | {"AliasTarget": {"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": "lb.test.", "EvaluateTargetHealth": True}},
    ]
    changes = [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def seed_databases(lab: Lab) -> None:
    make_global_cluster(lab, "ledger")
    east, west = lab.client("rds", "us-east-1"), lab.client("rds", "eu-west-1")
    common = {"DBInstanceClass": "db.t3.micro", "Engine": "postgres"}
    primary = east.create_db_instance(
        DBInstanceIdentifier="orders-primary",
        MasterUsername="postgres",
        MasterUserPassword="postgres",
        AllocatedStorage=20,
        **common,
    )["DBInstance"]["DBInstanceArn"]
    west.create_db_instance_read_replica(DBInstanceIdentifier="orders-replica", SourceDBInstanceIdentifier=primary)
    tables = lab.client("dynamodb", "us-east-1")
    tables.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    tables.update_table(TableName="orders", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    lab.until(lambda: replica_status(tables) == ["ACTIVE"], "the replica is active")


def replica_status(tables: Any) -> list[str]:
    replicas = tables.describe_table(TableName="orders")["Table"].get("Replicas", [])
    return [replica["ReplicaStatus"] for replica in replicas if replica["RegionName"] == "eu-west-1"]


REVERSIBLE: list[tuple[str, str, dict[str, JsonValue]]] = [
    ("fault", "lambda.throttle", {"region": "us-east-1", "functions": ["checkout", "search"]}),
    ("fault", "route53.fail_health_check", {"health_check": "checkout-us-east-1"}),
    ("fault", "rds.stop_instance", {"region": "us-east-1", "instance": "orders-primary"}),
    (
        "step",
        "route53.shift_weights",
        {"zone": "example.test", "name": "shop.example.test", "type": "A", "weights": {"us": 0, "eu": 100}},
    ),
    ("step", "aurora.failover", {"global_cluster": "ledger", "to": "eu-west-1", "allow_data_loss": True}),
    ("step", "aurora.switchover", {"global_cluster": "ledger", "to": "eu-west-1"}),
]


@pytest.mark.parametrize(("role", "name", "params"), REVERSIBLE, ids=[name for _, name, _ in REVERSIBLE])
def test_what_was_captured_is_put_back_to_the_last_field(
    performing: Performing, role: str, name: str, params: dict[str, JsonValue]
) -> None:
    before = performing.snapshot()
    changes = performing.capture(role, name, **params)
    for change in changes:
        performing.perform(change.apply)
    assert performing.snapshot() != before
    for change in reversed(changes):
        performing.perform(settled(change))
        performing.perform(change.revert)
    assert performing.snapshot() == before
    for change in reversed(changes):
        performing.perform(change.revert)
    assert performing.snapshot() == before


def settled(change: Change) -> Sequence[Call]:
    """An instance that is still stopping refuses to start; an engine tries again, this waits."""
    call = change.apply[0]
    if not isinstance(call, AwsCall) or call.operation != "StopDBInstance" or call.read_back is None:
        return ()
    assert isinstance(call.read_back.read, AwsCall)
    back = call.read_back.model_copy(
        update={"path": "DBInstances[0].DBInstanceStatus", "expected": "stopped", "within_seconds": 600.0}
    )
    return (call.read_back.read.model_copy(update={"read_back": back}),)


def test_functions_are_found_by_tag(performing: Performing) -> None:
    changes = performing.capture("fault", "lambda.throttle", region="us-east-1", functions={"tags": {"app": "shop"}})
    assert [change.target for change in changes] == ["lambda us-east-1 checkout", "lambda us-east-1 search"]
    assert [change.prior for change in changes] == [{"reserved": 40}, {"reserved": None}]


def test_a_throttle_that_is_there_already_is_refused(performing: Performing) -> None:
    (change,) = performing.capture("fault", "lambda.throttle", region="us-east-1", functions=["checkout"])
    performing.perform(change.apply)
    with pytest.raises(FaultInEffect):
        performing.capture("fault", "lambda.throttle", region="us-east-1", functions=["checkout"])
    performing.perform(change.revert)


@pytest.mark.parametrize(
    ("role", "name", "params"),
    [
        ("fault", "lambda.throttle", {"region": "us-east-1", "functions": ["no-such"]}),
        ("fault", "route53.fail_health_check", {"health_check": "no-such"}),
        ("fault", "route53.fail_health_check", {"health_check": "00000000-0000-0000-0000-000000000000"}),
        ("fault", "rds.stop_instance", {"region": "us-east-1", "instance": "no-such"}),
        ("step", "rds.promote_read_replica", {"region": "us-east-1", "instance": "no-such"}),
        ("step", "aurora.switchover", {"global_cluster": "no-such", "to": "eu-west-1"}),
        (
            "step",
            "route53.shift_weights",
            {"zone": "no-such.test", "name": "a.test", "type": "A", "weights": {"us": 0}},
        ),
        (
            "step",
            "route53.shift_weights",
            {"zone": "example.test", "name": "shop.example.test", "type": "A", "weights": {"no-such": 0}},
        ),
    ],
)
def test_a_target_that_is_not_there_is_invalid_input(
    performing: Performing, role: str, name: str, params: dict[str, JsonValue]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        performing.capture(role, name, **params)
    assert caught.value.advice


def test_a_promoted_replica_stands_alone_and_cannot_be_promoted_again(performing: Performing) -> None:
    params: dict[str, JsonValue] = {"region": "eu-west-1", "instance": "orders-replica"}
    (change,) = performing.capture("step", "rds.promote_read_replica", **params)
    assert (change.irreversible, change.revert) == (True, ())
    performing.perform(change.apply)
    with pytest.raises(Exception, match="not a read replica"):
        performing.capture("step", "rds.promote_read_replica", **params)


def probe_of(role: Any, kind_name: str, /, **params: JsonValue) -> Any:
    kind = find(role, kind_name)
    assert kind is not None
    assert kind.build is not None
    return kind.build(kind.params.model_validate(params))


def test_a_ledgers_records_arrive_in_the_other_region_and_are_removed_again(performing: Performing) -> None:
    probe = probe_of("probe", "dynamodb.ledger", table="orders", write_region="us-east-1", read_region="eu-west-1")

    async def work(outside: Outside) -> None:
        change = probe.extent(outside, 1, 30)
        for seq in range(1, 31):
            answer = await probe.poll(outside, seq, 100.0)
            assert answer.ok is True, answer
        await outside.clock.sleep(100.0)
        assert (await probe.survivors(outside, 1, 30)).present == tuple(range(1, 31))
        for call in change.revert:
            await perform(call, outside)
        await outside.clock.sleep(100.0)
        assert (await probe.survivors(outside, 1, 30)).present == ()

    performing.run(work)


def test_the_replication_lag_is_measured_and_its_heartbeat_removed(performing: Performing) -> None:
    probe = probe_of("probe", "dynamodb.replication_lag", table="orders", **{"from": "us-east-1", "to": "eu-west-1"})

    async def work(outside: Outside) -> Answer:
        answer: Answer = await probe.poll(outside, 1, 200.0)
        for call in probe.extent(outside, 1, 1).revert:
            await perform(call, outside)
        return answer

    answer = performing.run(work)
    assert answer.ok is True
    assert 0 < answer.value < 30


def test_a_function_answers_until_it_is_throttled(performing: Performing) -> None:
    probe = probe_of("probe", "lambda.invoke", region="us-east-1", function="checkout")
    (change,) = performing.capture("fault", "lambda.throttle", region="us-east-1", functions=["checkout"])

    def poll() -> Answer:
        answer: Answer = performing.run(lambda outside: probe.poll(outside, 1, 100.0))
        return answer

    assert poll().ok is True
    performing.perform(change.apply)
    assert poll() == Answer(ok=False, why="TooManyRequestsException")
    performing.perform(change.revert)
    assert poll().ok is True


def test_a_health_check_turns_unhealthy_when_it_is_inverted(performing: Performing) -> None:
    probe = probe_of("probe", "route53.health_status", health_check="checkout-us-east-1")
    (change,) = performing.capture("fault", "route53.fail_health_check", health_check="checkout-us-east-1")

    def poll() -> Answer:
        answer: Answer = performing.run(lambda outside: probe.poll(outside, 1, 200.0))
        return answer

    assert poll() == Answer(ok=True, value=1.0)
    performing.perform(change.apply)
    assert poll() == Answer(ok=False, value=1.0, why="unhealthy (inverted)")
    performing.perform(change.revert)
    assert poll().ok is True


def test_an_alarm_stops_a_run_while_it_is_in_alarm_and_a_missing_one_is_unknown(performing: Performing) -> None:
    alarms = performing.lab.client("cloudwatch", "us-east-1")
    alarms.put_metric_alarm(
        AlarmName="checkout-5xx",
        Namespace="Shop",
        MetricName="Errors",
        Statistic="Sum",
        Period=3600,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    alarms.set_alarm_state(AlarmName="checkout-5xx", StateValue="ALARM", StateReason="test")

    def poll(name: str) -> Answer:
        condition = probe_of("condition", "cloudwatch.alarm", region="us-east-1", name=name)
        answer: Answer = performing.run(lambda outside: condition.poll(outside, 1, 100.0))
        return answer

    assert poll("checkout-5xx") == Answer(ok=False, why="ALARM")
    assert poll("no-such") == Answer(ok=None, why="no such alarm")


def test_a_metric_is_read_once_its_period_is_over(performing: Performing) -> None:
    metrics = performing.lab.client("cloudwatch", "us-east-1")
    probe = probe_of(
        "probe",
        "cloudwatch.metric",
        region="us-east-1",
        namespace="Shop",
        name="Sales",
        statistic="Sum",
        expect={"min": 1},
    )

    async def work(outside: Outside) -> list[Answer]:
        before = await probe.poll(outside, 1, 200.0)
        metrics.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Sales", "Value": 7.0}])
        await outside.clock.sleep(130.0)
        return [before, await probe.poll(outside, 2, 200.0)]

    before, after = performing.run(work)
    assert before == Answer(ok=None, why="no datapoints")
    assert after == Answer(ok=True, value=7.0)


def test_a_call_that_the_lab_lacks_is_no_answer(performing: Performing) -> None:
    async def work(outside: Outside) -> None:
        await outside.read(AwsCall(service="lambda", operation="GetNothing", region="us-east-1"))

    with pytest.raises(CallFailed) as caught:
        performing.run(work)
    assert caught.value.code == "Unsupported"
