"""`drill run`: practise a drill, whatever happens put everything back, judge it, and report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import (
    drill_argument,
    environment_option,
    json_option,
    reports_option,
    seed_option,
    set_option,
    var_option,
)

if TYPE_CHECKING:
    from drillrunner.cli.live_run import Order


@click.command()
@drill_argument
@environment_option
@var_option
@set_option
@seed_option
@reports_option
@click.option("--confirm", metavar="ENVIRONMENT", help="Confirm the environment by its name, for scripts.")
@click.option("--no-input", is_flag=True, help="Never prompt: refuse where a person would be asked.")
@click.option("--plain", is_flag=True, help="Stamped lines instead of the live view.")
@json_option
def run(
    drill: str,
    environment_name: str | None,
    variables: tuple[str, ...],
    settings: tuple[str, ...],
    seed: int | None,
    reports: Path,
    confirm: str | None,
    no_input: bool,
    plain: bool,
    as_json: bool,
) -> None:
    """Practise DRILL (a file, or the name of one in drills/).

    Ctrl-C stops and reverts; a second Ctrl-C leaves at once and says what is still injected.
    """
    from drillrunner.cli.live_run import Order, run_order
    from drillrunner.cli.people import runbook_of
    from drillrunner.cli.session import choose, drawn_seed, settings_of
    from drillrunner.cli.signals import signals_of
    from drillrunner.cli.validate import parse_variables
    from drillrunner.files.locate import locate_drill

    chosen = choose(drill, parse_variables(variables), environment_name)
    for warning in chosen.warnings:
        click.echo(f"warning: {warning}", err=True)
    order = Order(
        drill=chosen.drill,
        environment=chosen.environment,
        overrides=settings_of(settings),
        seed=drawn_seed(seed),
        reports=reports,
        plain=plain or as_json,
        no_input=no_input,
        signals=signals_of(drill, chosen.environment.name),
        runbook=runbook_of(chosen.drill, locate_drill(drill, Path())),
    )
    confirm_order(order, confirm)
    code = run_order(order, as_json=as_json)
    raise click.exceptions.Exit(code)


def confirm_order(order: Order, confirm: str | None) -> None:
    """A person types the environment's name, or a script gives it. Raises Refused."""
    from drillrunner.errors import Refused

    environment = order.environment
    if not environment.confirm or confirm == environment.name:
        return
    advice = f"repeat its name: --confirm={environment.name}"
    if confirm is not None:
        raise Refused(f'--confirm names "{confirm}", the environment is "{environment.name}"', advice=advice)
    if order.no_input or not sys.stdin.isatty():
        raise Refused(f'environment "{environment.name}" wants to be confirmed', advice=advice)
    typed = click.prompt(f"This injects faults into {environment.name}. Type its name to go on", err=True)
    if typed != environment.name:
        raise Refused(f'"{typed}" is not "{environment.name}"', advice="nothing was injected")
