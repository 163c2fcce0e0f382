"""`drill tabletop plan` and `guide`: what they write, that it is the same again, and that they write over nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drillrunner.authoring.exercise.course import Course
from drillrunner.authoring.exercise.draft import begin_draft
from drillrunner.authoring.schemas import schema_text
from drillrunner.cli.tabletop.course import Played, course_of_run, past_run, scenes_of, waited
from drillrunner.cli.tabletop.group import tabletop
from drillrunner.errors import InvalidInput
from drillrunner.files.exercise.file import read_exercise
from drillrunner.files.locate import drill_names
from drillrunner.files.run_folder import RunFolder
from drillrunner.judge import judge
from fabricated_run import BEGAN_AT, EFFECT_AT, FAILOVER_AT, fabricated_run

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the shipped drills and runbooks, in which we are."""
    shutil.copytree(ROOT / "drills", tmp_path / "drills", ignore=shutil.ignore_patterns("exercises"))
    shutil.copytree(ROOT / "runbooks", tmp_path / "runbooks")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(tabletop, arguments)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_seed_gives_the_same_exercise_and_pictures_each_time(project: Path) -> None:
    first, second = (
        ran("plan", "lambda-throttle", "--runs", "1"),
        ran("plan", "lambda-throttle", "--runs", "1", "-o", "x"),
    )
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + str(second.exception)
    written = files(project / "drills" / "exercises")
    assert written == files(project / "x")
    pictures = {f"lambda-throttle/{name}.svg" for name in ("symptom", "decision", "served")}
    assert set(written) == {"lambda-throttle.yaml", "exercise.schema.json", *pictures}
    exercise = read_exercise(project / "drills" / "exercises" / "lambda-throttle.yaml")
    assert "requests failed (status 429)" in next(one.text for one in exercise.injects if one.id == "symptom")
    assert "requests were answered" in next(one.text for one in exercise.injects if one.id == "served")


def test_an_exercise_is_no_drill(project: Path) -> None:
    assert ran("plan", "regional-outage", "--no-rehearsal").exit_code == 0
    assert drill_names(project) == drill_names(ROOT)


def test_the_schema_that_its_first_line_names_lies_beside_it_and_one_that_is_there_stays(project: Path) -> None:
    schema = project / "drills" / "exercises" / "exercise.schema.json"
    assert ran("plan", "regional-outage", "--no-rehearsal").exit_code == 0
    assert (schema.parent / "regional-outage.yaml").read_text().startswith("# yaml-language-server: $schema=./exercise")
    assert schema.read_text(encoding="utf-8") == schema_text("exercise")
    schema.write_text("newer", encoding="utf-8")
    assert ran("plan", "lambda-throttle", "--no-rehearsal").exit_code == 0
    assert schema.read_text(encoding="utf-8") == "newer"


def test_what_was_edited_is_not_written_over(project: Path) -> None:
    path = project / "drills" / "exercises" / "regional-outage.yaml"
    assert ran("plan", "regional-outage", "--no-rehearsal").exit_code == 0
    path.write_text("edited", encoding="utf-8")
    refused = ran("plan", "regional-outage", "--no-rehearsal")
    assert isinstance(refused.exception, InvalidInput)
    assert "--force" in str(refused.exception)
    assert path.read_text(encoding="utf-8") == "edited"
    assert ran("plan", "regional-outage", "--no-rehearsal", "--force").exit_code == 0
    assert read_exercise(path).drill == "regional-outage"


def test_a_drill_that_cannot_be_rehearsed_says_what_can_be_done(project: Path) -> None:
    refused = ran("plan", "replica-promotion", "--runs", "1")
    assert "--from RUN" in str(refused.exception)
    assert not (project / "drills" / "exercises").exists()


def test_a_runbook_that_cannot_be_read_is_said_and_left_out(project: Path) -> None:
    (project / "runbooks" / "regional-outage.md").write_text("no front matter\n", encoding="utf-8")
    planned = ran("plan", "regional-outage", "--no-rehearsal")
    assert planned.exit_code == 0
    assert "the runbook is left out" in planned.stderr


def test_guide_and_handout_are_written_beside_each_other(project: Path) -> None:
    assert ran("plan", "regional-outage", "--no-rehearsal").exit_code == 0
    guided = ran("guide", "drills/exercises/regional-outage.yaml", "-o", "guides")
    assert guided.exit_code == 0
    assert set(files(project / "guides")) == {"guide.html", "guide.md", "handout.html", "handout.md"}
    handout = (project / "guides" / "handout.md").read_text(encoding="utf-8")
    assert "us-east-1" not in handout
    assert "throttle" not in handout


def played_at_once() -> tuple[Played, float]:
    """The fabricated run, and how long after the fault its first step began."""
    plan, entries, readings = fabricated_run()
    return Played(plan, entries, readings, judge(plan, entries, readings), "made up"), FAILOVER_AT - EFFECT_AT


def test_people_are_put_between_detection_and_the_first_step_of_a_run() -> None:
    played, first_step = played_at_once()
    draft = begin_draft(played.plan.drill, None, course_of_run(played))
    later = waited(played, draft)
    shift = draft.timeline.decide_by - first_step
    moved = {one.seq: one for one in later.readings if one.probe == "checkout"}
    assert shift > 0
    for one in played.readings:
        if one.probe == "checkout" and one.answered <= BEGAN_AT + FAILOVER_AT - 1:
            assert moved[one.seq] == one
        elif one.probe == "checkout" and one.asked >= BEGAN_AT + FAILOVER_AT + 1:
            assert moved[one.seq].asked == pytest.approx(one.asked + shift, abs=0.5)


def test_no_picture_shows_that_the_run_went_back() -> None:
    played, _ = played_at_once()
    slow = Course("made up", True, 26.0, 30.0, 60.0, 600.0)
    draft = begin_draft(played.plan.drill, None, slow)
    scenes, pictures = scenes_of(draft, played)
    assert draft.timeline.served > 500
    served = pictures[scenes["served"].artifact or ""]
    assert ">T+2m20s<" in served  # the failback of that run began then
    assert scenes["customers"].artifact is None


def test_a_run_of_another_drill_is_no_source(tmp_path: Path) -> None:
    played, _ = played_at_once()
    folder = RunFolder(tmp_path / "20261120-140000-aaaaaa")
    shutil.copytree(ROOT / "reports" / "sample", folder.path)
    with pytest.raises(InvalidInput, match="is a run of regional-outage, not of another"):
        past_run(tmp_path, "last", "another")
    assert past_run(tmp_path, "last", "regional-outage").plan.drill.name == played.plan.drill.name
    with pytest.raises(InvalidInput, match="nothing was injected"):
        replace(played, entries=[]).effect_at()
