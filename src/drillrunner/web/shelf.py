"""The runs of a reports folder for lists. What has not changed on disk is not read again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from drillrunner.errors import DrillError
from drillrunner.files.lock_file import is_held
from drillrunner.files.run_folder import RunFolder, named_folders, read_plan, read_verdict, run_folders
from drillrunner.judge.history import place_of
from drillrunner.model.history import BrokenRun, PastRun
from drillrunner.model.verdict import Verdict

Read = Callable[[RunFolder], PastRun | BrokenRun]
_Stamp = tuple[int, ...]
_STAMPED = ("journal.jsonl", "verdict.json", "plan.json")


def is_under_way(folder: RunFolder) -> bool:
    """Whether a living process on this machine holds the run's environment in its name."""
    try:
        return is_held(read_plan(folder).environment, folder.run_id)
    except (DrillError, OSError):
        return False


def _stamp(folder: RunFolder) -> _Stamp:
    found = (folder.path / name for name in _STAMPED)
    return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in found)


def _under_way(folder: RunFolder) -> PastRun | None:
    """A run that goes on, from its plan alone: to judge all its readings whenever a list is shown costs too much."""
    plan = read_plan(folder)
    place = place_of(plan.environment.model_dump(mode="json"))
    if place is None or not is_held(plan.environment, folder.run_id):
        return None
    day, time = folder.run_id[:8], folder.run_id[9:15]
    return PastRun(
        run_id=folder.run_id,
        folder=str(folder.path),
        drill=plan.drill.name,
        environment=plan.environment.name,
        kind=place[0],
        place=place[1],
        began_wall=f"{day[:4]}-{day[4:6]}-{day[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}+00:00",
        outcome="inconclusive",
        why="",
        ended_by="",
        objectives=(),
        revert=None,
        under_way=True,
    )


@dataclass(slots=True)
class Shelf:
    """Every run, newest first. `read` judges what is over; it is asked once for what stays as it is."""

    reports: Path
    read: Read
    _known: dict[str, tuple[_Stamp, PastRun | BrokenRun]] = field(default_factory=dict)
    _verdicts: dict[str, tuple[_Stamp, Verdict | None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def runs(self) -> list[PastRun | BrokenRun]:
        """All of them; a folder that cannot be read hides no other."""
        with self._lock:
            found = [self._look(folder) for folder in named_folders(self.reports)]
            names = {one.run_id for one in found}
            self._known = {name: known for name, known in self._known.items() if name in names}
        return found

    def run(self, folder: RunFolder) -> PastRun | BrokenRun:
        """One run."""
        with self._lock:
            return self._look(folder)

    def verdicts(self) -> list[Verdict]:
        """Every verdict that is on disk."""
        with self._lock:
            known, self._verdicts = self._verdicts, {}
            for folder in run_folders(self.reports):
                stamp, before = _stamp(folder), known.get(folder.run_id)
                same = before if before is not None and before[0] == stamp else None
                self._verdicts[folder.run_id] = same or (stamp, read_verdict(folder))
            return [verdict for _, verdict in self._verdicts.values() if verdict is not None]

    def _look(self, folder: RunFolder) -> PastRun | BrokenRun:
        try:
            stamp = _stamp(folder)
            known = self._known.get(folder.run_id)
            if known is not None and known[0] == stamp:
                return known[1]
            going_on = None if read_verdict(folder) is not None else _under_way(folder)
        except (DrillError, OSError):
            stamp, going_on = (), None  # reading it says what is wrong
        if going_on is not None:
            return going_on
        one = self.read(folder)
        self._known[folder.run_id] = (stamp, one)
        return one
