"""Lambda: functions, their reserved concurrency, and how long they take."""

from __future__ import annotations

from collections.abc import Sequence

from drillrunner.errors import CallFailed
from drillrunner.lab.topology import FunctionSpec, Latency
from drillrunner.model.call import AwsCall
from drillrunner.ports import Outside
from drillrunner.services.aws_reading import found
from drillrunner.snapshot.metrics import Metric, measured
from drillrunner.snapshot.notes import Note, Part, left_out
from drillrunner.snapshot.pages import read_pages


def calls(regions: Sequence[str]) -> list[AwsCall]:
    """The Calls that reading makes, for the list of permissions."""
    return [call for region in regions for call in (_listing(region), _reading(region, "*"))]


async def read_functions(outside: Outside, regions: Sequence[str]) -> Part[FunctionSpec]:
    """Every function of the regions. Raises CallFailed, Refused."""
    functions: list[FunctionSpec] = []
    notes: list[Note] = []
    for region in regions:
        for name in await read_pages(outside, _listing(region), "Functions[].FunctionName", {"Marker": "NextMarker"}):
            try:
                functions.append(await _function(outside, region, name))
            except CallFailed as failure:
                if failure.code != "ResourceNotFoundException":
                    raise
                notes.append(left_out(f"function {name} in {region}", "it was deleted while it was read"))
    return Part(await _with_latencies(functions, outside), tuple(notes))


async def _function(outside: Outside, region: str, name: str) -> FunctionSpec:
    answer = await outside.read(_reading(region, name))
    reserved: int | None = found(answer, "ReservedConcurrentExecutions")
    return FunctionSpec(name=name, region=region, reserved_concurrency=reserved)


async def _with_latencies(functions: Sequence[FunctionSpec], outside: Outside) -> tuple[FunctionSpec, ...]:
    """AWS/Lambda Duration is what a warm function takes; AWS publishes no cold start as a metric."""
    metrics = {spec: _duration(spec) for spec in functions}
    latencies = await measured(list(metrics.values()), outside)
    return tuple(_taking(spec, latencies.get(metrics[spec])) for spec in functions)


def _taking(spec: FunctionSpec, latency: Latency | None) -> FunctionSpec:
    return spec.model_copy(update={"latency": latency}) if latency else spec


def _duration(spec: FunctionSpec) -> Metric:
    return Metric(spec.region, "AWS/Lambda", "Duration", (("FunctionName", spec.name),))


def _listing(region: str) -> AwsCall:
    return AwsCall(service="lambda", operation="ListFunctions", region=region)


def _reading(region: str, name: str) -> AwsCall:
    return AwsCall(service="lambda", operation="GetFunctionConcurrency", region=region, params={"FunctionName": name})
