"""Lambda as AWS does it where moto does not: concurrency to the letter, and invocations that honour it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import moto.awslambda.urls
from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse

from drillrunner.lab.control import moto_patch
from drillrunner.lab.control.hooks import Hooks
from drillrunner.lab.world import World

UNRESERVED_MINIMUM = 100  # botocore lambda, PutFunctionConcurrency: "at least 100 simultaneous executions unreserved"

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_CODE_LIMITS = {"TotalCodeSize": 80_530_636_800, "CodeSizeUnzipped": 262_144_000, "CodeSizeZipped": 52_428_800}

_THROTTLED = {
    "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
    "Type": "User",
    "message": "Rate Exceeded.",
}

JsonAnswer = tuple[int, dict[str, Any], Any]


def _name_in_path(response: Any) -> str:
    """The function of `/…/functions/NAME/…`, which may be an ARN."""
    return unquote(response.path.split("/functions/", 1)[1].split("/", 1)[0])


def _function(response: Any) -> Any:
    """Raises moto's UnknownFunctionException (ResourceNotFoundException, 404)."""
    return response.backend.get_function(_name_in_path(response), None)


def _reserved(function: Any) -> int | None:
    return None if function.reserved_concurrency is None else int(function.reserved_concurrency)


def _reserved_by_others(response: Any, name: str) -> int:
    functions = response.backend.list_functions()
    return sum(_reserved(function) or 0 for function in functions if function.function_name != name)


def _set_reserved(world: World, response: Any, function: Any, reserved: int | None) -> None:
    """Change it, and tell the truth log when that stops the function or lets it serve again."""
    before = _reserved(function)
    function.reserved_concurrency = reserved
    subject = f"{response.region}/{function.function_name}"
    if reserved == 0 and before != 0:
        world.truth.add("function.stopped", subject)
    if reserved != 0 and before == 0:
        world.truth.add("function.serving", subject)


def _put_function_concurrency(world: World, hooks: Hooks) -> Any:
    def put_function_concurrency(self: Any) -> JsonAnswer:
        function = _function(self)
        wanted = int(self.json_body["ReservedConcurrentExecutions"])
        unreserved = hooks.account_concurrency - _reserved_by_others(self, function.function_name) - wanted
        # Reserving nothing takes nothing, however little is left.
        if wanted and unreserved < UNRESERVED_MINIMUM:
            raise InvalidParameterValueException(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_MINIMUM}]."
            )
        _set_reserved(world, self, function, wanted)
        return 200, {}, json.dumps({"ReservedConcurrentExecutions": wanted})

    return put_function_concurrency


def _delete_function_concurrency(world: World) -> Any:
    def delete_function_concurrency(self: Any) -> JsonAnswer:
        _set_reserved(world, self, _function(self), None)
        return 204, {"status": 204}, ""

    return delete_function_concurrency


def _get_function_concurrency(self: Any) -> JsonAnswer:
    """No member at all where none is reserved (botocore shape GetFunctionConcurrencyResponse)."""
    reserved = _reserved(_function(self))
    body = {} if reserved is None else {"ReservedConcurrentExecutions": reserved}
    return 200, {}, json.dumps(body)


def _get_code(original: Any) -> Any:
    def get_code(self: Any) -> dict[str, Any]:
        answer: dict[str, Any] = original(self)
        reserved = _reserved(self)
        if reserved is not None:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": reserved}
        return answer

    return get_code


def _get_account_settings(hooks: Hooks) -> Any:
    def get_account_settings(self: Any) -> JsonAnswer:
        functions = list(self.backend.list_functions())
        reserved = sum(_reserved(function) or 0 for function in functions)
        limit = {
            **_CODE_LIMITS,
            "ConcurrentExecutions": hooks.account_concurrency,
            "UnreservedConcurrentExecutions": hooks.account_concurrency - reserved,
        }
        usage = {
            "TotalCodeSize": sum(int(function.code_size) for function in functions),
            "FunctionCount": len(functions),
        }
        return 200, {}, json.dumps({"AccountLimit": limit, "AccountUsage": usage})

    return get_account_settings


def _throttled() -> JsonAnswer:
    headers = {"status": 429, "x-amzn-ErrorType": "TooManyRequestsException", "content-type": "application/json"}
    return 429, headers, json.dumps(_THROTTLED)


def _invoked(status: int, answer: bytes) -> JsonAnswer:
    if status == 429:
        return _throttled()
    headers: dict[str, Any] = {"content-type": "application/json", "x-amz-executed-version": "$LATEST"}
    if status != 200:
        headers["x-amz-function-error"] = "Unhandled"
    return 200, headers, answer


def _invoke(world: World, hooks: Hooks) -> Any:
    """Runs outside the lock, since a function takes its time."""

    def invoke(self: Any) -> JsonAnswer:
        with world.lock:
            function = _function(self)
            name, stopped = str(function.function_name), _reserved(function) == 0
        kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return 204, {"status": 204}, ""
        if kind == "Event":
            # accepted whether throttled or not: AWS queues it and retries for up to six hours
            if not stopped:
                hooks.invoke_handler(self.region, name, self.raw_body)
            return 202, {"status": 202}, ""
        if stopped:
            return _throttled()
        return _invoked(*hooks.invoke_handler(self.region, name, self.raw_body))

    return invoke


def _invoke_async(world: World, hooks: Hooks) -> Any:
    """The deprecated form of an Event invocation (botocore lambda, InvokeAsync)."""

    def invoke_async(self: Any) -> JsonAnswer:
        with world.lock:
            function = _function(self)
            name, stopped = str(function.function_name), _reserved(function) == 0
        if not stopped:
            hooks.invoke_handler(self.region, name, self.raw_body)
        return 202, {"status": 202}, ""

    return invoke_async


def install(world: World, hooks: Hooks) -> None:
    """Patch moto's Lambda. Sources: botocore's lambda model, and the Lambda guide on reserved concurrency."""
    moto_patch.replace(LambdaResponse, "put_function_concurrency", lambda _: _put_function_concurrency(world, hooks))
    moto_patch.replace(LambdaResponse, "delete_function_concurrency", lambda _: _delete_function_concurrency(world))
    moto_patch.replace(LambdaResponse, "get_function_concurrency", lambda _: _get_function_concurrency)
    moto_patch.replace(LambdaResponse, "invoke", lambda _: _invoke(world, hooks))
    moto_patch.replace(LambdaResponse, "invoke_async", lambda _: _invoke_async(world, hooks))
    moto_patch.replace(LambdaFunction, "get_code", _get_code)
    moto_patch.add(LambdaResponse, "get_account_settings", _get_account_settings(hooks))
    moto_patch.add_url(moto.awslambda.urls, r"/(?P<api_version>[^/]+)/account-settings/?$", LambdaResponse.dispatch)
    moto_patch.outside_lock("lambda", "Invoke")
    moto_patch.outside_lock("lambda", "InvokeAsync")
