"""A drill is found by its path, its file name or its name alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.files.locate import drill_names, is_topology, locate_drill, locate_environments


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "drills").mkdir()
    for name in ("regional-outage.yaml", "other.yml", "environments.yaml"):
        (tmp_path / "drills" / name).write_text("drill: x\n")
    (tmp_path / "local.yaml").write_text("drill: x\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("drills/regional-outage.yaml", "drills/regional-outage.yaml"),
        ("regional-outage.yaml", "drills/regional-outage.yaml"),
        ("regional-outage", "drills/regional-outage.yaml"),
        ("other", "drills/other.yml"),
        ("local", "local.yaml"),
    ],
)
def test_a_drill_is_found(base: Path, name: str, found: str) -> None:
    assert locate_drill(name, base) == base / found


def test_an_absolute_path_is_taken_as_it_is(base: Path) -> None:
    assert locate_drill(str(base / "local.yaml"), Path("/nowhere")) == base / "local.yaml"


def test_an_unknown_drill_is_refused_with_the_nearest(base: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        locate_drill("regional-outge.yaml", base)
    assert caught.value.advice == 'did you mean "regional-outage"?'


def test_a_directory_is_left_to_the_reader_to_refuse(base: Path) -> None:
    assert locate_drill("drills", base) == base / "drills"


def test_a_name_that_no_file_can_have_is_refused(base: Path) -> None:
    with pytest.raises(InvalidInput):
        locate_drill("a\0b", base)


def test_the_environments_are_no_drill(base: Path) -> None:
    assert drill_names(base) == ["other", "regional-outage"]


def test_the_environments_are_found_beside_the_drill_and_in_drills(base: Path) -> None:
    assert locate_environments(base / "drills" / "other.yml") == base / "drills" / "environments.yaml"
    assert locate_environments(base / "local.yaml") == base / "drills" / "environments.yaml"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("# what the lab is\ntopology: two\n", True),
        ("drill: x\ntopology: y\n", False),
        ("staging:\n  topology: y\n", False),
        ("\xff", False),
    ],
)
def test_a_topology_says_so_at_its_top(text: str, is_one: bool, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text, encoding="latin-1")
    assert is_topology(tmp_path / "a.yaml") == is_one


def test_what_is_no_file_is_no_topology(tmp_path: Path) -> None:
    assert not is_topology(tmp_path)
    assert not is_topology(tmp_path / "nowhere")
