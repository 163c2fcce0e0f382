"""`drill gameday`: drills in order on one day, with checks before, announcements around and one report after."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import json_option, offers, reports_option, seed_option

if TYPE_CHECKING:
    from drillrunner.cli.gameday.plan import Planned
    from drillrunner.errors import Problem
    from drillrunner.files.gameday.folder import GameDayFolder

FORMATS = ("text", "html", "md", "json")
gameday_argument = click.argument("gameday", shell_complete=offers("gamedays"))


@click.group()
def gameday() -> None:
    """Game days: drills in order, with conditions, roles, approvals, announcements and one report."""


@gameday.command()
@click.argument("gamedays", nargs=-1, metavar="[GAMEDAY]…", shell_complete=offers("gamedays"))
@json_option
def check(gamedays: tuple[str, ...], as_json: bool) -> int:
    """Say everything that is wrong with game days (all of drills/gamedays/, where none is named), and touch nothing.

    Exit code 2 when anything is, or lies in the past.
    """
    from drillrunner.errors import ExitCode
    from drillrunner.files.gameday.file import gameday_names
    from drillrunner.files.problems import as_json as problems_as_json
    from drillrunner.files.problems import render_with_hint

    names = gamedays or tuple(gameday_names(Path()))
    problems = [problem for name in names for problem in problems_of(name, datetime.now(UTC))]
    if as_json:
        click.echo(json.dumps({"valid": not problems, "problems": problems_as_json(problems)}, indent=2))
    elif problems:
        click.echo(render_with_hint(problems), err=True)
    else:
        click.echo(f"{len(names)} game day{'s are' if len(names) != 1 else ' is'} valid")
    return ExitCode.INVALID if problems else ExitCode.ALL_MET


def problems_of(name: str, now: datetime) -> list[Problem]:
    """Everything that is wrong with one game day and its calendars, and what of it lies in the past."""
    from drillrunner.cli.gameday.plan import gameday_of
    from drillrunner.errors import InvalidInput, Problem
    from drillrunner.files.gameday.file import past_dates
    from drillrunner.files.ics.file import calendar_problems

    try:
        found = gameday_of(name)
        return [*past_dates(found, now), *calendar_problems(found.gameday.calendars, now)]
    except InvalidInput as error:
        return list(error.problems) or [Problem("Y101", error.message, error.where or name, advice=error.advice)]


@gameday.command()
@gameday_argument
@reports_option
@json_option
def plan(gameday: str, reports: Path, as_json: bool) -> int:
    """Show what GAMEDAY would do and whether a check would refuse it now; the plan is kept, to be approved by its hash.

    Exit code 4 when it would be refused. The rehearsal gate is left to the run.
    """
    from drillrunner.cli.gameday.checks import approval_check, freeze_check
    from drillrunner.cli.gameday.plan import gameday_of, plan_gameday
    from drillrunner.errors import ExitCode
    from drillrunner.reporting.gameday_text import plan_lines

    planned = plan_gameday(gameday_of(gameday), seed=1)
    keep(planned, reports)
    reasons = planned.refusals()
    rule = planned.plan.gameday.approvals
    checks = [freeze_check(planned).why, approval_check(planned, rule, reports).why if rule else None]
    reasons += [why for why in checks if why]
    if as_json:
        basis = planned.plan.model_dump(mode="json")
        click.echo(json.dumps({"hash": planned.plan.hash, "refusals": reasons, "plan": basis}, indent=2))
    else:
        click.echo("\n".join(plan_lines(planned.plan, reasons, planned.longest_wall_seconds())))
    return ExitCode.REFUSED if reasons else ExitCode.ALL_MET


def keep(planned: Planned, reports: Path) -> None:
    """Keep the plan as it was shown."""
    from drillrunner.files.approval_file import KeptPlan, keep_plan

    keep_plan(reports, KeptPlan(gameday=planned.plan))


@gameday.command()
@gameday_argument
@reports_option
@seed_option
@click.option("--continue", "goes_on", is_flag=True, help="Go on with the last one, whose process died.")
@click.option("--anew", is_flag=True, help="Begin another one, though the last one's process died.")
@click.option("--confirm", metavar="ENVIRONMENT", help="Confirm the environment by its name, for scripts.")
@click.option("--no-input", is_flag=True, help="Never prompt: refuse where a person would be asked.")
@click.option("--plain", is_flag=True, help="Stamped lines instead of the live view.")
@json_option
def run(
    gameday: str,
    reports: Path,
    seed: int | None,
    goes_on: bool,
    anew: bool,
    confirm: str | None,
    no_input: bool,
    plain: bool,
    as_json: bool,
) -> int:
    """Run the drills of GAMEDAY in their order, each as `drill run` does. Exit codes as there: the worst of the drills.

    Freeze windows, approvals and the rehearsal gate are checked before anything begins. Ctrl-C stops the drill under
    way, puts everything back, and ends the day.
    """
    from drillrunner.cli.gameday.begin import Wanted, begin

    if goes_on and anew:
        raise click.UsageError("--continue and --anew exclude each other")
    wanted = Wanted(gameday, reports, seed, goes_on, anew, confirm, no_input, plain or as_json)
    code, folder = begin(wanted)
    if as_json:
        click.echo((folder.path / "gameday.json").read_text(encoding="utf-8"), nl=False)
    return code


@gameday.command()
@click.argument("name", default="last", metavar="[GAMEDAY]")
@reports_option
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("-o", "output", type=click.Path(path_type=Path), help="Write it there, instead of to standard output.")
def report(name: str, reports: Path, form: str, output: Path | None) -> None:
    """Show a game day that was run (its id, its name, its folder, or `last`) again, and write its reports anew."""
    from drillrunner.cli.gameday.past import course_in
    from drillrunner.cli.written import write_text
    from drillrunner.files.gameday.folder import find_gameday_folder
    from drillrunner.reporting.gameday_html import write_gameday_reports

    folder = find_gameday_folder(reports, name)
    course = course_in(folder)
    page = write_gameday_reports(folder.path, course)
    text = _rendered(folder, form, page)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_text(output, text)


def _rendered(folder: GameDayFolder, form: str, page: Path) -> str:
    from drillrunner.cli.gameday.past import course_in
    from drillrunner.reporting.gameday_html import MARKDOWN, PAGE, SUMMARY
    from drillrunner.reporting.gameday_text import summary_lines

    if form == "text":
        return "\n".join(summary_lines(course_in(folder), page)) + "\n"
    return (folder.path / {"html": PAGE, "md": MARKDOWN, "json": SUMMARY}[form]).read_text(encoding="utf-8")
