"""`drill history`: the runs of the past, newest first, from the plain files of the reports folder."""

from __future__ import annotations

from pathlib import Path

import click

from drillrunner.cli.options import json_option, reports_option
from drillrunner.cli.past_options import past_options


@click.command()
@past_options
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many runs to list.")
@click.option("--rehearsals", is_flag=True, help="List the rehearsals too.")
@reports_option
@json_option
def history(
    drill: str | None,
    environment_name: str | None,
    since: str | None,
    limit: int,
    rehearsals: bool,
    reports: Path,
    as_json: bool,
) -> None:
    """List past runs: when, what, outcome, RTO and RPO, how it ended, and whether all was put back.

    A folder that cannot be read is named at the end and hides no other.
    """
    from drillrunner.cli.past_runs import read_history, wanted_of
    from drillrunner.reporting import render_json
    from drillrunner.reporting.history_text import history_lines

    wanted = wanted_of(drill, environment_name, since)
    found = read_history(reports, wanted, limit, rehearsals=rehearsals)
    click.echo(render_json(found) if as_json else "\n".join(history_lines(found)), nl=not as_json)
