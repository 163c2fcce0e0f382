"""The journal on disk: chained, durable, and honest about a torn end."""

from __future__ import annotations

import json
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
