"""Files that take their name only when all is in them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from drillrunner.cli.written import write_text, written_whole
from drillrunner.errors import InvalidInput


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_link_that_lies_in_wait_beside_the_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    (tmp_path / f".report.md.{os.getpid()}.tmp").symlink_to(victim)
    write_text(tmp_path / "report.md", "new")
    assert victim.read_text() == "as it was"
    assert not (tmp_path / "report.md").is_symlink()
    assert (tmp_path / "report.md").read_text() == "new"


def test_a_file_keeps_its_mode_and_a_new_one_has_that_of_any_new_file(tmp_path: Path) -> None:
    old, new, plain = tmp_path / "old", tmp_path / "new", tmp_path / "plain"
    old.touch(mode=0o600)
    plain.touch()
    for path in (old, new):
        write_text(path, "text")
    assert mode_of(old) == 0o600
    assert mode_of(new) == mode_of(plain)


def test_what_fails_half_way_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_text("as it was")

    def half() -> None:
        with written_whole(path, advice="make room") as file:
            file.write(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InvalidInput, match="No space left") as failed:
        half()
    assert failed.value.advice == "make room"
    assert path.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [path]
