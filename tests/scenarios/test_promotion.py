"""Promotion on real PostgreSQL: what the report says was lost, held against what the promoted server really has."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from drillrunner.errors import ExitCode
from drillrunner.lab.databases.databases import postgres_available
from drillrunner.lab.lifecycle import LabStatus
from running_lab import RunningLab
from scenario_waits import wait_for
from stages import Stage, entries_of, stage_in

pytestmark = pytest.mark.skipif(not postgres_available(), reason="the extra `postgres` is not installed")

TIME_SCALE = 8
PRIMARY, REPLICA = "orders-primary", "orders-replica"
# How long an acknowledged commit may wait until it is sent, in drill milliseconds: a short tail and a long one.
LAGS_MS = (400, 2500)
SHORTENED = {
    "every: 200ms": "every: 100ms",
    "timeout: 1s": "timeout: 5s",
    "baseline: {for: 10s,": "baseline: {for: 8s,",
    "stable_for: 10s": "stable_for: 5s",
}


@dataclass(frozen=True)
class Insert:
    """One row: when it was sent and when its client heard of it, in drill seconds. It was committed in between."""

    asked: float
    answered: float


@dataclass
class Bystander:
    """A client of its own that writes numbered rows to the primary beside the drill, until the primary is gone."""

    place: dict[str, Any]
    acknowledged: dict[int, Insert] = field(default_factory=dict)
    enough: threading.Event = field(default_factory=threading.Event)

    def write(self) -> None:
        with psycopg.connect(**self.place, autocommit=True) as connection:
            connection.execute("create table bystander (n bigint primary key)")
            number = 0
            while not self.enough.wait(0.002):
                number += 1
                asked = drill_now()
                try:
                    connection.execute("insert into bystander values (%s)", (number,))
                except psycopg.OperationalError:
                    return
                self.acknowledged[number] = Insert(asked, drill_now())


@contextmanager
def writing(place: dict[str, Any]) -> Iterator[Bystander]:
    bystander = Bystander(place)
    thread = threading.Thread(target=bystander.write)
    thread.start()
    try:
        yield bystander
    finally:
        bystander.enough.set()
        thread.join()


@dataclass(frozen=True)
class Promoted:
    """One drill that killed a primary: what clients were told, and what the promoted server had at `looked_at`."""

    verdict: dict[str, Any]
    acknowledged: dict[int, Insert]
    refused: list[Insert]
    surviving: set[int]
    looked_at: float
    bystander: dict[int, Insert]
    bystander_surviving: set[int]
    crashed_at: float
    effect: dict[str, Any]

    @property
    def ledger(self) -> dict[str, Any]:
        (found,) = self.verdict["ledgers"]
        return dict(found)

    @property
    def lost(self) -> list[Insert]:
        """The truth: acknowledged before anybody looked, and not there. Neither judge nor ledger is asked."""
        return [
            insert
            for number, insert in self.acknowledged.items()
            if insert.answered <= self.looked_at and number not in self.surviving
        ]

    @property
    def last_replicated(self) -> Insert:
        """The newest of the ledger's rows that the primary took and that outlived it."""
        kept = (insert for number, insert in self.acknowledged.items() if number in self.surviving)
        return max((insert for insert in kept if insert.answered <= self.crashed_at), key=lambda insert: insert.asked)

    @property
    def alive_until(self) -> float:
        """When the primary was last known to live: the kill is between this and `crashed_at`."""
        return max(insert.asked for insert in self.bystander.values())


def drill_now() -> float:
    """CLOCK_MONOTONIC times the scale, which every process on this machine reads alike."""
    return time.monotonic() * TIME_SCALE


@pytest.fixture(scope="module")
def promotions(tmp_path_factory: pytest.TempPathFactory) -> list[Promoted]:
    """Whole replica-promotions, each in a lab of its own, since nobody can take a promotion back."""
    return [_promotion_in_its_own_lab(tmp_path_factory.mktemp("promotion") / "work", lag) for lag in LAGS_MS]


def _promotion_in_its_own_lab(folder: Path, lag_ms: int) -> Promoted:
    stage = stage_in(folder)
    words = ("--topology", "postgres", "--time-scale", str(TIME_SCALE), "--set", f"rds.lag_ms={lag_ms}")
    up = stage.drill("lab", "up", *words)
    assert up.returncode == 0, up.stderr
    try:
        return _promotion(stage)
    finally:
        stage.drill("lab", "down", "--topology", "postgres")


def _promotion(stage: Stage) -> Promoted:
    databases = stage.lab("postgres")["databases"]
    path = stage.drill_file("promotion", SHORTENED, source="replica-promotion")
    with writing(_place(databases[PRIMARY])) as bystander:
        process = stage.start("run", str(path), "--json")
        try:
            # the ledger's table is dropped at the end of the run
            _until_journaled(stage, process, "phase.began", phase="failback")
            looked_at = drill_now()
            surviving, bystander_surviving = _rows(_place(databases[REPLICA]), stage.run_folder().name)
        finally:
            out, err = process.communicate(timeout=110)
    assert process.returncode == ExitCode.ALL_MET, err
    (crash,) = stage.ask("truth?name=database.crashed", "postgres")
    return Promoted(
        verdict=json.loads(out),
        acknowledged=_polls(stage, ok=True),
        refused=list(_polls(stage, ok=False).values()),
        surviving=surviving,
        looked_at=looked_at,
        bystander=bystander.acknowledged,
        bystander_surviving=bystander_surviving,
        crashed_at=crash["at"],
        effect=next(entry["data"] for entry in stage.entries() if entry["kind"] == "effect.observed"),
    )


def _place(database: dict[str, Any]) -> dict[str, Any]:
    names = ("host", "port", "dbname", "user")
    return {**{name: database[name] for name in names}, "connect_timeout": 5}


def _rows(place: dict[str, Any], run_id: str) -> tuple[set[int], set[int]]:
    """The numbers in the ledger's and in the bystander's table, read by a client of the test's own."""
    table = "drillrunner_ledger_" + run_id.replace("-", "_")
    with psycopg.connect(**place, autocommit=True) as connection:
        ledger = connection.execute(f"select n from {table}".encode()).fetchall()
        bystander = connection.execute("select n from bystander").fetchall()
    return {row[0] for row in ledger}, {row[0] for row in bystander}


def _polls(stage: Stage, *, ok: bool) -> dict[int, Insert]:
    """The ledger's polls that were, or were not, acknowledged: by record number, from the readings on disk."""
    question = "select seq, asked, answered from readings where probe = 'orders' and ok = ?"
    with closing(sqlite3.connect(stage.run_folder() / "readings.sqlite")) as database:
        return {seq: Insert(asked, answered) for seq, asked, answered in database.execute(question, (int(ok),))}


def _until_journaled(stage: Stage, process: subprocess.Popen[str], kind: str, **data: Any) -> None:
    """Return once the run has journaled such an entry; fail the test with what it said when it ends without."""
    wait_for(lambda: _journaled(stage, process.pid, kind, **data) or process.poll() is not None)
    assert process.poll() is None, process.communicate()


def _journaled(stage: Stage, pid: int, kind: str, **data: Any) -> bool:
    """Whether the run of that process has journaled an entry of that kind with these data."""
    entries = entries_of(stage.reports, pid)
    return any(entry["kind"] == kind and data.items() <= entry["data"].items() for entry in entries)


def test_the_report_counts_exactly_the_acknowledged_rows_that_the_promoted_server_does_not_have(
    promotions: list[Promoted],
) -> None:
    for run in promotions:
        assert run.ledger["acknowledged"] == len(run.acknowledged) > 50
        assert run.ledger["lost"] == len(run.lost)
        assert (run.ledger["late"], run.ledger["duplicated"], run.ledger["overwritten"]) == (0, 0, 0)
    assert sum(len(run.lost) for run in promotions) > 0


def test_what_is_lost_is_the_tail_of_what_the_primary_acknowledged(promotions: list[Promoted]) -> None:
    for run in promotions:
        assert all(run.last_replicated.asked < insert.answered for insert in run.lost)
        assert all(insert.asked < run.crashed_at for insert in run.lost)


def test_another_client_lost_its_rows_at_the_same_point_of_the_log(promotions: list[Promoted]) -> None:
    for run in promotions:
        gone = [insert for number, insert in run.bystander.items() if number not in run.bystander_surviving]
        kept = [insert for number, insert in run.bystander.items() if number in run.bystander_surviving]
        assert len(gone) > 0
        assert all(insert.answered > run.last_replicated.asked for insert in gone)
        assert all(insert.asked < lost.answered for insert in kept for lost in run.lost)


def test_the_kill_lies_within_the_interval_that_the_effect_is_said_to_lie_in(promotions: list[Promoted]) -> None:
    for run in promotions:
        assert run.effect["low"] < run.crashed_at <= run.effect["high"]


def test_the_rpo_reaches_from_the_first_lost_row_to_the_kill(promotions: list[Promoted]) -> None:
    for run in promotions:
        rpo = run.ledger["rpo"]
        if not run.lost:
            assert rpo == {"low": 0.0, "high": 0.0}
            continue
        first = min(run.lost, key=lambda insert: insert.asked)
        assert rpo["low"] <= run.crashed_at - first.asked
        assert rpo["high"] >= run.alive_until - first.answered


def test_the_rto_reaches_from_the_kill_to_the_first_row_on_the_promoted_server(promotions: list[Promoted]) -> None:
    for run in promotions:
        rto = next(objective for objective in run.verdict["objectives"] if objective["name"] == "rto")
        last_refused = max(insert.asked for insert in run.refused)
        since = [insert for insert in run.acknowledged.values() if insert.asked > max(last_refused, run.crashed_at)]
        first = min(since, key=lambda insert: insert.asked)
        assert rto["low"] <= first.answered - run.alive_until
        assert rto["high"] >= first.asked - run.crashed_at


def test_an_aurora_failover_promotes_a_real_standby_and_the_revert_takes_the_writer_back(stage: Stage) -> None:
    lab = RunningLab(LabStatus(**stage.lab()))
    writer, secondary = _endpoint_of_the_writer(lab), _endpoint_of(lab, "eu-west-1")
    before, standby = lab.addresses(writer), lab.addresses(secondary)
    assert (_in_recovery(lab, before), _in_recovery(lab, standby)) == (False, True)
    assert _database_of(lab, before) == _database_of(lab, standby)
    path = stage.drill_file("aurora", {"detection: {probe: health,": "detection: {probe: checkout,"})
    process = stage.start("run", str(path))
    try:
        _until_journaled(stage, process, "step.done", section="failover", ok=True)
        assert lab.addresses(writer) == standby
        assert _in_recovery(lab, standby) is False
    finally:
        _interrupt(process)
    assert process.returncode == ExitCode.ABORTED
    assert lab.addresses(writer) == before
    assert (_in_recovery(lab, before), _in_recovery(lab, standby)) == (False, True)


def _interrupt(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)


def _endpoint_of_the_writer(lab: RunningLab) -> str:
    described = lab.client("rds").describe_global_clusters(GlobalClusterIdentifier="ledger")
    return str(described["GlobalClusters"][0]["Endpoint"])


def _endpoint_of(lab: RunningLab, region: str) -> str:
    described = lab.client("rds", region).describe_db_clusters(DBClusterIdentifier=f"ledger-{region}")
    return str(described["DBClusters"][0]["Endpoint"])


def _ask(lab: RunningLab, addresses: list[str], statement: str) -> Any:
    (address,) = addresses
    port = {int(named): answers for named, answers in lab.status.port_map.items()}[5432]
    with psycopg.connect(host=address, port=port, user="postgres", dbname="postgres", connect_timeout=5) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def _in_recovery(lab: RunningLab, addresses: list[str]) -> bool:
    return bool(_ask(lab, addresses, "select pg_is_in_recovery()"))


def _database_of(lab: RunningLab, addresses: list[str]) -> int:
    """A standby has its primary's identifier, and no other database has it."""
    return int(_ask(lab, addresses, "select system_identifier from pg_control_system()"))
