"""`drill report`: write a run's reports again."""

from __future__ import annotations

from pathlib import Path

import click

from drillrunner.cli.options import reports_option


@click.command()
@click.argument("run", default="last")
@reports_option
def report(run: str, reports: Path) -> None:
    """Write RUN's report.html, report.md, junit.xml and verdict.json again, and say where they are."""
    from drillrunner.cli.aftermath import judge_folder
    from drillrunner.files.run_folder import find_run

    folder = find_run(reports, run)
    judge_folder(folder, write=True)
    for name in ("report.html", "report.md", "junit.xml", "verdict.json"):
        click.echo(folder.path / name)
