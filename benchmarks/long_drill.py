"""The memory of a drill of eight hours with 100 probes a second, on virtual time."""

from __future__ import annotations

from figures import Aim, Line, Row, Setting, held, shown
from processes import work

PROBES = 100
HOURS = 8.0
QUICK_HOURS = 0.15


def measure(setting: Setting) -> Row:
    """Watchers, board and readings file as in a run; only time and HTTP are made up."""
    hours = QUICK_HOURS if setting.quick else HOURS
    file = setting.folder / "long-readings.sqlite"
    told = work("hours_of_watching", setting.folder, hours=hours, probes=PROBES, readings=str(file))
    file_mb = file.stat().st_size / 2**20
    file.unlink()
    first, *later = told["rss_mb"]
    rate = told["readings"] / told["wall_seconds"]
    return Row(
        f"A drill of {hours:g} hours with {PROBES} probes a second, on virtual time",
        (
            held("more memory at the end than after a minute", later[-1] - first, "MB", Aim("at most", 150, "MB")),
            Line(
                "memory after a minute, at most, at the end",
                " · ".join(f"{shown(mb)} MB" for mb in (first, max(later), later[-1])),
            ),
            Line("readings, and their file", f"{told['readings']:,} · {shown(file_mb)} MB"),
            Line("readings a second of real time", f"{shown(rate)} /s"),
        ),
        ("Resident memory (`VmRSS`). Answers come after 50 ms; for a minute of an hour they are 503.",),
    )
