"""Judging a run that is over: what cannot be written or shown is said, and changes nothing else."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drillrunner.cli.aftermath import judge_at_end, judge_folder, worded
from drillrunner.errors import InvalidInput
from drillrunner.files.run_folder import RunFolder
from past_reports import rto, verdict_on, write_run

SAMPLE = Path(__file__).resolve().parents[3] / "reports" / "sample"
SAMPLE_ID = "20261121-083011-8f636e"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    shutil.copytree(SAMPLE, tmp_path / "reports" / SAMPLE_ID)
    return RunFolder(tmp_path / "reports" / SAMPLE_ID)


def test_a_run_whose_report_cannot_be_written_is_judged_all_the_same(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    page = folder.path / "report.html"
    page.unlink(missing_ok=True)
    (page / "in-the-way").mkdir(parents=True)
    verdict = judge_at_end(folder)
    assert verdict is not None
    assert verdict.outcome == "met"
    assert "the reports could not be written: [Errno 21] Is a directory" in capsys.readouterr().err


def test_a_run_that_cannot_be_judged_is_said_to_be_so(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.readings.write_bytes(b"torn" * 500)
    assert judge_at_end(folder) is None
    assert "the reports could not be written: " in capsys.readouterr().err


def test_an_earlier_run_of_endless_length_spoils_no_report(folder: RunFolder) -> None:
    earlier = write_run(folder.path.parent, verdict_on(datetime(2026, 7, 1, tzinfo=UTC), rto(97.0, 98.0)))
    kept = earlier / "verdict.json"
    kept.write_text(kept.read_text().replace("98.0", "Infinity"))
    (folder.path / "report.html").unlink(missing_ok=True)
    assert judge_folder(folder, write=True).outcome == "met"
    assert (folder.path / "report.html").exists()


def test_an_error_of_our_own_is_told_with_its_type() -> None:
    assert worded(OverflowError("too long")) == "OverflowError: too long"
    assert worded(InvalidInput("no readings", where="x")) == "x: no readings"


def test_a_run_is_judged_in_a_folder_of_any_name(folder: RunFolder, tmp_path: Path) -> None:
    odd = tmp_path / "50% of #1? & more"
    shutil.copytree(folder.path.parent, odd)
    again = judge_folder(RunFolder(odd / SAMPLE_ID), write=False)
    assert again == judge_folder(folder, write=False)
