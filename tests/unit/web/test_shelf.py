"""The runs for lists, read again only when they have changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drillrunner.cli.past_runs import past_of
from drillrunner.files.lock_file import EnvironmentLock
from drillrunner.files.run_folder import RunFolder
from drillrunner.model.history import BrokenRun, PastRun
from drillrunner.web.shelf import Shelf, is_under_way
from fabricated_run import fabricated_plan
from past_reports import day, rto, verdict_on, write_run
from served_runs import GOING_ON, going_on


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILLRUNNER_STATE", str(tmp_path / "state"))


class Counting:
    """Reads runs, and remembers which."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, folder: RunFolder) -> PastRun | BrokenRun:
        self.asked.append(folder.run_id)
        return past_of(folder)


def test_what_has_not_changed_is_not_read_again(tmp_path: Path) -> None:
    write_run(tmp_path, verdict_on(day(2026, 11, 1), rto(90.0, 95.0)))
    counting = Counting()
    shelf = Shelf(tmp_path, counting)
    first, second = shelf.runs(), shelf.runs()
    assert first == second
    assert len(counting.asked) == 1
    changed = tmp_path / counting.asked[0] / "verdict.json"
    os.utime(changed, (1.0, 1.0))
    shelf.runs()
    assert len(counting.asked) == 2


def test_a_broken_folder_hides_no_other(tmp_path: Path) -> None:
    write_run(tmp_path, verdict_on(day(2026, 11, 1), rto(90.0, 95.0)))
    (tmp_path / "20261102-120000-000000").mkdir()
    found = Shelf(tmp_path, past_of).runs()
    assert [isinstance(one, BrokenRun) for one in found] == [True, False]


def test_a_run_that_goes_on_is_told_from_its_plan_and_not_judged(tmp_path: Path) -> None:
    folder, counting = going_on(tmp_path, 100.0), Counting()
    lock = EnvironmentLock(fabricated_plan().environment)
    lock.acquire()
    lock.name(GOING_ON, folder.path, "2026-11-20T14:00:00+00:00")
    try:
        assert is_under_way(folder)
        run = Shelf(tmp_path, counting).run(folder)
    finally:
        lock.settle()
        lock.release()
    assert isinstance(run, PastRun)
    assert (run.under_way, run.drill, run.began_wall) == (True, "regional-outage", "2026-11-20T14:00:00+00:00")
    assert counting.asked == []
    assert not is_under_way(folder)


def test_a_run_that_died_is_judged_once(tmp_path: Path) -> None:
    folder, counting = going_on(tmp_path, 100.0), Counting()
    shelf = Shelf(tmp_path, counting)
    run = shelf.run(folder)
    assert shelf.run(folder) == run
    assert isinstance(run, PastRun)
    assert run.ended_by == "died"
    assert len(counting.asked) == 1


def test_verdicts_are_those_on_disk(tmp_path: Path) -> None:
    judged = verdict_on(day(2026, 11, 1), rto(90.0, 95.0))
    folder = write_run(tmp_path, judged)
    (folder / "journal.jsonl").touch()
    os.utime(folder / "journal.jsonl", (1.0, 1.0))
    going_on(tmp_path, 10.0)
    shelf = Shelf(tmp_path, past_of)
    assert [one.run_id for one in shelf.verdicts()] == [judged.run_id]
    assert shelf.verdicts() == [judged]
