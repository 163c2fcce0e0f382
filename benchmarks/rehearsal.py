"""How long an hour of drill takes on virtual time, how long 200 seeds take, and whether a seed fixes the journal.

    python benchmarks/rehearsal.py [--minutes 60] [--repeat 3]

The shipped regional outage with a baseline so long that the whole run takes an hour: health checks, TTLs and
1 Hz probes included. Prints CPU and wall seconds of each repeat on one core, and what the most of them went to.
As a row of the benchmark's page also 200 seeds of the drill as it is shipped, on two cores.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from figures import Aim, Line, Row, Samples, Setting, held, shown

from drillrunner.cli.session import choose
from drillrunner.lab.topology import load_topology
from drillrunner.rehearsal.many import numbered, perform_all
from drillrunner.rehearsal.one import Script, perform

DRILL = Path(__file__).resolve().parent.parent / "drills" / "regional-outage.yaml"
# What the drill takes besides its baseline, about.
REST_SECONDS = 240.0
WARM_UP_MINUTES = 5.0
PROFILED_MINUTES = 10.0
# What the aims are set for; a quick row is too short to be held to them.
HOUR_MINUTES = 60.0
HOUR_AIM = Aim("at most", 20, "s")
SEEDS = 200
SEEDS_AIM = Aim("at most", 15, "min")
JOBS = 2
PARTS: dict[str, tuple[str, ...]] = {
    "botocore": ("site-packages/botocore",),
    "moto, flask and werkzeug": ("site-packages/moto", "site-packages/flask", "site-packages/werkzeug"),
    "anyio and asyncio": ("site-packages/anyio", "asyncio/"),
    "the lab": ("drillrunner/lab",),
    "engine and probes": ("drillrunner/engine", "drillrunner/services", "drillrunner/calls", "drillrunner/rehearsal"),
    "the judge": ("drillrunner/judge",),
    "pydantic": ("site-packages/pydantic",),
}
THE_REST = "Python itself and the rest"


@dataclass(frozen=True, slots=True)
class Timed:
    """One run of one seed: what it was, and what it took."""

    drill_minutes: float
    readings: int
    wall_seconds: float
    cpu_seconds: float
    journal_sha256: str


def measure(setting: Setting) -> Row:
    """The long run again and again with one seed, then many seeds as `drill rehearse` runs them side by side."""
    minutes = setting.pick(PROFILED_MINUTES, HOUR_MINUTES)
    long = timed_runs(minutes, setting.pick(2, 3))
    return Row(
        "A rehearsal on virtual time",
        (
            _aimed(
                f"{minutes:g} drill minutes on one core",
                Samples(tuple(one.wall_seconds for one in long), "s"),
                None if setting.quick else HOUR_AIM,
            ),
            Line("the same, in CPU time", Samples(tuple(one.cpu_seconds for one in long), "s").text()),
            held("journals of those runs, of one seed, that differ", differing(long), "", Aim("at most", 0)),
            *_many_seeds(setting.pick(8, SEEDS), None if setting.quick else SEEDS_AIM),
        ),
        (
            "`regional-outage`, with health checkers, TTLs and a probe each second: the engine and boto3 as in any "
            "run, the lab in the same process, no socket and no thread. Of one seed the drill was drawn out to an "
            "hour by its baseline, after a short run that loads what is loaded once; the many seeds are of the drill "
            "as it is shipped, with the start of their processes.",
            f"Where the time goes, by a profiler: {', '.join(told_shares())}.",
        ),
    )


def _aimed(what: str, taken: Samples, aim: Aim | None) -> Line:
    if aim is None:
        return Line(what, taken.text())
    return Line(what, taken.text(), "", "", aim.text(), aim.holds(taken.median))


def _many_seeds(count: int, aim: Aim | None) -> tuple[Line, Line]:
    began = time.perf_counter()
    runs = perform_all(numbered(script(), range(1, count + 1)), JOBS)
    minutes = (time.perf_counter() - began) / 60
    drill_hours = sum(run.drill_seconds for run in runs) / 3600
    left = sum(not run.reverted for run in runs)
    return (
        _aimed(f"{count} seeds on two cores ({shown(drill_hours)} drill hours)", Samples((minutes,), "min"), aim),
        held("of them, left something that was not put back", left, "", Aim("at most", 0)),
    )


def script(minutes: float | None = None) -> Script:
    """The drill as it is shipped, or so long."""
    chosen = choose(str(DRILL), {}, None)
    drill = chosen.drill
    if minutes is not None:
        drill = drill.model_copy(update={"baseline_seconds": minutes * 60 - REST_SECONDS})
    return Script(drill, chosen.environment, load_topology("checkout"))


def timed_runs(minutes: float, count: int) -> list[Timed]:
    """The drill so long, each time with the same seed."""
    perform(script(WARM_UP_MINUTES), 1)  # service models and modules are loaded once in a process
    whole = script(minutes)
    return [_timed(whole) for _ in range(count)]


def _timed(whole: Script) -> Timed:
    wall, cpu = time.perf_counter(), time.process_time()
    found = perform(whole, 1)
    return Timed(
        drill_minutes=found.run.drill_seconds / 60,
        readings=len(found.readings.readings),
        wall_seconds=time.perf_counter() - wall,
        cpu_seconds=time.process_time() - cpu,
        journal_sha256=found.run.journal_sha256,
    )


def differing(runs: Sequence[Timed]) -> int:
    """How many journals there are besides the one that there should be."""
    return len({one.journal_sha256 for one in runs}) - 1


def told_shares() -> list[str]:
    """The share of the time that each part took, the largest first."""
    profile = cProfile.Profile()
    profile.runcall(perform, script(PROFILED_MINUTES), 1)
    found = sorted(shares(profile).items(), key=lambda item: -item[1])
    return [f"{share:.0%} {name}" for name, share in found]


def shares(profile: cProfile.Profile) -> dict[str, float]:
    """The share of the time that each part's own functions took."""
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    found = dict.fromkeys([*PARTS, THE_REST], 0.0)
    for (file, _, _), (_, _, own_seconds, _, _) in stats.items():
        owner = next((name for name, texts in PARTS.items() if any(text in file for text in texts)), THE_REST)
        found[owner] += own_seconds
    whole = sum(found.values())
    return {name: seconds / whole for name, seconds in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=HOUR_MINUTES)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    runs = timed_runs(arguments.minutes, arguments.repeat)
    for one in runs:
        print(
            f"{one.drill_minutes:.1f} drill minutes, {one.readings} readings: "
            f"{one.wall_seconds:.1f} s of wall, {one.cpu_seconds:.1f} s of CPU"
        )
    print(*(f"  {share}" for share in told_shares()), sep="\n")
    print(f"journals that differ: {differing(runs)}")
    return 1 if differing(runs) else 0


if __name__ == "__main__":
    sys.exit(main())
