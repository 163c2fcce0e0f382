"""`drill trend`: how RTO and the other objectives move over the past runs, as text or as one offline page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from drillrunner.cli.options import json_option, reports_option
from drillrunner.cli.past_options import past_options

if TYPE_CHECKING:
    from drillrunner.model.trend import By, Trend

OBJECTIVES = ("rto", "rpo", "detection", "availability", "latency")


@click.command()
@past_options
@click.option(
    "--by", type=click.Choice(["quarter", "month", "run"]), default="quarter", show_default=True, help="What is a row."
)
@click.option(
    "--objective",
    type=click.Choice([*OBJECTIVES, "all"]),
    default="rto",
    show_default=True,
    help="What the text is about; the page and JSON hold all.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Write a page with charts, which needs no network.",
)
@reports_option
@json_option
def trend(
    drill: str | None,
    environment_name: str | None,
    since: str | None,
    by: By,
    objective: str,
    output: Path | None,
    reports: Path,
    as_json: bool,
) -> None:
    """Say how recovery moves from run to run: median, spread, and the share of runs that met their target.

    Only completed runs count; others are counted beside them. The lab and AWS never share a line.
    """
    from drillrunner.cli.past_runs import read_history, wanted_of
    from drillrunner.judge.trend import trend as trend_of
    from drillrunner.model.drill import ObjectiveName
    from drillrunner.reporting import render_json
    from drillrunner.reporting.trend_text import trend_lines

    past = read_history(reports, wanted_of(drill, environment_name, since), None)
    found = trend_of(past.runs, by).model_copy(update={"broken": past.broken})
    if output is not None:
        _write_page(found, output)
    if as_json:
        click.echo(render_json(found), nl=False)
        return
    names = [name for name in get_args(ObjectiveName) if objective in ("all", name)]
    click.echo("\n".join(trend_lines(found, names)))
    if output is not None:
        click.echo(f"page: {output}")


def _write_page(found: Trend, output: Path) -> None:
    from drillrunner.cli.written import write_text
    from drillrunner.reporting.trend_html import render_trend_html

    write_text(output, render_trend_html(found, report_links(found, output)))


def report_links(found: Trend, page: Path) -> dict[str, str]:
    """From a run's id to its report, as a link that holds where the page and the reports lie; only those that exist."""
    import os
    from urllib.parse import quote

    links = {}
    for run in (run for line in found.lines for run in line.runs):
        report = Path(run.folder) / "report.html"
        if run.run_id not in links and report.is_file():
            links[run.run_id] = quote(os.path.relpath(report, page.absolute().parent))
    return links
