"""Lambda through real boto3: reserved concurrency to the letter, and invocations that honour it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaFunction

from drillrunner.lab.control.hooks import Hooks
from drillrunner.lab.world import World

Clients = Callable[..., Any]

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def role(clients: Clients) -> str:
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    return str(clients("iam").create_role(RoleName="lab", AssumeRolePolicyDocument=policy)["Role"]["Arn"])


@pytest.fixture(scope="module")
def aws(clients: Clients) -> Any:
    return clients("lambda", REGION)


@pytest.fixture
def new_function(aws: Any, role: str, zipped_code: bytes, request: pytest.FixtureRequest) -> Callable[[str], str]:
    def make(name: str) -> str:
        aws.create_function(
            FunctionName=name, Role=role, Runtime="python3.11", Handler="app.handler", Code={"ZipFile": zipped_code}
        )
        request.addfinalizer(lambda: aws.delete_function(FunctionName=name))
        return name

    return make


def answer(response: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in response.items() if key != "ResponseMetadata"}


def test_a_function_without_a_reserve_answers_nothing(aws: Any, new_function: Callable[[str], str]) -> None:
    name = new_function("none")
    assert answer(aws.get_function_concurrency(FunctionName=name)) == {}
    assert "Concurrency" not in aws.get_function(FunctionName=name)


def test_a_reserve_of_zero_is_shown_as_zero(aws: Any, new_function: Callable[[str], str]) -> None:
    name = new_function("zero")
    put = aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert answer(put) == {"ReservedConcurrentExecutions": 0}
    assert answer(aws.get_function_concurrency(FunctionName=name)) == {"ReservedConcurrentExecutions": 0}
    assert aws.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    aws.delete_function_concurrency(FunctionName=name)
    assert answer(aws.get_function_concurrency(FunctionName=name)) == {}
    assert "Concurrency" not in aws.get_function(FunctionName=name)


def test_a_reserve_is_one_region_s_and_can_be_named_by_arn(aws: Any, new_function: Callable[[str], str]) -> None:
    name = new_function("arn")
    arn = aws.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    aws.put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=40)
    assert aws.get_function_concurrency(FunctionName=arn)["ReservedConcurrentExecutions"] == 40
    assert f":{REGION}:" in arn


def test_a_hundred_must_stay_unreserved(aws: Any, new_function: Callable[[str], str]) -> None:
    first, second = new_function("first"), new_function("second")
    aws.put_function_concurrency(FunctionName=first, ReservedConcurrentExecutions=500)
    with pytest.raises(ClientError) as caught:
        aws.put_function_concurrency(FunctionName=second, ReservedConcurrentExecutions=401)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert "below its minimum value of [100]" in caught.value.response["Error"]["Message"]
    aws.put_function_concurrency(FunctionName=second, ReservedConcurrentExecutions=400)
    limit = aws.get_account_settings()["AccountLimit"]
    assert (limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]) == (1000, 100)
    # its own reserve counts for itself, and zero always fits
    aws.put_function_concurrency(FunctionName=second, ReservedConcurrentExecutions=0)
    aws.put_function_concurrency(FunctionName=first, ReservedConcurrentExecutions=900)


def test_account_settings_count_functions(aws: Any, new_function: Callable[[str], str], zipped_code: bytes) -> None:
    new_function("counted")
    usage = aws.get_account_settings()["AccountUsage"]
    assert usage == {"TotalCodeSize": len(zipped_code), "FunctionCount": 1}


def test_an_unknown_function_is_not_found(aws: Any) -> None:
    with pytest.raises(ClientError) as caught:
        aws.put_function_concurrency(FunctionName="nobody", ReservedConcurrentExecutions=0)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_stopped_function_throttles_until_it_is_released(
    aws: Any, new_function: Callable[[str], str], hooks: Hooks
) -> None:
    name = new_function("stopped")
    hooks.invoke_handler = lambda region, function, payload: (200, f"{region} {function} {payload.decode()}".encode())
    aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as caught:
        aws.invoke(FunctionName=name, Payload=b"{}")
    assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    whole: Any = caught.value.response
    assert whole["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    served = aws.invoke(FunctionName=name, Payload=b"{}")
    assert (served["StatusCode"], served["Payload"].read()) == (200, b"eu-west-1 stopped {}")


def test_a_function_error_is_marked_and_an_event_is_accepted(
    aws: Any, new_function: Callable[[str], str], hooks: Hooks
) -> None:
    name = new_function("failing")
    hooks.invoke_handler = lambda region, function, payload: (500, b'{"errorMessage": "boom"}')
    failed = aws.invoke(FunctionName=name)
    assert (failed["StatusCode"], failed["FunctionError"]) == (200, "Unhandled")
    assert json.loads(failed["Payload"].read()) == {"errorMessage": "boom"}
    assert aws.invoke(FunctionName=name, InvocationType="Event")["StatusCode"] == 202
    assert aws.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    assert aws.invoke_async(FunctionName=name, InvokeArgs=b"{}")["Status"] == 202


def test_an_event_to_a_stopped_function_is_accepted_and_waits(
    aws: Any, new_function: Callable[[str], str], hooks: Hooks
) -> None:
    name = new_function("queued")
    ran: list[str] = []

    def run(region: str, function: str, payload: bytes) -> tuple[int, bytes]:
        ran.append(function)
        return 200, b""

    hooks.invoke_handler = run
    aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert aws.invoke(FunctionName=name, InvocationType="Event")["StatusCode"] == 202
    assert ran == []


def test_an_invocation_does_not_hold_the_world_s_lock(
    aws: Any, new_function: Callable[[str], str], hooks: Hooks
) -> None:
    name = new_function("reentrant")
    # deadlocks, and so times out, if another thread's call could not be answered meanwhile
    hooks.invoke_handler = lambda region, function, payload: (
        200,
        json.dumps(aws.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions")).encode(),
    )
    aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=3)
    assert aws.invoke(FunctionName=name)["Payload"].read() == b"3"


def test_the_truth_says_when_a_function_stops_and_serves(
    aws: Any, new_function: Callable[[str], str], world: World
) -> None:
    name = new_function("truth")
    start = len(world.truth.since())
    for reserved in (5, 0, 0, 5):
        aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    aws.delete_function_concurrency(FunctionName=name)
    told = [(event["name"], event["subject"]) for event in world.truth.since(start) if "function" in event["name"]]
    subject = f"{REGION}/{name}"
    assert told == [(event, subject) for event in ("function.stopped", "function.serving") * 2]


def test_moto_still_keeps_the_reserve_under_this_name() -> None:
    assert "reserved_concurrency" in LambdaFunction.__init__.__code__.co_names
