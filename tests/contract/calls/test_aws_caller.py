"""AwsCalls against the served lab: what comes back, what is tried again, and what is said when nothing does."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import anyio.to_thread
import pytest

from database_lab import Lab
from drillrunner.calls.aws import THREADS, AwsCaller
from drillrunner.clock import Clock
from drillrunner.model.call import AwsCall
from served_aws import AwsLab, Gate, ask, failure

WHO = AwsCall(service="sts", operation="GetCallerIdentity", region="us-east-1")
TABLES = AwsCall(service="dynamodb", operation="ListTables", region="us-east-1")
RESERVE = AwsCall(
    service="lambda",
    operation="PutFunctionConcurrency",
    region="us-east-1",
    params={"FunctionName": "checkout", "ReservedConcurrentExecutions": 0},
)
ORDERS = AwsCall(service="dynamodb", operation="DescribeTable", region="us-east-1", params={"TableName": "orders"})
RESERVED = AwsCall(
    service="lambda", operation="GetFunctionConcurrency", region="us-east-1", params={"FunctionName": "checkout"}
)


@pytest.fixture(scope="module")
def checkout(lab: Lab) -> str:
    """A function in us-east-1 alone, that answers null."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = lab.client("iam", "us-east-1").create_role(RoleName="checkout", AssumeRolePolicyDocument=policy)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return None")
    lab.client("lambda", "us-east-1").create_function(
        FunctionName="checkout",
        Role=role["Role"]["Arn"],
        Runtime="python3.11",
        Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    return "checkout"


@pytest.fixture
def reserved_forty(aws: AwsLab, checkout: str) -> int:
    """The function, with forty reserved."""
    client = aws.lab.client("lambda", "us-east-1")
    client.put_function_concurrency(FunctionName=checkout, ReservedConcurrentExecutions=40)
    return 40


# -- answers -----------------------------------------------------------------------------------------


def test_an_answer_is_plain_json_without_metadata(aws: AwsLab) -> None:
    answer = ask(aws.caller(), WHO)
    assert isinstance(answer, dict)
    assert answer["Account"] == "123456789012"
    assert "ResponseMetadata" not in answer
    assert json.loads(json.dumps(answer)) == answer


def test_the_moments_in_an_answer_are_iso_text(aws: AwsLab) -> None:
    aws.lab.client("dynamodb", "us-east-1").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    answer: Any = ask(aws.caller(), ORDERS)
    made = datetime.fromisoformat(answer["Table"]["CreationDateTime"])
    assert made.tzinfo is not None


def test_a_function_s_payload_is_text(aws: AwsLab, reserved_forty: int) -> None:
    invoke = RESERVE.model_copy(
        update={"operation": "Invoke", "params": {"FunctionName": "checkout", "Payload": '{"order": 1}'}}
    )
    answer: Any = ask(aws.caller(), invoke)
    assert (answer["StatusCode"], answer["Payload"]) == (200, "null")


def test_two_regions_do_not_mix(aws: AwsLab, checkout: str) -> None:
    caller = aws.caller()
    assert isinstance(ask(caller, RESERVED), dict)
    elsewhere = failure(caller, RESERVED.model_copy(update={"region": "eu-west-1"}))
    assert elsewhere.code == "ResourceNotFoundException"
    assert elsewhere.where == "lambda:GetFunctionConcurrency eu-west-1"


def test_a_client_is_made_once_for_each_service_and_region(aws: AwsLab) -> None:
    caller = aws.caller()
    eu = TABLES.model_copy(update={"region": "eu-west-1"})
    first = [caller._client(call.service, call.region, 10.0) for call in (WHO, TABLES, eu)]
    for call in (WHO, TABLES, eu):
        ask(caller, call)
    again = [caller._client(call.service, call.region, 10.0) for call in (WHO, TABLES, eu)]
    assert [id(client) for client in again] == [id(client) for client in first]
    assert len({id(client) for client in first}) == 3
    assert [client.meta.region_name for client in first] == ["us-east-1", "us-east-1", "eu-west-1"]


# -- tried again -------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [WHO, TABLES, RESERVED], ids=["query", "JSON", "REST"])
def test_a_throttled_call_is_tried_again_until_it_succeeds(aws: AwsLab, checkout: str, call: AwsCall) -> None:
    before = len(aws.calls(call.operation))
    aws.faults({"kind": "error", "error": "throttle", "operation": call.operation, "times": 2})
    assert isinstance(ask(aws.caller(), call, 30.0), dict)
    met = aws.calls(call.operation)[before:]
    assert [found.get("fault") for found in met] == ["error", "error", None]


def test_a_call_that_is_throttled_for_good_ends_in_time_and_was_not_begun(aws: AwsLab) -> None:
    aws.faults({"kind": "error", "error": "throttle", "operation": "ListTables"})
    began = time.monotonic()
    failed = failure(aws.caller(), TABLES, 2.0)
    assert time.monotonic() - began < 2.5
    assert (failed.code, failed.unknown) == ("ThrottlingException", False)
    assert len(aws.calls("ListTables")) > 1


def test_a_probe_asks_exactly_once(aws: AwsLab) -> None:
    for rule in ({"error": "throttle"}, {"error": "InternalServerError", "status": 500}):
        before = len(aws.calls("ListTables"))
        aws.faults({"kind": "error", "operation": "ListTables", **rule})
        failure(aws.caller(), TABLES, 5.0, retry=False)
        assert len(aws.calls("ListTables")) == before + 1


def test_a_server_s_error_is_tried_again_and_leaves_the_outcome_unknown(aws: AwsLab) -> None:
    before = len(aws.calls("ListTables"))
    aws.faults({"kind": "error", "error": "InternalServerError", "status": 500, "operation": "ListTables"})
    failed = failure(aws.caller(), TABLES, 2.0)
    assert (failed.code, failed.unknown) == ("InternalServerError", True)
    assert len(aws.calls("ListTables")) > before + 1


def test_a_call_that_was_once_unknown_stays_unknown_though_its_last_answer_is_a_refusal(aws: AwsLab) -> None:
    aws.faults(
        {"kind": "error", "error": "InternalServerError", "status": 500, "operation": "ListTables", "times": 1},
        {"kind": "error", "error": "AccessDeniedException", "operation": "ListTables"},
    )
    failed = failure(aws.caller(), TABLES, 10.0)
    assert (failed.code, failed.unknown) == ("AccessDeniedException", True)


def test_a_call_that_refuses_to_repeat_is_not_repeated_after_an_unknown_outcome(
    aws: AwsLab, reserved_forty: int
) -> None:
    once = RESERVE.model_copy(update={"skip_if_held": True})
    before = len(aws.calls("PutFunctionConcurrency"))
    aws.faults({"kind": "error", "error": "ServiceException", "status": 500, "operation": "PutFunctionConcurrency"})
    failed = failure(aws.caller(), once, 5.0)
    assert failed.unknown
    assert len(aws.calls("PutFunctionConcurrency")) == before + 1


def test_a_call_that_refuses_to_repeat_is_repeated_when_it_was_throttled(aws: AwsLab, reserved_forty: int) -> None:
    aws.faults({"kind": "error", "error": "throttle", "operation": "PutFunctionConcurrency", "times": 1})
    answer = ask(aws.caller(), RESERVE.model_copy(update={"skip_if_held": True}), 10.0)
    assert answer == {"ReservedConcurrentExecutions": 0}


# -- refused, unknown, not begun ----------------------------------------------------------------------


@pytest.mark.parametrize(("takes_effect", "left"), [(True, 0), (False, 40)])
def test_a_call_without_an_answer_may_have_taken_effect_and_says_so(
    aws: AwsLab, reserved_forty: int, takes_effect: bool, left: int
) -> None:
    caller = aws.caller()
    ask(caller, RESERVED, 2.0)  # its client is made, which may take a busy machine longer than the call may
    aws.faults({"kind": "timeout", "operation": "PutFunctionConcurrency", "seconds": 100, "takes_effect": takes_effect})
    failed = failure(caller, RESERVE, 1.5, retry=False)
    assert failed.unknown
    assert failed.code in {"Timeout", "ConnectionLost"}
    aws.faults()
    assert ask(aws.caller(), RESERVED) == {"ReservedConcurrentExecutions": left}


@pytest.mark.parametrize(
    ("error", "status"),
    [("AccessDeniedException", 403), ("UnauthorizedOperation", 403), ("ResourceNotFoundException", 404)],
)
def test_a_refusal_is_certain_and_asked_once(aws: AwsLab, error: str, status: int) -> None:
    before = len(aws.calls("ListTables"))
    aws.faults({"kind": "error", "error": error, "status": status, "message": "not you", "operation": "ListTables"})
    failed = failure(aws.caller(), TABLES)
    assert (failed.code, failed.unknown, failed.message) == (error, False, f"{error}: not you")
    assert failed.where == "dynamodb:ListTables us-east-1"
    assert len(aws.calls("ListTables")) == before + 1


def test_what_the_lab_does_not_simulate_is_said_once_and_certainly(aws: AwsLab) -> None:
    unknown = AwsCall(service="rds", operation="DescribeDBRecommendations", region="us-east-1")
    failed = failure(aws.caller(), unknown)
    assert (failed.code, failed.unknown) == ("NotImplemented", False)
    assert "rds:DescribeDBRecommendations" in failed.message
    assert len(aws.calls("DescribeDBRecommendations")) == 1


@pytest.mark.parametrize("call", [WHO, TABLES], ids=["query", "JSON"])
def test_expired_credentials_are_certain_and_come_with_advice(aws: AwsLab, call: AwsCall) -> None:
    aws.faults({"kind": "error", "error": "expired"})
    before = len(aws.calls(call.operation))
    failed = failure(aws.caller(), call)
    assert failed.code.startswith("ExpiredToken")
    assert not failed.unknown
    assert failed.advice == "renew the environment's credentials and try again"
    assert len(aws.calls(call.operation)) == before + 1


def test_a_closed_port_means_that_nothing_was_begun(aws: AwsLab) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    failed = failure(aws.caller(endpoint_url=url), WHO, 2.0)
    assert (failed.code, failed.unknown) == ("ConnectionFailed", False)
    assert url in failed.message
    assert failed.advice is not None
    assert "endpoint_url" in failed.advice


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(TABLES.model_copy(update={"operation": "ListChairs"}), id="operation"),
        pytest.param(TABLES.model_copy(update={"service": "dynamite"}), id="service"),
        pytest.param(TABLES.model_copy(update={"params": {"Limit": "many"}}), id="parameter"),
    ],
)
def test_a_call_that_botocore_does_not_know_is_never_sent(aws: AwsLab, call: AwsCall) -> None:
    before = len(aws.calls("ListTables"))
    failed = failure(aws.caller(), call)
    assert (failed.code, failed.unknown) == ("Unsupported", False)
    assert len(aws.calls("ListTables")) == before


@pytest.fixture
def stranger() -> Iterator[str]:
    """A web server that is not AWS, as a captive portal or a proxy is."""

    class Portal(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = b"<html><body>Please log in<br></body>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Portal)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_answer_that_is_not_aws_s_is_a_failed_call_not_a_crash(aws: AwsLab, stranger: str) -> None:
    failed = failure(aws.caller(endpoint_url=stranger), WHO, 10.0, retry=False)
    assert (failed.code, failed.unknown) == ("NotUnderstood", True)


# -- many at once -------------------------------------------------------------------------------------


def test_no_more_than_its_threads_ask_at_once(aws: AwsLab, gate: Gate) -> None:
    caller = aws.caller(endpoint_url=gate.url)
    gate.hold.clear()

    def all_are_under_way() -> bool:
        return gate.inside == THREADS and caller._changes.threads.statistics().tasks_waiting == 8

    async def ask_many() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(THREADS + 8):
                group.start_soon(partial(caller.call, TABLES, timeout_seconds=20.0))
            await anyio.to_thread.run_sync(aws.lab.until, all_are_under_way, "the threads were taken")
            gate.hold.set()

    anyio.run(ask_many)
    assert gate.most_at_once == THREADS


def test_a_user_s_own_aws_settings_do_not_reach_the_lab_s_client(aws: AwsLab) -> None:
    caller = AwsCaller(aws.environment(), Clock())
    client = caller._client("sts", "us-east-1", 1.0)
    assert caller._session is not None
    assert caller._session._session.full_config["profiles"] == {}
    assert client.meta.endpoint_url == aws.lab.url
