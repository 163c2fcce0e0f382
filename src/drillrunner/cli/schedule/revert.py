"""`drill schedule revert`: what another scheduler calls after a run, however that ended, and when it begins again."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import click

from drillrunner.errors import DrillError, EnvironmentBusy, ExitCode
from drillrunner.files.run_folder import RunFolder, run_folders

_TAIL_BYTES = 4_096


def revert_dead(reports: Path, *, any_host: bool) -> int:
    """Put back what dead runs left, newest first. The exit code."""
    code = ExitCode.ALL_MET
    for folder in _dead(reports, any_host=any_host):
        _say(f"run {folder.run_id} died or left something behind: reverting it")
        try:
            _revert(folder, reports)
        except EnvironmentBusy:
            _say(f"run {folder.run_id} holds its environment, or another does: it is let be")
        except click.exceptions.Exit as ended:
            code = max(code, ended.exit_code)
        except DrillError as error:
            _say(f"run {folder.run_id} COULD NOT BE PUT BACK: {error}")
            code = ExitCode.STILL_INJECTED
    return code


def _revert(folder: RunFolder, reports: Path) -> None:
    """As `drill revert` does. Raises as it does."""
    from drillrunner.cli.revert import revert

    click.Context(revert).invoke(revert, run=str(folder.path), reports=reports, as_json=False)


def _say(text: str) -> None:
    from drillrunner.cli.view import say

    say(text)


def _dead(reports: Path, *, any_host: bool) -> Iterator[RunFolder]:
    """Runs that came to no end and that nobody holds. What cannot be read is said."""
    for folder in run_folders(reports):
        if not _says_that_it_ended(folder) and _is_dead(folder, any_host=any_host):
            yield folder


def _is_dead(folder: RunFolder, *, any_host: bool) -> bool:
    from drillrunner.cli.aftermath import has_ended, lab_is_gone
    from drillrunner.files.journal_file import read_journal
    from drillrunner.files.lock_file import is_held
    from drillrunner.files.run_folder import read_plan

    try:
        plan, entries = read_plan(folder), read_journal(folder.journal)
    except (DrillError, OSError) as error:
        _say(f"warning: run {folder.run_id} cannot be read: {error}")
        return False
    if has_ended(entries) or lab_is_gone(plan) or is_held(plan.environment, folder.run_id):
        return False
    host = next((entry.data.get("host") for entry in entries if entry.kind == "run.began"), None)
    if any_host or host in (None, socket.gethostname()):
        return True
    _say(f"run {folder.run_id} of {host} has not ended: it is let be (see --any-host)")
    return False


def _says_that_it_ended(folder: RunFolder) -> bool:
    """Whether the journal's last line is an end with nothing left. Any doubt is for the whole journal to settle."""
    try:
        with folder.journal.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            last = json.loads(file.read().splitlines()[-1])
        return bool(last["kind"] == "run.ended" and last["data"]["exit_code"] != ExitCode.STILL_INJECTED)
    except (OSError, ValueError, IndexError, KeyError, TypeError):
        return False
