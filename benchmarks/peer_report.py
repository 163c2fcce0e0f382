"""Chaos Toolkit's own report of so many probes: `chaos report` over a journal, held to a time and to a memory.

Its reporting plug-in lives in a virtual environment of its own: every `chaos` command imports it where it is there,
which would make the peer of the other rows slower than it is.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import peer
from figures import Setting, shown
from processes import HERE, run, surroundings

FOLDER = HERE / "reporting" / ".venv"
# pypandoc_binary brings pandoc, which the report is converted with
REQUIREMENTS = ("chaostoolkit==1.19.*", "chaostoolkit-reporting==0.18.*", "pypandoc_binary==1.17.*")
# A run of more probes takes longer than a benchmark should: its journal is a real one's, several times over.
REAL_MOST, REAL_MOST_QUICK = 100_000, 1000
SECONDS_MOST, SECONDS_MOST_QUICK = 300.0, 60.0
MEMORY_MB_MOST = 8000.0
LOOK_EVERY_SECONDS = 0.05

Ending = Literal["finished", "time", "memory"]


@dataclass(frozen=True, slots=True)
class PeerReport:
    """What a report took, and how it ended; `report_bytes` is 0 where it did not finish."""

    ending: Ending
    seconds: float
    peak_mb: float
    report_bytes: int
    journal_bytes: int
    real: bool

    def words(self, figure: str) -> str:
        """A figure of its report; where there is none, why."""
        if self.ending == "finished":
            return f"Chaos Toolkit {figure}"
        if self.ending == "time":
            return f"Chaos Toolkit none within {self.seconds:.0f} s"
        return f"Chaos Toolkit none within {shown(MEMORY_MB_MOST)} MB"


def installed() -> Path:
    """The `chaos` that has a report, installed on first use."""
    return peer.made(FOLDER, REQUIREMENTS) / "chaos"


def load_once(setting: Setting) -> None:
    """Let it write what it keeps of its libraries (compiled files, a list of fonts), which no later command does."""
    run(peer.chaos(installed(), "report", "--help"), setting.folder)


def peer_report(setting: Setting, count: int) -> PeerReport:
    """A report of so many probes that took no time, from an experiment that holds each of them."""
    real_most = REAL_MOST_QUICK if setting.quick else REAL_MOST
    journal, report = setting.folder / f"journal-{count}.json", setting.folder / "peer.html"
    report.unlink(missing_ok=True)
    if count <= real_most:
        _run(setting, count, journal)
    else:
        _grow(setting.folder / f"journal-{real_most}.json", count // real_most, journal)
    words = ["report", "--export-format=html5", str(journal), str(report)]
    seconds_most = SECONDS_MOST_QUICK if setting.quick else SECONDS_MOST
    ending, seconds, peak_mb = _held(peer.chaos(installed(), *words), setting.folder, seconds_most)
    size = report.stat().st_size if ending == "finished" else 0
    return PeerReport(ending, seconds, peak_mb, size, journal.stat().st_size, real=count <= real_most)


def _run(setting: Setting, count: int, journal: Path) -> None:
    provider = {"type": "python", "module": "os", "func": "getpid"}
    probes = [{"type": "probe", "name": f"probe {number}", "provider": provider} for number in range(count)]
    path = peer.experiment(setting.folder / "experiment.json", method=probes)
    run(peer.chaos(setting.peer, "run", "--journal-path", str(journal), str(path)), setting.folder)


def _grow(source: Path, times: int, target: Path) -> None:
    """The same journal with everything that was done in it so many times, in its experiment and in its run."""
    journal: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    experiment = journal.pop("experiment")
    done = _listed({"run": journal.pop("run")})
    method = _listed({"experiment": {"method": experiment.pop("method")}})
    with target.open("w", encoding="utf-8") as file:
        file.write(f'{json.dumps(journal)[:-1]}, "experiment": {json.dumps(experiment)[:-1]}, "method": [')
        file.writelines(("," if number else "") + method for number in range(times))
        file.write(']}, "run": [')
        file.writelines(("," if number else "") + done for number in range(times))
        file.write("]}")


def _listed(value: dict[str, Any]) -> str:
    """What stands in the list within, set as the peer sets its journal."""
    text = json.dumps(value, indent=2)
    return text[text.index("[") + 1 : text.rindex("]")]


def _held(command: list[str], folder: Path, seconds_most: float) -> tuple[Ending, float, float]:
    """Run it to its end or to one of its bounds; wall seconds, and the most memory that it and its children held."""
    with (folder / "output.txt").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=surroundings(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    began, peak_mb = time.perf_counter(), 0.0
    ending: Ending = "finished"
    while process.poll() is None and ending == "finished":
        peak_mb = max(peak_mb, _group_megabytes(process.pid))
        if time.perf_counter() - began > seconds_most:
            ending = "time"
        elif peak_mb > MEMORY_MB_MOST:
            ending = "memory"
        time.sleep(LOOK_EVERY_SECONDS)
    seconds = time.perf_counter() - began
    if ending != "finished":
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    elif process.returncode != 0:
        said = (folder / "output.txt").read_text(encoding="utf-8")
        raise SystemExit(f"{' '.join(command[:3])} … ended with {process.returncode}:\n{said[-2000:]}")
    return ending, seconds, peak_mb


def _group_megabytes(group: int) -> float:
    """Resident memory of all processes of a group."""
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    pages = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        if int(fields[2]) == group:
            pages += int(fields[21])
    return pages * page_bytes / 1_048_576
