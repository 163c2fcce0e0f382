"""A run that another process writes, read on from where the last look left off."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from drillrunner.clock import Clock
from drillrunner.files.run_folder import RunFolder
from drillrunner.model.journal import line_of
from drillrunner.web.tail import READINGS_AT_FIRST, JournalTail, ReadingsTail, RunTail
from fabricated_run import BEGAN_AT, ENDED_AT, EPOCH, fabricated_run
from served_runs import GOING_ON, going_on, write_journal, write_plan, write_readings


def tail_at(reports: Path, moment: float) -> RunTail:
    folder = going_on(reports, moment)
    tail = RunTail(folder, fabricated_run()[0])
    tail.look()
    return tail


def clock_at(moment: float) -> Clock:
    return Clock(wall_source=lambda: EPOCH + timedelta(seconds=moment))


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    entries = fabricated_run()[1]
    folder = RunFolder(tmp_path)
    write_journal(folder, entries[:5])
    tail = JournalTail(folder.journal)
    assert [entry.seq for entry in tail.news()] == [1, 2, 3, 4, 5]
    assert list(tail.news()) == []
    write_journal(folder, entries[5:8], mode="ab")
    assert [entry.seq for entry in tail.news()] == [6, 7, 8]


def test_half_a_line_is_waited_for(tmp_path: Path) -> None:
    entries = fabricated_run()[1]
    journal = tmp_path / "journal.jsonl"
    line = line_of(entries[0])
    journal.write_bytes(line[:40])
    tail = JournalTail(journal)
    assert list(tail.news()) == []
    journal.write_bytes(line)
    assert [entry.seq for entry in tail.news()] == [1]


def test_what_does_not_follow_is_not_shown(tmp_path: Path) -> None:
    entries = fabricated_run()[1]
    changed = entries[1].model_copy(update={"data": {"phase": "changed"}})
    journal = tmp_path / "journal.jsonl"
    for second in (line_of(changed), line_of(entries[2]), b"\0\0\0\n", b"[]\n", b"[" * 5000 + b"\n"):
        journal.write_bytes(line_of(entries[0]) + second)
        assert [entry.seq for entry in JournalTail(journal).news()] == [1]


def test_readings_are_read_on_too(tmp_path: Path) -> None:
    readings = fabricated_run()[2]
    folder = RunFolder(tmp_path)
    tail = ReadingsTail(folder.readings)
    assert tail.news() == []
    write_readings(folder, readings[:10])
    assert [(one.probe, one.seq) for one in tail.news()] == [(one.probe, one.seq) for one in readings[:10]]
    write_readings(folder, readings[10:15])
    assert [one.answered for one in tail.news()] == [one.answered for one in readings[10:15]]
    assert len(readings) < READINGS_AT_FIRST


def test_a_file_that_is_no_database_shows_no_readings(tmp_path: Path) -> None:
    (tmp_path / "readings.sqlite").write_bytes(b"not one" * 100)
    assert ReadingsTail(tmp_path / "readings.sqlite").news() == []


def test_a_folder_s_name_may_hold_what_an_address_would_escape(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a?b#c%20d")
    folder.path.mkdir()
    write_readings(folder, fabricated_run()[2][:3])
    assert len(ReadingsTail(folder.readings).news()) == 3


def test_the_picture_is_the_terminal_s(tmp_path: Path) -> None:
    tail = tail_at(tmp_path, 100.0)
    picture = tail.picture(BEGAN_AT + 100.0)
    assert (picture.run_id, picture.changes_left) == ("7f3a", 3)
    assert [row.name for row in picture.probes] == ["checkout", "orders", "lag", "health", "standby"]
    assert picture.probes[0].failing == 1.0
    assert tail.told[-1].words == "recover"


def test_the_clock_goes_on_with_the_time_of_day_at_the_run_s_own_speed(tmp_path: Path) -> None:
    tail = tail_at(tmp_path, 100.0)  # its last entry was written at 96 s, in a run that is ten times as fast
    assert tail.scale == 10.0
    assert round(tail.now(clock_at(96.0), alive=True) - BEGAN_AT, 3) == 96.0
    assert round(tail.now(clock_at(98.0), alive=True) - BEGAN_AT, 3) == 116.0
    assert round(tail.now(clock_at(98.0), alive=False) - BEGAN_AT, 3) == 96.0
    assert round(tail.now(clock_at(-500.0), alive=True) - BEGAN_AT, 3) == 96.0


def test_after_the_end_the_clock_stands_still(tmp_path: Path) -> None:
    tail = tail_at(tmp_path, ENDED_AT)
    assert tail.ended
    assert round(tail.now(clock_at(9999.0), alive=True) - BEGAN_AT, 3) == ENDED_AT


def test_a_run_that_has_written_nothing_yet_can_be_looked_at(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / GOING_ON)
    write_plan(folder, fabricated_run()[0])
    folder.journal.touch()
    tail = RunTail(folder, fabricated_run()[0])
    assert not tail.look()
    assert tail.picture(tail.now(clock_at(0.0), alive=True)).elapsed_seconds is None
