"""`drill lab`: start, find and end the simulated AWS on this machine."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import click

from drillrunner.cli.options import offers

if TYPE_CHECKING:
    from drillrunner.lab.lifecycle import LabStatus

_TOPOLOGY = click.option(
    "--topology",
    metavar="NAME|FILE",
    shell_complete=offers("topologies"),
    help="A shipped topology's name, or a YAML file. `up` takes checkout by default.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def lab() -> None:
    """The embedded lab: a simulated multi-region AWS on this machine.

    It listens on loopback only, never reaches AWS, and ends by itself when nobody has asked it anything for a while.
    """


@lab.command()
@_TOPOLOGY
@click.option(
    "--time-scale", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Drill seconds in a real one."
)
@click.option("--seed", type=int, default=1, show_default=True, help="What the lab's dice start from.")
@click.option("--idle-timeout", type=click.FloatRange(min=1), default=900.0, show_default=True, help="Real seconds.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change the topology: --set route53.ttl=5")
@_JSON
def up(
    topology: str | None, time_scale: float, seed: int, idle_timeout: float, settings: tuple[str, ...], as_json: bool
) -> None:
    """Start the lab, or find the one that runs."""
    from drillrunner.lab import lifecycle

    running = lifecycle.up(
        topology or lifecycle.DEFAULT_TOPOLOGY,
        time_scale=time_scale,
        seed=seed,
        idle_timeout_seconds=idle_timeout,
        overrides=_settings(settings),
    )
    _show(running, as_json)


@lab.command()
@_TOPOLOGY
@_JSON
def down(topology: str | None, as_json: bool) -> None:
    """End the lab. Without one there is nothing to do."""
    from drillrunner.lab import lifecycle

    ended = lifecycle.down(topology)
    if as_json:
        click.echo(json.dumps({"ended": ended.topology if ended else None}))
    else:
        click.echo(f"lab {ended.topology} has ended" if ended else "no lab runs")


@lab.command()
@_TOPOLOGY
@_JSON
def status(topology: str | None, as_json: bool) -> None:
    """Show the lab that runs, and where it answers."""
    from drillrunner.lab import lifecycle

    _show(lifecycle.status(topology), as_json)


@lab.command()
@_TOPOLOGY
@_JSON
def env(topology: str | None, as_json: bool) -> None:
    """Print what a shell needs to talk to the lab: eval "$(drill lab env)"."""
    from drillrunner.errors import LabFailed
    from drillrunner.lab import lifecycle

    running = lifecycle.status(topology)
    if running is None:
        raise LabFailed("no lab runs", advice="Start one: drill lab up")
    variables = lifecycle.environment_variables(running)
    if as_json:
        click.echo(json.dumps(variables, indent=2))
        return
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _settings(settings: tuple[str, ...]) -> dict[str, str]:
    wrong = [setting for setting in settings if "=" not in setting]
    if wrong:
        raise click.BadParameter(f"{wrong[0]} is not NAME=VALUE", param_hint="--set")
    return {name: value for name, _, value in (setting.partition("=") for setting in settings)}


def _show(running: LabStatus | None, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(running.as_json() if running else None, indent=2))
        return
    if running is None:
        click.echo("no lab runs; start one: drill lab up")
        return
    for name, value in _lines(running).items():
        click.echo(f"{name:<10} {value}")


def _lines(running: LabStatus) -> dict[str, Any]:
    databases = {f"db {name}": f"{found.host}:{found.port}" for name, found in running.databases.items()}
    return {
        "lab": f"{running.topology}, {running.time_scale:g}x, seed {running.seed}, process {running.pid}",
        "regions": ", ".join(running.regions),
        "aws": running.aws_endpoint_url,
        "dns": running.dns_address,
        "http": running.http_port,
        "https": f"{running.https_port}, trusting {running.ca_file}",
        **databases,
        "log": running.log_file,
    }
