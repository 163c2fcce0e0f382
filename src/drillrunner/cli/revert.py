"""`drill revert`: put back what a run left behind, from its journal alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from drillrunner.cli.options import json_option, offers, reports_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from drillrunner.engine.revert import Reverted
    from drillrunner.files.run_folder import RunFolder
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
    from drillrunner.errors import ExitCode
    from drillrunner.files.lock_file import EnvironmentLock
    from drillrunner.files.run_folder import find_run, read_plan

    folder = find_run(reports, run)
    plan = read_plan(folder)
    lock = EnvironmentLock(plan.environment)
    lock.acquire()

    def settle() -> None:
        """Another run's name, which the lock may bear, is not ours to take away."""
        if lock.previous is None or lock.previous.run_id == folder.run_id:
            lock.settle()

    try:
        note = _nothing_to_do(folder, plan)
        if note is not None:
            settle()
            _show(folder.run_id, None, as_json, note)
            return
        reverted = _put_back(folder, plan, settle, as_json=as_json)
    finally:
        lock.release()
    if reverted.left:
        raise click.exceptions.Exit(ExitCode.STILL_INJECTED)


def _put_back(folder: RunFolder, plan: Plan, settle: Callable[[], None], *, as_json: bool) -> Reverted:
    """Put it back and show the result. What goes wrong or is interrupted once that is known cannot change it."""
    import anyio

    from drillrunner.cli.aftermath import revert_attended, worded
    from drillrunner.cli.signals import signals_for_revert
    from drillrunner.cli.view import say, view_lines

    known: list[Reverted] = []

    def done(reverted: Reverted) -> None:
        known.append(reverted)
        if not reverted.left:
            settle()
        _show(folder.run_id, reverted, as_json)

    try:
        with view_lines() as view:
            say(f"reverting run {folder.run_id}")
            specs = signals_for_revert(plan.environment.name)
            anyio.run(revert_attended, folder, specs, view.entry, done)
    except KeyboardInterrupt:
        if not known:
            _interrupted(folder)
    except Exception as error:  # noqa: BLE001  raised, or said: a failure of ours leaves as much as a refusal of AWS
        if not known:
            _not_begun(folder, error)
        say(f"warning: after the revert: {worded(error)}")
    return known[0]


def _interrupted(folder: RunFolder) -> NoReturn:
    """A Ctrl-C that came before it was answered."""
    from drillrunner.errors import ExitCode

    left = _say_owed(folder)
    click.echo("interrupted" if left else "interrupted; nothing is left to put back", err=True)
    raise click.exceptions.Exit(ExitCode.STILL_INJECTED if left else ExitCode.ABORTED)


def _not_begun(folder: RunFolder, error: Exception) -> NoReturn:
    """The revert could not begin, or did not come to its end: name what the journal owes, and raise what went wrong."""
    from drillrunner.cli import innermost
    from drillrunner.errors import DrillError, ExitCode

    cause = innermost(error)
    what = f"internal error: {type(cause).__name__}: {cause}"
    told = cause if isinstance(cause, DrillError) else DrillError(what, advice="see it whole with: drill --debug …")
    if _say_owed(folder):
        told.exit_code = ExitCode.STILL_INJECTED
    if told is error:
        raise told
    raise told from error


def _say_owed(folder: RunFolder) -> bool:
    """Name what the journal owes; whether that is anything."""
    from drillrunner.engine.revert import owed
    from drillrunner.files.journal_file import read_journal

    left = owed(read_journal(folder.journal))
    for one in left:
        click.echo(f"STILL INJECTED: {one.describe()}", err=True)
    return bool(left)


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
