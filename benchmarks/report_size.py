"""How large a report is, how long it takes and what memory it needs, beside what two peers leave of as many samples.

Locust's HTML report is made by Locust itself, in a virtual environment of its own. Chaos Toolkit's report needs
programs that pip cannot install, so its journal stands for it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peer
from figures import Aim, Line, Row, Setting, shown
from processes import HERE, run, work

KB_MOST = 500.0
SECONDS_MOST = 10.0
PEAK_MB_MOST = 300.0
LOCUST_FOLDER = HERE / "locust" / ".venv"
LOCUST = "locust==2.47.*"
# Locust tells of itself every five seconds: so many times in the 200 s that our run lasts
HISTORY_POINTS = 40
ACTIVITIES = 1000


@dataclass(frozen=True, slots=True)
class Reported:
    """What one run's report took, ours and Locust's, of `count` readings."""

    count: int
    ours: dict[str, Any]
    locust: dict[str, Any]


def measure(setting: Setting) -> Row:
    """Runs of a thousand, a hundred thousand and a million readings, each in a process of its own."""
    counts = (1000, 100_000) if setting.quick else (1000, 100_000, 1_000_000)
    python = _locust()
    reported = [_reported(setting.folder, python, count) for count in counts]
    return _row(reported, _journal_bytes(setting))


def _reported(folder: Path, python: Path, count: int) -> Reported:
    settings = json.dumps({"count": count, "points": HISTORY_POINTS})
    command = [str(python), str(HERE / "workers" / "locust_report.py"), settings]
    locust: dict[str, Any] = json.loads(run(command, folder).out.splitlines()[-1])
    return Reported(count, work("reported_run", folder, count=count), locust)


def _locust() -> Path:
    """Locust's Python, installed on first use."""
    python, ready = LOCUST_FOLDER / "bin" / "python", LOCUST_FOLDER / ".ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != LOCUST:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(LOCUST_FOLDER)], check=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, LOCUST], check=True)
        ready.write_text(LOCUST, encoding="utf-8")
    return python


def _journal_bytes(setting: Setting) -> float:
    """What Chaos Toolkit's journal holds of one probe, over an experiment of a thousand that take no time."""
    provider = {"type": "python", "module": "os", "func": "getpid"}
    probes = [{"type": "probe", "name": f"probe {number}", "provider": provider} for number in range(ACTIVITIES)]
    path = peer.experiment(setting.folder / "experiment.json", method=probes)
    journal = setting.folder / "journal.json"
    run(peer.chaos(setting.peer, "run", "--journal-path", str(journal), str(path)), setting.folder)
    return journal.stat().st_size / ACTIVITIES


def _row(reported: list[Reported], journal_bytes: float) -> Row:
    lines = [line for one in reported for line in _lines(one, journal_bytes)]
    return Row(
        "Report: one offline page, whatever a run measured",
        tuple(lines),
        (
            "A run of 200 s with an outage; its reports are rendered from its readings on disk, by `drill report`'s "
            "code. The page holds charts that zoom and the figures of every column; the readings stay in "
            "readings.sqlite.",
            f"Locust's page ({LOCUST}) is of the same number of samples. It is as large whatever it holds: "
            "its program, and sums over the run and every five seconds.",
            f"Chaos Toolkit keeps every probe it made in its journal ({shown(journal_bytes)} bytes each, from a real "
            f"run of {ACTIVITIES:,}; larger ones are that figure times the count). Its report (chaostoolkit-reporting) "
            "needs pandoc, LaTeX for PDF, and cairo, which pip does not bring, so it was not rendered.",
        ),
    )


def _lines(one: Reported, journal_bytes: float) -> list[Line]:
    count, kilobytes = f"{one.count:,} readings", one.ours["bytes"] / 1000
    size, time, memory = (
        Aim("at most", KB_MOST, "KB"),
        Aim("at most", SECONDS_MOST, "s"),
        Aim("at most", PEAK_MB_MOST, "MB"),
    )
    locust, journal = one.locust["bytes"] / 1000, one.count * journal_bytes / 1000
    others = f"Locust {shown(locust)} KB; Chaos Toolkit's journal {shown(journal)} KB"
    seconds, peak = one.ours["seconds"], one.ours["peak_mb"]
    took = f"{shown(seconds)} s ({shown(one.ours['cpu_seconds'])} s of CPU)"
    return [
        Line(f"report.html of {count}", f"{shown(kilobytes)} KB", others, "", size.text(), size.holds(kilobytes)),
        Line(
            "  rendering all reports",
            took,
            f"Locust {shown(one.locust['seconds'])} s",
            "",
            time.text(),
            time.holds(seconds),
        ),
        Line("  peak memory of the process", f"{shown(peak)} MB", "", "", memory.text(), memory.holds(peak)),
    ]
