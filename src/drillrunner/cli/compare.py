"""`drill compare`: what a run measured, held against what its rehearsal had said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import json_option, reports_option

if TYPE_CHECKING:
    from drillrunner.model.rehearsal import Rehearsal


@click.command()
@click.argument("run", default="last")
@click.option(
    "--rehearsal",
    "rehearsal",
    is_flag=False,
    flag_value="last",
    required=True,
    metavar="[FOLDER]",
    help="A rehearsal's folder; without one, the newest rehearsal of the same drill.",
)
@reports_option
@json_option
def compare(run: str, rehearsal: str, reports: Path, as_json: bool) -> None:
    """Say whether RUN (an id, a folder, or `last`) lay within its rehearsal's prediction, and what the model missed.

    Exit code 0 when every objective lay within, 1 when one did not.
    """
    from drillrunner.cli.aftermath import judge_folder
    from drillrunner.files.run_folder import find_run
    from drillrunner.judge.prediction import compare as compare_with
    from drillrunner.reporting.comparison_text import comparison_lines

    verdict = judge_folder(find_run(reports, run), write=False)
    found = compare_with(verdict, _read(_folder(rehearsal, reports, verdict.drill)))
    click.echo(found.model_dump_json(indent=2) if as_json else "\n".join(comparison_lines(found)))
    raise click.exceptions.Exit(0 if all(one.within for one in found.objectives) else 1)


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
