"""A run of so many readings, written as a run writes them, and its reports rendered as `drill report` does.

Settings: `count`. Answers `seconds` and `cpu_seconds` of the rendering, `peak_mb` of this whole process, and
`bytes` of report.html and of the readings on disk.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from drillrunner.files.readings_file import ReadingsFile, read_readings
from drillrunner.judge import judge
from drillrunner.model.reading import Reading
from drillrunner.reporting import render_all
from fabricated_run import BEGAN_AT, fabricated_plan, fabricated_run

SPAN_SECONDS = 200.0
REASONS = ("status 429", "timeout", "connect refused")


def readings_of(count: int) -> Iterator[Reading]:
    """Readings of three probes, an outage in the middle, without a list of them anywhere."""
    for seq in range(count):
        at = BEGAN_AT + seq * SPAN_SECONDS / count
        probe = "lag" if seq % 10 == 0 else "orders" if seq % 3 == 0 else "checkout"
        down = 33.0 < at - BEGAN_AT < 130.0 and probe == "checkout"
        took = 0.02 + (seq * 7919 % 1000) / 5000
        yield Reading(
            probe=probe,
            seq=seq,
            due=at,
            asked=at,
            answered=at + took,
            ok=not down,
            value=took if probe == "lag" else None,
            why=REASONS[seq % 3] if down else None,
            region="us-east-1" if at - BEGAN_AT < 130.0 else "eu-west-1",
        )


def peak_megabytes() -> float:
    """Of this program alone: getrusage would count what the process was before it became this program."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def main(count: int) -> None:
    path = Path("readings.sqlite")
    path.unlink(missing_ok=True)
    file = ReadingsFile(path)
    for reading in readings_of(count):
        file.add(reading)
    file.close()
    _, entries, few = fabricated_run()
    plan = fabricated_plan(0.6 * count / SPAN_SECONDS)  # six readings in ten are the user-facing probe's
    verdict = judge(plan, entries, few)
    began, cpu_began = time.perf_counter(), time.process_time()
    texts = render_all(plan, entries, lambda: read_readings(path), verdict)
    answer = {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu_began,
        "peak_mb": peak_megabytes(),
        "bytes": len(texts["report.html"].encode()),
        "bytes_on_disk": path.stat().st_size,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
