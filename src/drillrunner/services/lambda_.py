"""AWS Lambda: throttling functions by reserved concurrency, and asking them whether they answer.

Reserved concurrency 0 throttles every invocation (TooManyRequestsException) until it is raised or
removed; `PutFunctionConcurrency` replaces the earlier reserve without a word and
`DeleteFunctionConcurrency` removes it altogether, so that only what was read before can be put back
(botocore lambda: GetFunctionConcurrency, PutFunctionConcurrency, DeleteFunctionConcurrency).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Self

import anyio
from pydantic import Field, model_validator

from drillrunner.errors import CallFailed, DrillError, FaultInEffect, InvalidInput
from drillrunner.model.call import AwsCall, Call, Change, ReadBack
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer
from drillrunner.model.region import Region
from drillrunner.ports import Outside
from drillrunner.registry import Params, fault, probe
from drillrunner.services.aws_reading import failed, found

FunctionName = Annotated[
    str, Field(pattern=r"^(arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:)?[A-Za-z0-9_-]{1,64}$", max_length=140)
]


class TaggedFunctions(Params):
    """Every function of the region that carries all of these tags."""

    tags: dict[str, str] = Field(
        min_length=1, max_length=50, description="tag keys with the values that they must have"
    )


class ThrottleParams(Params):
    """What lambda.throttle takes."""

    region: Region = Field(description="the region of the functions")
    functions: Annotated[tuple[FunctionName, ...], Field(min_length=1)] | TaggedFunctions = Field(
        description="names or ARNs without a qualifier, or {tags: {key: value}}"
    )
    reserved_concurrency: int = Field(default=0, ge=0, description="the reserve to set; 0 stops every invocation")

    @model_validator(mode="after")
    def _one_region_and_no_repeats(self) -> Self:
        names = [] if isinstance(self.functions, TaggedFunctions) else list(self.functions)
        strangers = [name for name in names if name.startswith("arn:") and name.split(":")[3] != self.region]
        if strangers:
            raise ValueError(f"{strangers[0]} is not in {self.region}")
        if len({_short_name(name) for name in names}) < len(names):
            raise ValueError("functions names the same function twice")
        return self


@fault("lambda.throttle", params=ThrottleParams)
async def throttle(params: ThrottleParams, outside: Outside) -> Sequence[Change]:
    """Throttle functions by their reserved concurrency.

    Reads each function's reserve first and restores exactly that: a function that had 40 has 40
    again, one that had none has none. Event sources and asynchronous callers retry meanwhile, so a
    backlog may drain after the revert. A restore is refused by AWS where others took the capacity
    and fewer than 100 would stay unreserved. Raises InvalidInput for a function that is not there,
    FaultInEffect for one that is throttled already.
    """
    return await _side_by_side(await _function_names(params, outside), params, outside)


async def _function_names(params: ThrottleParams, outside: Outside) -> list[str]:
    if not isinstance(params.functions, TaggedFunctions):
        return sorted(params.functions, key=_short_name)
    arns = await _tagged_arns(params.region, params.functions.tags, outside)
    if not arns:
        wanted = ", ".join(f"{key}={value}" for key, value in sorted(params.functions.tags.items()))
        raise InvalidInput(
            f"no function in {params.region} carries the tags {wanted}",
            where="lambda.throttle",
            advice=f"aws resourcegroupstaggingapi get-resources --region {params.region} lists what is tagged",
        )
    return sorted(_short_name(arn) for arn in arns)


async def _tagged_arns(region: str, tags: dict[str, str], outside: Outside) -> list[str]:
    """The ARNs of every page of resourcegroupstaggingapi:GetResources."""
    filters: JsonValue = [{"Key": key, "Values": [value]} for key, value in sorted(tags.items())]
    arns: list[str] = []
    token = ""
    while True:
        asked: dict[str, JsonValue] = {"ResourceTypeFilters": ["lambda:function"], "TagFilters": filters}
        if token:
            asked["PaginationToken"] = token
        answer = await outside.read(_call("GetResources", region, asked, service="resourcegroupstaggingapi"))
        arns += found(answer, "ResourceTagMappingList[].ResourceARN") or []
        token = found(answer, "PaginationToken") or ""
        if not token:
            return arns


async def _side_by_side(names: Sequence[str], params: ThrottleParams, outside: Outside) -> list[Change]:
    """The Changes in the order of the names; all are read at once, as fast as the rate limit lets them.

    Raises the first refusal that is found, and asks no more then.
    """
    changes: dict[str, Change] = {}
    refusals: list[DrillError] = []
    async with anyio.create_task_group() as group:

        async def one(name: str) -> None:
            try:
                changes[name] = await _throttling(name, params, outside)
            except DrillError as refusal:
                refusals.append(refusal)
                group.cancel_scope.cancel()

        for name in names:
            group.start_soon(one, name)
    if refusals:
        raise refusals[0]
    return [changes[name] for name in names]


async def _throttling(name: str, params: ThrottleParams, outside: Outside) -> Change:
    reserved = await _reserved(name, params.region, outside)
    _refuse_what_is_throttled(name, reserved, params)
    return Change(
        target=f"lambda {params.region} {_short_name(name)}",
        prior={"reserved": reserved},
        apply=(_reserving(name, params.region, params.reserved_concurrency),),
        revert=(_reserving(name, params.region, reserved),),
    )


async def _reserved(name: str, region: str, outside: Outside) -> int | None:
    try:
        answer = await outside.read(_reading(name, region))
    except CallFailed as failure:
        if failure.code != "ResourceNotFoundException":
            raise
        raise InvalidInput(
            f"there is no function {name} in {region}",
            where="lambda.throttle",
            advice=f"aws lambda list-functions --region {region} lists those that are there",
        ) from failure
    reserved: int | None = found(answer, "ReservedConcurrentExecutions")
    return reserved


def _refuse_what_is_throttled(name: str, reserved: int | None, params: ThrottleParams) -> None:
    where = f"lambda {params.region} {_short_name(name)}"
    if reserved in (0, params.reserved_concurrency):
        raise FaultInEffect(
            f"its reserved concurrency is {reserved} already, and not through this run",
            where=where,
            advice="find out who set it; if it was an earlier drill, put it back with: drill revert",
        )
    if reserved is not None and reserved < params.reserved_concurrency:
        raise InvalidInput(
            f"its reserved concurrency is {reserved}: {params.reserved_concurrency} would raise it, not throttle it",
            where=where,
            advice=f"set reserved_concurrency below {reserved}",
        )


def _reserving(name: str, region: str, reserved: int | None) -> AwsCall:
    """The call that makes the reserve this number (None: no reserve), which may be repeated."""
    asked: dict[str, JsonValue] = {"FunctionName": name}
    read_back = ReadBack(
        read=_reading(name, region), path="ReservedConcurrentExecutions", expected=reserved, within_seconds=60.0
    )
    if reserved is None:
        return _call("DeleteFunctionConcurrency", region, asked, read_back=read_back)
    asked["ReservedConcurrentExecutions"] = reserved
    return _call("PutFunctionConcurrency", region, asked, read_back=read_back)


def _reading(name: str, region: str) -> AwsCall:
    return _call("GetFunctionConcurrency", region, {"FunctionName": name})


def _call(
    operation: str,
    region: str,
    asked: dict[str, JsonValue],
    *,
    service: str = "lambda",
    read_back: ReadBack | None = None,
) -> AwsCall:
    return AwsCall(service=service, operation=operation, region=region, params=asked, read_back=read_back)


def _short_name(name: str) -> str:
    return name.rsplit(":", 1)[-1]


class InvokeExpect(Params):
    """What a good answer looks like, besides that the function did not fail."""

    status: int | None = Field(
        default=None, ge=100, le=599, description="the statusCode that a function behind API Gateway returns"
    )
    contains: str | None = Field(default=None, min_length=1, max_length=1000, description="a text in what is returned")


class InvokeParams(Params):
    """What lambda.invoke takes."""

    region: Region = Field(description="the region of the function")
    function: FunctionName = Field(description="a name or an ARN without a qualifier")
    payload: JsonValue = Field(default_factory=dict, description="the event, sent as JSON")
    expect: InvokeExpect = Field(default_factory=InvokeExpect, description="what a good answer looks like")


@probe("lambda.invoke", params=InvokeParams)
class InvokeProbe:
    """Invoke a function and look at what it returns.

    A synchronous invocation, never retried. Its value is how long it took, in milliseconds. A
    throttled function fails with why `TooManyRequestsException`, one that raised with the
    FunctionError that Lambda reports (`Unhandled`).
    """

    def __init__(self, params: InvokeParams) -> None:
        self._params = params

    def calls(self) -> Sequence[Call]:
        return (self._invoking(),)

    async def poll(self, outside: Outside, seq: int, timeout_seconds: float) -> Answer:
        asked = outside.clock.monotonic()
        try:
            answer = await outside.ask(self._invoking(), timeout_seconds=timeout_seconds)
        except CallFailed as failure:
            return failed(failure)
        value = (outside.clock.monotonic() - asked) * 1000
        why = _fault_in(answer, self._params.expect)
        return Answer(ok=why is None, value=value, why=why, region=self._params.region)

    def _invoking(self) -> AwsCall:
        payload = json.dumps(self._params.payload)
        return _call("Invoke", self._params.region, {"FunctionName": self._params.function, "Payload": payload})


def _fault_in(answer: JsonValue, expect: InvokeExpect) -> str | None:
    """Why an answer is not good, or None where it is."""
    error: str | None = found(answer, "FunctionError")
    if error is not None:
        return error
    body = str(found(answer, "Payload") or "")
    if expect.status is not None and _status_code(body) != expect.status:
        return f"status {_status_code(body)}"
    if expect.contains is not None and expect.contains not in body:
        return "body"
    return None


def _status_code(body: str) -> int | None:
    try:
        returned = json.loads(body)
    except ValueError:
        return None
    code = returned.get("statusCode") if isinstance(returned, dict) else None
    return code if isinstance(code, int) else None
