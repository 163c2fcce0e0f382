"""What `drill rehearse` shows while it works, and what it leaves on disk."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from drillrunner.cli.aftermath import judge_folder
from drillrunner.errors import JournalUnwritable
from drillrunner.files.readings_file import ReadingsFile
from drillrunner.files.run_folder import RunFolder, create_run_folder, new_run_id
from drillrunner.judge.rehearsal import figures
from drillrunner.model.rehearsal import Rehearsal, RehearsedRun
from drillrunner.rehearsal.one import Performance, Script, perform
from drillrunner.reporting.rehearsal_html import render_rehearsal_html

FOLDER = "rehearsals"


@contextlib.contextmanager
def show_progress(count: int, stream: TextIO) -> Iterator[Callable[[RehearsedRun], None]]:
    """Count runs as they end: in place on a terminal, every tenth part of them elsewhere."""
    animated = stream.isatty()
    done = 0

    def heard(run: RehearsedRun) -> None:
        nonlocal done
        done += 1
        if animated:
            print(f"\rrehearsed {done} of {count}", end="", file=stream, flush=True)
        elif done * 10 // count > (done - 1) * 10 // count:
            print(f"rehearsed {done} of {count}", file=stream, flush=True)

    try:
        yield heard
    finally:
        if animated:
            print("\r\x1b[K", end="", file=stream, flush=True)


def write_rehearsal(found: Rehearsal, script: Script, reports: Path) -> Path:
    """rehearsal.json, rehearsal.html and the run in the middle, whole. Returns the folder."""
    folder = reports / FOLDER / f"{new_run_id(datetime.now(UTC))}-{found.drill}"
    try:
        folder.mkdir(parents=True)
        (folder / "rehearsal.json").write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
        (folder / "rehearsal.html").write_text(render_rehearsal_html(found, figures(found)), encoding="utf-8")
    except OSError as error:
        raise JournalUnwritable(
            f"the rehearsal cannot be written: {error.strerror}", where=str(folder), advice="choose another --reports"
        ) from error
    _keep(perform(script, median_seed(found)), folder)
    return folder


def median_seed(found: Rehearsal) -> int:
    """The seed of the run in the middle of the first objective's figures; those that measured none come last."""

    def figure(run: RehearsedRun) -> float:
        first = run.objectives[0].high if run.objectives else None
        return float("inf") if first is None else first

    measured = [run for run in found.runs if figure(run) != float("inf")] or list(found.runs)
    return sorted(measured, key=figure)[(len(measured) - 1) // 2].seed


def _keep(performance: Performance, parent: Path) -> RunFolder:
    """A rehearsed run's folder, as a live run's: `drill judge` and `drill report` work on it."""
    folder = create_run_folder(parent, f"seed-{performance.run.seed}", performance.plan)
    folder.journal.write_bytes(performance.journal.lines())
    readings = ReadingsFile(folder.readings)
    for reading in performance.readings.readings:
        readings.add(reading)
    readings.close()
    folder.free_ballast()
    judge_folder(folder, write=True)
    return folder
