"""How many HTTP probes a second one process can ask on one core, and what limits it."""

from __future__ import annotations

import os
from typing import Any

from figures import Aim, Line, Row, Samples, Setting, compared
from processes import work
from web_endpoint import answering

AT_ONCE = 64
HOWS = ("probe", "fresh", "kept")


def measure(setting: Setting) -> Row:
    """Our probe, bare aiohttp with new connections and bare aiohttp with kept ones, in turn; server on another core."""
    cores = sorted(os.sched_getaffinity(0))
    apart = len(cores) > 1
    with answering(0.0, cores[1] if apart else None) as endpoint:
        settings = {"url": f"{endpoint.url}/", "at_once": AT_ONCE, "core": cores[0] if apart else None}
        settings |= {"seconds": setting.pick(2, 4), "profile": False}
        rounds = [
            {how: work("most_probes", setting.folder, **settings, how=how) for how in HOWS}
            for _ in range(setting.pick(1, 3))
        ]
        top = work("most_probes", setting.folder, **{**settings, "profile": True}, how="probe")["top"]
    aim = Aim("at least", 4000, "/s")
    ours, fresh, kept = (_samples(rounds, how, "per_second") for how in HOWS)
    by_cpu = _samples(rounds, "probe", "per_cpu_second")
    return Row(
        "Most HTTP probes a second, one process on one core",
        (
            Line("our probe, a new connection for each", ours.text(), "", "", aim.text(), aim.holds(ours.median)),
            Line("the same by the CPU's second, whatever else the machine does", by_cpu.text()),
            compared("our probe to bare aiohttp with new connections", ours, fresh, None),
            compared("our probe to bare aiohttp on kept connections", ours, kept, None),
        ),
        (
            f"{AT_ONCE} questions at once, each followed by the next; a new connection for each is by design, since a "
            "kept one hides an outage of what is in front of it. Client and server are held to a core each.",
            f"What limits it (own time under cProfile): {'; '.join(map(str, top))}.",
        ),
    )


def _samples(rounds: list[dict[str, dict[str, Any]]], how: str, figure: str) -> Samples:
    return Samples(tuple(one[how][figure] for one in rounds), "/s")
