"""`drill tabletop status`: how an exercise stands, read from its journal while it is played or after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import json_option, reports_option

if TYPE_CHECKING:
    from drillrunner.files.exercise.folder import ExerciseFolder
    from drillrunner.tabletop.session import ExerciseState


@click.command()
@click.argument("folder", default="last")
@json_option
@reports_option
def status(folder: str, as_json: bool, reports: Path) -> None:
    """How the exercise in FOLDER stands (the last one).

    Its clock, its injects, what is expected, questions that wait, and ratings; while it is played too.
    """
    from drillrunner.cli.tabletop.words import standing_lines
    from drillrunner.files.exercise.folder import find_exercise
    from drillrunner.files.exercise.journal import is_running

    found = find_exercise(reports, folder)
    state, now = read_state(found)
    if as_json:
        click.echo(json.dumps(_as_json(found, state, now), indent=2, ensure_ascii=False))
        return
    click.echo(f"{found.exercise_id}{' (being played)' if is_running(found) else ''}")
    for line in standing_lines(state, now, 80):
        click.echo(line)
    if state.ended_at is None and not is_running(found):
        if state.clock.running:
            click.echo("the process that played it is gone; the clock is taken up where it died")
        click.echo(f"go on with: drill tabletop run --resume {found.path}")


def read_state(folder: ExerciseFolder) -> tuple[ExerciseState, float]:
    """The state and the moment (real seconds) that it is of: now where it is being played, else its last event."""
    from datetime import UTC, datetime

    from drillrunner.files.exercise.file import read_exercise
    from drillrunner.files.exercise.journal import is_running, read_events
    from drillrunner.tabletop.session import reduce

    events = read_events(folder).events
    state = reduce(read_exercise(folder.exercise, alone=True), events)
    if not events:
        return state, 0.0
    last = events[-1]
    passed = (datetime.now(UTC) - last.at).total_seconds() if is_running(folder) else 0.0
    return state, last.real_seconds + max(0.0, passed)


def _as_json(folder: ExerciseFolder, state: ExerciseState, now: float) -> dict[str, object]:
    from drillrunner.files.exercise.journal import is_running
    from drillrunner.tabletop.outcome import outcome_of

    return {
        "exercise": folder.exercise_id,
        "folder": str(folder.path),
        "being_played": is_running(folder),
        "scenario_seconds": round(state.scenario_seconds(now), 3),
        "outcome": outcome_of(state).model_dump(mode="json"),
    }
