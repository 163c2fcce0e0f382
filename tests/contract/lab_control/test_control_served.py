"""The served control plane: what is not simulated, concurrent writers, faults, and the lab's own routes."""

from __future__ import annotations

import json
import threading
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from drillrunner.errors import LabFailed
from drillrunner.lab.control import moto_patch
from drillrunner.lab.control.admin import AdminError, AdminRequest
from drillrunner.lab.control.app import ControlPlane, Served, serve
from drillrunner.lab.control.aws_request import AwsRequest
from drillrunner.lab.control.faults import FaultRule, FaultTable
from drillrunner.lab.control.hooks import Hooks, Observation
from drillrunner.lab.control.in_process import client
from drillrunner.lab.world import World

Clients = Callable[..., Any]


@pytest.fixture(autouse=True)
def no_faults_left(control: ControlPlane) -> Iterator[None]:
    yield
    control.faults.clear()
    control.sleep = time.sleep


def calls_of(world: World, operation: str) -> list[dict[str, Any]]:
    events = world.truth.since(0, "api.called")
    return [event for event in events if event["subject"].endswith(":" + operation)]


def lab(served: Served, path: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{served.url}/drill-lab/{path}", data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


UNKNOWN = [
    pytest.param("globalaccelerator", "list_accelerators", {}, id="JSON, a service that moto lacks"),
    pytest.param("arc-region-switch", "list_plans", {}, id="another that moto lacks"),
    pytest.param("lambda", "list_code_signing_configs", {}, id="REST JSON, a URL that moto lacks"),
    pytest.param("rds", "describe_db_recommendations", {}, id="query"),
    pytest.param("route53", "get_checker_ip_ranges", {}, id="REST XML"),
    pytest.param("cloudwatch", "describe_anomaly_detectors", {}, id="JSON that is query compatible"),
    pytest.param("dynamodb", "list_contributor_insights", {}, id="JSON"),
    pytest.param("ec2", "describe_capacity_blocks", {}, id="EC2"),
]


@pytest.mark.parametrize(("service", "operation", "params"), UNKNOWN)
def test_what_nobody_simulates_says_so_and_is_not_retried(
    clients: Clients, world: World, service: str, operation: str, params: dict[str, Any]
) -> None:
    aws = clients(service, attempts=3)
    model_name = aws.meta.method_to_api_mapping[operation]
    before = len(calls_of(world, model_name))
    with pytest.raises(ClientError) as caught:
        getattr(aws, operation)(**params)
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert caught.value.response["Error"]["Message"] == f"the lab does not simulate {service}:{model_name}"
    assert len(calls_of(world, model_name)) == before + 1


def test_the_caller_is_the_lab_s_account(clients: Clients) -> None:
    assert clients("sts").get_caller_identity()["Account"] == "123456789012"


def test_concurrent_writers_lose_nothing(clients: Clients) -> None:
    table = clients("dynamodb")
    table.create_table(
        TableName="counter",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def add() -> None:
        for _ in range(60):
            table.update_item(
                TableName="counter",
                Key={"pk": {"S": "one"}},
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    threads = [threading.Thread(target=add) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert table.get_item(TableName="counter", Key={"pk": {"S": "one"}})["Item"]["n"] == {"N": "960"}


THROTTLES = [
    ("lambda", "list_functions", "TooManyRequestsException", 429),
    ("route53", "list_hosted_zones", "Throttling", 400),
    ("rds", "describe_db_clusters", "Throttling", 400),
    ("dynamodb", "list_tables", "ThrottlingException", 400),
    ("cloudwatch", "describe_alarms", "Throttling", 400),
    ("s3", "list_buckets", "SlowDown", 503),
]


@pytest.mark.parametrize(("service", "operation", "code", "status"), THROTTLES)
def test_a_throttle_is_each_service_s_own(
    clients: Clients, control: ControlPlane, service: str, operation: str, code: str, status: int
) -> None:
    control.faults.set([FaultRule("error", service=service)])
    with pytest.raises(ClientError) as caught:
        getattr(clients(service), operation)()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_throttle_that_ends_is_ridden_out_by_retries(clients: Clients, control: ControlPlane) -> None:
    control.faults.set([FaultRule("error", service="lambda", operation="List*", times=1)])
    assert clients("lambda", attempts=3).list_functions()["ResponseMetadata"]["RetryAttempts"] == 1


def test_expired_credentials_can_be_had(clients: Clients, control: ControlPlane) -> None:
    control.faults.set([FaultRule("error", error="expired")])
    for service, operation, code in (
        ("sts", "get_caller_identity", "ExpiredToken"),
        ("dynamodb", "list_tables", "ExpiredTokenException"),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(clients(service), operation)()
        assert caught.value.response["Error"]["Code"] == code


def test_a_rule_meets_only_its_service_operation_and_region(clients: Clients, control: ControlPlane) -> None:
    control.faults.set([FaultRule("error", service="dynamodb", operation="List*", region="eu-*")])
    assert clients("dynamodb", "us-east-1").list_tables()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert clients("rds", "eu-west-1").describe_db_clusters()["DBClusters"] == []
    with pytest.raises(ClientError):
        clients("dynamodb", "eu-west-1").list_tables()


def test_probability_is_drawn_from_the_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        table = FaultTable(seed)
        table.set([FaultRule("error", probability=0.3)])
        request = AwsRequest("sts", "GetCallerIdentity", "us-east-1")
        return [table.decide(request) is not None for _ in range(500)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 110 < sum(drawn(1)) < 190


def _tables(clients: Clients) -> list[str]:
    return [str(name) for name in clients("dynamodb", "sa-east-1").list_tables()["TableNames"]]


def _create(clients: Clients, name: str, **options: Any) -> None:
    clients("dynamodb", "sa-east-1", **options).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.mark.parametrize("takes_effect", [True, False])
def test_a_call_without_an_answer_took_effect_or_not(
    clients: Clients, control: ControlPlane, takes_effect: bool
) -> None:
    name = f"silent-{takes_effect}"
    rule = FaultRule("timeout", service="dynamodb", operation="CreateTable", seconds=0.05, takes_effect=takes_effect)
    control.faults.set([rule])
    with pytest.raises(ConnectionClosedError):
        _create(clients, name)
    assert (name in _tables(clients)) is takes_effect


def test_a_held_call_holds_up_nobody_else(clients: Clients, control: ControlPlane) -> None:
    held, released = threading.Event(), threading.Event()

    def hold(seconds: float) -> None:
        held.set()
        released.wait(10)

    control.sleep = hold
    control.faults.set([FaultRule("delay", service="dynamodb", operation="CreateTable", seconds=30)])
    slow = threading.Thread(target=lambda: _create(clients, "slow"))
    slow.start()
    assert held.wait(10)
    assert "slow" not in _tables(clients)
    released.set()
    slow.join(10)
    assert "slow" in _tables(clients)


def test_a_client_s_own_time_out_comes_first(clients: Clients, control: ControlPlane) -> None:
    released = threading.Event()

    def hold(seconds: float) -> None:
        released.wait(10)

    control.sleep = hold
    control.faults.set([FaultRule("timeout", service="dynamodb", operation="CreateTable", seconds=30)])
    with pytest.raises(ReadTimeoutError):
        _create(clients, "patient", read_timeout=0.2)
    released.set()
    assert "patient" in _tables(clients)


def test_faults_are_set_and_cleared_over_http(served: Served, clients: Clients) -> None:
    rule = {"kind": "error", "service": "sts", "error": "AccessDenied", "status": 403, "message": "no"}
    status, table = lab(served, "faults", "PUT", [rule])
    assert (status, len(table), table[0]["hits"]) == (200, 1, 0)
    with pytest.raises(ClientError, match=r"AccessDenied.*no"):
        clients("sts").get_caller_identity()
    assert lab(served, "faults")[1][0]["hits"] == 1
    assert lab(served, "faults", "DELETE") == (200, [])
    assert clients("sts").get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"kind": "explode"}, "kind must be one of error, delay, timeout"),
        ({"kind": "error", "servce": "sts"}, "unknown keys ['servce']"),
        ({"kind": "delay"}, "a delay needs seconds"),
        ({"kind": "error", "service": None}, "service must be a text"),
        ({"kind": "error", "probability": 2}, "probability must be from 0 to 1"),
    ],
)
def test_a_wrong_rule_is_refused(served: Served, rule: dict[str, Any], says: str) -> None:
    assert lab(served, "faults", "PUT", [rule]) == (400, {"error": says})


def test_every_call_is_told(served: Served, clients: Clients, world: World) -> None:
    start = len(world.truth.since())
    clients("rds", "eu-west-1").describe_db_clusters()
    _, calls = lab(served, f"calls?since={start}")
    assert calls == [
        {"service": "rds", "operation": "DescribeDBClusters", "region": "eu-west-1", "status": 200, "at": 1000.0}
    ]
    _, events = lab(served, f"truth?since={start}&name=api.called")
    assert [event["subject"] for event in events] == ["rds:DescribeDBClusters"]
    assert lab(served, "truth?since=x")[0] == 400


def test_others_can_add_routes(served: Served, control: ControlPlane) -> None:
    def route(request: AdminRequest) -> Any:
        if request.method != "POST":
            raise AdminError("POST it", 405)
        return {"path": request.path, "body": request.body, "query": dict(request.query)}

    control.add_route("echo", route)
    told = {"path": "/drill-lab/echo", "body": [1], "query": {"a": "b"}}
    assert lab(served, "echo?a=b", "POST", [1]) == (200, told)
    assert lab(served, "echo") == (405, {"error": "POST it"})
    assert lab(served, "nothing")[0] == 404


def test_the_state_is_served(served: Served, control: ControlPlane) -> None:
    status, state = lab(served, "state")
    assert status == 200
    assert "counter" in state["dynamodb"]["us-east-1"]["Tables"]
    assert state == control.snapshot()


def test_a_lab_that_breaks_says_so_as_aws_would(clients: Clients, hooks: Hooks) -> None:
    def broken(health_check_id: str) -> list[Observation]:
        raise OSError("no checkers")

    route53 = clients("route53")
    config = {"Type": "HTTP", "FullyQualifiedDomainName": "a.example.test"}
    made = route53.create_health_check(CallerReference="broken", HealthCheckConfig=config)["HealthCheck"]
    hooks.health_status = broken
    with pytest.raises(ClientError) as caught:
        route53.get_health_check_status(HealthCheckId=made["Id"])
    assert caught.value.response["Error"]["Code"] == "InternalFailure"
    assert caught.value.response["Error"]["Message"] == "the lab failed: OSError: no checkers"


def test_faults_and_truth_can_be_had_without_a_socket(control: ControlPlane, world: World) -> None:
    start = len(world.truth.since())
    sts = client(control.answer, "sts", "us-east-1")
    assert sts.get_caller_identity()["Account"] == "123456789012"
    waited: list[float] = []
    control.sleep = waited.append
    control.faults.set([FaultRule("timeout", service="sts", seconds=7)])
    with pytest.raises(ConnectionClosedError):
        sts.get_caller_identity()
    assert waited == [7.0]
    assert [event["detail"].get("fault") for event in world.truth.since(start, "api.called")] == [None, "timeout"]


def test_the_pinned_moto_is_the_one_that_is_patched() -> None:
    moto_patch.require_version()
    pyproject = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    pins = [pin for pin in pyproject["project"]["optional-dependencies"]["lab"] if pin.startswith("moto")]
    assert [pin.split("==")[1] for pin in pins] == [moto_patch.MOTO_VERSION]


def test_the_lab_binds_loopback_only(world: World) -> None:
    with pytest.raises(LabFailed, match="loopback only"):
        serve(world, "0.0.0.0")


def test_a_port_that_is_taken_is_said_so(served: Served, world: World) -> None:
    with pytest.raises(LabFailed, match=f"cannot listen on 127.0.0.1:{served.port}"):
        serve(world, port=served.port)


def test_patching_what_moto_lacks_is_refused() -> None:
    from moto.awslambda.responses import LambdaResponse

    with pytest.raises(LabFailed, match=r"moto has no .*LambdaResponse\.no_such_operation to patch"):
        moto_patch.replace(LambdaResponse, "no_such_operation", lambda original: original)
    with pytest.raises(LabFailed, match=r"moto now has its own .*LambdaResponse\.list_functions"):
        moto_patch.add(LambdaResponse, "list_functions", None)
