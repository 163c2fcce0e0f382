"""One bad exercise for each rule, in tests/bad_exercises, beside the exact text that a user sees.

Each is read as `drills/exercises/bad.yaml` beside the drills and the runbook in tests/bad_exercises.
"""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.files.codes import CODES
from drillrunner.files.exercise.file import read_exercise
from drillrunner.files.problems import render_text

BAD_EXERCISES = Path(__file__).parents[2] / "bad_exercises"
FILES = sorted(BAD_EXERCISES.glob("*.yaml"))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def rendered(path: Path, folder: Path) -> str:
    for beside in ("drills", "runbooks"):
        shutil.copytree(BAD_EXERCISES / beside, folder / beside)
    read_as = folder / "drills" / "exercises" / "bad.yaml"
    read_as.parent.mkdir()
    shutil.copy(path, read_as)
    (read_as.parent / "linked.md").symlink_to(folder / "runbooks" / "outage.md")
    (read_as.parent / "large.txt").write_bytes(b"x" * 2_097_153)
    with pytest.raises(InvalidInput) as refused:
        read_exercise(read_as, now=NOW)
    return render_text(refused.value.problems).replace(f"{folder}/", "") + "\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_exercise_is_told_with_its_exact_message(path: Path, tmp_path: Path) -> None:
    assert rendered(path, tmp_path) == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_code_of_an_exercise_has_a_bad_one_and_every_message_its_exercise() -> None:
    shown = {code for path in FILES for code in re.findall(r" error\[(\w+)\]", path.with_suffix(".txt").read_text())}
    assert {code for code in shown if code.startswith("X")} == {code for code in CODES if code.startswith("X")}
    assert {path.stem for path in BAD_EXERCISES.glob("*.txt")} == {path.stem for path in FILES}
