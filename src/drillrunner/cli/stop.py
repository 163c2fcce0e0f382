"""`drill stop`: end a run from another terminal; the run itself reverts."""

from __future__ import annotations

import time
from pathlib import Path

import click

from drillrunner.cli.options import reports_option, run_argument

POLL_SECONDS = 0.2


@click.command()
@run_argument
@reports_option
@click.option("--no-wait", is_flag=True, help="Do not wait until the run has reverted.")
def stop(run: str, reports: Path, no_wait: bool) -> None:
    """Ask RUN (by default the last one) to stop and revert, and wait until it has."""
    from drillrunner.engine.revert import owed
    from drillrunner.errors import ExitCode
    from drillrunner.files.journal_file import read_journal
    from drillrunner.files.lock_file import is_held
    from drillrunner.files.run_folder import find_run, read_plan

    folder = find_run(reports, run)
    environment = read_plan(folder).environment
    if not is_held(environment, folder.run_id):
        left = owed(read_journal(folder.journal))
        click.echo(f"run {folder.run_id} is not running")
        if left:
            click.echo(f"it left {len(left)} behind; mend it with: drill revert {folder.run_id}")
            raise click.exceptions.Exit(ExitCode.STILL_INJECTED)
        return
    folder.stop_request.touch()
    click.echo(f"asked run {folder.run_id} to stop and revert")
    if no_wait:
        return
    while is_held(environment, folder.run_id):
        time.sleep(POLL_SECONDS)
    left = owed(read_journal(folder.journal))
    click.echo("it has ended" + (f"; STILL INJECTED: {', '.join(one.describe() for one in left)}" if left else ""))
    if left:
        raise click.exceptions.Exit(ExitCode.STILL_INJECTED)
