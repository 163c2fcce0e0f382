"""Readings, run folders and the environment's lock on disk."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drillrunner.errors import EnvironmentBusy, InvalidInput, JournalUnwritable, RunNotFound
from drillrunner.files.lock_file import EnvironmentLock, is_held
from drillrunner.files.readings_file import ReadingsFile, read_readings
from drillrunner.files.run_folder import RunFolder, create_run_folder, find_run, new_run_id, read_plan
from drillrunner.model.environment import Environment
from drillrunner.model.reading import Reading
from fabricated_run import fabricated_plan


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    """An environment whose lock lies in a folder of the test's own."""
    before = os.environ.get("DRILLRUNNER_STATE")
    os.environ["DRILLRUNNER_STATE"] = str(tmp_path / "state")
    yield Environment(name="staging", kind="aws", account="123456789012", regions=("us-east-1",))
    if before is None:
        del os.environ["DRILLRUNNER_STATE"]
    else:
        os.environ["DRILLRUNNER_STATE"] = before


def reading(seq: int, ok: bool | None) -> Reading:
    return Reading(
        "checkout", seq, seq * 1.0, seq + 0.01, seq + 0.2, ok, 12.5, "why", "eu-west-1", "here", {"dns": 0.1}
    )


def test_readings_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "readings.sqlite"
    kept = [reading(3, True), reading(1, None), reading(2, False)]
    file = ReadingsFile(path)
    for one in kept:
        file.add(one)
    file.close()
    assert list(read_readings(path)) == sorted(kept, key=lambda one: one.asked)
    assert [entry.name for entry in tmp_path.iterdir()] == ["readings.sqlite"]


@pytest.mark.parametrize("name", ["run #1", "why?", "50%25"])
def test_readings_are_read_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "readings.sqlite"
    path.parent.mkdir()
    file = ReadingsFile(path)
    file.add(reading(1, True))
    file.close()
    assert list(read_readings(path)) == [reading(1, True)]


def test_readings_that_are_none_are_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "readings.sqlite"
    path.write_bytes(b"this is no database, but it is long enough to be looked at as if it were one")
    with pytest.raises(InvalidInput):
        list(read_readings(path))
    assert list(read_readings(tmp_path / "absent.sqlite")) == []


def made(reports: Path, run_id: str) -> RunFolder:
    folder = create_run_folder(reports, run_id, fabricated_plan())
    folder.journal.touch()
    return folder


def test_a_run_is_found_by_its_id_its_end_its_folder_or_as_the_last(tmp_path: Path) -> None:
    first = made(tmp_path, "20260101-000000-aaaaaa")
    second = made(tmp_path, "20260102-000000-bbbbbb")
    assert find_run(tmp_path, "last") == second
    assert find_run(tmp_path, "aaaaaa") == first
    assert find_run(tmp_path, "20260101") == first
    assert find_run(tmp_path, str(second.path)) == second


@pytest.mark.parametrize("name", ["2026", "nothing", ""])
def test_a_run_that_is_not_there_or_not_the_only_one_is_not_found(tmp_path: Path, name: str) -> None:
    made(tmp_path, "20260101-000000-aaaaaa")
    made(tmp_path, "20260102-000000-bbbbbb")
    with pytest.raises(RunNotFound):
        find_run(tmp_path, name)


def test_a_plan_is_read_back_with_the_same_hash(tmp_path: Path) -> None:
    folder = made(tmp_path, new_run_id(datetime(2026, 1, 1, tzinfo=UTC)))
    assert read_plan(folder).hash == fabricated_plan().hash
    folder.plan.write_text("{}", encoding="utf-8")
    with pytest.raises(InvalidInput):
        read_plan(folder)


def test_a_folder_that_cannot_be_made_refuses_the_run(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("in the way", encoding="utf-8")
    with pytest.raises(JournalUnwritable):
        made(tmp_path / "reports", "20260101-000000-aaaaaa")


def test_a_second_holder_is_refused_and_told_who_holds(environment: Environment, tmp_path: Path) -> None:
    lock = EnvironmentLock(environment)
    lock.acquire()
    lock.name("20260101-000000-aaaaaa", tmp_path, "now")
    assert lock.is_ours("20260101-000000-aaaaaa")
    assert is_held(environment, "20260101-000000-aaaaaa")
    with pytest.raises(EnvironmentBusy, match="20260101-000000-aaaaaa"):
        EnvironmentLock(environment).acquire()
    lock.settle()
    lock.release()
    again = EnvironmentLock(environment)
    again.acquire()
    assert again.previous is None
    again.release()


def test_a_run_that_ends_without_having_settled_leaves_its_name(environment: Environment, tmp_path: Path) -> None:
    lock = EnvironmentLock(environment)
    lock.acquire()
    lock.name("20260101-000000-aaaaaa", tmp_path, "now")
    lock.release()
    for _ in range(2):  # whoever looks and does not settle leaves the name for the next
        again = EnvironmentLock(environment)
        again.acquire()
        assert again.previous is not None
        assert again.previous.run_id == "20260101-000000-aaaaaa"
        again.release()


def test_two_names_of_one_account_share_one_lock(environment: Environment) -> None:
    lock = EnvironmentLock(environment)
    lock.acquire()
    with pytest.raises(EnvironmentBusy):
        EnvironmentLock(environment.model_copy(update={"name": "the same account"})).acquire()
    lock.release()


def test_a_dead_holder_leaves_its_name_and_not_its_lock(environment: Environment, tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from drillrunner.files.lock_file import EnvironmentLock\n"
        "from drillrunner.model.environment import Environment\n"
        "lock = EnvironmentLock(Environment(name='s', kind='aws', account='123456789012', regions=()))\n"
        "lock.acquire(); lock.name('20260101-000000-dead00', Path('.'), 'then'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False, cwd=tmp_path, env=dict(os.environ), timeout=60)
    lock = EnvironmentLock(environment)
    lock.acquire()
    assert lock.previous is not None
    assert (lock.previous.run_id, lock.previous.folder) == ("20260101-000000-dead00", str(tmp_path.resolve()))
    lock.release()


def test_a_lock_whose_file_was_taken_away_is_no_longer_ours(environment: Environment, tmp_path: Path) -> None:
    lock = EnvironmentLock(environment)
    lock.acquire()
    lock.name("20260101-000000-aaaaaa", tmp_path, "now")
    lock.path.unlink()
    assert not lock.is_ours("20260101-000000-aaaaaa")
    lock.release()


def test_readings_that_a_full_disk_refuses_are_told_as_such_even_where_none_is_waiting(tmp_path: Path) -> None:
    readings = ReadingsFile(tmp_path / "readings.sqlite")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(JournalUnwritable, match="the readings cannot be written"):
            readings.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_text_with_half_a_surrogate_pair_can_be_kept(tmp_path: Path) -> None:
    readings = ReadingsFile(tmp_path / "readings.sqlite")
    strange = Reading(
        probe="checkout", seq=1, due=1.0, asked=1.0, answered=1.1, ok=False, why="status 500: \udcff", region="eu\udcff"
    )
    readings.add(strange)
    readings.close()
    (kept,) = read_readings(tmp_path / "readings.sqlite")
    assert (kept.why, kept.region) == ("status 500: \\udcff", "eu\\udcff")
