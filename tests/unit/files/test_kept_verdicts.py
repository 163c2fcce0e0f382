"""The verdict and the environment that a run's folder holds, as far as they can be read and trusted."""

from __future__ import annotations

import os
from pathlib import Path

from drillrunner.files.run_folder import RunFolder, named_folders, read_environment, read_verdict, run_folders
from past_reports import LAB, day, rto, verdict_on, write_run

JUDGED = verdict_on(day(2026, 11, 20), rto(97.1, 98.7))


def test_a_verdict_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_verdict(RunFolder(write_run(tmp_path, JUDGED))) == JUDGED


def test_a_verdict_that_is_missing_damaged_or_of_another_version_is_none(tmp_path: Path) -> None:
    folder = RunFolder(write_run(tmp_path, JUDGED))
    for text in ("", "{", '{"schema_version": 99, "grade": "A"}', "\udcff"):
        folder.verdict.write_text(text, encoding="utf-8", errors="surrogateescape")
        assert read_verdict(folder) is None
    folder.verdict.unlink()
    assert read_verdict(folder) is None


def test_a_verdict_that_is_older_than_its_journal_is_not_the_last_word(tmp_path: Path) -> None:
    folder = RunFolder(write_run(tmp_path, JUDGED))
    folder.journal.write_text("")
    written = folder.verdict.stat().st_mtime_ns
    os.utime(folder.journal, ns=(written, written))
    assert read_verdict(folder) == JUDGED
    os.utime(folder.journal, ns=(written, written + 1))
    assert read_verdict(folder) is None


def test_the_environment_is_read_without_asking_for_a_version(tmp_path: Path) -> None:
    folder = RunFolder(write_run(tmp_path, JUDGED))
    assert read_environment(folder) == LAB
    for text in ("[]", "{", "[" * 100_000):
        folder.plan.write_text(text)
        assert read_environment(folder) is None


def test_folders_with_a_run_s_name_are_listed_newest_first_and_others_are_not(tmp_path: Path) -> None:
    older, newer = "20261119-120000-aaaaaa", "20261120-120000-aaaaaa"
    for name in (older, newer, "sample", "rehearsals"):
        (tmp_path / name).mkdir()
    (tmp_path / "20261121-120000-aaaaaa").write_text("a file")
    (tmp_path / newer / "journal.jsonl").write_text("")
    assert [folder.run_id for folder in named_folders(tmp_path)] == [newer, older]
    assert [folder.run_id for folder in run_folders(tmp_path)] == [newer]
    assert not list(named_folders(tmp_path / "nowhere"))
