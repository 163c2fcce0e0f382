"""Many HTTP probes by the engine's watchers, on our HTTP client, their readings on disk; in real time.

Settings: `url`, `probes`, `every_seconds`, `polls` (for each probe), `readings` (the file).
Answers `readings`, `failed`, `late_ms` (how late the questions were asked: p50, p99, max), `cpu_share` of one core.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import anyio
from loopback import http_spec, loopback, outside_of, reserves_nothing, watcher_of

from drillrunner.calls.http import SocketHttpClient
from drillrunner.clock import Clock
from drillrunner.engine.watch import Board, Track, Watcher, spread
from drillrunner.files.readings_file import ReadingsFile
from drillrunner.model.drill import ProbeSpec
from drillrunner.model.reading import Reading
from drillrunner.ports import Outside

TIMEOUT_SECONDS = 5.0


class Kept:
    """Where readings go in a run: to the file and the board. Here their delays are kept as well."""

    def __init__(self, path: Path) -> None:
        self.board = Board()
        self.late_seconds: list[float] = []
        self.failed = 0
        self.file = ReadingsFile(path)

    def take(self, reading: Reading) -> None:
        self.file.add(reading)
        self.board.add(reading)
        self.late_seconds.append(reading.asked - reading.due)
        self.failed += reading.ok is not True

    def late_milliseconds(self) -> dict[str, float]:
        ordered = sorted(self.late_seconds)
        return {
            "p50": ordered[len(ordered) // 2] * 1000,
            "p99": ordered[-1 - len(ordered) // 100] * 1000,
            "max": ordered[-1] * 1000,
        }


async def main(url: str, probes: int, every_seconds: float, polls: int, readings: str) -> None:
    clock = Clock()
    kept = Kept(Path(readings))
    http = SocketHttpClient(clock)
    outside = outside_of(loopback(), clock, http)
    specs = [
        http_spec(name, f"{url}/{name}", every_seconds, TIMEOUT_SECONDS)
        for name in (f"probe-{number}" for number in range(probes))
    ]
    offsets = spread(specs)
    watchers = [_watcher(spec, offsets[spec.name], outside, kept) for spec in specs]
    wall_began, cpu_began = time.perf_counter(), time.process_time()
    async with anyio.create_task_group() as group:
        for watcher in watchers:
            group.start_soon(watcher.run, reserves_nothing)
            group.start_soon(_stop_after, watcher, clock, (polls - 0.5) * every_seconds + offsets[watcher.spec.name])
    cpu_share = (time.process_time() - cpu_began) / (time.perf_counter() - wall_began)
    kept.file.close()
    answer = {"readings": len(kept.late_seconds), "failed": kept.failed, "cpu_share": cpu_share}
    print(json.dumps({**answer, "late_ms": kept.late_milliseconds()}))


async def _stop_after(watcher: Watcher, clock: Clock, seconds: float) -> None:
    await clock.sleep(seconds)
    await watcher.stop()


def _watcher(spec: ProbeSpec, offset_seconds: float, outside: Outside, kept: Kept) -> Watcher:
    kept.board.tracks[spec.name] = Track(spec)
    return watcher_of(spec, outside, kept.take, offset_seconds)


if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    anyio.run(
        main, settings["url"], settings["probes"], settings["every_seconds"], settings["polls"], settings["readings"]
    )
