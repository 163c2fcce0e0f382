"""A whole run as `drill run` wires it, with one difference: no rate limit, since the endpoint here has none.

Settings: `drill` (its file), `reports`. Answers `apply_seconds` (from the first undo on disk to the last effect
seen), `revert_seconds`, `cpu_seconds` of these two together, `calls` in them, `entries` journaled in them.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from loopback import outside_of

from drillrunner.calls.http import SocketHttpClient
from drillrunner.cli.session import choose
from drillrunner.clock import Clock
from drillrunner.engine.conduct import Conductor
from drillrunner.engine.desk import Desk
from drillrunner.engine.plan import make_plan
from drillrunner.engine.record import Record
from drillrunner.files.journal_file import JournalFile
from drillrunner.files.readings_file import ReadingsFile
from drillrunner.files.run_folder import create_run_folder, new_run_id
from drillrunner.model.journal import Entry


@dataclass
class Stopwatch:
    """Reads the clocks at the entries between which something is measured."""

    cpu_seconds: float = 0.0
    first: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    calls: int = 0
    entries: int = 0
    _begun: float = 0.0

    def entry(self, entry: Entry) -> None:
        self.first.setdefault(entry.kind, entry.at)
        self.last[entry.kind] = entry.at
        self.calls += entry.kind in {"call.intent", "read_back"}
        self.entries += entry.kind in {"undo.recorded", "call.intent", "call.outcome", "read_back"}
        self.entries += entry.kind in {"effect.observed", "change.reverted"}
        if self._starts(entry):
            self._begun = time.process_time()
        elif self._ends(entry):
            self.cpu_seconds += time.process_time() - self._begun

    def _starts(self, entry: Entry) -> bool:
        first_undo = entry.kind == "undo.recorded" and entry.data["change_id"] == "c1"
        return first_undo or entry.kind == "revert.began"

    def _ends(self, entry: Entry) -> bool:
        return entry.kind == "revert.done" or (entry.kind == "phase.began" and entry.data["phase"] == "detect")

    def answer(self) -> dict[str, Any]:
        return {
            "apply_seconds": self.last["effect.observed"] - self.first["undo.recorded"],
            "revert_seconds": self.last["revert.done"] - self.first["revert.began"],
            "cpu_seconds": self.cpu_seconds,
            "calls": self.calls,
            "entries": self.entries,
        }


async def _nobody(text: str) -> None:
    raise SystemExit(f"this drill has no step for a person: {text}")


async def main(drill: str, reports: str) -> None:
    chosen = choose(drill, {}, None)
    clock = Clock()
    watch = Stopwatch()
    http = SocketHttpClient(clock)
    run_id = new_run_id(clock.wall())
    outside = outside_of(chosen.environment, clock, http, run_id)
    plan = await make_plan(chosen.drill, chosen.environment, outside)
    folder = create_run_folder(Path(reports), run_id, plan)
    journal, readings = JournalFile(folder.journal, clock), ReadingsFile(folder.readings)
    record = Record(journal, notify=watch.entry, make_room=folder.free_ballast)
    ending = await Conductor(Desk(plan, outside, record, readings, ask_person=_nobody)).run()
    assert not ending.reverted.left, ending
    assert ending.outcome == "completed", ending
    readings.close()
    journal.close()
    print(json.dumps(watch.answer()))


if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    anyio.run(main, settings["drill"], settings["reports"])
