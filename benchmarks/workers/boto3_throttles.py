"""Plain boto3: throttles and their reverts with threads on one client, and nothing besides.

Settings: `url`, `names`, `before` (reserves by name), `threads`, `looks` (whether every change is preceded by a
reading of what is there once, and followed by reading it back, as drillrunner does).
Answers `seconds` (wall, without making the client) and `cpu_seconds`, `calls`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import boto3
import botocore.config


class Throttling:
    """The operations on one shared client, counted."""

    def __init__(self, url: str, before: dict[str, int], threads: int, looks: bool) -> None:
        config = botocore.config.Config(max_pool_connections=threads, retries={"total_max_attempts": 1})
        self._client: Any = boto3.client("lambda", endpoint_url=url, config=config)
        self._client.get_function_concurrency(FunctionName="fn-000")  # what a first call costs is not measured
        self._before = before
        self._looks = looks
        self._numbers = count()
        self.calls = 0

    def _asked(self) -> None:
        self.calls = next(self._numbers) + 1

    def throttle(self, name: str) -> None:
        self._asked()
        self._client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        self._see(name, 0)

    def revert(self, name: str) -> None:
        self._asked()
        before = self._before.get(name)
        if before is None or not self._looks:  # who did not look knows no reserve
            self._client.delete_function_concurrency(FunctionName=name)
        else:
            self._client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=before)
        self._see(name, before)

    def _see(self, name: str, wanted: int | None) -> None:
        if self._looks:
            self._asked()
            seen = self._client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
            assert seen == wanted, f"{name} has {seen}"


def main(url: str, names: list[str], before: dict[str, int], threads: int, looks: bool) -> None:
    throttling = Throttling(url, before, threads, looks)
    began, cpu_began = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        for move in (throttling.throttle, throttling.revert):
            _all(pool, move, names)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "calls": throttling.calls}))


def _all(pool: ThreadPoolExecutor, move: Callable[[str], None], names: list[str]) -> None:
    for _ in pool.map(move, names):
        pass


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
