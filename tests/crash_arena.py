"""The lab that drills die in, and what must be as it was once they have been put back."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from drillrunner.engine.revert import owed
from drillrunner.files.journal_file import read_journal
from drillrunner.lab.lifecycle import read_status
from running_lab import RunningLab
from scenario_waits import wait_for
from stages import QUICK, Stage

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
REGIONAL_OUTAGE = Victim("regional-outage", changes=PATIENT)


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
        self.settle()
        return self.stage.drill("run", str(self.path), "--plain", dies_after=moment)

    def settle(self) -> None:
        """Wait until users are served from where they were at the beginning."""
        wait_for(lambda: self._front_door() == self.front_door)

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
        return found + self.not_as_before() + still_owed(self.journal()) + self._promotion_wrongs(said)

    def not_as_before(self) -> list[str]:
        """What of the lab differs from what it was, and the ledger records that were left in it."""
        found = [f"state differs: {one}" for one in differences(self.before, self.state())]
        return found + [f"left: {record}" for record in self._records_in_the_end()]

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


def still_owed(journal: Path) -> list[str]:
    """What a run's journal says is not put back yet."""
    return [f"still owed: {one.describe()}" for one in owed(read_journal(journal))]


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
