"""One bad game day for each rule, in tests/bad_gamedays, beside the exact text that a user sees.

Each is checked as `drills/gamedays/day.yaml` beside the drills in tests/bad_gamedays/drills.
"""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drillrunner.cli.gameday.group import problems_of
from drillrunner.files.codes import CODES
from drillrunner.files.problems import render_text

BAD_GAMEDAYS = Path(__file__).parents[2] / "bad_gamedays"
FILES = sorted(BAD_GAMEDAYS.glob("*.yaml"))
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def rendered(path: Path, folder: Path) -> str:
    shutil.copytree(BAD_GAMEDAYS / "drills", folder / "drills")
    checked_as = folder / "drills" / "gamedays" / "day.yaml"
    checked_as.parent.mkdir()
    shutil.copy(path, checked_as)
    return render_text(problems_of(str(checked_as), NOW)).replace(f"{folder}/", "") + "\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_game_day_is_told_with_its_exact_message(path: Path, tmp_path: Path) -> None:
    assert rendered(path, tmp_path) == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_code_of_a_game_day_has_a_bad_one_and_every_message_its_game_day() -> None:
    shown = {code for path in FILES for code in re.findall(r" error\[(\w+)\]", path.with_suffix(".txt").read_text())}
    assert {code for code in shown if code.startswith("G")} == {code for code in CODES if code.startswith("G")}
    assert {path.stem for path in BAD_GAMEDAYS.glob("*.txt")} == {path.stem for path in FILES}
