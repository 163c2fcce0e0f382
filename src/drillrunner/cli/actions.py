"""`drill actions`: what is to be mended after runs and exercises, by whom and by when, and what closes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import offers, reports_option

if TYPE_CHECKING:
    from drillrunner.model.action import Action

FORMATS = ("text", "json")
_TODAY = click.option("--today", metavar="DATE", help="The day that it is reckoned from, like 2026-11-21 (UTC).")
_FORMAT = click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
_DRILL = click.option("--drill", metavar="NAME", shell_complete=offers("drills"), help="Only those about this drill.")


@click.group()
def actions() -> None:
    """Corrective actions, kept in reports/actions.yaml: a plain file that you may edit.

    An action that names a retest is closed by a run of that drill alone, in which the objective was met.
    """


@actions.command()
@click.option("--title", metavar="TEXT", help="What is to be done; the finding's words where --finding is given.")
@click.option("--owner", required=True, metavar="NAME", help="Who does it.")
@click.option("--due", required=True, metavar="DATE", help="The last day: 2026-12-24, or an age like 30d or 6w.")
@click.option("--retest", metavar="DRILL", shell_complete=offers("drills"), help="The drill that closes it.")
@click.option("--objective", metavar="NAME", help='What must be met in it: "rto checkout", or rto. Without it: all.')
@click.option("--environment", metavar="NAME", shell_complete=offers("environments"), help="Where it must be retested.")
@click.option("--from", "source", metavar="RUN", shell_complete=offers("runs"), help="The run or exercise it is from.")
@click.option("--finding", metavar="N", help="Which finding of that run: its number, or its code.")
@click.option("--ticket", metavar="TEXT", help="Where it is worked on, as you name it.")
@reports_option
def add(
    title: str | None,
    owner: str,
    due: str,
    retest: str | None,
    objective: str | None,
    environment: str | None,
    source: str | None,
    finding: str | None,
    ticket: str | None,
    reports: Path,
) -> None:
    """Add an action, and say its id."""
    from drillrunner.cli.actions_draft import Wanted, draft
    from drillrunner.files.actions_file import ACTIONS, add_actions
    from drillrunner.reporting.outside_text import visible

    wanted = Wanted(title, owner, due, retest, objective, environment, source, finding, ticket)
    added = add_actions(reports / ACTIONS, [draft(wanted, reports, datetime.now(UTC).replace(microsecond=0))])[0]
    click.echo(visible(f"{added.id}  {added.title}"))


@actions.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that are done or dropped.")
@_DRILL
@_TODAY
@_FORMAT
@reports_option
def list_(every: bool, drill: str | None, today: str | None, form: str, reports: Path) -> None:
    """List the open actions, the most urgent first."""
    day = day_given(today)
    shown = [one for one in _actions(reports, drill) if every or one.status == "open"]
    _show(shown, day, form, "no action" if every else "no open action")


@actions.command()
@_DRILL
@_TODAY
@_FORMAT
@reports_option
def overdue(drill: str | None, today: str | None, form: str, reports: Path) -> None:
    """List the actions that are overdue, and by how many days. Exit code 1 when there is one."""
    from drillrunner.errors import ExitCode

    day = day_given(today)
    late = [one for one in _actions(reports, drill) if one.overdue_days(day)]
    _show(late, day, form, "no action is overdue")
    raise click.exceptions.Exit(ExitCode.MISSED if late else ExitCode.ALL_MET)


@actions.command()
@click.argument("action")
@click.option("--run", metavar="RUN", shell_complete=offers("runs"), help="The retest: `last`, or the run's id.")
@click.option("--because", metavar="TEXT", help="Why it is closed, where no drill retests it, or why it is dropped.")
@click.option("--drop", is_flag=True, help="Give it up, with --because.")
@reports_option
def close(action: str, run: str | None, because: str | None, drop: bool, reports: Path) -> None:
    """Close ACTION (A-7): by the run that retested it, or by a reason where no drill does.

    Refused (4) where the run is not the retest, or did not meet the objective.
    """
    from drillrunner.cli.actions_close import Closing, closed
    from drillrunner.files.actions_file import ACTIONS
    from drillrunner.reporting.outside_text import visible

    closing = Closing(action, run, because, drop, reports, datetime.now(UTC).date())
    now = closed(closing, reports / ACTIONS)
    click.echo(visible(f"{now.id}  {now.status}: {now.closed_by}"))


def day_given(text: str | None) -> date:
    """The day of `--today`; the present one, in UTC, where it is not given. Raises InvalidInput."""
    from drillrunner.errors import InvalidInput

    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f'--today cannot read "{text}"', advice="write a day like 2026-11-21") from error


def _actions(reports: Path, drill: str | None) -> list[Action]:
    """Those about a drill (None: all), by the day on which they are due."""
    from drillrunner.files.actions_file import ACTIONS, read_actions

    found = [one for one in read_actions(reports / ACTIONS) if drill in (None, one.retest, one.drill)]
    return sorted(found, key=lambda one: (one.status != "open", one.due, one.id))


def _show(shown: Sequence[Action], today: date, form: str, nothing: str) -> None:
    import json

    from drillrunner.reporting.actions import action_lines, as_json

    if form == "json":
        found = {"today": today.isoformat(), "actions": [as_json(one, today) for one in shown]}
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for one in shown:
        for line in action_lines(one, today):
            click.echo(line)
    if not shown:
        click.echo(nothing)
