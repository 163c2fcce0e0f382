"""How well the measured RTO holds the simulator's truth, over many seeds on virtual time.

    python benchmarks/rto_error.py [--seeds 1000] [--jobs 2]

Every run's interval must contain the truth; exit code 1 when one does not. The width is given in probe intervals
(the drill's checkout probe asks every second).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from drillrunner.cli.session import choose
from drillrunner.judge.rehearsal import figures
from drillrunner.lab.topology import load_topology
from drillrunner.rehearsal.one import Script
from drillrunner.rehearsal.rehearse import Order, rehearse

DRILL = Path(__file__).resolve().parent.parent / "drills" / "regional-outage.yaml"
AIM_INTERVALS = 1.2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    chosen = choose(str(DRILL), {}, None)
    script = Script(chosen.drill, chosen.environment, load_topology("checkout"))
    began = time.perf_counter()
    found = rehearse(Order(script, {}, 1, arguments.seeds, 0, arguments.jobs))
    seconds = time.perf_counter() - began
    held = figures(found).coverage
    every = chosen.drill.probe("checkout").every_seconds
    widths = [
        (one.high - one.low) / every
        for run in found.runs
        for one in run.objectives
        if one.name == "rto" and one.low is not None and one.high is not None
    ]
    print(f"{arguments.seeds} seeds in {seconds:.0f} s with {arguments.jobs} jobs")
    print(f"intervals that hold the truth: {held.held} of {held.of}; seeds outside: {list(held.seeds_outside)}")
    print(f"width in probe intervals: median {statistics.median(widths):.2f}, most {max(widths):.2f}")
    return 0 if held.held == held.of and statistics.median(widths) <= AIM_INTERVALS else 1


if __name__ == "__main__":
    sys.exit(main())
