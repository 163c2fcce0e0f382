"""`drill validate`: says everything that is wrong with drills and environments, and touches nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import json_option, var_option

if TYPE_CHECKING:
    from drillrunner.errors import Problem

FORMATS = ("text", "json")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--environment", metavar="NAME", help="Check that the drills can run there, instead of where they say.")
@var_option
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@json_option
def validate(
    files: tuple[str, ...], environment: str | None, variables: tuple[str, ...], form: str, as_json: bool
) -> None:
    """Check drill files, and environments.yaml, without touching anything.

    Every problem is told at once, with its file, line and column. Exit code 0 when all are valid, 2 when one is not.
    """
    from drillrunner.errors import ExitCode

    overrides = parse_variables(variables)
    problems: list[Problem] = []
    for name in files:
        problems += check_file(name, overrides, environment)
    invalid = any(not problem.code.startswith("W") for problem in problems)
    _show(problems, len(files), invalid, "json" if as_json else form)
    if invalid:
        raise click.exceptions.Exit(ExitCode.INVALID)


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
    """The problems and warnings of a drill, or of a file of environments."""
    from drillrunner.errors import InvalidInput, Problem
    from drillrunner.files.drill_file import read_drill_file
    from drillrunner.files.environment_file import find_environment, read_environments
    from drillrunner.files.environment_rules import check_against
    from drillrunner.files.locate import ENVIRONMENTS, locate_drill

    try:
        if Path(name).name.endswith(ENVIRONMENTS):
            read_environments(Path(name))
            return []
        path = locate_drill(name, Path())
        found = read_drill_file(path, variables=variables)
        chosen = find_environment(environment or found.drill.environment, path)
        return [*found.warnings, *check_against(found.drill, chosen, str(path))]
    except InvalidInput as error:
        if error.problems:
            return list(error.problems)
        return [Problem("Y101", error.message, error.where or name, advice=error.advice)]


def _show(problems: list[Problem], count: int, invalid: bool, form: str) -> None:
    from drillrunner.files.problems import as_json, render_text

    if form == "json":
        told = {"valid": not invalid, "problems": as_json(problems)}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    if problems:
        click.echo(render_text(problems), err=invalid)
    if not invalid:
        click.echo("1 file is valid" if count == 1 else f"{count} files are valid")
