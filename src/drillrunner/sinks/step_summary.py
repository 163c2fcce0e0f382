"""The sink of GitHub's step summary: report.md below the job that ran the drill."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from drillrunner.model.verdict import Verdict
from drillrunner.sinks.apart import apart
from drillrunner.sinks.sink import Sink

# docs.github.com, "Adding a job summary": more than this of one step is not shown at all
MOST_BYTES = 1_024 * 1_024
_NOTE = "\n\n*The report is longer than a step summary may be; the rest is in report.md of run {run}.*\n"


class StepSummary(Sink):
    """Appends once the reports are written. `path` is what `$GITHUB_STEP_SUMMARY` names.

    It may name what never takes a byte, like a pipe that nobody reads: the lane stops waiting, and so does the exit.
    """

    def __init__(self, path: Path, report: Path) -> None:
        super().__init__("step summary")
        self._path, self._report = path, report

    async def ended(self, verdict: Verdict | None) -> None:
        if verdict is not None:
            await apart(partial(self._append, verdict.run_id))

    def _append(self, run_id: str) -> None:
        room = MOST_BYTES - (self._path.stat().st_size if self._path.exists() else 0)
        fitting = cut_to(self._report.read_bytes(), room, _NOTE.format(run=run_id).encode())
        with self._path.open("ab") as file:
            file.write(fitting)


def cut_to(report: bytes, room: int, note: bytes) -> bytes:
    """As many whole lines as there is room for with the note, in bytes; all of it, without a note, where it fits."""
    if len(report) <= room:
        return report
    if room < len(note):
        return b""
    end = report.rfind(b"\n", 0, max(0, room - len(note)) + 1)
    return report[: max(0, end)] + note
