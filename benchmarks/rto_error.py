"""How well the measured RTO holds the truth: over many seeds on virtual time, and beside the peer on outages.

    python benchmarks/rto_error.py [--seeds 1000] [--jobs 2]

Every interval must contain the truth; exit code 1 when one does not. The width is given in probe intervals (the
drill's checkout probe asks every second). Run by itself it plays the seeds alone; beside the peer it is a row of
`run.py`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from figures import Aim, Line, Row, Samples, Setting, compared, held, shown
from outage_endpoint import PROBE_SECONDS
from outages import AT_ONCE, TIMEOUT_SECONDS, Practised, Read, practise

from drillrunner.cli.session import choose
from drillrunner.judge.rehearsal import figures
from drillrunner.lab.topology import load_topology
from drillrunner.model.rehearsal_figures import Coverage
from drillrunner.rehearsal.one import Script
from drillrunner.rehearsal.rehearse import Order, rehearse

DRILL = Path(__file__).resolve().parent.parent / "drills" / "regional-outage.yaml"
AIM_INTERVALS = 1.2
JOBS = 2
ALL = Aim("at least", 100, "%")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What many seeds measured beside the simulator's truth; widths are in probe intervals."""

    coverage: Coverage
    widths: tuple[float, ...]
    wall_seconds: float


def measure(setting: Setting) -> Row:
    """Many seeds on virtual time, then outages of a known length with both tools."""
    seeds, outages = setting.pick(20, 1000), setting.pick(4, 24)
    rehearsed = _rehearsed(seeds, JOBS)
    practised = practise(setting, outages)
    return Row(
        f"RTO beside the truth: {seeds:,} seeds on virtual time, {outages} outages on loopback with both tools",
        (*_lines(rehearsed), *_beside(practised)),
        (
            "On virtual time: `drills/regional-outage.yaml` against the lab, whose log knows when the function stopped "
            "and from when clients were served again. Seeds without an RTO, measured or true, are not counted. "
            f"It took {shown(rehearsed.wall_seconds)} s.",
            "On loopback: an endpoint is bad for a drawn 2 to 7 s from the throttle's effect on; every other time it "
            f"answers 503, else not at all (both tools wait {TIMEOUT_SECONDS:g} s). `chaos run --hypothesis-strategy "
            "continuously --hypothesis-frequency 1` and `drill run` practise each outage in turn, "
            f"{AT_ONCE} outages side by side, with the same four probes of {PROBE_SECONDS * 1000:.0f} ms. The peer "
            "asks them one after another and no further than the first that fails. The one that users depend on is "
            "its first: the best order for it.",
            "The peer states no RTO. Its column is what our judge makes of its journal: each probe from `start` to "
            "`end`, the fault's effect within its action. One figure: ours the middle of the interval; the peer's by "
            "hand, the end of the first good probe after a bad one less the end of the fault's action.",
        ),
    )


def _lines(rehearsed: Rehearsed) -> tuple[Line, ...]:
    found = rehearsed.coverage
    return (
        _share("virtual time: intervals that hold the truth", found.held, found.of),
        held(
            "virtual time: median width, in probe intervals",
            statistics.median(rehearsed.widths),
            "",
            Aim("at most", AIM_INTERVALS),
        ),
        Line("virtual time: largest width, in probe intervals", shown(max(rehearsed.widths))),
    )


def _beside(practised: Sequence[Practised]) -> tuple[Line, ...]:
    of = len(practised)
    peer_held = sum(one.peer.holds for one in practised)
    ours, peer = _both(practised, lambda read: read.error)
    statuses = ", ".join(sorted({one.peer_status for one in practised}))
    return (
        Line("loopback: an RTO is stated by the tool", f"in {of} of {of} runs", f"in none ({statuses})"),
        _share(
            "loopback: intervals that hold the truth",
            sum(one.ours.holds for one in practised),
            of,
            f"{peer_held} of {of}, by our judge from its journal",
        ),
        _widths("loopback: width where the outage answers 503", _kind(practised, hangs=False)),
        _widths("loopback: width where it does not answer", _kind(practised, hangs=True)),
        Line("loopback: error of one figure", ours.text(), peer.text()),
    )


def _kind(practised: Sequence[Practised], *, hangs: bool) -> list[Practised]:
    return [one for one in practised if one.outage.hangs == hangs]


def _widths(what: str, practised: Sequence[Practised]) -> Line:
    return compared(what, *_both(practised, lambda read: read.width), None)


def _both(practised: Sequence[Practised], figure: Callable[[Read], float]) -> tuple[Samples, Samples]:
    """A figure of ours and the peer's, in seconds, outage by outage."""
    ours = Samples(tuple(figure(one.ours) for one in practised), "s")
    return ours, Samples(tuple(figure(one.peer) for one in practised), "s")


def _share(what: str, count: int, of: int, peer: str = "") -> Line:
    return Line(what, f"{count:,} of {of:,}", peer, "", ALL.text(), count == of > 0)


def _rehearsed(seeds: int, jobs: int) -> Rehearsed:
    chosen = choose(str(DRILL), {}, None)
    script = Script(chosen.drill, chosen.environment, load_topology("checkout"))
    began = time.perf_counter()
    found = rehearse(Order(script, {}, 1, seeds, 0, jobs))
    every = chosen.drill.probe("checkout").every_seconds
    widths = tuple(
        (one.high - one.low) / every
        for run in found.runs
        for one in run.objectives
        if one.name == "rto" and one.low is not None and one.high is not None
    )
    return Rehearsed(figures(found).coverage, widths, time.perf_counter() - began)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=JOBS)
    arguments = parser.parse_args()
    rehearsed = _rehearsed(arguments.seeds, arguments.jobs)
    found, median = rehearsed.coverage, statistics.median(rehearsed.widths)
    print(f"{arguments.seeds} seeds in {rehearsed.wall_seconds:.0f} s with {arguments.jobs} jobs")
    print(f"intervals that hold the truth: {found.held} of {found.of}; seeds outside: {list(found.seeds_outside)}")
    print(f"width in probe intervals: median {median:.2f}, most {max(rehearsed.widths):.2f}")
    return 0 if found.held == found.of and median <= AIM_INTERVALS else 1


if __name__ == "__main__":
    sys.exit(main())
