"""`drill rehearse`: run a drill many times in the lab on virtual time, and say what would happen."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import drill_argument, environment_option, json_option, offers, reports_option, var_option

if TYPE_CHECKING:
    from drillrunner.cli.session import Chosen
    from drillrunner.model.rehearsal import Rehearsal, RehearsedRun
    from drillrunner.rehearsal.one import Script


@click.command()
@drill_argument
@environment_option
@var_option
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A what-if: --set route53.ttl=30, or --set people.seconds=0 for automation instead of a person.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The first seed; runs count up from it.")
@reports_option
@click.option("--runs", type=click.IntRange(1, 100_000), default=200, show_default=True, help="How many seeds.")
@click.option(
    "--swing-runs",
    type=click.IntRange(0, 100_000),
    default=20,
    show_default=True,
    help="How many seeds at each value of every setting that could be otherwise; 0 compares none.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=lambda: len(os.sched_getaffinity(0)),
    show_default="one for each core",
    help="Processes side by side.",
)
@click.option(
    "--topology",
    metavar="NAME|FILE",
    shell_complete=offers("topologies"),
    help="Rehearse in this topology, instead of the environment's.",
)
@click.option(
    "--at-least",
    type=click.FloatRange(0.0, 100.0),
    default=0.0,
    metavar="PERCENT",
    help="Exit with 1 when an objective is met in less than that share of the runs.",
)
@json_option
def rehearse(
    drill: str,
    environment_name: str | None,
    variables: tuple[str, ...],
    settings: tuple[str, ...],
    seed: int,
    reports: Path,
    runs: int,
    swing_runs: int,
    jobs: int,
    topology: str | None,
    at_least: float,
    as_json: bool,
) -> None:
    """Rehearse DRILL on virtual time: hours in seconds, many seeds, nothing real is touched.

    It says how RTO and RPO are distributed, how likely each objective is met, where the time goes, and which
    setting would buy most. The run in the middle of the distribution is kept whole, as if it had been run.
    """
    from drillrunner.cli.rehearsed import show_progress, write_rehearsal
    from drillrunner.cli.session import choose, settings_of
    from drillrunner.cli.validate import parse_variables
    from drillrunner.judge.rehearsal import figures
    from drillrunner.rehearsal.rehearse import Order
    from drillrunner.rehearsal.rehearse import rehearse as rehearse_order
    from drillrunner.rehearsal.settings import with_settings
    from drillrunner.reporting.rehearsal_text import rehearsal_lines

    overrides = settings_of(settings)
    script = with_settings(_script(choose(drill, parse_variables(variables), environment_name), topology), overrides)
    order = Order(script, overrides, seed, runs, swing_runs, jobs)
    with show_progress(order.count(), sys.stderr) as progress:
        found = rehearse_order(order, progress)
    folder = write_rehearsal(found, script, reports)
    if as_json:
        click.echo(found.model_dump_json(indent=2))
    else:
        click.echo("\n".join(rehearsal_lines(found, figures(found))))
        click.echo(f"  report: {folder / 'rehearsal.html'}")
    raise click.exceptions.Exit(_exit_code(found, at_least / 100))


def _script(chosen: Chosen, topology: str | None) -> Script:
    from drillrunner.errors import InvalidInput
    from drillrunner.lab.topology import load_topology
    from drillrunner.rehearsal.one import Script

    name = topology or chosen.environment.topology
    if name is None:
        raise InvalidInput(
            f"environment {chosen.environment.name} is no lab: a rehearsal needs a topology of it",
            advice=f"drill snapshot --environment {chosen.environment.name} -o topology.yaml, "
            "then drill rehearse --topology topology.yaml",
        )
    return Script(chosen.drill, chosen.environment, load_topology(name))


def _exit_code(found: Rehearsal, at_least: float) -> int:
    from drillrunner.errors import ExitCode

    chances = [_chance(found.runs, number) for number in range(len(found.targets))]
    return ExitCode.MISSED if min(chances, default=1.0) < at_least else ExitCode.ALL_MET


def _chance(runs: tuple[RehearsedRun, ...], number: int) -> float:
    """The share of runs that met the objective of that number; one that measured nothing did not."""
    met = sum(1 for run in runs if len(run.objectives) > number and run.objectives[number].outcome == "met")
    return met / len(runs)
