"""Regional HTTP endpoints in front of Lambda functions: concurrency, latency and cold starts, no sockets."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from drillrunner.lab.dataplane.controlstate import ControlState
from drillrunner.lab.topology import FunctionSpec, Latency, Topology
from drillrunner.lab.world import World

ACCOUNT_CONCURRENCY = 1000
IDLE_ENVIRONMENT_SECONDS = 600.0
Z_99 = 2.3263

# The body of botocore's lambda TooManyRequestsException; Reason is one of its ThrottleReason values.
_THROTTLED_BODY = {
    True: {"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."},
    False: {"Reason": "ConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."},
}


@dataclass(frozen=True, slots=True)
class Response:
    """A whole HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Runtime:
    """A function's execution environments: how many are busy, and since when the others have been idle."""

    spec: FunctionSpec
    busy: int = 0
    idle_since: list[float] = field(default_factory=list)

    def take(self, now: float) -> bool:
        """Use an environment; true when a new one must start cold."""
        self.idle_since = [since for since in self.idle_since if now - since < IDLE_ENVIRONMENT_SECONDS]
        self.busy += 1
        if self.idle_since:
            self.idle_since.pop()
            return False
        return True

    def give_back(self, now: float) -> None:
        self.busy -= 1
        self.idle_since.append(now)


class Endpoints:
    """Answers requests for the topology's host names as API Gateway and Lambda in each region would.

    `observe(region, function, status, seconds)` is called for every request that a function should serve.
    """

    def __init__(
        self,
        world: World,
        topology: Topology,
        control: ControlState,
        observe: Callable[[str, str, int, float], None] | None = None,
    ) -> None:
        self._world = world
        self._control = control
        self._observe = observe
        self._regions = {address: region for region, address in topology.region_addresses().items()}
        self._functions = {(spec.region, spec.host.lower()): spec.function for spec in topology.endpoints}
        self._runtimes = {(spec.region, spec.name): Runtime(spec) for spec in topology.functions}

    def listens(self, address: str) -> bool:
        """Whether a region has that address."""
        return address in self._regions

    async def handle(
        self,
        address: str,
        host: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        checker: bool = False,
    ) -> Response:
        """Answer a request that reached `address`.

        A `checker`'s request is served like any other, but is no user's, so the truth does not count it.
        Raises ConnectionRefusedError where no region has that address.
        """
        region = self._regions.get(address)
        if region is None:
            raise ConnectionRefusedError(address)
        began = self._world.clock.monotonic()
        name = host.split(":", 1)[0].rstrip(".").lower()
        function = self._functions.get((region, name))
        response = await self._serve(region, function, method, path)
        if not checker:
            self._world.truth.add("request.served", name, region=region, status=response.status)
        if self._observe and function:
            self._observe(region, function, response.status, self._world.clock.monotonic() - began)
        return response

    def invoke(self, region: str, function: str, payload: bytes) -> tuple[int, bytes]:
        """A Lambda Invoke through the control plane: the status and body, at once."""
        answer = {"region": region, "function": function, "payload_bytes": len(payload)}
        return 200, json.dumps(answer).encode()

    async def _serve(self, region: str, function: str | None, method: str, path: str) -> Response:
        if function is None:
            return _json(region, 404, {"message": "Not Found"})
        state = self._control.function(region, function)
        runtime = self._runtimes.get((region, function))
        if state is None or runtime is None:
            return _json(region, 502, {"message": "Internal server error"})
        reserved = state.reserved_concurrency
        if runtime.busy >= (ACCOUNT_CONCURRENCY if reserved is None else reserved):
            if reserved == 0:
                runtime.idle_since.clear()
            return _json(region, 429, _THROTTLED_BODY[reserved is not None])
        await self._run(runtime)
        return _served(region, function, method, path)

    async def _run(self, runtime: Runtime) -> None:
        cold = runtime.take(self._world.clock.monotonic())
        try:
            seconds = self._draw(runtime.spec.latency)
            if cold:
                seconds += self._draw(runtime.spec.cold_start)
            await self._world.clock.sleep(seconds)
        finally:
            runtime.give_back(self._world.clock.monotonic())

    def _draw(self, latency: Latency) -> float:
        sigma = math.log(max(latency.p99_ms, latency.median_ms) / latency.median_ms) / Z_99
        return self._world.random.lognormvariate(math.log(latency.median_ms), sigma) / 1000


@functools.lru_cache(maxsize=1024)
def _served(region: str, function: str, method: str, path: str) -> Response:
    """What a function answers when it works: the same to the same question, and checkers ask it by the thousand."""
    answer = {"ok": True, "region": region, "function": function, "method": method, "path": path}
    return _json(region, 200, answer)


def _json(region: str, status: int, body: Mapping[str, object]) -> Response:
    headers = {"content-type": "application/json", "x-served-by-region": region}
    return Response(status, MappingProxyType(headers), json.dumps(body).encode())
