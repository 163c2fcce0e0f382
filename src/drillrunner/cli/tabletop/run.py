"""`drill tabletop run`: one facilitator at a terminal plays an exercise, or lines of a script do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import reports_option, seed_option

if TYPE_CHECKING:
    from drillrunner.cli.tabletop.leaving import Leaving
    from drillrunner.cli.tabletop.session import Session
    from drillrunner.cli.tabletop.table import Table


@click.command()
@click.argument("exercise", required=False)
@click.option("--resume", "resumed", metavar="FOLDER", help="Go on with an exercise that was left, or died.")
@click.option("--auto-publish", is_flag=True, help="Publish injects when they are due, without being asked.")
@seed_option
@reports_option
def run(exercise: str | None, resumed: str | None, auto_publish: bool, seed: int | None, reports: Path) -> None:
    """Play EXERCISE, a file or a name in drills/exercises/, with people around a table.

    What happens is typed, and written down at once; type help for what can be typed. Without a terminal each line
    of standard input is one command. Exit code 0 when the exercise was ended, 3 when it was left before, 4 when a
    line of a script was refused.
    """
    from drillrunner.cli.session import drawn_seed
    from drillrunner.cli.tabletop.session import begin_session, resume_session
    from drillrunner.clock import Clock
    from drillrunner.errors import InvalidInput
    from drillrunner.files.locate import locate_exercise

    if (exercise is None) == (resumed is None):
        raise InvalidInput("name an exercise's file, or --resume with an exercise that was begun, and not both")
    if resumed is not None:
        if auto_publish:
            raise InvalidInput("--auto-publish belongs to the beginning", advice="an exercise keeps how it was begun")
        session = resume_session(resumed, reports, Clock(), drawn_seed(seed))
    else:
        source = locate_exercise(exercise or "", Path())
        session = begin_session(source, reports, Clock(), drawn_seed(seed), auto_publish=auto_publish)
    code = _play(session)
    if code:
        raise click.exceptions.Exit(code)


def _play(session: Session) -> int:
    from drillrunner.cli.tabletop.leaving import leaving_on_signals
    from drillrunner.cli.tabletop.table import LineTable
    from drillrunner.errors import ExitCode

    table: Table
    if sys.stdin.isatty() and sys.stdout.isatty():
        from drillrunner.cli.tabletop.screen import ScreenTable

        table = ScreenTable(session.desk)
    else:
        table = LineTable(session.desk, sys.stdin.fileno(), click.echo)
    with leaving_on_signals() as leaving, session.journal, table:
        refused = facilitate(session, table, leaving)
    state = session.desk.state
    if state.ended_at is None:
        click.echo(f"left at {_where(session)}; go on with: drill tabletop run --resume {session.folder.path}")
        return ExitCode.REFUSED if refused else ExitCode.INCONCLUSIVE
    click.echo(f"report it with: drill tabletop report {session.folder.path}")
    return ExitCode.REFUSED if refused else ExitCode.ALL_MET


def facilitate(session: Session, table: Table, leaving: Leaving) -> bool:
    """Take line after line until somebody quits or there are no more. Answers whether one was refused (by no screen).

    Whatever ends it, the clock is stopped in the journal, so that it can be taken up again where it was left.
    """
    from drillrunner.cli.tabletop.table import Play

    play = Play(session, table)
    try:
        play.greet()
        play.until_left(leaving)
    except KeyboardInterrupt:
        table.say(["interrupted"])
    finally:
        play.stop_clock()
    return play.refused and not table.forgives


def _where(session: Session) -> str:
    from drillrunner.model.exercise import format_offset

    return format_offset(session.desk.scenario_seconds())
