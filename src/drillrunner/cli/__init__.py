"""The command line: one file for each command, wired here. Nothing heavy is imported until a command runs."""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import Any, TextIO

import click

from drillrunner import __version__
from drillrunner.errors import DrillError, ExitCode, InvalidInput

# command: (module, attribute), in the order of a newcomer's way
COMMANDS = {
    "init": ("drillrunner.cli.init", "init"),
    "validate": ("drillrunner.cli.validate", "validate"),
    "explain": ("drillrunner.cli.explain", "explain"),
    "plan": ("drillrunner.cli.plan", "plan"),
    "rehearse": ("drillrunner.cli.rehearse", "rehearse"),
    "run": ("drillrunner.cli.run", "run"),
    "stop": ("drillrunner.cli.stop", "stop"),
    "step": ("drillrunner.cli.step", "step"),
    "revert": ("drillrunner.cli.revert", "revert"),
    "status": ("drillrunner.cli.status", "status"),
    "judge": ("drillrunner.cli.judge", "judge"),
    "history": ("drillrunner.cli.history", "history"),
    "compare": ("drillrunner.cli.compare", "compare"),
    "trend": ("drillrunner.cli.trend", "trend"),
    "due": ("drillrunner.cli.due", "due"),
    "calendar": ("drillrunner.cli.calendar", "calendar"),
    "schedule": ("drillrunner.cli.schedule.group", "schedule"),
    "gameday": ("drillrunner.cli.gameday.group", "gameday"),
    "approve": ("drillrunner.cli.approve", "approve"),
    "agent": ("drillrunner.cli.agent", "agent"),
    "report": ("drillrunner.cli.report", "report"),
    "actions": ("drillrunner.cli.actions", "actions"),
    "evidence": ("drillrunner.cli.evidence", "evidence"),
    "serve": ("drillrunner.cli.serve", "serve"),
    "catalog": ("drillrunner.cli.catalog", "catalog"),
    "selftest": ("drillrunner.cli.selftest", "selftest"),
    "runbook": ("drillrunner.cli.runbook", "runbook"),
    "tabletop": ("drillrunner.cli.tabletop.group", "tabletop"),
    "permissions": ("drillrunner.cli.permissions", "permissions"),
    "lab": ("drillrunner.cli.lab", "lab"),
    "snapshot": ("drillrunner.cli.snapshot", "snapshot"),
    "schema": ("drillrunner.cli.schema", "schema"),
    "completion": ("drillrunner.cli.completion", "completion"),
}

STDOUT = 1


class _LazyGroup(click.Group):
    """Imports a command's module when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from drillrunner.files.nearest import did_you_mean

            hint = did_you_mean(args[0], list(COMMANDS))
            raise click.UsageError(f'there is no command "{args[0]}"' + (f"; {hint}" if hint else ""), ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="drill")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def cli(debug: bool) -> None:
    """Practise a regional failover, measure RTO and RPO, and put everything back.

    \b
    Exit codes: 0 all objectives met · 1 missed · 2 invalid input · 3 inconclusive · 4 refused
    5 aborted and fully reverted · 6 something is still injected · 130 forced by a second Ctrl-C
    """


class _Outlet(io.FileIO):
    """A standard stream whose reader may go away: what nobody can read any more is dropped.

    `drill run … 2>&1 | head` must neither end the run nor keep it from putting everything back, nor
    change what the exit code says. Of standard output a full disk is still told.
    """

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            if self.fileno() == STDOUT and not isinstance(error, BrokenPipeError):
                raise
        return len(data)


def _tolerant(stream: TextIO) -> TextIO:
    """The same stream, that outlives its reader. One that is no file of ours (closed, or a test's) stays as it is."""
    if stream is None or stream not in (sys.__stdout__, sys.__stderr__):
        return stream
    buffer = io.BufferedWriter(_Outlet(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(
        buffer,
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering or stream is sys.__stderr__,
    )


def main() -> None:
    """The `drill` script: every error ends as text and an exit code."""
    sys.stdout, sys.stderr = _tolerant(sys.stdout), _tolerant(sys.stderr)
    # Nouns use no pydantic plugin, and pydantic would look for one in every package that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    debug = "--debug" in sys.argv
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = ExitCode.INVALID
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = ExitCode.ABORTED
    except DrillError as error:
        _show_traceback(debug and error.__cause__ is not None)
        show_error(error)
        code = error.exit_code
    except Exception as error:  # noqa: BLE001  no traceback reaches a user
        _show_traceback(debug)
        cause = innermost(error)
        click.echo(f"internal error: {type(cause).__name__}: {cause}\n  see it whole with: drill --debug …", err=True)
        code = ExitCode.INVALID
    sys.exit(code if isinstance(code, int) else 0)


def _show_traceback(wanted: bool) -> None:
    if wanted:
        import traceback

        traceback.print_exc()


def innermost(error: BaseException) -> BaseException:
    """What a group of one error is about."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def show_error(error: DrillError) -> None:
    """An error as text on standard error; a file's problems each with its place."""
    if isinstance(error, InvalidInput) and error.problems:
        from drillrunner.files.problems import render_with_hint

        click.echo(render_with_hint(error.problems), err=True)
        return
    click.echo(f"error: {error}", err=True)
