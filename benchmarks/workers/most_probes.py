"""As many HTTP questions as one process can ask on one core.

Settings: `url`, `how` (`probe`: our HTTP probe; `fresh`: bare aiohttp, a connection for each; `kept`: bare aiohttp
on kept connections), `at_once`, `seconds`, `core` (None: any), `profile`.
Answers `per_second` (by wall), `per_cpu_second`, and with `profile` the `top` functions by their own time.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import re
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import anyio
from loopback import loopback, outside_of

from drillrunner.calls.http import SocketHttpClient
from drillrunner.clock import Clock
from drillrunner.engine.plan import build_probe

TIMEOUT_SECONDS = 5.0
TOP = 5
Ask = Callable[[], Awaitable[None]]


async def main(url: str, how: str, at_once: int, seconds: float, core: int | None, profile: bool) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    measure = _by_probe if how == "probe" else _by_aiohttp
    profiler = cProfile.Profile() if profile else None
    answer = await measure(url, how, at_once, seconds, profiler)
    if profiler is not None:
        answer["top"] = _top(profiler)
    print(json.dumps(answer))


async def _by_probe(
    url: str, _how: str, at_once: int, seconds: float, profiler: cProfile.Profile | None
) -> dict[str, Any]:
    clock = Clock()
    probe = build_probe("probe", "http.get", {"url": url, "expect": {"status": 200}})
    http = SocketHttpClient(clock)
    outside = outside_of(loopback(), clock, http)

    async def ask() -> None:
        answer = await probe.poll(outside, 1, TIMEOUT_SECONDS)
        assert answer.ok, answer

    return await _asked_for(ask, at_once, seconds, profiler)


async def _by_aiohttp(
    url: str, how: str, at_once: int, seconds: float, profiler: cProfile.Profile | None
) -> dict[str, Any]:
    connector = aiohttp.TCPConnector(limit=0, force_close=how == "fresh")
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask() -> None:
            async with session.get(url) as response:
                assert response.status == 200
                await response.read()

        return await _asked_for(ask, at_once, seconds, profiler)


async def _asked_for(ask: Ask, at_once: int, seconds: float, profiler: cProfile.Profile | None) -> dict[str, Any]:
    """So many asking at once, each again as soon as it was answered."""
    await ask()
    asked = 0
    wall_began, cpu_began = time.perf_counter(), time.process_time()

    async def ask_again() -> None:
        nonlocal asked
        while time.perf_counter() - wall_began < seconds:
            await ask()
            asked += 1

    if profiler is not None:
        profiler.enable()
    async with anyio.create_task_group() as group:
        for _ in range(at_once):
            group.start_soon(ask_again)
    if profiler is not None:
        profiler.disable()
    wall, cpu = time.perf_counter() - wall_began, time.process_time() - cpu_began
    return {"per_second": asked / wall, "per_cpu_second": asked / cpu}


def _top(profiler: cProfile.Profile) -> list[str]:
    """Where the time went, by the functions' own time: `share function (file)`."""
    stats = pstats.Stats(profiler)
    spent: dict[tuple[str, int, str], float] = {at: row[2] for at, row in vars(stats)["stats"].items()}
    whole = sum(spent.values())
    longest = sorted(spent, key=lambda at: spent[at], reverse=True)[:TOP]
    return [f"{spent[at] / whole:.0%} {_named(at)}" for at in longest]


def _named(at: tuple[str, int, str]) -> str:
    file, _, function = at
    if file == "~":
        return re.sub(r" at 0x\w+", "", function.strip("<>"))
    path = Path(file)
    return f"{path.parent.name}/{path.name} {function}"


if __name__ == "__main__":
    chosen = json.loads(sys.argv[1])
    anyio.run(
        main, chosen["url"], chosen["how"], chosen["at_once"], chosen["seconds"], chosen["core"], chosen["profile"]
    )
