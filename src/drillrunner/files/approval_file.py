"""Approvals on disk: `<reports>/approvals/`, one JSON file for each, and beside them the plans that were shown."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from drillrunner.errors import InvalidInput, JournalUnwritable, RunNotFound
from drillrunner.model.approval import Approval
from drillrunner.model.gameday import GameDayPlan
from drillrunner.model.noun import Noun
from drillrunner.model.plan import Plan

FOLDER = "approvals"
PLANS = "plans"
NAMESPACE = "drillrunner-approval"
_HASH = re.compile(r"[0-9a-f]{6,64}\Z")
_MOST_BYTES = 65_536


class KeptPlan(Noun):
    """A plan as it was shown to those who approve: that of a game day, or of one drill. One of the two is there."""

    gameday: GameDayPlan | None = None
    drill: Plan | None = None

    @property
    def hash(self) -> str:
        return self.gameday.hash if self.gameday else self.drill.hash if self.drill else ""

    @property
    def name(self) -> str:
        """`game day quarterly on lab`, `drill lambda-throttle on lab`."""
        if self.gameday is not None:
            return f"game day {self.gameday.gameday.name} on {self.gameday.gameday.environment}"
        return f"drill {self.drill.drill.name} on {self.drill.environment.name}" if self.drill else ""

    def covers(self) -> tuple[str, ...]:
        """The hashes of the plans inside of it."""
        return tuple(plan.hash for plan in self.gameday.plans) if self.gameday else ()


class Approvals(NamedTuple):
    """What the folder holds: approvals, the oldest first, and the names of files that are none."""

    found: tuple[Approval, ...]
    unreadable: tuple[str, ...]


def approvals_of(reports: Path, plan_hash: str) -> tuple[Approval, ...]:
    """The approvals of the plan with that hash, itself or as a part of a game day's; the oldest first.

    A file that cannot be read approves nothing. Signatures are not verified here.
    """
    return tuple(one for one in all_approvals(reports).found if one.is_for(plan_hash))


def all_approvals(reports: Path) -> Approvals:
    """Every approval, and every file of the folder that is none."""
    found: list[Approval] = []
    unreadable: list[str] = []
    folder = reports / FOLDER
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            with path.open("rb") as file:
                found.append(Approval.model_validate_json(file.read(_MOST_BYTES)))
        except (OSError, ValidationError):
            unreadable.append(path.name)
    return Approvals(tuple(sorted(found, key=lambda one: one.at)), tuple(unreadable))


def write_approval(reports: Path, approval: Approval) -> Path:
    """Keep it. Raises JournalUnwritable."""
    name = f"{approval.plan_hash[:12]}-{approval.at:%Y%m%dT%H%M%S%f}-{approval.approver}.json"
    path = reports / FOLDER / name
    _write(path, approval.model_dump_json(indent=1) + "\n")
    return path


def keep_plan(reports: Path, kept: KeptPlan) -> Path:
    """Keep a plan that was shown, under its hash, so that it can be approved by it and compared with a later one."""
    path = reports / FOLDER / PLANS / f"{kept.hash}.json"
    if not path.exists():
        _write(path, kept.model_dump_json() + "\n")
    return path


def kept_plan(reports: Path, plan_hash: str) -> KeptPlan | None:
    """The plan that was kept under the hash; None where there is none, or it is not what it was."""
    try:
        found = KeptPlan.model_validate_json((reports / FOLDER / PLANS / f"{plan_hash}.json").read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.hash == plan_hash else None


def is_hash(text: str) -> bool:
    """Whether a text can be a plan's hash or the beginning of one."""
    return bool(_HASH.match(text))


def find_plan(reports: Path, beginning: str) -> KeptPlan:
    """The plan whose hash begins so. Raises RunNotFound, and InvalidInput where it was changed on disk."""
    folder = reports / FOLDER / PLANS
    names = sorted(path.stem for path in folder.glob(f"{beginning}*.json")) if is_hash(beginning) else []
    if len(names) != 1:
        what = "several plans were shown whose hashes begin" if names else "no plan was shown whose hash begins"
        raise RunNotFound(f'{what} "{beginning}"', where=str(folder), advice="drill gameday plan shows and keeps one")
    found = kept_plan(reports, names[0])
    if found is None:
        raise InvalidInput(
            "this is no plan that this version can read, or it was changed",
            where=str(folder / f"{names[0]}.json"),
            advice="show it again with drill gameday plan, or approve it by its name",
        )
    return found


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and on the platter when it returns."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch.open("x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        raise JournalUnwritable(
            f"this cannot be written: {error.strerror}", where=str(path), advice="choose another --reports"
        ) from error
