"""Each shipped drill has an exercise that can be played as it is, and that no reader takes for a drill."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from drillrunner.files.exercise.file import read_exercise_file
from drillrunner.files.locate import drill_names

ROOT = Path(__file__).parents[2]
EXERCISES = ROOT / "drills" / "exercises"


def test_every_drill_has_one() -> None:
    assert sorted(path.stem for path in EXERCISES.glob("*.yaml")) == drill_names(ROOT)


@pytest.mark.parametrize("name", drill_names(ROOT))
def test_it_is_valid_and_about_its_drill(name: str) -> None:
    read = read_exercise_file(EXERCISES / f"{name}.yaml")
    assert read.exercise.drill == name
    assert read.drill is not None
    named = {one.name for one in read.drill.objectives}
    assert named == {one.drill_objective for one in read.exercise.objectives if one.drill_objective}
    decides = [one.decides for inject in read.exercise.injects for one in inject.expected if one.decides]
    assert decides == ["failover", "failback"]


@pytest.mark.parametrize("name", drill_names(ROOT))
def test_its_pictures_are_drawings_and_all_are_shown(name: str) -> None:
    shown = read_exercise_file(EXERCISES / f"{name}.yaml").exercise.artifacts()
    assert sorted(shown) == sorted(f"{name}/{path.name}" for path in (EXERCISES / name).iterdir())
    for artifact in shown:
        content = (EXERCISES / artifact).read_bytes()
        assert ElementTree.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg"
        assert len(content) < 100_000
