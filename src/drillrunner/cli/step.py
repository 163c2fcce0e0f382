"""`drill step`: say from another shell that a step of the runbook is begun or done; the run itself records it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import reports_option, run_argument

if TYPE_CHECKING:
    from drillrunner.files.run_folder import RunFolder
    from drillrunner.model.runbook_walk import StepRequest, StepState, StepWord, Walk

POLL_SECONDS = 0.1
ANSWERED_WITHIN_SECONDS = 10.0


@click.command()
@run_argument
@click.argument("step_id", metavar="[STEP]", required=False)
@click.argument("state", required=False, type=click.Choice(["begun", "done"]))
@click.option("--by", metavar="NAME", help="Who does it, for the record; the login name unless given.")
@reports_option
def step(run: str, step_id: str | None, state: StepWord | None, by: str | None, reports: Path) -> None:
    """Say that STEP of the runbook is begun or done in RUN (`last`: the newest), while it runs.

    Steps are named as the live view and the page name them: 3, or 2.3 where the runbook has several lists. Without STEP
    they are listed, of a run that is over too.
    """
    from drillrunner.files.run_folder import find_run

    folder = find_run(reports, run)
    if step_id is None:
        _list(folder)
    elif state is None:
        raise click.UsageError("say what the step is: begun or done")
    else:
        _say(folder, step_id, state, by)


def _walk_of(folder: RunFolder) -> Walk:
    """How far the steps have come. Raises InvalidInput for a run without a runbook."""
    from drillrunner.errors import InvalidInput
    from drillrunner.files.journal_file import read_journal
    from drillrunner.model.runbook_walk import walked

    walk = walked(read_journal(folder.journal))
    if not walk.states:
        raise InvalidInput(
            f"run {folder.run_id} walks through no runbook",
            advice="its drill names none, or one that could not be read (drill runbook check says why)",
        )
    return walk


def _is_running(folder: RunFolder) -> bool:
    from drillrunner.files.lock_file import is_held
    from drillrunner.files.run_folder import read_plan

    return is_held(read_plan(folder).environment, folder.run_id)


def _list(folder: RunFolder) -> None:
    from drillrunner.files.journal_file import read_journal
    from drillrunner.reporting.runbook_table import HEADINGS, step_table
    from drillrunner.reporting.table_text import aligned

    file = _walk_of(folder).file
    table = step_table(read_journal(folder.journal), over=not _is_running(folder))
    click.echo(f"{file}, as run {folder.run_id} walked through it")
    order = (0, 2, 3, 5, 6, 4, 1)  # what is said of a step can be long, and goes last
    for line in aligned([[cells[at] for at in order] for cells in (HEADINGS, *(row.cells for row in table.rows))]):
        click.echo(line)
    if table.note:
        click.echo(table.note)


def _say(folder: RunFolder, step_id: str, state: StepWord, by: str | None) -> None:
    """Ask, and wait until the run has recorded it. Raises InvalidInput, Refused."""
    from drillrunner.cli.people import login_name
    from drillrunner.errors import Refused
    from drillrunner.files.journal_file import read_journal
    from drillrunner.files.step_requests import ask_step
    from drillrunner.model.runbook_walk import NAME_CHARACTERS_MOST, StepRequest

    walk = _walk_of(folder)
    found = _found(walk, step_id)
    if not _is_running(folder):
        raise Refused(f"run {folder.run_id} is not running: its steps are as they were recorded")
    name = (login_name() if by is None else by).encode(errors="replace").decode()[:NAME_CHARACTERS_MOST]
    request = StepRequest(id=found.step.id, state=state, by=name, via="shell")
    if not walk.changes(request):
        click.echo(f"step {found.step.id} is {state} already: {found.step.text}")
        return
    before = len(read_journal(folder.journal))
    ask_step(folder.step_requests, request)
    if not _recorded(folder, request, before):
        raise Refused(
            f"the run has not recorded it within {ANSWERED_WITHIN_SECONDS:g} s",
            advice=f"see whether it has ended meanwhile: drill step {folder.run_id}",
        )
    click.echo(f"step {found.step.id} is {state}: {found.step.text}")


def _found(walk: Walk, step_id: str) -> StepState:
    """The step of that name that people do; its list can be left out where no other has that number.

    Raises InvalidInput.
    """
    from drillrunner.errors import InvalidInput
    from drillrunner.files.nearest import choices

    ids = [one.step.id for one in walk.states]
    alike = [one for one in ids if one.partition(".")[2] == step_id]
    state = walk.state(alike[0] if len(alike) == 1 else step_id)
    if state is None:
        what = f"several lists have a step {step_id}" if len(alike) > 1 else f'there is no step "{step_id}"'
        advice = f"write {' or '.join(alike)}" if alike else choices(step_id, ids)
        raise InvalidInput(what, where=walk.file, advice=advice)
    if state.step.by_drill:
        raise InvalidInput(
            f"step {step_id} is done by the drill itself, which records it",
            where=walk.file,
            advice="people begin and end the others: drill step RUN lists them",
        )
    return state


def _recorded(folder: RunFolder, request: StepRequest, after: int) -> bool:
    """Whether an entry after the `after`th says so, in time."""
    from drillrunner.files.journal_file import read_journal
    from drillrunner.model.runbook_walk import STEP, request_data

    deadline, wanted = time.monotonic() + ANSWERED_WITHIN_SECONDS, request_data(request)
    while not any(one.kind == STEP and one.data == wanted for one in read_journal(folder.journal)[after:]):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
