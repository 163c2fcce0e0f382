"""`drill agent`: a long-lived process that runs what is due on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import offers, reports_option

if TYPE_CHECKING:
    from anyio.abc import TaskStatus

    from drillrunner.gameday.agent.loop import Agent

JOURNAL, LOGS, LOCK = "agent.jsonl", "agent", "agent.lock"


@click.command()
@click.option(
    "--drills",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("drills"),
    show_default=True,
    help="The folder with the drills; game days and exercises are those of ./drills.",
)
@click.option(
    "--environment",
    "environment_name",
    metavar="NAME",
    shell_complete=offers("environments"),
    help="Run drills there, instead of where each says; a game day says itself where.",
)
@click.option(
    "--confirm",
    "confirmed",
    multiple=True,
    metavar="ENVIRONMENT",
    help="Confirm an environment by its name, as for drill run. What runs on one that is not confirmed is not started.",
)
@reports_option
@click.option("--once", is_flag=True, help="Run what is due now, and end.")
def agent(drills: Path, environment_name: str | None, confirmed: tuple[str, ...], reports: Path, once: bool) -> int:
    """Run what is due on this machine by its schedule, one thing at a time, until SIGTERM or Ctrl-C.

    What is too late for its grace is left, unless its schedule says otherwise. SIGTERM starts nothing more, and lets
    what runs stop and put everything back. SIGHUP reads the files again. An agent that starts again looks after what
    an earlier one began. Exit code 6 when something is left injected; with --once the worst of the runs'.
    """
    import anyio

    from drillrunner.gameday.agent.lock import alone
    from drillrunner.state import state_folder

    with alone(state_folder() / LOCK), alone(reports / LOGS / LOCK):
        code: int = anyio.run(_work, drills, environment_name, frozenset(confirmed), reports, once)
    return code


async def _work(drills: Path, environment: str | None, confirmed: frozenset[str], reports: Path, once: bool) -> int:
    import os
    import socket

    from drillrunner import __version__
    from drillrunner.cli.agent_things import Reader, has_run, left_by
    from drillrunner.clock import Clock
    from drillrunner.files.journal_file import JournalFile, reopen_journal
    from drillrunner.gameday.agent.loop import Agent
    from drillrunner.gameday.agent.process import ProcessMachine

    clock, path, logs = Clock(), reports / JOURNAL, reports / LOGS
    journal, entries = reopen_journal(path, clock) if path.exists() else (JournalFile(path, clock), [])
    host = socket.gethostname()
    hosts = frozenset({host, *(str(entry.data["host"]) for entry in entries if entry.kind == "agent.began")})
    journal.append("agent.began", {"pid": os.getpid(), "host": host, "version": __version__})
    _say(f"agent of {drills} at work (process {os.getpid()}, journal {path}); Ctrl-C or SIGTERM ends it")
    worker = Agent(
        clock=clock,
        journal=journal,
        entries=entries,
        machine=ProcessMachine(reports, logs, left_by(reports, hosts), has_run(reports)),
        read=Reader(drills, reports, environment, confirmed),
        say=_say,
        logs=logs,
        once=once,
    )
    return await _attended(worker)


async def _attended(worker: Agent) -> int:
    """Its life, with signals passed on. Raises what ended it, out of the task group."""
    import anyio

    code = 0
    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        await group.start(_pass_on_signals, worker)
        try:
            code = await worker.attend()
        except Exception as error:  # noqa: BLE001  raised below, out of the task group
            failure = error
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return code


async def _pass_on_signals(worker: Agent, *, task_status: TaskStatus[None]) -> None:
    import signal

    import anyio

    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        task_status.started()
        async for number in signals:
            if number == signal.SIGHUP:
                worker.look()
            else:
                worker.stop(signal.Signals(number).name)


def _say(text: str) -> None:
    from drillrunner.reporting.outside_text import visible

    click.echo(visible(text), err=True)
