"""How long an hour of drill takes on virtual time, and whether a seed fixes the journal.

    python benchmarks/rehearsal.py [--minutes 60] [--repeat 3]

The shipped regional outage with a baseline so long that the whole run takes an hour: health checks, TTLs and
1 Hz probes included. Prints CPU and wall seconds of each repeat on one core, and what the most of them went to.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import time
from pathlib import Path

from drillrunner.cli.session import choose
from drillrunner.lab.topology import load_topology
from drillrunner.rehearsal.one import Script, perform

DRILL = Path(__file__).resolve().parent.parent / "drills" / "regional-outage.yaml"
# What the drill takes besides its baseline, about.
REST_SECONDS = 240.0
PARTS = {
    "botocore": "site-packages/botocore",
    "moto, flask and werkzeug": ("site-packages/moto", "site-packages/flask", "site-packages/werkzeug"),
    "anyio and asyncio": ("site-packages/anyio", "asyncio/"),
    "the lab": "drillrunner/lab",
    "engine and probes": ("drillrunner/engine", "drillrunner/services", "drillrunner/calls", "drillrunner/rehearsal"),
    "the judge": "drillrunner/judge",
    "pydantic": "site-packages/pydantic",
}


def script(minutes: float) -> Script:
    """The drill, so long."""
    chosen = choose(str(DRILL), {}, None)
    drill = chosen.drill.model_copy(update={"baseline_seconds": minutes * 60 - REST_SECONDS})
    return Script(drill, chosen.environment, load_topology("checkout"))


def shares(profile: cProfile.Profile) -> dict[str, float]:
    """The share of the time that each part's own functions took."""
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    found = dict.fromkeys([*PARTS, "Python itself and the rest"], 0.0)
    for (file, _, _), (_, _, own_seconds, _, _) in stats.items():
        owner = next((name for name, texts in PARTS.items() if _within(file, texts)), "Python itself and the rest")
        found[owner] += own_seconds
    whole = sum(found.values())
    return {name: seconds / whole for name, seconds in found.items()}


def _within(file: str, texts: str | tuple[str, ...]) -> bool:
    return any(text in file for text in ((texts,) if isinstance(texts, str) else texts))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    whole = script(arguments.minutes)
    perform(script(5.0), 1)  # service models and modules are loaded once in a process
    journals = set()
    for _ in range(arguments.repeat):
        wall, cpu = time.perf_counter(), time.process_time()
        found = perform(whole, 1)
        journals.add(found.run.journal_sha256)
        print(
            f"{found.run.drill_seconds / 60:.1f} drill minutes, {len(found.readings.readings)} readings: "
            f"{time.perf_counter() - wall:.1f} s of wall, {time.process_time() - cpu:.1f} s of CPU",
            flush=True,
        )
    profile = cProfile.Profile()
    profile.runcall(perform, script(10.0), 1)
    for name, share in sorted(shares(profile).items(), key=lambda item: -item[1]):
        print(f"  {share:4.0%} {name}")
    print(f"journals that differ: {len(journals) - 1}")
    return 0 if len(journals) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
