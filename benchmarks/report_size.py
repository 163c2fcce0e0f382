"""How large a report is, how long it takes and what memory it needs, beside what two peers make of as many samples.

Locust's HTML report is made by Locust itself, Chaos Toolkit's by `chaos report`, each in a virtual environment of
its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peer
from figures import Aim, Line, Row, Setting, shown
from peer_report import MEMORY_MB_MOST, REAL_MOST, SECONDS_MOST, PeerReport, load_once, peer_report
from processes import HERE, run, work

KB_MOST = 500.0
SECONDS_MOST_OF_OURS = 10.0
PEAK_MB_MOST = 300.0
LOCUST_FOLDER = HERE / "locust" / ".venv"
LOCUST = "locust==2.47.*"
# Locust tells of itself every five seconds: so many times in the 200 s that our run lasts
HISTORY_POINTS = 40


@dataclass(frozen=True, slots=True)
class Reported:
    """What one run's report took, ours, Locust's and Chaos Toolkit's, of `count` readings."""

    count: int
    ours: dict[str, Any]
    locust: dict[str, Any]
    chaos: PeerReport


def measure(setting: Setting) -> Row:
    """Runs of a thousand, a hundred thousand and a million readings, each in a process of its own."""
    counts = (1000, 100_000) if setting.quick else (1000, 100_000, 1_000_000)
    python = peer.made(LOCUST_FOLDER, (LOCUST,)) / "python"
    load_once(setting)
    return _row([_reported(setting, python, count) for count in counts])


def _reported(setting: Setting, python: Path, count: int) -> Reported:
    settings = json.dumps({"count": count, "points": HISTORY_POINTS})
    command = [str(python), str(HERE / "workers" / "locust_report.py"), settings]
    locust: dict[str, Any] = json.loads(run(command, setting.folder).out.splitlines()[-1])
    ours = work("reported_run", setting.folder, count=count)
    return Reported(count, ours, locust, peer_report(setting, count))


def _row(reported: list[Reported]) -> Row:
    return Row(
        "Report: one offline page, whatever a run measured",
        tuple(line for one in reported for line in _lines(one)),
        (
            "A run of 200 s with an outage; its reports are rendered from its readings on disk, by `drill report`'s "
            "code. The page holds charts that zoom and the figures of every column; the readings stay in "
            "readings.sqlite.",
            f"Locust's page ({LOCUST}) is of the same number of samples. It is as large whatever it holds: "
            "its program, and sums over the run and every five seconds.",
            "Chaos Toolkit's page is what `chaos report --export-format=html5` (chaostoolkit-reporting 0.18, with the "
            "pandoc of pypandoc_binary 1.17) makes of a journal of as many probes; it holds each of them. The time is "
            f"the command's, ended after {shown(SECONDS_MOST)} s or at {shown(MEMORY_MB_MOST)} MB; the memory is of it "
            f"and its pandoc, looked at 20 times a second. Journals of up to {shown(REAL_MOST)} probes are from a real "
            "`chaos run`, larger ones are that one's probes several times over.",
        ),
    )


def _lines(one: Reported) -> list[Line]:
    ours, chaos = one.ours, one.chaos
    kilobytes, seconds, peak = ours["bytes"] / 1000, ours["seconds"], ours["peak_mb"]
    size, time, memory = (
        Aim("at most", KB_MOST, "KB"),
        Aim("at most", SECONDS_MOST_OF_OURS, "s"),
        Aim("at most", PEAK_MB_MOST, "MB"),
    )
    pages = f"Locust {shown(one.locust['bytes'] / 1000)} KB; {chaos.words(f'{shown(chaos.report_bytes / 1000)} KB')}"
    journal = f"Chaos Toolkit's journal {shown(chaos.journal_bytes / 1000)} KB"
    times = f"Locust {shown(one.locust['seconds'])} s; {chaos.words(f'{shown(chaos.seconds)} s')}"
    took = f"{shown(seconds)} s ({shown(ours['cpu_seconds'])} s of CPU)"
    needed = f"Chaos Toolkit {shown(chaos.peak_mb)} MB" + ("" if chaos.ending == "finished" else " when it was ended")
    return [
        Line(
            f"report.html of {one.count:,} readings",
            f"{shown(kilobytes)} KB",
            pages,
            "",
            size.text(),
            size.holds(kilobytes),
        ),
        Line("  the readings on disk", f"{shown(ours['bytes_on_disk'] / 1000)} KB", journal),
        Line("  rendering all reports", took, times, "", time.text(), time.holds(seconds)),
        Line("  peak memory", f"{shown(peak)} MB", needed, "", memory.text(), memory.holds(peak)),
    ]
