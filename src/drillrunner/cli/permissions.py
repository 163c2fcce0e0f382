"""`drill permissions`: the least IAM policy that a drill needs, derived from its Calls."""

from __future__ import annotations

import json

import click

from drillrunner.cli.options import drill_argument, environment_option, set_option, var_option


@click.command()
@drill_argument
@environment_option
@var_option
@set_option
def permissions(
    drill: str, environment_name: str | None, variables: tuple[str, ...], settings: tuple[str, ...]
) -> None:
    """Print the IAM policy for DRILL as JSON: every action that planning, probing, injecting and reverting call."""
    from drillrunner.cli.plan import planned
    from drillrunner.model.permission import policy

    plan, _ = planned(drill, variables, environment_name, settings)
    account = plan.environment.account or "123456789012"
    click.echo(json.dumps(policy(plan, account), indent=2))
