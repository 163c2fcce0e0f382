"""`drill plan`: everything that a run would do, resolved against what is there now. Changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import drill_argument, environment_option, json_option, set_option, var_option

if TYPE_CHECKING:
    from datetime import datetime

    from drillrunner.model.plan import Plan


@click.command()
@drill_argument
@environment_option
@var_option
@set_option
@json_option
def plan(
    drill: str, environment_name: str | None, variables: tuple[str, ...], settings: tuple[str, ...], as_json: bool
) -> None:
    """Show the exact targets, calls and inverses of DRILL. Exit code 4 when a guard would refuse it."""
    from drillrunner.engine.guard import refusals
    from drillrunner.errors import ExitCode
    from drillrunner.reporting.plan_text import plan_lines

    made, now = planned(drill, variables, environment_name, settings)
    reasons = refusals(made, now)
    if as_json:
        click.echo(json.dumps({"hash": made.hash, "refusals": reasons, "plan": made.as_json()}, indent=2))
    else:
        click.echo("\n".join(plan_lines(made)))
        for reason in reasons:
            click.echo(f"would be refused: {reason}")
    if reasons:
        raise click.exceptions.Exit(ExitCode.REFUSED)


def planned(
    drill: str, variables: tuple[str, ...], environment_name: str | None, settings: tuple[str, ...]
) -> tuple[Plan, datetime]:
    """The plan of a drill in its environment, and when it was made."""
    import anyio

    from drillrunner.calls.open import open_outside
    from drillrunner.cli.session import choose, clock_for, connect, settings_of
    from drillrunner.cli.validate import parse_variables
    from drillrunner.engine.plan import make_plan

    chosen = choose(drill, parse_variables(variables), environment_name)
    environment = connect(chosen.environment, seed=1, overrides=settings_of(settings))
    clock = clock_for(environment)

    async def make() -> Plan:
        async with open_outside(environment, clock, run_id="plan", seed=1) as outside:
            return await make_plan(chosen.drill, environment, outside)

    return anyio.run(make), clock.wall()
