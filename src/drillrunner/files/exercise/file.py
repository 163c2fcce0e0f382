"""Reads a tabletop exercise from its YAML file, and says everything that is wrong with it at once, with its place."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple, cast, get_args

from drillrunner.files.exercise.context import DrillContext, read_drill_name
from drillrunner.files.exercise.injects import ReadInjects, read_injects
from drillrunner.files.exercise.roles import Roles, read_roles
from drillrunner.files.exercise.rules import check_after, check_artifacts, check_schedule, check_steps, check_times
from drillrunner.files.nearest import choices
from drillrunner.files.schedule_entry import read_schedule
from drillrunner.files.section import DAY_SECONDS, Reading, Section, kind_of, shorten
from drillrunner.files.variables import PlainTexts
from drillrunner.model.drill import Drill, ObjectiveName
from drillrunner.model.exercise import EXERCISE_VERSION, Exercise, ExerciseObjective, Publish
from drillrunner.model.schedule import Schedule
from drillrunner.yaml_source import Expected, MapNode, Node, Problems, ScalarNode, Span, parse_yaml, read_text

_EXPECTED = Expected("an exercise", "exercises are kept in drills/exercises/", "an exercise is a few kilobytes")
LONGEST_OBJECTIVE = 500
# what players read of an objective that is the drill's own
DRILL_OBJECTIVE_TEXTS: dict[ObjectiveName, str] = {
    "rto": "Users are served again within the RTO",
    "rpo": "No more is lost than the RPO allows",
    "availability": "Enough of the users' requests are answered",
    "latency": "Users are answered fast enough",
    "detection": "The outage is detected in time",
}


class ExerciseFile(NamedTuple):
    """An exercise that was read, and its drill (None where that was not looked for) with its file."""

    exercise: Exercise
    drill: Drill | None
    drill_path: Path | None


def read_exercise(path: Path, *, now: datetime | None = None, alone: bool = False) -> Exercise:
    """The exercise in a file of at most 1 MiB.

    `now` (UTC) is what a schedule's end is held against. `alone` reads an exercise that has begun, in its folder of
    the reports: it was right then, and neither its drill nor the files that it shows are looked for.
    Raises InvalidInput with everything that is wrong (codes Y1xx, X1xx, and D143 to D150 of the schedule).
    """
    return read_exercise_file(path, now=now, alone=alone).exercise


def read_exercise_file(path: Path, *, now: datetime | None = None, alone: bool = False) -> ExerciseFile:
    """The exercise with its drill. Raises InvalidInput as `read_exercise` does."""
    text = read_text(path, Problems(str(path)), _EXPECTED)
    document = parse_yaml(text, str(path))
    problems = Problems(document.file, document.lines)
    top = Section(Reading(problems, PlainTexts(problems), "X"), document.root, "the exercise", Span())
    context = read_drill_name(top, path, look=not alone)
    exercise = _read(top, context, path, now, look=not alone)
    if exercise is None or problems.found:
        problems.refuse()
    return ExerciseFile(exercise, context.drill, context.path)


def _read(top: Section, context: DrillContext, path: Path, now: datetime | None, *, look: bool) -> Exercise | None:
    problems = top.reading.problems
    _check_version(top)
    title = top.text("title", required=True)
    time_box = _read_time_box(top)
    publish = _read_publish(top)
    schedule_span = top.span_of("schedule")
    schedule = _read_schedule(top)
    roles = read_roles(top)
    objectives = _read_objectives(top, context.drill)
    read = read_injects(top, roles)
    top.finish()
    check_times(problems, read, time_box)
    check_after(problems, read)
    check_steps(problems, read, context)
    check_artifacts(problems, read, path, look=look)
    check_schedule(problems, schedule, schedule_span, now)
    if problems.found or title is None or context.name is None:
        return None
    seconds = time_box[0] if time_box else None
    return _assemble(context.name, title, roles, objectives, read).model_copy(
        update={"publish": publish, "time_box_seconds": seconds, "schedule": schedule}
    )


def _assemble(
    drill: str, title: str, roles: Roles, objectives: tuple[ExerciseObjective, ...], read: ReadInjects
) -> Exercise:
    return Exercise(
        drill=drill,
        title=title,
        roles=tuple(roles.roles),
        objectives=objectives,
        injects=tuple(placed.inject for placed in read.placed),
        randomise=tuple(event for event, _ in read.random),
    )


def _check_version(top: Section) -> None:
    taken = top.scalar("version", required=True)
    if taken is None or taken[1] == str(EXERCISE_VERSION):
        return
    node, text = taken
    message = f'"{shorten(text)}" is no version of an exercise'
    top.reading.problems.add("X108", message, node.span, f"write version: {EXERCISE_VERSION}")


def _read_time_box(top: Section) -> tuple[float, Span] | None:
    if "time_box" not in top:
        top.take("time_box")
        return None
    span, before = top.value_span("time_box"), len(top.reading.problems.found)
    seconds = top.duration("time_box", 0.0, low=60.0, high=DAY_SECONDS)
    return (seconds, span) if len(top.reading.problems.found) == before else None


def _read_publish(top: Section) -> Publish:
    taken = top.scalar("publish")
    if taken is None:
        return "manual"
    node, text = taken
    ways = get_args(Publish)
    if text not in ways:
        top.reading.add("103", f'"publish" cannot be "{shorten(text)}"', node.span, choices(text, ways))
        return "manual"
    return cast(Publish, text)


def _read_schedule(top: Section) -> Schedule | None:
    if "schedule" not in top:
        top.also_known("schedule")
        return None
    return read_schedule(top)


def _read_objectives(top: Section, drill: Drill | None) -> tuple[ExerciseObjective, ...]:
    """Read `objectives: [rto, "People decide within ten minutes", {id: tell, text: …}]`."""
    span, before = top.span_of("objectives"), len(top.reading.problems.found)
    nodes = top.items("objectives")
    if not nodes and len(top.reading.problems.found) == before:
        advice = 'write objectives: [rto, "People decide within ten minutes"]'
        top.reading.problems.add("X121", "the exercise has no objectives", span, advice)
    found: dict[str, ExerciseObjective] = {}
    for number, node in enumerate(nodes, 1):
        objective = _read_objective(top.reading, node, number, drill)
        if objective is not None and objective.id in found:
            top.reading.problems.add("X115", f'the objective "{objective.id}" is given twice', node.span)
        elif objective is not None:
            found[objective.id] = objective
    return tuple(found.values())


def _read_objective(reading: Reading, node: Node, number: int, drill: Drill | None) -> ExerciseObjective | None:
    if isinstance(node, MapNode):
        section = Section(reading, node, f"objective {number}", node.span)
        id_span = section.value_span("id")
        objective_id = section.name_text("id", required=True)
        text = section.text("text", required=True, longest=LONGEST_OBJECTIVE)
        section.finish()
        if objective_id is None or text is None:
            return None
        return _objective(reading, objective_id, text, id_span, drill)
    if not isinstance(node, ScalarNode):
        reading.add("103", f"an objective must be a text or a mapping, not {kind_of(node)}", node.span)
        return None
    text = node.text.strip()
    if not text or len(text) > LONGEST_OBJECTIVE:
        what = f"has {len(text)} characters; at most {LONGEST_OBJECTIVE} are allowed" if text else "is empty"
        reading.add("106", f"an objective {what}", node.span)
        return None
    if " " in text:
        return ExerciseObjective(id=f"objective-{number}", text=text)
    return _drill_objective(reading, text, node, drill)


def _drill_objective(reading: Reading, name: str, node: ScalarNode, drill: Drill | None) -> ExerciseObjective | None:
    """The drill's own, named by one word."""
    if name not in DRILL_OBJECTIVE_TEXTS:
        advice = choices(name, DRILL_OBJECTIVE_TEXTS)
        reading.problems.add("X119", f'a drill has no objective "{shorten(name)}"', node.span, advice)
        return None
    return _objective(reading, name, DRILL_OBJECTIVE_TEXTS[name], node.span, drill)


def _objective(
    reading: Reading, objective_id: str, text: str, span: Span, drill: Drill | None
) -> ExerciseObjective | None:
    if objective_id not in DRILL_OBJECTIVE_TEXTS:
        return ExerciseObjective(id=objective_id, text=text)
    name = objective_id
    has = {objective.name for objective in drill.objectives} if drill else {name}
    if name not in has:
        reading.problems.add("X119", f'the drill has no objective "{name}"', span, "it has " + ", ".join(sorted(has)))
    return ExerciseObjective(id=objective_id, text=text, drill_objective=name)
