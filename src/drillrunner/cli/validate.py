"""`drill validate`: says everything that is wrong with drills, environments and topologies, and touches nothing."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import json_option, offers, var_option

if TYPE_CHECKING:
    from drillrunner.errors import Problem

FORMATS = ("text", "json", "github", "sarif")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…", shell_complete=offers("drill files"))
@click.option(
    "--environment",
    metavar="NAME",
    shell_complete=offers("environments"),
    help="Check that the drills can run there, instead of where they say.",
)
@var_option
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@json_option
def validate(
    files: tuple[str, ...], environment: str | None, variables: tuple[str, ...], form: str, as_json: bool
) -> None:
    """Check drills, environments.yaml, topologies, exercises and game days, without touching anything.

    A folder stands for the YAML files in it and below. Every problem is told at once, with its file, line and column.
    Exit code 0 when all are valid, 2 when one is not. A JSON schema beside the drills is passed over.
    The formats github (workflow commands) and sarif (2.1.0) show the problems beside the lines of a change.
    """
    from drillrunner.errors import ExitCode
    from drillrunner.files.locate import SCHEMA_SUFFIX, yaml_files

    files = tuple(each for name in files if not name.endswith(SCHEMA_SUFFIX) for each in yaml_files(name))
    overrides = parse_variables(variables)
    problems: list[Problem] = []
    with _without_collector():
        for name in files:
            problems += check_file(name, overrides, environment)
    invalid = any(not problem.code.startswith("W") for problem in problems)
    _show(problems, len(files), invalid, "json" if as_json else form)
    if invalid:
        raise click.exceptions.Exit(ExitCode.INVALID)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Keep the garbage collector from looking, again and again, through what was just imported.

    Files are bounded and the command ends soon: there is nothing to collect. What is there by then is frozen, so that
    neither the collector's return nor the end of the process looks through it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.freeze()
            gc.enable()


def parse_variables(given: tuple[str, ...]) -> dict[str, str]:
    """`name=value` options as a mapping. Raises InvalidInput."""
    from drillrunner.errors import InvalidInput

    variables = {}
    for option in given:
        name, equals, value = option.partition("=")
        if not name or not equals:
            raise InvalidInput(f'--var cannot read "{option}"', advice="write --var name=value")
        if name in variables:
            raise InvalidInput(f'--var gives "{name}" twice', advice="give each variable one value")
        variables[name] = value
    return variables


def check_file(name: str, variables: dict[str, str], environment: str | None) -> list[Problem]:
    """The problems and warnings of a drill; the problems of environments, a topology or a tabletop exercise."""
    from drillrunner.errors import InvalidInput, Problem
    from drillrunner.files.drill_file import read_drill_file
    from drillrunner.files.environment_file import find_environment, read_environments
    from drillrunner.files.environment_rules import check_against
    from drillrunner.files.locate import ENVIRONMENTS, is_exercise, is_gameday, is_topology, locate_drill

    try:
        if Path(name).name.endswith(ENVIRONMENTS):
            read_environments(Path(name))
            return []
        path = locate_drill(name, Path())
        if is_topology(path):
            from drillrunner.lab.topology import load_topology

            load_topology(str(path))
            return []
        if is_gameday(path) or is_exercise(path):
            return _check_day_or_exercise(path)
        found = read_drill_file(path, variables=variables)
        chosen = find_environment(environment or found.drill.environment, path)
        return [*found.warnings, *check_against(found.drill, chosen, str(path))]
    except InvalidInput as error:
        if error.problems:
            return list(error.problems)
        return [Problem("Y101", error.message, error.where or name, advice=error.advice)]


def _check_day_or_exercise(path: Path) -> list[Problem]:
    """What of a game day lies in the past, and what is wrong with its calendars; nothing of an exercise.

    Raises InvalidInput with all that is wrong with the file itself.
    """
    from datetime import UTC, datetime

    from drillrunner.files.locate import is_gameday

    if not is_gameday(path):
        check_exercise(path)
        return []
    from drillrunner.files.gameday.file import past_dates, read_gameday_file
    from drillrunner.files.ics.file import calendar_problems

    found, now = read_gameday_file(path), datetime.now(UTC)
    return [*past_dates(found, now), *calendar_problems(found.gameday.calendars, now)]


def check_exercise(path: Path) -> None:
    """Read a tabletop exercise as `drill tabletop run` would. Raises InvalidInput."""
    from datetime import UTC, datetime

    from drillrunner.files.exercise.file import read_exercise

    read_exercise(path, now=datetime.now(UTC))


def _show(problems: list[Problem], count: int, invalid: bool, form: str) -> None:
    if form == "json":
        from drillrunner.files.problems import as_json

        click.echo(_json({"valid": not invalid, "problems": as_json(problems)}))
        return
    if form == "sarif":
        from drillrunner.authoring.sarif import as_sarif

        click.echo(_json(as_sarif(problems)))
        return
    if problems:
        from drillrunner.files.problems import render_github, render_with_hint

        github = form == "github"  # whose runner reads standard output
        click.echo(render_github(problems) if github else render_with_hint(problems), err=invalid and not github)
    if not invalid:
        click.echo("1 file is valid" if count == 1 else f"{count} files are valid")


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
