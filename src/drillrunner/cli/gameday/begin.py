"""`drill gameday run`: from what was asked for to a folder with a journal, anew or where a dead process left off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from drillrunner.cli.gameday.group import keep
from drillrunner.cli.gameday.live import Day, run_day
from drillrunner.cli.gameday.past import left_by, refuse_dead, unfinished
from drillrunner.cli.gameday.plan import Planned, gameday_of, plan_gameday
from drillrunner.cli.live_run import Order
from drillrunner.cli.run import confirm_order
from drillrunner.cli.session import clock_for, drawn_seed
from drillrunner.cli.view import say
from drillrunner.errors import EnvironmentBusy, ExitCode, Refused
from drillrunner.files.environment_file import find_signals
from drillrunner.files.gameday.file import past_dates
from drillrunner.files.gameday.folder import GameDayFolder, create_gameday_folder, held, is_held, read_gameday_plan
from drillrunner.files.journal_file import JournalFile, read_journal, reopen_journal
from drillrunner.model.gameday import GameDay
from drillrunner.model.journal import Entry


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for."""

    gameday: str
    reports: Path
    seed: int | None
    goes_on: bool
    anew: bool
    confirm: str | None
    no_input: bool
    plain: bool


def begin(wanted: Wanted) -> tuple[int, GameDayFolder]:
    """Run it. Returns the exit code and the folder; raises what was invalid or refused."""
    file = gameday_of(wanted.gameday)
    for problem in past_dates(file, datetime.now(UTC)):
        say(f"warning: {problem.message}")
    dead = _dead(wanted, file.gameday.name)
    seed = drawn_seed(wanted.seed)
    say(f"game day {file.gameday.name}: seed {seed}")
    _confirm(
        wanted,
        file.environment.name,
        Order(
            drill=file.drills[file.gameday.drills[0].id].drill,
            environment=file.environment,
            overrides={},
            seed=seed,
            reports=wanted.reports,
            plain=wanted.plain,
            no_input=wanted.no_input,
        ),
    )
    if dead is not None:
        _refuse_another_file(dead, file.gameday)
    planned = plan_gameday(file, seed)
    keep(planned, wanted.reports)
    folder = dead if dead is not None else create_gameday_folder(wanted.reports, planned.plan, planned.at)
    signals = find_signals(file.environment.name, file.file)
    with _opened(folder, planned, goes_on=dead is not None) as (journal, earlier):
        day = Day(planned, folder, wanted.reports, seed, wanted.plain, wanted.no_input, signals)
        return run_day(day, journal, earlier), folder


def _confirm(wanted: Wanted, name: str, order: Order) -> None:
    """Once, for all drills of the day, exactly as `drill run` asks for one."""
    confirm_order(order, wanted.confirm)
    if order.environment.confirm:
        click.echo(f"confirmed: {name}", err=True)


def _dead(wanted: Wanted, gameday: str) -> GameDayFolder | None:
    """The dead game day to go on with; None where another one begins. Raises Refused where neither may be."""
    found = unfinished(wanted.reports, gameday)
    if found is not None and is_held(found):
        raise EnvironmentBusy(f"game day {found.gameday_id} is under way in another process", advice="wait for its end")
    if found is None:
        if wanted.goes_on:
            raise Refused(f"no game day {gameday} has died", advice=f"begin one: drill gameday run {gameday}")
        return None
    left = left_by(found, read_journal(found.journal))
    if left or not (wanted.goes_on or wanted.anew):
        refuse_dead(found)
    if wanted.anew:
        _abandon(found)
        return None
    return found


def _refuse_another_file(folder: GameDayFolder, now: GameDay) -> None:
    """What was begun is told by the drills' ids: a file that names others cannot be gone on with. Raises Refused."""
    before = [(one.id, one.drill) for one in read_gameday_plan(folder).gameday.drills]
    if before != [(one.id, one.drill) for one in now.drills]:
        raise Refused(
            f"game day {folder.gameday_id} had other drills: {', '.join(name for name, _ in before)}",
            advice=f"put the file back as it was, or begin anew: drill gameday run {now.name} --anew",
        )


def _abandon(folder: GameDayFolder) -> None:
    """End the journal of a dead game day of which nothing is injected any more."""
    with held(folder):
        clock = clock_for(read_gameday_plan(folder).plans[0].environment)
        journal, _ = reopen_journal(folder.journal, clock)
        why = "its process died, and another game day was begun"
        journal.append("gameday.ended", {"outcome": "abandoned", "exit_code": ExitCode.ABORTED, "why": why})
        journal.sync()
        journal.close()


@contextmanager
def _opened(folder: GameDayFolder, planned: Planned, *, goes_on: bool) -> Iterator[tuple[JournalFile, list[Entry]]]:
    """The journal, held for this process, and what it holds already."""
    clock = clock_for(planned.environment)
    with held(folder):
        journal, earlier = (
            reopen_journal(folder.journal, clock) if goes_on else (JournalFile(folder.journal, clock), [])
        )
        try:
            yield journal, earlier
        finally:
            journal.close()
