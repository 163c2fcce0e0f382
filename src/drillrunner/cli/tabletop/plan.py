"""`drill tabletop plan`: draft the exercise of a drill, to be edited by those who know the people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from drillrunner.cli.options import drill_argument, environment_option, reports_option, var_option

if TYPE_CHECKING:
    from drillrunner.authoring.exercise.draft import Draft
    from drillrunner.cli.session import Chosen
    from drillrunner.model.runbook import Runbook

FOLDER = Path("drills/exercises")


@click.command()
@drill_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    show_default=True,
    metavar="FOLDER",
    help="Write DRILL.yaml there, and its pictures into DRILL/ beside it.",
)
@click.option("--runs", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many rehearsals.")
@click.option("--seed", type=int, default=1, show_default=True, help="The first rehearsal's seed.")
@click.option("--from", "run", metavar="RUN", help="Take times and pictures from a run, instead of rehearsals.")
@click.option("--no-rehearsal", is_flag=True, help="Assume the times, and draw no pictures.")
@click.option("--force", is_flag=True, help="Write over an exercise that is there.")
@var_option
@environment_option
@reports_option
def plan(
    drill: str,
    output: Path,
    runs: int,
    seed: int,
    run: str | None,
    no_rehearsal: bool,
    force: bool,
    variables: tuple[str, ...],
    environment_name: str | None,
    reports: Path,
) -> None:
    """Draft the tabletop exercise of DRILL: objectives, roles, injects, what is expected by when, and pictures.

    Roles come from the runbook's contacts, expected actions from its steps, deadlines from the objectives and from
    how long each part takes in rehearsal; the pictures show what people would see at that moment, and nothing later.
    """
    from drillrunner.authoring.exercise.plan import exercise_of
    from drillrunner.authoring.exercise.yaml import exercise_yaml
    from drillrunner.cli.session import choose
    from drillrunner.cli.validate import parse_variables

    if run is not None and no_rehearsal:
        raise click.UsageError("--from and --no-rehearsal exclude each other")
    chosen = choose(drill, parse_variables(variables), environment_name)
    path = output / f"{chosen.drill.name}.yaml"
    _refuse_over(path, force=force)
    draft, pictures = _drafted(chosen, _runbook(drill, chosen), _Ways(run, no_rehearsal, seed, runs, reports))
    beside = {**pictures, **_schema(output)}
    _save(path, exercise_yaml(exercise_of(draft), _comments(draft)), beside)
    _check(path)
    click.echo(path)
    for name in beside:
        click.echo(path.parent / name)
    named = chosen.drill.name if output == FOLDER else path
    click.echo(f"edit it, then: drill tabletop guide {named}, and drill tabletop run {named}")


class _Ways(NamedTuple):
    """Where times and pictures come from."""

    run: str | None
    no_rehearsal: bool
    seed: int
    runs: int
    reports: Path


def _drafted(chosen: Chosen, runbook: Runbook | None, ways: _Ways) -> tuple[Draft, Mapping[str, str]]:
    """The draft, and the pictures by their paths beside the exercise's file."""
    from dataclasses import replace

    from drillrunner.authoring.exercise.course import assumed_course
    from drillrunner.authoring.exercise.draft import begin_draft
    from drillrunner.cli.tabletop.course import (
        course_of_run,
        past_run,
        rehearse_parts,
        rehearse_with_people,
        scenes_of,
        waited,
    )

    if ways.no_rehearsal:
        return begin_draft(chosen.drill, runbook, assumed_course(chosen.drill)), {}
    if ways.run is not None:
        past = past_run(ways.reports, ways.run, chosen.drill.name)
        draft = begin_draft(chosen.drill, runbook, course_of_run(past))
        played = waited(past, draft)
    else:
        draft = begin_draft(chosen.drill, runbook, rehearse_parts(chosen, ways.seed, ways.runs))
        played = rehearse_with_people(chosen, draft, ways.seed)
    scenes, pictures = scenes_of(draft, played)
    return replace(draft, scenes=scenes), pictures


def _runbook(name: str, chosen: Chosen) -> Runbook | None:
    """The drill's runbook; None, and said, where there is none that can be read."""
    from drillrunner.errors import InvalidInput
    from drillrunner.files.locate import locate_drill
    from drillrunner.files.runbook.file import read_runbook

    if chosen.drill.runbook is None:
        click.echo("the drill names no runbook: the players and what is expected of them are the usual ones", err=True)
        return None
    path = locate_drill(name, Path()).parent / chosen.drill.runbook
    try:
        return read_runbook(path)
    except InvalidInput as error:
        click.echo(f"the runbook is left out: {error.message}; see drill runbook check {path}", err=True)
        return None


def _comments(draft: Draft) -> tuple[str, ...]:
    drill, course = draft.drill, draft.course
    return (
        f"The tabletop exercise of the drill {drill.name}, drafted by drill tabletop plan; it is yours to edit.",
        "Times count from T+0, when the fault takes effect: at is when an inject is due, by when a thing is expected.",
        "Deadlines are from the drill's objectives and its runbook, and from how long each part takes:",
        f"{course.source}.",
    )


def _refuse_over(path: Path, *, force: bool) -> None:
    from drillrunner.errors import InvalidInput

    if path.exists() and not force:
        advice = "choose another -o, or write over it with --force"
        raise InvalidInput("an exercise is there already, and may have been edited", where=str(path), advice=advice)


def _schema(output: Path) -> Mapping[str, str]:
    """The schema that the first line names, for editors. One that is there stays: it may be newer than this program."""
    from drillrunner.authoring.schemas import file_name, schema_text

    name = file_name("exercise")
    return {} if (output / name).exists() else {name: schema_text("exercise")}


def _save(path: Path, text: str, beside: Mapping[str, str]) -> None:
    """What lies beside it first: an exercise on disk shows what is there. Raises InvalidInput."""
    from drillrunner.cli.written import write_text
    from drillrunner.errors import InvalidInput

    for name, content in {**beside, path.name: text}.items():
        file = path.parent / name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidInput(f"cannot be written: {error.strerror}", where=str(file)) from error
        write_text(file, content)


def _check(path: Path) -> None:
    """See that the reader takes what was written: where the folder lies beside no drills, it cannot. Raises it."""
    from drillrunner.files.exercise.file import read_exercise

    read_exercise(path)
