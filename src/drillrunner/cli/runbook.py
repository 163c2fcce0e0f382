"""`drill runbook check`: whether runbooks and drills still say the same, without touching anything."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from drillrunner.cli.options import offers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drillrunner.authoring.runbook_check import DrillOnFile, RunbookOnFile
    from drillrunner.errors import Problem

FORMATS = ("text", "json", "github")
_RUNBOOKS = Path("runbooks")


class Checked(NamedTuple):
    """What cannot be read, what was found, and how many `runbooks` were held against the drills."""

    unreadable: Sequence[Problem]
    findings: Sequence[Problem]
    runbooks: int


@click.group()
def runbook() -> None:
    """Runbooks as data: what a person does, held against the drills that practise it."""


@runbook.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE…]")
@click.option(
    "--drill",
    "drill_name",
    metavar="NAME",
    shell_complete=offers("drills"),
    help="Only the runbooks that this drill names, or that name it.",
)
@click.option("--today", metavar="DATE", help="The day that reviews are reckoned from, like 2026-11-21.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
def check(files: tuple[Path, ...], drill_name: str | None, today: str | None, form: str) -> None:
    """Check runbooks against the drills in drills/; without FILES all in runbooks/, and all that drills name.

    Exit code 0 when nothing is found, 1 when something is, 2 when a drill or a runbook cannot be read.
    """
    from drillrunner.errors import ExitCode, InvalidInput

    checked = check_below(Path(), files, _day(today), drill_name)
    problems = [*checked.unreadable, *checked.findings]
    if not checked.runbooks and not problems:
        raise InvalidInput("there is no runbook to check", advice="runbooks are kept in runbooks/, or name their files")
    _show(problems, checked, form)
    if problems:
        raise click.exceptions.Exit(ExitCode.INVALID if checked.unreadable else ExitCode.MISSED)


def check_below(base: Path, files: Sequence[Path], today: date, drill_name: str | None = None) -> Checked:
    """Hold those runbooks (without files: every one) against the drills in `drills/` below `base`."""
    from drillrunner.authoring.runbook_check import check_runbooks

    drills, unreadable = read_drills(base, drill_name)
    runbooks, not_read = read_runbooks(files or every_runbook(base, drills))
    if drill_name:
        runbooks = _of_drill(drill_name, base, runbooks, drills)
    return Checked([*unreadable, *not_read], check_runbooks(drills, runbooks, today), len(runbooks))


def read_drills(base: Path, named: str | None) -> tuple[list[DrillOnFile], list[Problem]]:
    """The drills in `drills/` below `base` and the one that is named, and what cannot be read of them.

    Raises InvalidInput where there is none of that name.
    """
    from drillrunner.authoring.runbook_check import DrillOnFile
    from drillrunner.errors import InvalidInput
    from drillrunner.files.drill_file import read_drill
    from drillrunner.files.locate import drill_names, is_topology, locate_drill

    paths = {locate_drill(name, base): None for name in [*drill_names(base), *([named] if named else [])]}
    found: list[DrillOnFile] = []
    problems: list[Problem] = []
    for path in paths:
        if is_topology(path):
            continue
        try:
            drill = read_drill(path)
        except InvalidInput as error:
            problems += _problems_of(error, path)
            continue
        runbook_path = _resolved(path.parent / drill.runbook) if drill.runbook else None
        found.append(DrillOnFile(drill, str(path), runbook_path))
    return found, problems


def every_runbook(base: Path, drills: Sequence[DrillOnFile]) -> tuple[Path, ...]:
    """The Markdown files in `runbooks/` below `base`, but no README, and those elsewhere that drills name."""
    here = _in_folder(base / _RUNBOOKS)
    resolved = {_resolved(path) for path in here}
    elsewhere = {on_file.runbook for on_file in drills if on_file.runbook} - resolved
    return (*here, *(Path(os.path.relpath(path)) for path in sorted(elsewhere)))


def _in_folder(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.md") if path.stem.casefold() != "readme")


def read_runbooks(paths: Sequence[Path]) -> tuple[list[RunbookOnFile], list[Problem]]:
    """The runbooks in those files, and in those folders as `every_runbook` has them; what cannot be read of them."""
    from drillrunner.authoring.runbook_check import RunbookOnFile
    from drillrunner.errors import InvalidInput
    from drillrunner.files.runbook.file import read_runbook_file

    found: list[RunbookOnFile] = []
    problems: list[Problem] = []
    for path in (file for given in paths for file in (_in_folder(given) if given.is_dir() else [given])):
        try:
            found.append(RunbookOnFile(read_runbook_file(path), _resolved(path)))
        except InvalidInput as error:
            problems += _problems_of(error, path)
    return found, problems


def _of_drill(
    drill_name: str, base: Path, runbooks: Sequence[RunbookOnFile], drills: Sequence[DrillOnFile]
) -> list[RunbookOnFile]:
    """The runbooks that the drill names, or that name it."""
    from drillrunner.files.locate import locate_drill

    file = str(locate_drill(drill_name, base))
    meant = [on_file for on_file in drills if on_file.file == file]
    names, paths = {on_file.drill.name for on_file in meant}, {on_file.runbook for on_file in meant}
    return [one for one in runbooks if one.path in paths or names & set(one.read.runbook.drill_names())]


def _problems_of(error: Exception, path: Path) -> list[Problem]:
    from drillrunner.errors import InvalidInput, Problem

    if isinstance(error, InvalidInput) and error.problems:
        return list(error.problems)
    return [Problem("Y103", str(error), str(path))]


def _resolved(path: Path) -> Path:
    """One path for one file, however it was written."""
    return Path(os.path.realpath(path))


def _day(text: str | None) -> date:
    from drillrunner.errors import InvalidInput

    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f'--today cannot read "{text}"', advice="write it like 2026-11-21") from None


def _show(problems: Sequence[Problem], checked: Checked, form: str) -> None:
    from drillrunner.files.problems import as_json, render_github, render_with_hint

    if form == "json":
        told = {"clean": not problems, "runbooks": checked.runbooks, "problems": as_json(problems)}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    elif form == "github" and problems:
        click.echo(render_github(problems))  # whose runner reads standard output
    elif problems:
        click.echo(render_with_hint(problems), err=bool(checked.unreadable))
    else:
        click.echo("1 runbook is clean" if checked.runbooks == 1 else f"{checked.runbooks} runbooks are clean")
