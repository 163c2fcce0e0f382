"""`kill -9` at any moment, then `drill revert last`: the lab's control plane is as it was, to the last field.

`make test` runs a sample, named by what was written last; `make crash-matrix` kills after every
entry of every shipped drill, and writes docs/crash-matrix.md. CRASH_ENTRIES=22 or 20-30 runs those alone.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from drillrunner.engine.revert import owed
from drillrunner.files.journal_file import read_journal
from drillrunner.lab.lifecycle import read_status
from drillrunner.model.journal import PHASES
from running_lab import RunningLab
from scenario_waits import wait_for
from stages import QUICK, ROOT, Stage, stage_in

FRONT_DOOR = "checkout.example.test"
ASTRAY_IN_A_ROW = 10


@dataclass(frozen=True)
class Victim:
    """A shipped drill as the matrix runs it: as shipped, but for its waits and the speed of its lab."""

    drill: str
    topology: str = "checkout"
    time_scale: float = 20
    changes: dict[str, str] = field(default_factory=dict)


# In a fast lab, a busy machine needs a baseline in which its first answers come, and more drill seconds for an answer.
PATIENT = {"baseline: {for: 30s,": "baseline: {for: 16s,", "timeout: 5s": "timeout: 15s"}
VICTIMS = [
    Victim("regional-outage", changes=PATIENT),
    Victim("lambda-throttle", changes=PATIENT),
    Victim("health-check-failover", changes={**PATIENT, "stable_for: 60s": "stable_for: 5s"}),
    Victim(
        "replica-promotion",
        topology="postgres",
        time_scale=4,
        changes={"baseline: {for: 10s,": "baseline: {for: 4s,", "stable_for: 10s": "stable_for: 4s"},
    ),
]

# Around everything that the first fault and the steps do to the world, and around what puts it back.
SAMPLE = [
    "undo.recorded/ledger#1",
    "undo.recorded/fault#1",
    "call.intent/apply#1",
    "call.outcome/apply#1",
    "effect.observed#1",
    "undo.recorded/step#1",
    "call.intent/apply#2",
    "call.intent/apply#3",
    "change.reverted#1",
    "call.outcome/revert#5",
]


@dataclass
class Arena:
    """One drill and the lab that it dies in, with what the lab looked like before."""

    stage: Stage
    victim: Victim
    path: Path
    lab: RunningLab
    before: Any
    front_door: list[str]

    def kill(self, moment: int | str) -> subprocess.CompletedProcess[str]:
        """Run the drill in a steady lab, to die at that moment."""
        wait_for(lambda: self._front_door() == self.front_door)
        return self.stage.drill("run", str(self.path), "--plain", dies_after=moment)

    def certainly_kill(self, moment: str) -> None:
        """Kill it at a moment that it comes to, unless it ended early: then again."""
        for _ in range(ASTRAY_IN_A_ROW):
            died = self.kill(moment)
            if died.returncode == -signal.SIGKILL:
                return
            assert not self.went_its_way(), f"the run never came to {moment}: {died.stderr}"
        raise AssertionError(f"the run ends early by itself: {died.stderr}")

    def wrongs(self) -> list[str]:
        """Revert the run that died; everything that is not as it must be then."""
        try:
            reverted = self.stage.drill("revert", "last")
        except subprocess.TimeoutExpired:
            return ["drill revert hung"]
        said = reverted.stdout + reverted.stderr
        found = [] if reverted.returncode == 0 else [f"drill revert ended with {reverted.returncode}: {said}"]
        found += [f"state differs: {one}" for one in differences(self.before, self.state())]
        found += [f"left: {record}" for record in self._records_in_the_end()]
        found += [f"still owed: {one.describe()}" for one in owed(read_journal(self.journal()))]
        return found + self._promotion_wrongs(said)

    def state(self) -> Any:
        return self.stage.ask("state", self.victim.topology)

    def journal(self) -> Path:
        return self.stage.run_folder() / "journal.jsonl"

    def last_entry(self) -> tuple[str, str]:
        """The phase that the run is in, and the kind of its newest entry."""
        entries = self.stage.entries()
        phases = [entry["data"]["phase"] for entry in entries if entry["kind"] == "phase.began"]
        return (phases[-1] if phases else "preflight", entries[-1]["kind"])

    def went_its_way(self) -> bool:
        """Whether nothing but its death ended the run early; on a busy machine, a probe may be late."""
        entries = self.stage.entries()
        phases = {entry["data"]["phase"] for entry in entries if entry["kind"] == "phase.began"}
        interrupted = any(entry["kind"] == "interrupted" for entry in entries)
        return not interrupted and ("failback" in phases or "revert" not in phases)

    def is_spent(self) -> bool:
        """Whether its standby has been promoted, which only a new lab undoes."""
        return self.victim.topology == "postgres" and not self._ask("orders-replica", "SELECT pg_is_in_recovery()")[0]

    def _front_door(self) -> list[str]:
        """Where DNS sends users: elsewhere than at the beginning, until the health checks have recovered."""
        return sorted(self.lab.addresses(FRONT_DOOR)) if self.victim.topology == "checkout" else []

    def _promotion_wrongs(self, said: str) -> list[str]:
        """A promotion that may have been made is said to be so, and no other is."""
        entries = self.stage.entries()
        promotes = {
            entry["data"]["change_id"]
            for entry in entries
            if entry["kind"] == "undo.recorded" and entry["data"]["kind"] == "postgres.promote"
        }
        intended = any(entry["kind"] == "call.intent" and entry["data"]["change_id"] in promotes for entry in entries)
        told = "cannot be put back: postgres.promote" in said
        ended = "nothing was left" in said
        return [] if told == intended or ended else [f"a promotion was intended: {intended}; told: {told}"]

    def _records_in_the_end(self) -> list[str]:
        """Ledger records that stay; deletions reach the other region or the standby a little later."""
        with contextlib.suppress(AssertionError):
            wait_for(lambda: not self._records(), within_seconds=5)
        return self._records()

    def _records(self) -> list[str]:
        return self._items() + self._tables()

    def _items(self) -> list[str]:
        found = []
        for region in self.lab.status.regions:
            aws = self.lab.client("dynamodb", region)
            for table in aws.list_tables()["TableNames"]:
                items = [item for page in aws.get_paginator("scan").paginate(TableName=table) for item in page["Items"]]
                found += [f"{region} {table} {item['pk']['S']}" for item in items]
        return [record for record in found if "drillrunner#" in record]

    def _tables(self) -> list[str]:
        names = "SELECT tablename FROM pg_tables WHERE tablename LIKE 'drillrunner_ledger_%'"
        return [f"{name} {table}" for name in self.lab.status.databases for table in self._ask(name, names)]

    def _ask(self, name: str, statement: str) -> list[Any]:
        """The first column of each row; nothing from a database that is down."""
        there = self.lab.status.databases[name]
        try:
            with psycopg.connect(host=there.host, port=there.port, user=there.user, dbname=there.dbname) as connection:
                return [row[0] for row in connection.execute(statement.encode()).fetchall()]
        except psycopg.OperationalError:
            return []


def differences(before: Any, after: Any, where: str = "") -> list[str]:
    """Each place in which two states differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted(before.keys() | after.keys())
        return [text for key in keys for text in differences(before.get(key), after.get(key), f"{where}/{key}")]
    return [] if before == after else [f"{where}: {before!r} became {after!r}"]


def opened(stage: Stage, victim: Victim) -> Arena:
    """A fresh lab, and the drill in it."""
    stage.drill("lab", "down", "--topology", victim.topology)
    quick = QUICK if victim.topology == "checkout" else ()
    up = stage.drill("lab", "up", "--topology", victim.topology, "--time-scale", str(victim.time_scale), *quick)
    assert up.returncode == 0, up.stderr
    status = read_status(stage.folder / "state" / "labs" / f"{victim.topology}.json")
    assert status is not None
    path = stage.drill_file("dying", victim.changes, source=victim.drill)
    arena = Arena(stage, victim, path, RunningLab(status), None, [])
    arena.before = arena.state()
    arena.front_door = arena._front_door()
    return arena


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """The regional outage, dying again and again in one lab."""
    arena = opened(stage_in(tmp_path_factory.mktemp("crash") / "work"), VICTIMS[0])
    yield arena
    arena.stage.drill("lab", "down", "--topology", arena.victim.topology)


@pytest.mark.parametrize("moment", SAMPLE)
def test_a_drill_killed_at_any_moment_is_put_back_by_revert(outage: Arena, moment: str) -> None:
    outage.certainly_kill(moment)
    assert outage.wrongs() == []


def test_a_revert_that_is_killed_too_is_finished_by_the_next(outage: Arena) -> None:
    outage.certainly_kill("effect.observed#1")
    for moment in ("call.intent#1", "call.outcome#1", "revert.done#1"):
        killed = outage.stage.drill("revert", "last", dies_after=moment)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert outage.wrongs() == []
    assert not (outage.stage.run_folder() / ".ballast").exists()


@dataclass
class Tally:
    """What became of one drill's deaths: by phase and kind of the last entry, killed and restored."""

    victim: Victim
    killed: Counter[tuple[str, str]] = field(default_factory=Counter)
    restored: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    whole: bool = False
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    def add(self, number: int, last: tuple[str, str], wrongs: list[str]) -> None:
        self.killed[last] += 1
        self.restored[last] += not wrongs
        self.seconds = time.monotonic() - self.began
        if wrongs:
            replay = f"CRASH_ENTRIES={number} make crash-matrix"
            place = f"{self.victim.drill}, killed after entry {number} ({last[0]}, {last[1]})"
            self.failures.append("\n  ".join([f"{place}; replay: {replay}", *wrongs]))

    def table(self) -> list[str]:
        """Markdown: one row for each phase and kind, in the order of the phases."""
        rows = sorted(self.killed, key=lambda last: (PHASES.index(last[0]), last[1]))
        lines = ["| phase | last entry | killed | restored |", "|---|---|---:|---:|"]
        lines += [
            f"| {phase} | {kind} | {self.killed[phase, kind]} | {self.restored[phase, kind]} |" for phase, kind in rows
        ]
        return [*lines, f"| **all** | | **{self.killed.total()}** | **{self.restored.total()}** |"]


def page(tallies: list[Tally]) -> str:
    """docs/crash-matrix.md."""
    killed = sum(tally.killed.total() for tally in tallies)
    restored = sum(tally.restored.total() for tally in tallies)
    seconds = sum(tally.seconds for tally in tallies)
    lines = [
        "# The crash matrix",
        "",
        "`drill run` of each shipped drill is killed (SIGKILL) after its first journal entry, then in a new run after",
        "its second, and so on until a run ends by itself; each time `drill revert last` follows. Restored means that",
        "the lab's whole control plane is equal to what it was before, to the last field (a reserve of 40 is 40 again,",
        "none is none), that no ledger record is left in any table, that the journal owes nothing, and that a",
        "promotion, which nobody can take back, is said to be one. The drills' waits are cut short, their labs run",
        "faster and their probes' time-outs are longer; nothing else differs from the drills as shipped.",
        "",
        f"Generated by `make crash-matrix` on {datetime.now(UTC):%Y-%m-%d}: **{restored} of {killed} restored**, "
        f"in {seconds:.0f} s.",
    ]
    for tally in tallies:
        speed = f"{tally.killed.total()} entries, {tally.seconds:.0f} s, lab at {tally.victim.time_scale:g}×"
        lines += ["", f"## {tally.victim.drill} ({speed})", "", *tally.table()]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def tallies() -> Iterator[list[Tally]]:
    """Collected by the matrix; written down when it was whole."""
    collected: list[Tally] = []
    yield collected
    if len(collected) == len(VICTIMS) and all(tally.whole for tally in collected) and "CRASH_ENTRIES" not in os.environ:
        (ROOT / "docs").mkdir(exist_ok=True)
        (ROOT / "docs" / "crash-matrix.md").write_text(page(collected), encoding="utf-8")


def chosen() -> tuple[int, float]:
    """The first and the last entry to die after: all, or those that CRASH_ENTRIES names."""
    first, _, last = os.environ.get("CRASH_ENTRIES", "").partition("-")
    return (int(first), int(last or first)) if first else (1, math.inf)


def died_everywhere(stage: Stage, victim: Victim, tell: Callable[[str], None]) -> Tally:
    """Kill the drill after each entry in turn, until a run ends by itself before it comes to that entry."""
    tally = Tally(victim)
    arena = opened(stage, victim)
    number, last_number = chosen()
    astray = 0
    while number <= last_number and astray < ASTRAY_IN_A_ROW:
        died = arena.kill(number)
        as_meant = arena.went_its_way()
        astray = 0 if as_meant else astray + 1
        if died.returncode == -signal.SIGKILL:
            last, wrongs = arena.last_entry(), arena.wrongs()
            tally.add(number, last, wrongs)
            tell(f"{victim.drill} {number} {last[0]} {last[1]}: {wrongs or 'restored'}")
            number += as_meant
            if wrongs or arena.is_spent():
                arena = opened(stage, victim)
        elif as_meant:
            tally.whole = True
            break
        else:
            tell(f"{victim.drill} {number}: ended early by itself ({died.returncode}); again")
    stage.drill("lab", "down", "--topology", victim.topology)
    assert astray < ASTRAY_IN_A_ROW, f"{victim.drill} ends early by itself, before entry {number}"
    return tally


@pytest.mark.slow
@pytest.mark.parametrize("victim", VICTIMS, ids=lambda victim: victim.drill)
def test_after_every_entry_of_every_drill(
    victim: Victim, tmp_path: Path, tallies: list[Tally], capsys: pytest.CaptureFixture[str]
) -> None:
    def tell(text: str) -> None:
        with capsys.disabled():
            print(text, flush=True)

    tally = died_everywhere(stage_in(tmp_path / "work"), victim, tell)
    tallies.append(tally)
    tell("\n".join([victim.drill, *tally.table()]))
    assert not tally.failures, "\n".join(tally.failures)
