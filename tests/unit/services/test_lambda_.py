from __future__ import annotations

import pytest
from pydantic import ValidationError

from drillrunner.clock import run_virtual
from drillrunner.errors import FaultInEffect, InvalidInput
from drillrunner.model.call import AwsCall, Call, Change
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer
from drillrunner.services.lambda_ import InvokeParams, InvokeProbe, ThrottleParams, throttle
from fake_outside import FakeCaller, fake_outside, refusal


def throttled(caller: FakeCaller, **params: object) -> list[Change]:
    async def main() -> list[Change]:
        wanted = ThrottleParams.model_validate({"region": "us-east-1", **params})
        return list(await throttle(wanted, fake_outside(caller)))

    changes: list[Change] = run_virtual(main)
    return changes


def reserving(answer: JsonValue) -> FakeCaller:
    return FakeCaller({"lambda:GetFunctionConcurrency": answer})


def only(calls: tuple[Call, ...]) -> AwsCall:
    (call,) = calls
    assert isinstance(call, AwsCall)
    return call


def test_a_function_that_had_a_reserve_gets_exactly_that_back() -> None:
    (change,) = throttled(reserving({"ReservedConcurrentExecutions": 40}), functions=["checkout"])
    assert change.target == "lambda us-east-1 checkout"
    assert change.prior == {"reserved": 40}
    apply, revert = only(change.apply), only(change.revert)
    assert (apply.operation, apply.params["ReservedConcurrentExecutions"]) == ("PutFunctionConcurrency", 0)
    assert (revert.operation, revert.params["ReservedConcurrentExecutions"]) == ("PutFunctionConcurrency", 40)
    assert apply.read_back is not None
    assert apply.read_back.expected == 0
    assert revert.read_back is not None
    assert revert.read_back.expected == 40


def test_a_function_that_had_no_reserve_has_none_again() -> None:
    (change,) = throttled(reserving({}), functions=["checkout"])
    revert = only(change.revert)
    assert revert.operation == "DeleteFunctionConcurrency"
    assert revert.params == {"FunctionName": "checkout"}
    assert revert.read_back is not None
    assert revert.read_back.expected is None


@pytest.mark.parametrize(("found", "wanted"), [(0, 0), (0, 5), (5, 5)])
def test_a_function_that_somebody_else_throttled_is_refused(found: int, wanted: int) -> None:
    caller = reserving({"ReservedConcurrentExecutions": found})
    with pytest.raises(FaultInEffect, match=f"is {found} already"):
        throttled(caller, functions=["checkout"], reserved_concurrency=wanted)


def test_a_throttle_above_the_present_reserve_is_no_throttle() -> None:
    with pytest.raises(InvalidInput, match="would raise it"):
        throttled(reserving({"ReservedConcurrentExecutions": 3}), functions=["checkout"], reserved_concurrency=10)


def test_many_functions_are_read_side_by_side_and_told_in_the_order_of_their_names() -> None:
    async def main() -> tuple[list[str], float]:
        caller = FakeCaller({"lambda:GetFunctionConcurrency": {}}, seconds={"lambda:GetFunctionConcurrency": 0.5})
        outside = fake_outside(caller)
        params = ThrottleParams.model_validate({"region": "us-east-1", "functions": ["b", "c", "a"]})
        began = outside.clock.monotonic()
        changes = await throttle(params, outside)
        return [change.target for change in changes], outside.clock.monotonic() - began

    targets, seconds = run_virtual(main)
    assert targets == ["lambda us-east-1 a", "lambda us-east-1 b", "lambda us-east-1 c"]
    assert seconds == pytest.approx(0.5)


def test_the_first_refusal_of_many_is_said_as_if_it_were_the_only_one() -> None:
    def answer(call: Call) -> JsonValue:
        assert isinstance(call, AwsCall)
        return {"ReservedConcurrentExecutions": 0} if call.params["FunctionName"] == "b" else {}

    with pytest.raises(FaultInEffect) as caught:
        throttled(FakeCaller({"lambda:GetFunctionConcurrency": answer}), functions=["a", "b", "c"])
    assert caught.value.where == "lambda us-east-1 b"


def test_a_function_that_is_not_there_is_said_with_advice() -> None:
    caller = FakeCaller({"lambda:GetFunctionConcurrency": refusal("ResourceNotFoundException")})
    with pytest.raises(InvalidInput, match="no function chekout in us-east-1") as caught:
        throttled(caller, functions=["chekout"])
    assert caught.value.advice == "aws lambda list-functions --region us-east-1 lists those that are there"


def test_tags_are_resolved_through_every_page_and_sorted() -> None:
    def page(call: Call) -> JsonValue:
        assert isinstance(call, AwsCall)
        assert call.params["TagFilters"] == [{"Key": "app", "Values": ["shop"]}]
        second = call.params.get("PaginationToken") == "more"
        name = "alpha" if second else "beta"
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
        return {"ResourceTagMappingList": [{"ResourceARN": arn}], "PaginationToken": "" if second else "more"}

    caller = FakeCaller({"resourcegroupstaggingapi:GetResources": page, "lambda:GetFunctionConcurrency": {}})
    changes = throttled(caller, functions={"tags": {"app": "shop"}})
    assert [change.target for change in changes] == ["lambda us-east-1 alpha", "lambda us-east-1 beta"]


def test_tags_that_nothing_carries_are_refused() -> None:
    caller = FakeCaller({"resourcegroupstaggingapi:GetResources": {"ResourceTagMappingList": []}})
    with pytest.raises(InvalidInput, match="carries the tags app=shop"):
        throttled(caller, functions={"tags": {"app": "shop"}})


@pytest.mark.parametrize(
    "functions",
    [
        [],
        ["checkout", "checkout"],
        ["checkout", "arn:aws:lambda:us-east-1:123456789012:function:checkout"],
        ["arn:aws:lambda:eu-west-1:123456789012:function:checkout"],
        ["checkout:live"],
        {"tags": {}},
    ],
)
def test_functions_that_could_not_be_meant_are_refused(functions: object) -> None:
    with pytest.raises(ValidationError):
        ThrottleParams.model_validate({"region": "us-east-1", "functions": functions})


def test_a_region_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValidationError, match='did you mean "us-east-1"'):
        ThrottleParams.model_validate({"region": "us-eas-1", "functions": ["checkout"]})


def invoked(answer: JsonValue | Exception, **expect: object) -> Answer:
    async def main() -> Answer:
        params = InvokeParams.model_validate({"region": "us-east-1", "function": "checkout", "expect": expect})
        caller = FakeCaller({"lambda:Invoke": answer}, seconds={"lambda:Invoke": 0.25})
        answered = await InvokeProbe(params).poll(fake_outside(caller), 1, 2.0)
        assert caller.retried == [False]
        return answered

    result: Answer = run_virtual(main)
    return result


def test_an_answering_function_is_good_and_timed_in_milliseconds() -> None:
    assert invoked({"StatusCode": 200, "Payload": "{}"}) == Answer(ok=True, value=250.0, region="us-east-1")


def test_a_throttled_function_fails_with_the_error_code() -> None:
    assert invoked(refusal("TooManyRequestsException")) == Answer(ok=False, why="TooManyRequestsException")


def test_credentials_that_expired_prove_nothing_about_the_function() -> None:
    assert invoked(refusal("ExpiredTokenException")) == Answer(ok=None, why="ExpiredTokenException")


@pytest.mark.parametrize(
    ("answer", "expect", "why"),
    [
        ({"StatusCode": 200, "FunctionError": "Unhandled", "Payload": "{}"}, {}, "Unhandled"),
        ({"StatusCode": 200, "Payload": '{"statusCode": 503}'}, {"status": 200}, "status 503"),
        ({"StatusCode": 200, "Payload": "not json"}, {"status": 200}, "status None"),
        ({"StatusCode": 200, "Payload": '{"body": "sorry"}'}, {"contains": "welcome"}, "body"),
    ],
)
def test_a_bad_answer_says_why(answer: JsonValue, expect: dict[str, object], why: str) -> None:
    answered = invoked(answer, **expect)
    assert (answered.ok, answered.why) == (False, why)
