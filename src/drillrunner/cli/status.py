"""`drill status`: which runs there are, which one is running, and what any of them left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from drillrunner.cli.options import json_option, reports_option


@click.command()
@reports_option
@click.option("--most", type=click.IntRange(min=1), default=20, show_default=True, help="How many runs to list.")
@json_option
def status(reports: Path, most: int, as_json: bool) -> None:
    """List the runs, newest first. Exit code 6 when one of them left something injected."""
    from itertools import islice

    from drillrunner.errors import ExitCode
    from drillrunner.files.run_folder import run_folders

    rows = [_row_or_error(folder) for folder in islice(run_folders(reports), most)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        for row in rows:
            left = f"  STILL INJECTED: {', '.join(row['left'])}" if row["left"] else ""
            click.echo(f"{row['run']}  {row['drill']:<24} {row['environment']:<14} {row['state']}{left}")
        if not rows:
            click.echo(f"no runs in {reports}")
    if any(row["left"] and row["state"] != "running" for row in rows):
        raise click.exceptions.Exit(ExitCode.STILL_INJECTED)


def _row_or_error(folder: Any) -> dict[str, Any]:
    """One run that cannot be read does not hide the others."""
    from drillrunner.errors import DrillError

    try:
        return _row(folder)
    except (DrillError, OSError) as error:
        return {"run": folder.run_id, "drill": "?", "environment": "?", "state": f"unreadable: {error}", "left": []}


def _row(folder: Any) -> dict[str, Any]:
    """One run: `state` is running, died, or how it ended."""
    from drillrunner.engine.revert import owed
    from drillrunner.files.journal_file import read_journal
    from drillrunner.files.lock_file import is_held
    from drillrunner.files.run_folder import read_plan

    plan = read_plan(folder)
    entries = read_journal(folder.journal)
    endings = [entry for entry in entries if entry.kind == "run.ended"]
    if is_held(plan.environment, folder.run_id):
        state = "running"
    elif endings:
        state = str(endings[-1].data["outcome"])
    else:
        state = "died"
    verdict = folder.path / "verdict.json"
    if state == "completed" and verdict.exists():
        state = str(json.loads(verdict.read_text(encoding="utf-8")).get("outcome", state))
    return {
        "run": folder.run_id,
        "drill": plan.drill.name,
        "environment": plan.environment.name,
        "state": state,
        "left": [one.describe() for one in owed(entries)],
    }
