"""A loopback web server that does as little as one can, so that it is the client that is measured.

    python benchmarks/web_endpoint.py '{"answer_seconds": 0.05, "core": 1}'

It prints its port, answers 200 to everything after a set time, keeps a connection unless asked to close it,
and counts what each path was asked (`GET /bench`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SEEN: Counter[str] = Counter()
REGION = b"x-served-by-region: us-east-1\r\n"


def _answer(body: bytes, kept: bool) -> bytes:
    connection = b"" if kept else b"Connection: close\r\n"
    return b"HTTP/1.1 200 OK\r\n" + REGION + connection + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Answering(asyncio.Protocol):
    """One connection: requests without a body, one after another."""

    def __init__(self, answer_seconds: float) -> None:
        self._answer_seconds = answer_seconds
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            kept = b"connection: close" not in head.lower()
            self._take(head.split(b" ", 2)[1].decode(), kept)

    def _take(self, path: str, kept: bool) -> None:
        if path == "/bench":
            self._give(json.dumps(SEEN).encode(), False)
            return
        SEEN[path] += 1
        if self._answer_seconds:
            asyncio.get_running_loop().call_later(self._answer_seconds, self._give, b"ok", kept)
        else:
            self._give(b"ok", kept)

    def _give(self, body: bytes, kept: bool) -> None:
        assert self._transport is not None
        self._transport.write(_answer(body, kept))
        if not kept:
            self._transport.close()


@dataclass(frozen=True, slots=True)
class WebEndpoint:
    """A running server, seen from outside."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def seen(self) -> dict[str, int]:
        """How often each path was asked for."""
        with urllib.request.urlopen(f"{self.url}/bench", timeout=10) as answer:
            seen: dict[str, int] = json.load(answer)
        return seen


@contextlib.contextmanager
def answering(answer_seconds: float, core: int | None = None) -> Iterator[WebEndpoint]:
    """The server in a process of its own (on one core, if asked for), for as long as the block lasts."""
    settings = json.dumps({"answer_seconds": answer_seconds, "core": core})
    command = [sys.executable, str(Path(__file__).resolve()), settings]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield WebEndpoint(int(process.stdout.readline()))
        finally:
            process.terminate()


async def _serve(answer_seconds: float, core: int | None) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(answer_seconds), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(**json.loads(sys.argv[1])))
