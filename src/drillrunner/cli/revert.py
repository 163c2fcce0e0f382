"""`drill revert`: put back what a run left behind, from its journal alone."""

from __future__ import annotations

from pathlib import Path

import click

from drillrunner.cli.options import json_option, reports_option


@click.command()
@click.argument("run")
@reports_option
@json_option
def revert(run: str, reports: Path, as_json: bool) -> None:
    """Put back whatever RUN (an id, its end, its folder, or `last`) left behind. Needs neither drill file nor code.

    Exit code 0 when everything is back, 6 when something is still injected.
    """
    import anyio

    from drillrunner.cli.aftermath import has_ended, lab_is_gone, revert_dead_run
    from drillrunner.cli.view import say, view_lines
    from drillrunner.errors import ExitCode
    from drillrunner.files.journal_file import read_journal
    from drillrunner.files.lock_file import EnvironmentLock
    from drillrunner.files.run_folder import find_run, read_plan

    folder = find_run(reports, run)
    plan = read_plan(folder)
    lock = EnvironmentLock(plan.environment)
    lock.acquire()
    clean = False
    try:
        if has_ended(read_journal(folder.journal)):
            clean = True
            _show(folder.run_id, 0, 0, [], [], as_json, note="nothing was left to put back")
            return
        if lab_is_gone(plan):
            clean = True
            note = "the lab that it ran in has ended, and took everything with it"
            _show(folder.run_id, 0, 0, [], [], as_json, note=note)
            return
        with view_lines() as view:
            say(f"reverting run {folder.run_id}")
            reverted = anyio.run(revert_dead_run, folder, view.entry)
        clean = not reverted.left
        left = [one.describe() for one in reverted.left]
        cannot = [one.describe() for one in reverted.irreversible]
        _show(folder.run_id, reverted.of, reverted.reverted, left, cannot, as_json)
    finally:
        other = lock.previous is not None and lock.previous.run_id != folder.run_id
        lock.release(keep_name=other or not clean)
    if not clean:
        raise click.exceptions.Exit(ExitCode.STILL_INJECTED)


def _show(
    run_id: str, of: int, reverted: int, left: list[str], cannot: list[str], as_json: bool, note: str | None = None
) -> None:
    import json

    if as_json:
        result = {"run": run_id, "of": of, "reverted": reverted, "left": left, "irreversible": cannot, "note": note}
        click.echo(json.dumps(result, indent=2))
        return
    click.echo(f"run {run_id}: " + (note or f"reverted {reverted}/{of}"))
    for text in left:
        click.echo(f"  STILL INJECTED: {text}")
    for text in cannot:
        click.echo(f"  cannot be put back: {text}")
