"""Throttles and frees functions by our executor of AWS calls alone, without journal and read-back.

Settings: `url`, `names`, `at_once`. Answers `cpu_seconds` of the process and `calls`; the client is made before.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator

import anyio
from loopback import loopback, unlimited_caller

from drillrunner.calls.aws import AwsCaller
from drillrunner.clock import Clock
from drillrunner.model.call import AwsCall

CALL_SECONDS = 30.0


def _call(operation: str, name: str, **more: int) -> AwsCall:
    return AwsCall(service="lambda", operation=operation, region="us-east-1", params={"FunctionName": name, **more})


async def main(url: str, names: list[str], at_once: int) -> None:
    clock = Clock()
    caller = unlimited_caller(loopback(url), clock)
    await caller.call(_call("GetFunctionConcurrency", names[0]), timeout_seconds=CALL_SECONDS)
    throttles = [_call("PutFunctionConcurrency", name, ReservedConcurrentExecutions=0) for name in names]
    reverts = [_call("DeleteFunctionConcurrency", name) for name in names]
    begun = time.process_time()
    for calls in (throttles, reverts):
        left = iter(calls)
        async with anyio.create_task_group() as group:
            for _ in range(at_once):
                group.start_soon(_make, caller, left)
    print(json.dumps({"cpu_seconds": time.process_time() - begun, "calls": len(throttles) + len(reverts)}))


async def _make(caller: AwsCaller, calls: Iterator[AwsCall]) -> None:
    for call in calls:
        await caller.call(call, timeout_seconds=CALL_SECONDS)


if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    anyio.run(main, settings["url"], settings["names"], settings["at_once"])
