"""Somebody who receives signals: an HTTP server on loopback that remembers what it was sent, and a post that does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from aiohttp import web

from drillrunner.sinks.post import Request


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Receiver:
    """Answers with `statuses` one after the other, the last one for ever; never while it `hangs`.

    `location` is where it sends others on to.
    """

    statuses: list[int] = field(default_factory=lambda: [200])
    hangs: bool = False
    location: str | None = None
    received: list[Received] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        content = await request.read()
        self.received.append(Received(request.path, {**request.headers}, content))
        if self.hangs:
            await anyio.sleep(60)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return web.Response(status=status, headers={"Location": self.location} if self.location else None)


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[Receiver]:
    """The receiver at a port of its own; `url` is its root."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@dataclass
class RememberedPosts:
    """A Post that goes nowhere and keeps what it was given."""

    requests: list[Request] = field(default_factory=list)

    async def __call__(self, request: Request) -> None:
        self.requests.append(request)

    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests]
