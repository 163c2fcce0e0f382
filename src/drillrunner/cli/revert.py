"""`drill revert`: put back what a run left behind, from its journal alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import json_option, offers, reports_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from drillrunner.engine.revert import Reverted
    from drillrunner.files.lock_file import EnvironmentLock
    from drillrunner.files.run_folder import RunFolder
    from drillrunner.model.journal import Entry
    from drillrunner.model.plan import Plan


@click.command()
@click.argument("run", shell_complete=offers("runs"))
@reports_option
@json_option
def revert(run: str, reports: Path, as_json: bool) -> None:
    """Put back whatever RUN (an id, its end, its folder, or `last`) left behind. Needs neither drill file nor code.

    Exit code 0 when everything is back, 6 when something is still injected. Ctrl-C does not end it; a second one
    leaves, says what is still injected, and exits 130.
    """
    import anyio

    from drillrunner.cli.view import say, view_lines
    from drillrunner.errors import DrillError, ExitCode
    from drillrunner.files.lock_file import EnvironmentLock
    from drillrunner.files.run_folder import find_run, read_plan

    folder = find_run(reports, run)
    plan = read_plan(folder)
    lock = EnvironmentLock(plan.environment)
    lock.acquire()
    try:
        note = _nothing_to_do(folder, plan)
        if note is not None:
            _settle(lock, folder)
            _show(folder.run_id, None, as_json, note)
            return
        with view_lines() as view:
            say(f"reverting run {folder.run_id}")
            try:
                reverted = anyio.run(_attended, folder, plan, lock, view.entry)
            except DrillError as error:
                _still_owed(folder)
                error.exit_code = ExitCode.STILL_INJECTED
                raise
        _show(folder.run_id, reverted, as_json)
    finally:
        lock.release()
    if reverted.left:
        raise click.exceptions.Exit(ExitCode.STILL_INJECTED)


async def _attended(folder: RunFolder, plan: Plan, lock: EnvironmentLock, notify: Callable[[Entry], None]) -> Reverted:
    """Put it back before a person, and tell whoever environments.yaml names, who may hear of it a little later."""
    from drillrunner.cli.aftermath import revert_attended
    from drillrunner.cli.signals import signalling, signals_for_revert, to_all
    from drillrunner.files.run_folder import read_verdict

    async with signalling(signals_for_revert(plan.environment.name), folder, goes_on=True) as signals:
        reverted = await revert_attended(folder, to_all(signals.entry, notify))
        if not reverted.left:
            _settle(lock, folder)
        signals.ended(read_verdict(folder))
    return reverted


def _still_owed(folder: RunFolder) -> None:
    """The revert could not even begin, so everything that the journal owes is still there."""
    from drillrunner.engine.revert import owed
    from drillrunner.files.journal_file import read_journal

    for one in owed(read_journal(folder.journal)):
        click.echo(f"STILL INJECTED: {one.describe()}", err=True)


def _settle(lock: EnvironmentLock, folder: RunFolder) -> None:
    """Another run's name, which the lock may bear, is not ours to take away."""
    if lock.previous is None or lock.previous.run_id == folder.run_id:
        lock.settle()


def _nothing_to_do(folder: RunFolder, plan: Plan) -> str | None:
    from drillrunner.cli.aftermath import has_ended, lab_is_gone
    from drillrunner.files.journal_file import read_journal

    if has_ended(read_journal(folder.journal)):
        return "nothing was left to put back"
    if lab_is_gone(plan):
        return "the lab that it ran in has ended, and took everything with it"
    return None


def _show(run_id: str, reverted: Reverted | None, as_json: bool, note: str | None = None) -> None:
    import json

    left = [one.describe() for one in reverted.left] if reverted else []
    cannot = [one.describe() for one in reverted.irreversible] if reverted else []
    of, done = (reverted.of, reverted.reverted) if reverted else (0, 0)
    if as_json:
        result = {"run": run_id, "of": of, "reverted": done, "left": left, "irreversible": cannot, "note": note}
        click.echo(json.dumps(result, indent=2))
        return
    click.echo(f"run {run_id}: " + (note or f"reverted {done}/{of}"))
    for text in left:
        click.echo(f"  STILL INJECTED: {text}")
    for text in cannot:
        click.echo(f"  cannot be put back: {text}")
