"""`drill judge`: the verdict of a run, made again from its journal and readings."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from drillrunner.cli.options import json_option, reports_option, run_argument


@click.command()
@run_argument
@reports_option
@json_option
def judge(run: str, reports: Path, as_json: bool) -> None:
    """Judge RUN again. Pure: the same journal and readings give the same verdict, years later."""
    from drillrunner.cli.aftermath import EXIT_OF_OUTCOME, judge_folder
    from drillrunner.files.run_folder import find_run
    from drillrunner.reporting import render_json
    from drillrunner.reporting.console import print_summary, summary_lines

    folder = find_run(reports, run)
    verdict = judge_folder(folder, write=False)
    if as_json:
        click.echo(render_json(verdict), nl=False)
    else:
        page = folder.path / "report.html"
        print_summary(summary_lines(verdict, page if page.exists() else None), sys.stdout)
    raise click.exceptions.Exit(EXIT_OF_OUTCOME[verdict.outcome])
