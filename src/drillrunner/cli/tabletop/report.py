"""`drill tabletop report`: the after-action report of an exercise, beside what runs of its drill measured."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import json_option, reports_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drillrunner.files.exercise.folder import ExerciseFolder
    from drillrunner.model.action import Action
    from drillrunner.model.exercise_event import ExerciseEvent
    from drillrunner.reporting.exercise.report import AfterAction

NAME = "after-action"


@click.command()
@click.argument("folder", default="last")
@click.option("--add-actions", is_flag=True, help="Put the improvement plan into reports/actions.yaml, each row once.")
@json_option
@reports_option
def report(folder: str, add_actions: bool, as_json: bool, reports: Path) -> None:
    """Write the after-action report of the exercise in FOLDER (the last one by default): HTML, Markdown and JSON.

    It has the ratings with their reasons, how long each decision took, what was expected against what was done, the
    improvement plan, and what the last measured RTO would have been with people's time to decide.
    """
    from drillrunner.files.exercise.folder import find_exercise

    found = find_exercise(reports, folder)
    told = after_action(found, reports)
    if add_actions:
        _add_actions(told, reports)
        told = after_action(found, reports)
    written = write_after_action(found, told)
    if as_json:
        click.echo((found.path / f"{NAME}.json").read_text(encoding="utf-8"), nl=False)
        return
    _say(told, written)


def after_action(folder: ExerciseFolder, reports: Path) -> AfterAction:
    """Everything that the report says, read from disk. Raises JournalBroken, InvalidInput."""
    from drillrunner.cli.tabletop.measured import measured_of
    from drillrunner.files.exercise.file import read_exercise
    from drillrunner.files.exercise.journal import read_events
    from drillrunner.judge.exercise_rto import with_people
    from drillrunner.reporting.exercise.report import AfterAction
    from drillrunner.tabletop.outcome import outcome_of
    from drillrunner.tabletop.session import reduce

    exercise = read_exercise(folder.exercise, alone=True)
    read = read_events(folder)
    outcome = outcome_of(reduce(exercise, read.events))
    measured = measured_of(reports, exercise.drill)
    decided = tuple(with_people(one, outcome.decide.seconds) for one in measured) if outcome.decide else ()
    actions, unread = _actions(reports, folder.exercise_id)
    torn = f"The last {read.torn_bytes} bytes of events.jsonl were torn by a dying process, and are left out."
    warnings = (*_changed(folder, read.events), *((torn,) if read.torn_bytes else ()), *unread)
    return AfterAction(
        exercise_id=folder.exercise_id,
        exercise=exercise,
        outcome=outcome,
        events=read.events,
        measured=measured,
        decided=decided,
        actions=actions,
        hashes=_hashes(folder),
        warnings=warnings,
    )


def write_after_action(folder: ExerciseFolder, told: AfterAction) -> tuple[Path, ...]:
    """Write the three files into the exercise's folder. Raises InvalidInput where they cannot be written."""
    import json

    from drillrunner.cli.written import write_text
    from drillrunner.reporting.exercise.report import report_json
    from drillrunner.reporting.exercise.report_html import render_report_html
    from drillrunner.reporting.exercise.report_markdown import render_report_markdown
    from drillrunner.reporting.outside_text import whole

    texts = {
        f"{NAME}.html": render_report_html(told, _artifacts(folder, told)),
        f"{NAME}.md": render_report_markdown(told),
        f"{NAME}.json": json.dumps(whole(report_json(told)), indent=2) + "\n",
    }
    for name, text in texts.items():
        write_text(folder.path / name, text, advice="free some space, or make the folder writable")
    return tuple(folder.path / name for name in texts)


def _artifacts(folder: ExerciseFolder, told: AfterAction) -> Mapping[str, bytes]:
    """What injects showed; one that is gone from the folder is left out."""
    names = {name: folder.path / name for name in told.exercise.artifacts()}
    return {name: path.read_bytes() for name, path in names.items() if path.is_file()}


def _changed(folder: ExerciseFolder, events: tuple[ExerciseEvent, ...]) -> tuple[str, ...]:
    """In words, where exercise.yaml is not the one that was begun."""
    begun = next((event.data.get("exercise_sha256") for event in events if event.kind == "exercise_began"), None)
    if begun is None or begun == folder.exercise_sha256():
        return ()
    return ("exercise.yaml was changed after the exercise began: what it says now may not be what was played.",)


def _actions(reports: Path, exercise_id: str) -> tuple[tuple[Action, ...], tuple[str, ...]]:
    """The actions of this exercise, and in words why the file could not be read."""
    from drillrunner.cli.tabletop.actions import actions_from
    from drillrunner.errors import InvalidInput
    from drillrunner.files.actions_file import ACTIONS, read_actions

    try:
        return actions_from(read_actions(reports / ACTIONS), exercise_id), ()
    except InvalidInput as error:
        return (), (f"Which actions were made of it cannot be told: {error.message}.",)


def _hashes(folder: ExerciseFolder) -> dict[str, str]:
    import hashlib

    files = (folder.exercise, folder.events)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _add_actions(told: AfterAction, reports: Path) -> None:
    from drillrunner.cli.tabletop.actions import add_improvements
    from drillrunner.reporting.outside_text import visible

    added = add_improvements(reports, told.exercise_id, told.exercise, told.outcome, datetime.now(UTC))
    for one in added.actions:
        click.echo(visible(f"{one.id} {one.title} ({one.owner}, due {one.due})"), err=True)
    for words in added.left_out:
        click.echo(visible(f"not added: {words}"), err=True)
    if any(" needs " in words for words in added.left_out):
        click.echo(f"add those with: drill actions add --from {told.exercise_id} --title … --owner … --due …", err=True)
    if not added.actions and not added.left_out:
        click.echo("no area for improvement was written down: nothing to add", err=True)


def _say(told: AfterAction, written: tuple[Path, ...]) -> None:
    from drillrunner.reporting.exercise.report import decide_sentence, decided_sentence, expected_count, headline
    from drillrunner.reporting.exercise.report import status_words as status
    from drillrunner.reporting.outside_text import visible

    lines = [headline(told), f"  expected: {expected_count(told.outcome.expected)}", f"  {decide_sentence(told)}"]
    lines += [f"  {one.measured.source}: {decided_sentence(one)}" for one in told.decided]
    lines += [f"  {words}" for words in (status(told), *told.warnings) if words]
    for line in lines:
        click.echo(visible(line))
    for path in written:
        click.echo(f"  {path}")
