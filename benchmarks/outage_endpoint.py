"""A loopback endpoint whose users are lost when `fn-000` is throttled, and are served again a known time later.

    python benchmarks/outage_endpoint.py '{"seconds": 4.2, "hangs": false}'

It prints its port. It speaks what `lambda_endpoint.py` speaks. From the moment when the throttle takes effect
`/health` answers 503, or not at all (`hangs`), for exactly `seconds`: another region has taken over by then, whether
the throttle is still there or not. So the RTO's truth is known without comparing clocks. `/steady/…` stays good.
Every answer tells of the moment half-way between the question and its answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web
from lambda_endpoint import Endpoint, LambdaEndpoint

CALL_SECONDS = 0.05
PROBE_SECONDS = 0.1
NEVER_SECONDS = 60.0


class OutageEndpoint(LambdaEndpoint):
    """One function, and users who are lost with it for a set time."""

    def __init__(self, seconds: float, hangs: bool) -> None:
        super().__init__(1, CALL_SECONDS)
        self._seconds = seconds
        self._hangs = hangs
        self._lost_at: float | None = None

    def app(self) -> web.Application:
        app = super().app()
        app.router.add_get("/steady/{name}", self._steady)
        return app

    async def _put(self, request: web.Request) -> web.Response:
        asked = await request.json()
        await self._take("PutFunctionConcurrency")
        self._reserves[request.match_info["name"]] = asked["ReservedConcurrentExecutions"]
        if asked["ReservedConcurrentExecutions"] == 0 and self._lost_at is None:
            self._lost_at = time.monotonic()
        return await self._give(asked)

    async def _reset(self, request: web.Request) -> web.Response:
        self._lost_at = None
        return await super()._reset(request)

    async def _steady(self, _request: web.Request) -> web.Response:
        await asyncio.sleep(PROBE_SECONDS)
        return _served()

    async def _health(self, _request: web.Request) -> web.Response:
        await asyncio.sleep(PROBE_SECONDS / 2)
        lost = self._lost_at is not None and time.monotonic() < self._lost_at + self._seconds
        await asyncio.sleep(NEVER_SECONDS if lost and self._hangs else PROBE_SECONDS / 2)
        return web.Response(status=503) if lost else _served()


def _served() -> web.Response:
    return web.Response(headers={"x-served-by-region": "us-east-1"})


@contextlib.contextmanager
def failing(seconds: float, hangs: bool) -> Iterator[Endpoint]:
    """The endpoint in a process of its own, for as long as the block lasts."""
    settings = json.dumps({"seconds": seconds, "hangs": hangs})
    command = [sys.executable, str(Path(__file__).resolve()), settings]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Endpoint(int(process.stdout.readline()))
        finally:
            process.terminate()


async def _serve(seconds: float, hangs: bool) -> None:
    runner = web.AppRunner(OutageEndpoint(seconds, hangs).app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(**json.loads(sys.argv[1])))
