"""One bad actions.yaml for each rule, in tests/bad_actions, beside the exact text that a user sees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.files.actions_file import parse_actions
from drillrunner.files.codes import CODES
from drillrunner.files.problems import render_text

BAD_ACTIONS = Path(__file__).parents[2] / "bad_actions"
FILES = sorted(BAD_ACTIONS.glob("*.yaml"))


def rendered(path: Path) -> str:
    with pytest.raises(InvalidInput) as refused:
        parse_actions(path.read_text(encoding="utf-8"), "reports/actions.yaml")
    return render_text(refused.value.problems) + "\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bad_actions_are_told_with_their_exact_message(path: Path) -> None:
    assert rendered(path) == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_code_of_the_actions_has_a_bad_file_and_every_message_its_file() -> None:
    shown = {code for path in FILES for code in re.findall(r" error\[(\w+)\]", path.with_suffix(".txt").read_text())}
    assert {code for code in shown if code.startswith("A")} == {code for code in CODES if code.startswith("A")}
    assert {path.stem for path in BAD_ACTIONS.glob("*.txt")} == {path.stem for path in FILES}
