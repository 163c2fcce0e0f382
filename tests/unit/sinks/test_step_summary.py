"""GitHub's step summary: the report, cut at a line where it is too long."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest

from drillrunner.clock import run_virtual
from drillrunner.sinks.lanes import open_lanes
from drillrunner.sinks.step_summary import MOST_BYTES, StepSummary, cut_to
from made_up_verdict import verdict

NOTE = b"\nthe rest is elsewhere\n"


def test_a_report_that_fits_is_appended_whole(tmp_path: Path) -> None:
    summary, report = tmp_path / "summary.md", tmp_path / "report.md"
    summary.write_text("# An earlier step's own\n")
    report.write_text("# Report\n\nmet\n")
    anyio.run(StepSummary(summary, report).ended, verdict())
    assert summary.read_text() == "# An earlier step's own\n# Report\n\nmet\n"


def test_a_long_report_is_cut_so_that_the_file_is_at_most_one_mebibyte(tmp_path: Path) -> None:
    summary, report = tmp_path / "summary.md", tmp_path / "report.md"
    summary.write_bytes(b"x" * 1_000)
    report.write_text("a line of the report, ä\n" * 60_000)
    anyio.run(StepSummary(summary, report).ended, verdict())
    text = summary.read_text()
    assert MOST_BYTES - 100 < summary.stat().st_size <= MOST_BYTES
    assert text.endswith("is in report.md of run 20261120-140000-7f3a9c.*\n")
    assert text[1_000:].splitlines()[-3] == "a line of the report, ä"


def test_a_pipe_that_nobody_reads_is_given_up_and_the_process_can_end(tmp_path: Path) -> None:
    summary, report = tmp_path / "summary", tmp_path / "report.md"
    os.mkfifo(summary)
    report.write_text("# Report\n")
    warnings: list[str] = []

    async def run() -> None:
        async with open_lanes([StepSummary(summary, report)], lambda _: None, warnings.append) as lanes:
            lanes.ended(verdict())

    run_virtual(run)
    assert warnings == ["signals: step summary: took longer than 9 s"]
    os.close(os.open(summary, os.O_RDWR))  # lets the thread that was left behind go


@pytest.mark.parametrize("room", range(len(NOTE), 60))
def test_a_cut_is_at_a_line_and_never_longer_than_the_room(room: int) -> None:
    report = b"one\ntwo\nthree\nfour\n" * 4
    fitting = cut_to(report, room, NOTE)
    assert len(fitting) <= room
    assert fitting.endswith(NOTE)
    kept = fitting.removesuffix(NOTE)
    assert report.startswith(kept)
    assert kept == b"" or report[len(kept) :].startswith(b"\n")


def test_where_there_is_no_room_for_the_note_nothing_is_written() -> None:
    assert cut_to(b"a report that is longer than the room", 3, NOTE) == b""


def test_a_run_that_could_not_be_judged_has_no_report_to_show(tmp_path: Path) -> None:
    anyio.run(StepSummary(tmp_path / "summary.md", tmp_path / "report.md").ended, None)
    assert not (tmp_path / "summary.md").exists()
