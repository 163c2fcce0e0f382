"""`drill compare`: a run beside another run, or beside what its rehearsal had said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import json_option, offers, reports_option, run_argument

if TYPE_CHECKING:
    from drillrunner.judge.run_comparison import JudgedRun
    from drillrunner.model.rehearsal import Rehearsal


@click.command()
@run_argument
@click.argument("other", required=False, shell_complete=offers("runs"))
@click.option(
    "--rehearsal",
    "rehearsal",
    is_flag=False,
    flag_value="last",
    default=None,
    metavar="[FOLDER]",
    help="Hold RUN against a rehearsal: its folder; without one, the newest rehearsal of the same drill.",
)
@reports_option
@json_option
def compare(run: str, other: str | None, rehearsal: str | None, reports: Path, as_json: bool) -> None:
    """Say what differs between two runs (ids, folders, or `last`): RUN is the earlier one, OTHER is held against it.

    With --rehearsal, and no OTHER: whether RUN lay within its rehearsal's prediction, and what the model missed.

    Exit code 0; 1 when OTHER is worse (its outcome, or an objective whose whole interval is on the worse side), or
    when an objective did not lie within the prediction.
    """
    if rehearsal is not None and other is None:
        code = _beside_rehearsal(run, rehearsal, reports, as_json=as_json)
    elif rehearsal is None and other is not None:
        code = _beside_run(run, other, reports, as_json=as_json)
    else:
        raise click.UsageError("name two runs, drill compare RUN OTHER, or one and its rehearsal: RUN --rehearsal")
    raise click.exceptions.Exit(code)


def _beside_run(run: str, other: str, reports: Path, *, as_json: bool) -> int:
    from drillrunner.errors import ExitCode
    from drillrunner.judge.run_comparison import compare_runs
    from drillrunner.reporting import render_json
    from drillrunner.reporting.run_comparison_text import run_comparison_lines

    found = compare_runs(_judged(run, reports), _judged(other, reports))
    click.echo(render_json(found) if as_json else "\n".join(run_comparison_lines(found)), nl=not as_json)
    return ExitCode.MISSED if found.worse else ExitCode.ALL_MET


def _judged(name: str, reports: Path) -> JudgedRun:
    from drillrunner.files.journal_file import read_journal
    from drillrunner.files.readings_file import read_readings
    from drillrunner.files.run_folder import find_run, read_plan
    from drillrunner.judge import judge
    from drillrunner.judge.run_comparison import JudgedRun

    folder = find_run(reports, name)
    plan, entries = read_plan(folder), read_journal(folder.journal)
    return JudgedRun(plan, entries, judge(plan, entries, read_readings(folder.readings)))


def _beside_rehearsal(run: str, rehearsal: str, reports: Path, *, as_json: bool) -> int:
    from drillrunner.cli.aftermath import judge_folder
    from drillrunner.errors import ExitCode
    from drillrunner.files.run_folder import find_run
    from drillrunner.judge.prediction import compare as compare_with
    from drillrunner.reporting import render_json
    from drillrunner.reporting.comparison_text import comparison_lines

    verdict = judge_folder(find_run(reports, run), write=False)
    found = compare_with(verdict, _read(_folder(rehearsal, reports, verdict.drill)))
    click.echo(render_json(found) if as_json else "\n".join(comparison_lines(found)), nl=not as_json)
    return ExitCode.ALL_MET if all(one.within for one in found.objectives) else ExitCode.MISSED


def _folder(given: str, reports: Path, drill: str) -> Path:
    from drillrunner.cli.rehearsed import FOLDER
    from drillrunner.errors import RunNotFound

    if given != "last":
        return Path(given)
    known = sorted((reports / FOLDER).glob(f"*-{drill}"), reverse=True)
    if not known:
        raise RunNotFound(
            f"no rehearsal of {drill} is there", where=str(reports / FOLDER), advice=f"make one: drill rehearse {drill}"
        )
    return known[0]


def _read(folder: Path) -> Rehearsal:
    from pydantic import ValidationError

    from drillrunner.errors import InvalidInput
    from drillrunner.model.rehearsal import Rehearsal

    file = folder / "rehearsal.json"
    try:
        return Rehearsal.model_validate_json(file.read_bytes())
    except OSError as error:
        raise InvalidInput(f"the rehearsal cannot be read: {error.strerror}", where=str(file)) from error
    except ValidationError as error:
        raise InvalidInput(
            "this is no rehearsal that this version can read", where=str(file), advice="rehearse the drill again"
        ) from error
