"""`drill schedule`: hands the schedule of a drill or a game day to another scheduler, and is what that one calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import json_option, offers, reports_option

if TYPE_CHECKING:
    from drillrunner.gameday.install.job import Target

TARGETS = ("cron", "systemd", "github", "eventbridge", "kubernetes")
thing_argument = click.argument("name", metavar="DRILL|GAMEDAY", shell_complete=offers("drills"))
environment_option = click.option(
    "--environment",
    "environment_name",
    metavar="NAME",
    shell_complete=offers("environments"),
    help="Run it there, instead of where the drill says; a game day says itself where.",
)
confirm_option = click.option("--confirm", metavar="ENVIRONMENT", help="Confirm the environment by its name.")
now_option = click.option(
    "--now", metavar="MOMENT", help="As if it were then: 2026-11-21T12:00Z (UTC without an offset)."
)


@click.group()
def schedule() -> None:
    """Let another scheduler run what is due: cron, systemd, GitHub, EventBridge or Kubernetes."""


@schedule.command()
@thing_argument
@click.option("--to", "target", type=click.Choice(TARGETS), required=True, help="Whose files to write.")
@click.option(
    "-o",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder for the files, if it is not schedules (for github: .github/workflows).",
)
@environment_option
@confirm_option
@reports_option
@click.option("--limit", metavar="DURATION", help="Tell a run to stop after that; else reckoned from the drill.")
@click.option("--role", metavar="ARN", help="The IAM role for github (OIDC) or kubernetes (IRSA).")
@click.option("--image", help="For kubernetes: drillrunner, coreutils, and this folder as its working directory.")
@click.option("--package", metavar="SPEC", help="What pip installs for github and eventbridge, if not this version.")
@click.option("--user", help="Whom systemd runs it as, if it is not who is logged in.")
@click.option("--force", is_flag=True, help="Write over files that were changed by hand, or are somebody else's.")
@json_option
def install(
    name: str,
    target: Target,
    folder: Path | None,
    environment_name: str | None,
    confirm: str | None,
    reports: Path,
    limit: str | None,
    role: str | None,
    image: str | None,
    package: str | None,
    user: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write what lets another scheduler run a drill or a game day when it is due. Nothing is switched on.

    Writing again changes nothing. A run is never begun twice at once, is told to stop when it hangs, and whatever it
    leaves is put back. What a target cannot express it looks at oftener, and leaves what is not due.
    """
    import json

    from drillrunner.cli.schedule.install import Wanted, install_thing, lines_of

    wanted = Wanted(name, target, folder, environment_name, confirm, reports, limit, role, image, package, user, force)
    installed = install_thing(wanted, Path.cwd())
    click.echo(json.dumps(installed._asdict(), indent=2) if as_json else "\n".join(lines_of(installed)))


@schedule.command()
@click.argument("names", nargs=-1, metavar="[DRILL|GAMEDAY]…", shell_complete=offers("drills"))
@click.option("--next", "count", type=click.IntRange(1, 100), default=4, show_default=True, help="How many moments.")
@now_option
@environment_option
@reports_option
@json_option
def show(
    names: tuple[str, ...], count: int, now: str | None, environment_name: str | None, reports: Path, as_json: bool
) -> None:
    """Show when each thing comes next (all that have a schedule, where none is named), and what targets make of it."""
    from drillrunner.cli.schedule.show import shown

    click.echo(shown(names, environment_name, reports, now, count, as_json=as_json))


@schedule.command()
@thing_argument
@environment_option
@confirm_option
@reports_option
@click.option("--triggered-by", "line", metavar="CRON", help="Run it only if that trigger (in UTC) was a moment of it.")
@click.option("--anyway", is_flag=True, help="Run it whether or not it is due.")
@click.option("--quiet", is_flag=True, help="Say nothing where nothing is due.")
@now_option
def run(
    name: str,
    environment_name: str | None,
    confirm: str | None,
    reports: Path,
    line: str | None,
    anyway: bool,
    quiet: bool,
    now: str | None,
) -> None:
    """Run DRILL or GAMEDAY if it is due, as `drill run` or `drill gameday run` does, and with its exit codes.

    A run that began since its moment answers it, unless it was refused. Exit code 0 where nothing is due.
    """
    from drillrunner.cli.schedule.run import become, words_if_due

    words, why = words_if_due(name, environment_name, confirm, reports, line, now, anyway=anyway)
    if why and not (quiet and words is None):
        click.echo(why, err=True)
    if words is not None:
        become(words)


@schedule.command()
@reports_option
@click.option(
    "--any-host", is_flag=True, help="Also what runs of other machines left: only where none of them can live."
)
def revert(reports: Path, any_host: bool) -> int:
    """Put back whatever runs of the reports folder left behind that are dead; finding none is no error.

    A run that lives is let be. Exit code 6 when something is still injected.
    """
    from drillrunner.cli.schedule.revert import revert_dead

    return revert_dead(reports, any_host=any_host)
