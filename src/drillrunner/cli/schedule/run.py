"""`drill schedule run`: what another scheduler calls; it becomes the run where one is due."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from drillrunner.cli.schedule.thing import Item, answers_of, scheduled_item
from drillrunner.cli.scheduled import local_minute, moment_given
from drillrunner.errors import InvalidInput
from drillrunner.gameday.install.due_now import due_now, is_moment
from drillrunner.gameday.install.triggers import counts_from_run, triggered_at
from drillrunner.model.schedule import Schedule

_NEVER = "{} was never completed, and its schedule counts from there: run it once, or give the schedule a starts"


def words_if_due(
    name: str,
    environment: str | None,
    confirm: str | None,
    reports: Path,
    line: str | None,
    at: str | None,
    *,
    anyway: bool,
) -> tuple[tuple[str, ...] | None, str]:
    """What follows `drill` on the command line of its run, None where it is not due; and what there is to say of it.

    Raises InvalidInput for what cannot be read.
    """
    item, schedule = scheduled_item(name, environment)
    if anyway:
        return run_words(item, environment, confirm, reports), f"{item.name} is run by hand"
    found, why = _due(item, schedule, reports, line, moment_given(at))
    if found is None:
        return None, why
    return run_words(item, environment, confirm, reports), f"{item.name} is due: {why}"


def run_words(item: Item, environment: str | None, confirm: str | None, reports: Path) -> tuple[str, ...]:
    """`drill run` or `drill gameday run`, that asks nobody."""
    command = ("gameday", "run") if item.kind == "gameday" else ("run",)
    elsewhere = ("--environment", environment) if environment and item.kind == "drill" else ()
    confirmed = ("--confirm", confirm) if confirm else ()
    return (
        *command,
        "--reports",
        str(reports),
        "--no-input",
        "--plain",
        *confirmed,
        *elsewhere,
        "--",
        str(item.file),
    )


def become(words: Sequence[str]) -> NoReturn:
    """Be that command from here on: whoever sends a signal to this process sends it to the run."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "drillrunner", *words])


def _due(item: Item, schedule: Schedule, reports: Path, line: str | None, now: datetime) -> tuple[datetime | None, str]:
    """The moment that it is due for, in words too; None and why it is not."""
    if line is not None:
        at = triggered_at(line, now)
        if at is None:
            advice = "five fields, in UTC, like: 0 9 * * 1"
            raise InvalidInput(f'--triggered-by "{line}" did not trigger today or yesterday', advice=advice)
        shown = local_minute(at, schedule.time_zone)
        return (at, shown) if is_moment(schedule, at) else (None, f"{item.name} is not due: {shown} is no moment of it")
    answers = answers_of(item, reports, now)
    found = due_now(schedule, answers, now)
    if found is not None:
        return found, local_minute(found, schedule.time_zone)
    if counts_from_run(schedule) and answers.completed is None:
        return None, _NEVER.format(item.name)
    return None, f"{item.name} is not due"
