"""Hours of watching on virtual time: watchers, board and readings on disk, HTTP answered in process.

Settings: `hours`, `probes` (each once a second), `readings` (the file).
Answers `readings`, `wall_seconds`, `rss_mb` (at each sample, the first after a minute).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import anyio
from loopback import http_spec, loopback, outside_of, reserves_nothing, watcher_of

from drillrunner.clock import Clock, run_virtual, virtual_clock
from drillrunner.engine.watch import Board, Track, Watcher
from drillrunner.files.readings_file import ReadingsFile
from drillrunner.model.reading import Reading
from drillrunner.ports import HttpRequest, HttpResponse, Outside

MINUTE = 60.0
SAMPLES = 24
ANSWER_SECONDS = 0.05
URL = "http://127.0.0.1/health"


class InProcess:
    """An HttpClient that answers after 50 ms of the loop's time; every hour it fails for a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def send(self, request: HttpRequest, *, timeout_seconds: float) -> HttpResponse:
        """See ports.HttpClient."""
        await self._clock.sleep(min(ANSWER_SECONDS, timeout_seconds))
        down = self._clock.monotonic() % 3600.0 > 3600.0 - MINUTE
        phases = {"connect": 0.001, "first_byte": ANSWER_SECONDS - 0.002, "body": 0.001}
        return HttpResponse(503 if down else 200, {"x-served-by-region": "us-east-1"}, b"ok", phases)


def _rss_mb() -> float:
    """The memory that this process has in RAM."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("this system does not say what memory a process has")


def _watcher(name: str, outside: Outside, board: Board, file: ReadingsFile) -> Watcher:
    spec = http_spec(name, URL, 1.0, 0.9)
    board.tracks[name] = Track(spec)

    def take(reading: Reading) -> None:
        file.add(reading)
        board.add(reading)

    return watcher_of(spec, outside, take)


async def main(hours: float, probes: int, readings: str) -> dict[str, Any]:
    clock = virtual_clock()
    outside = outside_of(loopback(), clock, InProcess(clock))
    board, file = Board(), ReadingsFile(Path(readings))
    began = time.perf_counter()
    async with anyio.create_task_group() as group:
        for number in range(probes):
            group.start_soon(_watcher(f"probe-{number}", outside, board, file).run, reserves_nothing)
        rss_mb = await _sampled(clock, hours * 60 * MINUTE)
        group.cancel_scope.cancel()
    file.close()
    return {
        "readings": sum(track.count for track in board.tracks.values()),
        "wall_seconds": time.perf_counter() - began,
        "rss_mb": rss_mb,
    }


async def _sampled(clock: Clock, seconds: float) -> list[float]:
    """What memory is used after a minute, and at even times until the end."""
    moments = [MINUTE, *(MINUTE + (seconds - MINUTE) * number / SAMPLES for number in range(1, SAMPLES + 1))]
    rss_mb = []
    for moment in moments:
        await clock.sleep_until(moment)
        rss_mb.append(_rss_mb())
    return rss_mb


if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    print(json.dumps(run_virtual(main, settings["hours"], settings["probes"], settings["readings"])))
