"""`drill evidence build` of a tabletop exercise: its report is written anew, and all of it is filed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from drillrunner.errors import InvalidInput, Refused, RunNotFound
from drillrunner.evidence.compose import Given
from drillrunner.files.exercise.folder import ExerciseFolder, find_exercise


def exercise_named(reports: Path, name: str) -> ExerciseFolder | None:
    """The exercise that is meant; None where a run is. `last` is a run, as everywhere."""
    if name == "last":
        return None
    try:
        return find_exercise(reports, name)
    except RunNotFound:
        return None


def file_exercise(
    folder: ExerciseFolder,
    reports: Path,
    shelf: Path,
    given: Given,
    now: datetime,
    signing: tuple[str | None, str | None],
) -> None:
    """Make the record, and say where it is. `signing` is --sign and --sign-environment.

    Raises Refused, InvalidInput, JournalBroken.
    """
    from drillrunner.cli.evidence_kms import KMS, signer_of
    from drillrunner.cli.tabletop.report import after_action, write_after_action
    from drillrunner.evidence.exercise import build_exercise
    from drillrunner.evidence.plain_files import sha256_of_file
    from drillrunner.evidence.record import MANIFEST
    from drillrunner.files.actions_file import ACTIONS, read_actions
    from drillrunner.files.approval_file import approvals_of
    from drillrunner.files.run_folder import RunFolder

    _refuse_unless_over(folder, incomplete=given.incomplete)
    key, environment = signing
    if key is not None and key.startswith(KMS) and environment is None:
        raise InvalidInput(
            "an exercise ran in no environment",
            advice="name one whose credentials may use the key: --sign-environment NAME",
        )
    signer = signer_of(key, environment, RunFolder(folder.path), now)
    write_after_action(folder, after_action(folder, reports))
    approvals = approvals_of(reports, folder.exercise_sha256())
    given = replace(given, approvals=approvals, actions=read_actions(reports / ACTIONS))
    made = build_exercise(folder, shelf, given, now=now, signer=signer)
    click.echo(made)
    click.echo(f"manifest {sha256_of_file(made / MANIFEST)[0]} (keep it elsewhere: it stands for the whole chain)")


def _refuse_unless_over(folder: ExerciseFolder, *, incomplete: bool) -> None:
    """An exercise that is under way, or was not ended and nobody said so, is no record yet."""
    from drillrunner.files.exercise.journal import is_running, read_events

    if is_running(folder):
        raise Refused(f"exercise {folder.exercise_id} is being played", advice="wait until it is over")
    ended = any(event.kind == "exercise_ended" for event in read_events(folder).events)
    if not ended and not incomplete:
        advice = f"end it with: drill tabletop run --resume {folder.path}; or record it as it is with --incomplete"
        raise Refused(f"exercise {folder.exercise_id} was not ended", advice=advice)
