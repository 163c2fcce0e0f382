"""A loopback endpoint that speaks the few Lambda operations of a throttle, and answers each after a set time.

    python benchmarks/lambda_endpoint.py '{"functions": 200, "answer_seconds": 0.05}'

It prints its port. Every fourth function has a reserve of 40 before anybody comes, the others have none. Until the
first change it answers at once, because what a tool reads before that is not measured.
`/health` is good while `fn-000` is not throttled. `GET /bench` says what it has seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

ACCOUNT = "123456789012"
RESERVED_BEFORE = 40
EVERY_WITH_A_RESERVE = 4
IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    f"<Arn>arn:aws:iam::{ACCOUNT}:user/testing</Arn><UserId>testing</UserId><Account>{ACCOUNT}</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def function_names(count: int) -> list[str]:
    return [f"fn-{number:03}" for number in range(count)]


def reserves_before(count: int) -> dict[str, int]:
    """The reserves of those functions that have one."""
    return dict.fromkeys(function_names(count)[::EVERY_WITH_A_RESERVE], RESERVED_BEFORE)


class LambdaEndpoint:
    """The functions' reserves, and how often each operation was asked for."""

    def __init__(self, functions: int, answer_seconds: float) -> None:
        self._count = functions
        self._answer_seconds = answer_seconds
        self._reserves = reserves_before(functions)
        self._seen: Counter[str] = Counter()
        self._changing = False

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/", self._identity)
        app.router.add_get("/2019-09-30/functions/{name}/concurrency", self._get)
        app.router.add_put("/2017-10-31/functions/{name}/concurrency", self._put)
        app.router.add_delete("/2017-10-31/functions/{name}/concurrency", self._delete)
        app.router.add_get("/health", self._health)
        app.router.add_get("/bench", self._told)
        app.router.add_post("/bench/reset", self._reset)
        return app

    async def _take(self, operation: str) -> None:
        """The change is there when half of the time has passed, as on a network."""
        self._changing = self._changing or operation.startswith(("Put", "Delete"))
        await asyncio.sleep(self._half_seconds())
        self._seen[operation] += 1

    async def _give(self, content: object = None, status: int = 200) -> web.Response:
        await asyncio.sleep(self._half_seconds())
        return web.Response(status=status) if content is None else web.json_response(content, status=status)

    def _half_seconds(self) -> float:
        return self._answer_seconds / 2 if self._changing else 0.0

    async def _identity(self, _request: web.Request) -> web.Response:
        await self._take("GetCallerIdentity")
        return web.Response(text=IDENTITY, content_type="text/xml")

    async def _get(self, request: web.Request) -> web.Response:
        await self._take("GetFunctionConcurrency")
        reserve = self._reserves.get(request.match_info["name"])
        return await self._give({} if reserve is None else {"ReservedConcurrentExecutions": reserve})

    async def _put(self, request: web.Request) -> web.Response:
        asked = await request.json()
        await self._take("PutFunctionConcurrency")
        self._reserves[request.match_info["name"]] = asked["ReservedConcurrentExecutions"]
        return await self._give(asked)

    async def _delete(self, request: web.Request) -> web.Response:
        await self._take("DeleteFunctionConcurrency")
        self._reserves.pop(request.match_info["name"], None)
        return await self._give(status=204)

    async def _health(self, _request: web.Request) -> web.Response:
        status = 429 if self._reserves.get("fn-000") == 0 else 200
        return web.Response(status=status, headers={"x-served-by-region": "us-east-1"})

    async def _told(self, _request: web.Request) -> web.Response:
        before = reserves_before(self._count)
        names = function_names(self._count)
        changed = [name for name in names if self._reserves.get(name) != before.get(name)]
        throttled = [name for name in names if self._reserves.get(name) == 0]
        return web.json_response({"seen": self._seen, "throttled": len(throttled), "changed": len(changed)})

    async def _reset(self, _request: web.Request) -> web.Response:
        self._reserves = reserves_before(self._count)
        self._seen.clear()
        self._changing = False
        return web.Response()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running endpoint, seen from outside."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def told(self) -> dict[str, Any]:
        """`seen` (how often each operation), `throttled` and `changed` (how many functions)."""
        with urllib.request.urlopen(f"{self.url}/bench", timeout=10) as answer:
            told: dict[str, Any] = json.load(answer)
        return told

    def throttles_seen(self) -> int:
        return int(self.told()["seen"].get("PutFunctionConcurrency", 0))

    def reset(self) -> None:
        urllib.request.urlopen(f"{self.url}/bench/reset", data=b"", timeout=10).close()


@contextlib.contextmanager
def serving(functions: int, answer_seconds: float) -> Iterator[Endpoint]:
    """The endpoint in a process of its own, for as long as the block lasts."""
    settings = json.dumps({"functions": functions, "answer_seconds": answer_seconds})
    command = [sys.executable, str(Path(__file__).resolve()), settings]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Endpoint(int(process.stdout.readline()))
        finally:
            process.terminate()


async def _serve(functions: int, answer_seconds: float) -> None:
    runner = web.AppRunner(LambdaEndpoint(functions, answer_seconds).app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(**json.loads(sys.argv[1])))
