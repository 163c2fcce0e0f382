"""The journal on disk: chained, durable, and honest about a torn end."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from drillrunner.clock import Clock
from drillrunner.errors import JournalBroken, JournalUnwritable
from drillrunner.files.journal_file import JournalFile, read_journal, reopen_journal

CLOCK = Clock(monotonic_source=lambda: 12.5)


def written(path: Path, count: int = 3) -> None:
    journal = JournalFile(path, CLOCK)
    for number in range(count):
        journal.append("phase.began", {"phase": f"p{number}"})
    journal.close()


def test_what_is_appended_is_read_again_in_order(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path)
    entries = read_journal(path)
    assert [(entry.seq, entry.data["phase"]) for entry in entries] == [(1, "p0"), (2, "p1"), (3, "p2")]
    assert [entry.at for entry in entries] == [12.5] * 3
    assert entries[1].prev == entries[0].hash


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_changed_entry_breaks_the_chain_where_it_was_changed(tmp_path: Path, line: int) -> None:
    path = tmp_path / "journal.jsonl"
    written(path)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[line] = lines[line].replace(f'"p{line}"', '"forged"')
    path.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(JournalBroken) as caught:
        read_journal(path)
    assert caught.value.where == f"{path}:{line + 1}"


def test_a_removed_entry_breaks_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[2]]), encoding="utf-8")
    with pytest.raises(JournalBroken):
        read_journal(path)


def test_a_torn_last_line_is_cut_off_and_the_chain_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"seq":4,"at"')
    assert len(read_journal(path)) == 3
    journal, entries = reopen_journal(path, CLOCK)
    journal.append("phase.began", {"phase": "after"})
    journal.close()
    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert [entry.seq for entry in read_journal(path)] == [1, 2, 3, 4]


@pytest.mark.parametrize("text", ["nonsense\n", "[]\n", '{"seq":1}\n', "\x00\x00\n", "[" * 100_000 + "\n"])
def test_what_is_no_journal_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(JournalBroken):
        read_journal(path)


def test_a_journal_in_a_folder_that_is_not_there_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(JournalUnwritable):
        JournalFile(tmp_path / "absent" / "journal.jsonl", CLOCK)


def test_every_line_is_plain_json(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path)
    for line in path.read_text(encoding="utf-8").splitlines():
        assert set(json.loads(line)) == {"seq", "at", "wall", "kind", "data", "prev", "hash"}


def within(path: Path, line: int) -> int:
    """An offset in the middle of that line."""
    lines = path.read_bytes().splitlines(keepends=True)
    return sum(map(len, lines[:line])) + 20


def zeroed(path: Path, begin: int, end: int) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:begin] + bytes(end - begin) + content[end:])


def test_a_gap_that_a_power_cut_left_and_what_follows_it_are_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path, 6)
    zeroed(path, within(path, 2), within(path, 4))
    assert [entry.seq for entry in read_journal(path)] == [1, 2]
    journal, entries = reopen_journal(path, CLOCK)
    journal.append("phase.began", {"phase": "after"})
    journal.close()
    assert [entry.seq for entry in entries] == [1, 2]
    assert [entry.data["phase"] for entry in read_journal(path)] == ["p0", "p1", "after"]


def test_a_gap_before_the_outcome_of_a_call_that_it_hides_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = JournalFile(path, CLOCK)
    journal.append("run.began", {})
    for call_id in ("k1", "k2"):
        journal.append("call.intent", {"call_id": call_id})
        journal.append("call.outcome", {"call_id": call_id, "outcome": "done"})
    journal.close()
    zeroed(path, within(path, 3), within(path, 3) + 10)
    with pytest.raises(JournalBroken):
        read_journal(path)


@dataclass
class Disk:
    """An fsync that fails so often, as a disk with a bad sector or without room does."""

    failing: int = 0
    syncs: int = 0

    def fsync(self, descriptor: int) -> None:
        self.syncs += 1
        if self.syncs <= self.failing:
            raise OSError(5, "Input/output error")
        os.fsync(descriptor)


def test_entries_are_in_the_file_at_once_and_share_one_fsync(tmp_path: Path) -> None:
    disk = Disk()
    path = tmp_path / "journal.jsonl"
    journal = JournalFile(path, CLOCK, fsync=disk.fsync)
    for number in range(3):
        journal.append("phase.began", {"phase": f"p{number}"})
    assert (len(read_journal(path)), disk.syncs) == (3, 0)
    journal.sync()
    journal.sync()
    assert disk.syncs == 1
    journal.close()


def test_what_an_fsync_that_failed_was_about_is_written_again_before_anything_else(tmp_path: Path) -> None:
    disk = Disk(failing=1)
    path = tmp_path / "journal.jsonl"
    journal = JournalFile(path, CLOCK, fsync=disk.fsync)
    journal.append("phase.began", {"phase": "p0"})
    with pytest.raises(JournalUnwritable, match="Input/output error"):
        journal.sync()
    path.write_bytes(bytes(path.stat().st_size))  # the kernel gave up these pages
    journal.append("phase.began", {"phase": "p1"})
    journal.sync()
    journal.close()
    assert [entry.data["phase"] for entry in read_journal(path)] == ["p0", "p1"]
