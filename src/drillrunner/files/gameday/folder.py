"""The folder of one game day, `reports/<stamp>-gameday-<name>-<id>/`: its plan, its journal, and its reports."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from drillrunner.errors import EnvironmentBusy, InvalidInput, JournalUnwritable, RunNotFound
from drillrunner.files.lock_file import is_locked
from drillrunner.model.gameday import GameDayPlan

_NAME = re.compile(r"\d{8}-\d{6}-gameday-(.+)-[0-9a-f]{6}\Z")


@dataclass(frozen=True, slots=True)
class GameDayFolder:
    """Paths of one game day's files; nothing is opened here."""

    path: Path

    @property
    def gameday_id(self) -> str:
        return self.path.name

    @property
    def gameday(self) -> str:
        """The game day's name."""
        match = _NAME.match(self.path.name)
        return match.group(1) if match else ""

    @property
    def plan(self) -> Path:
        return self.path / "plan.json"

    @property
    def journal(self) -> Path:
        return self.path / "gameday.jsonl"

    @property
    def lock(self) -> Path:
        """Held by the process that runs the game day, for as long as it lives."""
        return self.path / "gameday.lock"


def create_gameday_folder(reports: Path, plan: GameDayPlan, now: datetime) -> GameDayFolder:
    """Make the folder with its plan, durably. Raises JournalUnwritable."""
    name = f"{now:%Y%m%d-%H%M%S}-gameday-{plan.gameday.name}-{secrets.token_hex(3)}"
    folder = GameDayFolder(reports / name)
    try:
        folder.path.mkdir(parents=True)
        with folder.plan.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(plan.model_dump_json(indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise JournalUnwritable(
            f"the game day's folder cannot be written: {error.strerror}",
            where=str(folder.path),
            advice="free some space or choose another --reports folder; nothing was injected",
        ) from error
    return folder


def read_gameday_plan(folder: GameDayFolder) -> GameDayPlan:
    """The plan that the game day was begun with. Raises InvalidInput."""
    try:
        return GameDayPlan.model_validate_json(folder.plan.read_bytes())
    except (OSError, ValidationError) as error:
        raise InvalidInput("this is no plan that this version can read", where=str(folder.plan)) from error


def gameday_folders(reports: Path, gameday: str | None = None) -> Iterator[GameDayFolder]:
    """The game days under a reports folder (of that name alone), newest first."""
    if not reports.is_dir():
        return
    for path in sorted(reports.iterdir(), reverse=True):
        folder = GameDayFolder(path)
        if folder.gameday and gameday in (None, folder.gameday) and folder.journal.exists():
            yield folder


def find_gameday_folder(reports: Path, name: str) -> GameDayFolder:
    """A game day that was run: its folder, the beginning or end of its id, its name (the last one), or `last`.

    Raises RunNotFound.
    """
    at_path = GameDayFolder(Path(name).resolve() if "\0" not in name else reports)
    if at_path.gameday and at_path.journal.exists():
        return at_path
    folders = list(gameday_folders(reports))
    named = [one for one in folders if name in ("last", one.gameday)][:1]
    found = named or [one for one in folders if one.gameday_id.startswith(name) or one.gameday_id.endswith(name)]
    if len(found) == 1:
        return found[0]
    what = "several game days are" if found else "no game day was run that is"
    raise RunNotFound(f'{what} named "{name}"', where=str(reports), advice="run one with: drill gameday run NAME")


@contextlib.contextmanager
def held(folder: GameDayFolder) -> Iterator[None]:
    """Hold the folder for this process; the kernel lets go when it dies. Raises EnvironmentBusy."""
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise EnvironmentBusy(
            f"game day {folder.gameday_id} is under way in another process",
            advice="wait until it ends, or stop its run with: drill stop",
        ) from None
    try:
        yield
    finally:
        os.close(descriptor)


def is_held(folder: GameDayFolder) -> bool:
    """Whether a living process runs the game day."""
    return is_locked(folder.lock)
