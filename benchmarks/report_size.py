"""How long a report takes, how large it is, what memory it needs: `python benchmarks/report_size.py [READINGS]`.

Aims: 1,000,000 readings in under 10 s and 300 MB; report.html under 500 KB.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from drillrunner.judge import judge
from drillrunner.model.reading import Reading
from drillrunner.reporting import render_all
from fabricated_run import BEGAN_AT, fabricated_run

SPAN_SECONDS = 200.0
REASONS = ("status 429", "timeout", "connect refused")


def synthetic(count: int) -> Iterator[Reading]:
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


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    plan, entries, few = fabricated_run()
    verdict = judge(plan, entries, few)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.perf_counter()
    for _ in synthetic(count):
        pass
    making = time.perf_counter() - began
    began = time.perf_counter()
    texts = render_all(plan, entries, partial(synthetic, count), verdict)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"readings          {count:>12,}")
    print(f"all reports       {took:>12.2f} s (of which making the readings twice about {2 * making:.2f} s)")
    print(f"peak memory       {peak:>12.0f} MB (before: {before:.0f} MB)")
    for name, text in texts.items():
        print(f"{name:<17} {len(text.encode()):>12,} bytes")


if __name__ == "__main__":
    main()
