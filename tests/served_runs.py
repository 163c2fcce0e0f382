"""Runs on disk as `drill serve` finds them: one that is over, and one that another process is still making."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from drillrunner.files.readings_file import ReadingsFile
from drillrunner.files.run_folder import RunFolder
from drillrunner.judge import judge
from drillrunner.model.journal import Entry, line_of
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.reporting import render_json
from fabricated_run import BEGAN_AT, fabricated_run

GOING_ON = "20261120-140000-000001"
OVER = "20261119-140000-000002"


def write_journal(folder: RunFolder, entries: Sequence[Entry], *, mode: str = "wb") -> None:
    """The entries as the run writes them; `ab` goes on with a file."""
    with folder.journal.open(mode) as file:
        file.writelines(line_of(entry) for entry in entries)


def write_plan(folder: RunFolder, plan: Plan) -> None:
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.plan.write_text(json.dumps(plan.as_json()), encoding="utf-8")


def write_readings(folder: RunFolder, readings: Sequence[Reading]) -> None:
    file = ReadingsFile(folder.readings)
    for reading in readings:
        file.add(reading)
    file.close()


def going_on(reports: Path, moment: float, plan: Plan | None = None) -> RunFolder:
    """The fabricated run so many seconds after it began, on disk."""
    own, entries, readings = fabricated_run()
    folder = RunFolder(reports / GOING_ON)
    write_plan(folder, plan or own)
    write_journal(folder, [entry for entry in entries if entry.at <= BEGAN_AT + moment])
    write_readings(folder, [reading for reading in readings if reading.answered <= BEGAN_AT + moment])
    return folder


def over(reports: Path) -> RunFolder:
    """The fabricated run with its verdict, and a report that would run a script."""
    plan, entries, readings = fabricated_run()
    folder = RunFolder(reports / OVER)
    write_plan(folder, plan)
    write_journal(folder, entries)
    write_readings(folder, readings)
    verdict = judge(plan, entries, iter(readings)).model_copy(update={"run_id": OVER})
    (folder.path / "verdict.json").write_text(render_json(verdict), encoding="utf-8")
    (folder.path / "report.html").write_text("<!doctype html><script>alert(1)</script>", encoding="utf-8")
    return folder
