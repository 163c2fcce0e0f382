"""One bad runbook for each rule, in tests/bad_runbooks, beside the exact text that a user sees.

Each is checked as `runbooks/outage.md` beside the drills in tests/bad_runbooks/drills: `outage` and `second` name it.
"""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from drillrunner.cli.runbook import check_below
from drillrunner.files.codes import CODES
from drillrunner.files.problems import render_text

BAD_RUNBOOKS = Path(__file__).parents[2] / "bad_runbooks"
FILES = sorted(BAD_RUNBOOKS.glob("*.md"))
TODAY = date(2026, 11, 21)


def rendered(path: Path, folder: Path) -> str:
    shutil.copytree(BAD_RUNBOOKS / "drills", folder / "drills")
    checked_as = folder / "runbooks" / "outage.md"
    checked_as.parent.mkdir()
    shutil.copy(path, checked_as)
    checked = check_below(folder, [checked_as], TODAY)
    return render_text([*checked.unreadable, *checked.findings]).replace(f"{folder}/", "") + "\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_runbook_is_told_with_its_exact_message(path: Path, tmp_path: Path) -> None:
    assert rendered(path, tmp_path) == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_code_of_a_runbook_has_a_bad_one_and_every_message_its_runbook() -> None:
    shown = {code for path in FILES for code in re.findall(r" error\[(\w+)\]", path.with_suffix(".txt").read_text())}
    assert {code for code in shown if code.startswith("R")} == {code for code in CODES if code.startswith("R")}
    assert {path.stem for path in BAD_RUNBOOKS.glob("*.txt")} == {path.stem for path in FILES}
