"""What is read of a sound exercise, and what is not looked for once it has begun."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.files.exercise.file import read_exercise, read_exercise_file
from drillrunner.files.locate import exercise_names, is_exercise, locate_exercise
from drillrunner.model.exercise import Exercise, Inject, Role, format_offset, parse_offset

TESTS = Path(__file__).parents[2]
PLAYED = TESTS / "data" / "exercises" / "regional-outage.yaml"
HEAD = "version: 1\ndrill: outage\ntitle: The primary region stops\nobjectives: [rto]\n"
ROLES = "roles: {players: [commander]}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a drill and its runbook; gives where an exercise of it is kept."""
    for beside in ("drills", "runbooks"):
        shutil.copytree(TESTS / "bad_exercises" / beside, tmp_path / beside)
    folder = tmp_path / "drills" / "exercises"
    folder.mkdir()
    return folder


def exercise_of(folder: Path, text: str) -> Exercise:
    path = folder / "outage.yaml"
    path.write_text(text, encoding="utf-8")
    return read_exercise(path)


def test_the_least_that_an_exercise_is(project: Path) -> None:
    exercise = exercise_of(project, HEAD + ROLES + "injects: [{id: alarm, at: T+0, text: It fails.}]\n")
    assert exercise.roles == (Role(name="facilitator", kind="facilitator"), Role(name="commander", kind="player"))
    assert exercise.injects == (Inject(id="alarm", at_seconds=0.0, text="It fails."),)
    assert (exercise.publish, exercise.time_box_seconds, exercise.schedule) == ("manual", None, None)
    assert [(one.id, one.drill_objective) for one in exercise.objectives] == [("rto", "rto")]


def test_everything_that_an_exercise_can_say_is_read() -> None:
    exercise = read_exercise(PLAYED)
    assert [(role.name, role.kind, role.person) for role in exercise.roles][:4] == [
        ("facilitator", "facilitator", "Ops"),
        ("scribe", "scribe", "Sre"),
        ("evaluator", "evaluator", "Eve"),
        ("incident commander", "player", "Api"),
    ]
    alarm, customers, decision, _ = exercise.injects
    assert (alarm.sender, alarm.to, alarm.artifact) == ("monitoring", ("checkout on-call",), "artifacts/alarm.md")
    assert (customers.to, customers.after, decision.after) == (("all",), ("alarm",), ("alarm", "customers"))
    assert [(one.id, one.by_seconds, one.who, one.decides) for one in decision.expected] == [
        ("decision.1", 600.0, "incident commander", "failover"),
        ("decision.2", 900.0, "database on-call", None),
    ]
    assert [(one.id, one.chance, one.at_seconds, one.to) for one in exercise.randomise] == [
        ("no-chat", 0.5, 120.0, ("all",)),
        ("on-a-plane", 0.5, 0.0, ("database on-call",)),
    ]
    assert Exercise.model_validate_json(exercise.model_dump_json()) == exercise


def test_a_schedule_is_read_as_a_drills_is(project: Path) -> None:
    rest = "injects: [{id: alarm, at: T+0, text: It fails.}]\nschedule: {every: quarter, grace: 14d}\n"
    schedule = exercise_of(project, HEAD + ROLES + rest).schedule
    assert schedule is not None
    assert schedule.every is not None
    assert (schedule.every.months, schedule.grace_seconds) == (3, 14 * 86_400.0)


def test_a_rule_that_ends_in_the_future_is_no_fault(project: Path) -> None:
    rest = "injects: [{id: a, at: T+0, text: x}]\nschedule: {rrule: FREQ=YEARLY;COUNT=9, starts: 2020-03-02}\n"
    (project / "outage.yaml").write_text(HEAD + ROLES + rest, encoding="utf-8")
    assert read_exercise(project / "outage.yaml", now=datetime(2026, 11, 21, tzinfo=UTC)).schedule is not None
    with pytest.raises(InvalidInput):
        read_exercise(project / "outage.yaml", now=datetime(2029, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("step", ["failover 1", "revert 1", "Fail over by hand 1"])
def test_a_step_is_one_of_the_drill_or_of_its_runbook(step: str, project: Path) -> None:
    rest = f"injects: [{{id: alarm, at: T+0, text: It fails., step: {step}}}]\n"
    assert exercise_of(project, HEAD + ROLES + rest).injects[0].step == step


def test_the_drill_is_found_from_any_folder_and_given_with_its_file(project: Path) -> None:
    exercise_of(project, HEAD + ROLES + "injects: [{id: alarm, at: T+0, text: It fails.}]\n")
    read = read_exercise_file(project / "outage.yaml")
    assert read.drill is not None
    assert (read.drill.name, read.drill_path) == ("outage", project.parent / "outage.yaml")


def test_once_begun_it_needs_neither_its_drill_nor_what_it_shows(tmp_path: Path) -> None:
    text = PLAYED.read_text(encoding="utf-8").replace("drill: regional-outage", "drill: gone")
    (tmp_path / "exercise.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        read_exercise(tmp_path / "exercise.yaml")
    assert {problem.code for problem in refused.value.problems} == {"X109", "X118"}
    alone = read_exercise(tmp_path / "exercise.yaml", alone=True)
    assert alone.model_copy(update={"drill": "regional-outage"}) == read_exercise(PLAYED)


def test_a_dollar_is_a_dollar_in_an_exercise(project: Path) -> None:
    rest = 'injects: [{id: alarm, at: T+0, text: "It costs ${PRICE}."}]\n'
    assert exercise_of(project, HEAD + ROLES + rest).injects[0].text == "It costs ${PRICE}."


@pytest.mark.parametrize(
    ("written", "seconds"), [("T+0", 0.0), ("0", 0.0), ("T+5m", 300.0), ("90s", 90.0), ("T+1h30m", 5400.0)]
)
def test_a_moment_of_the_scenario_is_written_in_a_few_ways(written: str, seconds: float) -> None:
    assert parse_offset(written) == seconds


@pytest.mark.parametrize("written", ["", "T+", "T+5", "5", "+5m", "T-5m", "t+5m", "T+5m ", "T+٥m", "T+nan", "T++5m"])
def test_and_in_no_other(written: str) -> None:
    with pytest.raises(ValueError, match="is no moment of the scenario"):
        parse_offset(written)


def test_a_moment_is_shown_as_a_clock_shows_it() -> None:
    assert [format_offset(seconds) for seconds in (0.0, 59.9, 300.0, 3_750.0, -1.0)] == [
        "T+00:00",
        "T+00:59",
        "T+05:00",
        "T+1:02:30",
        "T+00:00",
    ]


def test_an_exercise_is_told_from_a_drill_by_its_people(project: Path) -> None:
    assert is_exercise(PLAYED)
    assert not is_exercise(project.parent / "outage.yaml")
    assert not is_exercise(project / "gone.yaml")


def test_long_chains_and_circles_keep_no_reader_busy(project: Path) -> None:
    links = [f"  - {{id: i{n}, at: T+0, text: x, after: i{(n + 1) % 900}}}\n" for n in range(900)]
    began = time.process_time()
    with pytest.raises(InvalidInput) as refused:
        exercise_of(project, HEAD + ROLES + "injects:\n" + "".join(links))
    assert [problem.code for problem in refused.value.problems] == ["X117"]
    assert time.process_time() - began < 5.0


def test_an_exercise_is_found_by_its_path_or_by_its_name(project: Path) -> None:
    base, path = project.parent.parent, project / "outage.yaml"
    path.write_text(HEAD, encoding="utf-8")
    for name in ("outage", "outage.yaml", "drills/exercises/outage.yaml", str(path)):
        assert locate_exercise(name, base).resolve() == path.resolve()
    assert exercise_names(base) == ["outage"]
    assert locate_exercise("drills", base) == base / "drills"
    for name, advice in (("outtage", 'did you mean "outage"?'), ("\0", "draft one with: drill tabletop plan DRILL")):
        with pytest.raises(InvalidInput) as refused:
            locate_exercise(name, base)
        assert refused.value.advice == advice
