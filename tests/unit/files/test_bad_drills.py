"""One invalid file for each rule, in tests/bad_drills, beside the exact text that a user sees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drillrunner.cli.validate import check_file
from drillrunner.files.codes import CODES
from drillrunner.files.problems import render_text

BAD_DRILLS = Path(__file__).parents[2] / "bad_drills"
FILES = sorted(path for path in BAD_DRILLS.glob("*.yaml") if path.name != "environments.yaml")
# their files cannot be kept: a pipe, 2 MiB, bytes; see test_yaml_source.py and test_drill_file.py
# (L1xx: a topology is no drill; see lab/test_topology.py)
MADE_AT_RUN_TIME = {"L101", "L102", "Y101", "Y102", "Y103", "Y105", "Y106", "Y111", "Y117", "D117", "E122"}


def rendered(path: Path) -> str:
    return render_text(check_file(str(path), {}, None)).replace(f"{path.parent}/", "") + "\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_with_its_exact_message(path: Path) -> None:
    assert rendered(path) == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_code_has_a_bad_file_and_every_message_a_known_code() -> None:
    shown = {
        code
        for path in FILES
        for code in re.findall(r" (?:error|warning)\[(\w+)\]", path.with_suffix(".txt").read_text())
    }
    # the others are no drills: runbooks, game days, exercises, … have bad files of their own
    assert shown | MADE_AT_RUN_TIME == {code for code in CODES if code[0] in "YDELW"}
    assert not shown & MADE_AT_RUN_TIME


def test_every_message_belongs_to_a_bad_file() -> None:
    assert {path.stem for path in BAD_DRILLS.glob("*.txt")} == {path.stem for path in FILES}


def test_the_codes_titles_differ_within_a_family() -> None:
    for family in "YDELRW":
        titles = [title for code, title in CODES.items() if code.startswith(family)]
        assert len(titles) == len(set(titles))
