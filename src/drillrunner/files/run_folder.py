"""The folder of one run, `reports/<run-id>/`: where each of its files lies, and how a run is found again."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import JsonValue, ValidationError

from drillrunner.errors import InvalidInput, JournalUnwritable, RunNotFound
from drillrunner.model.plan import Plan
from drillrunner.model.verdict import Verdict

_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}\Z")
# freed when the disk is full, so that a revert can still be recorded
_BALLAST_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths of one run's files; nothing is opened here."""

    path: Path

    @property
    def run_id(self) -> str:
        return self.path.name

    @property
    def plan(self) -> Path:
        return self.path / "plan.json"

    @property
    def journal(self) -> Path:
        return self.path / "journal.jsonl"

    @property
    def readings(self) -> Path:
        return self.path / "readings.sqlite"

    @property
    def verdict(self) -> Path:
        return self.path / "verdict.json"

    @property
    def stop_request(self) -> Path:
        """Written by `drill stop`, watched by the run."""
        return self.path / "stop.request"

    @property
    def step_requests(self) -> Path:
        """What people say of the runbook's steps, from a page or a shell; read by the run."""
        return self.path / "steps.request"

    @property
    def ballast(self) -> Path:
        return self.path / ".ballast"

    def exists(self) -> bool:
        return self.journal.exists()

    def free_ballast(self) -> None:
        self.ballast.unlink(missing_ok=True)


def new_run_id(now: datetime) -> str:
    """A name that sorts by time and does not collide: `20261120-140000-7f3a9c`."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def create_run_folder(reports: Path, run_id: str, plan: Plan) -> RunFolder:
    """Make the folder with its plan, durably. Raises JournalUnwritable."""
    folder = RunFolder(reports / run_id)
    try:
        folder.path.mkdir(parents=True)
        _write_durably(folder.ballast, b"\0" * _BALLAST_BYTES)
        _write_durably(folder.plan, (json.dumps(plan.as_json(), indent=1, sort_keys=True) + "\n").encode())
    except OSError as error:
        raise JournalUnwritable(
            f"the run's folder cannot be written: {error.strerror}",
            where=str(folder.path),
            advice="free some space or choose another --reports folder; nothing was injected",
        ) from error
    return folder


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_plan(folder: RunFolder) -> Plan:
    """The plan that the run was made from. Raises InvalidInput."""
    try:
        return Plan.model_validate_json(folder.plan.read_bytes())
    except (OSError, ValidationError) as error:
        raise InvalidInput(
            "this is no plan that this version can read",
            where=str(folder.plan),
            advice="judge and revert it with the version that made it (run.began in the journal names it)",
        ) from error


def read_environment(folder: RunFolder) -> JsonValue:
    """The environment of the plan as JSON, whichever version wrote it. None where there is none to be read."""
    try:
        plan: JsonValue = json.loads(folder.plan.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return plan.get("environment") if isinstance(plan, dict) else None


def read_verdict(folder: RunFolder) -> Verdict | None:
    """The verdict on disk. None where there is none that this version can read, or the journal is newer than it."""
    try:
        if folder.exists() and folder.journal.stat().st_mtime_ns > folder.verdict.stat().st_mtime_ns:
            return None
        return Verdict.model_validate_json(folder.verdict.read_bytes())
    except (OSError, ValidationError):
        return None


def run_folders(reports: Path) -> Iterator[RunFolder]:
    """Every run under a reports folder, newest first."""
    return (folder for folder in named_folders(reports) if folder.exists())


def named_folders(reports: Path) -> Iterator[RunFolder]:
    """Every folder that has a run's name, newest first, whether or not a journal is in it."""
    if not reports.is_dir():
        return
    for path in sorted(reports.iterdir(), reverse=True):
        if _RUN_ID.match(path.name) and path.is_dir():
            yield RunFolder(path)


def find_run(reports: Path, name: str) -> RunFolder:
    """The run by its id, the unambiguous end or beginning of it, its folder, or `last`. Raises RunNotFound."""
    as_path = RunFolder(Path(name).resolve() if name else reports / name)
    if as_path.exists():
        return as_path
    folders = list(run_folders(reports))
    if name == "last" and folders:
        return folders[0]
    matching = [folder for folder in folders if folder.run_id.startswith(name) or folder.run_id.endswith(name)]
    if len(matching) == 1:
        return matching[0]
    raise RunNotFound(
        f'{"several runs are" if matching else "no run is"} named "{name}"',
        where=str(reports),
        advice="list them with: drill status" + (f" ({', '.join(run.run_id for run in matching)})" if matching else ""),
    )
