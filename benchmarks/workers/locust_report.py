"""Locust's HTML report of so many samples, taken in by its own statistics. Runs with Locust's Python.

Settings: `count`, `points` (how often its history is told of, which Locust does every five seconds of a run).
Answers `seconds` of rendering the page from what it had counted, and the page's `bytes`.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

from locust import User, stats
from locust.env import Environment
from locust.html import get_html_report


class Nobody(User):
    """A user who does nothing: the samples are given, not measured."""

    host = "https://checkout.example.test"


def main(count: int, points: int) -> None:
    environment: Any = Environment(user_classes=[Nobody])
    runner = environment.create_local_runner()
    for number in range(count):
        if number % 3 == 0:
            environment.stats.log_error("GET", "/health", "status 429")
        environment.stats.log_request("GET", "/health", 20 + number * 7919 % 1000 / 5, 17)
        if number % max(1, count // points) == 0:
            stats.update_stats_history(runner, datetime.now(tz=UTC).isoformat())
    began = time.perf_counter()
    page = get_html_report(environment)
    print(json.dumps({"seconds": time.perf_counter() - began, "bytes": len(page.encode())}))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
