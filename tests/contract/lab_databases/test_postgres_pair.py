"""Real PostgreSQL: a primary, its standby, and what a crash, a promotion and a switchover do to acknowledged rows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from database_lab import Lab, make_global_cluster, members
from drillrunner.clock import Clock
from drillrunner.errors import LabFailed
from drillrunner.lab.databases.pair import Place, Side, other
from drillrunner.lab.databases.postgres import cluster_folder
from drillrunner.lab.databases.postgres.pair import PostgresPair, free_port

ADDRESSES = ("127.0.20.101", "127.0.20.102")


def connect(place: Place) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=place.address, port=place.port, user="postgres", dbname="postgres", autocommit=True, connect_timeout=2
    )


def rows(place: Place) -> set[int]:
    with connect(place) as connection:
        return {row[0] for row in connection.execute("select n from ledger").fetchall()}


class Writer(threading.Thread):
    """Inserts numbered rows until the server is gone, and remembers which were acknowledged."""

    def __init__(self, place: Place, first: int = 1) -> None:
        super().__init__(daemon=True)
        self.acknowledged: set[int] = set()
        self._connection = connect(place)
        self._next = first
        self.enough = threading.Event()

    def run(self) -> None:
        try:
            while not self.enough.is_set():
                self._connection.execute("insert into ledger values (%s)", (self._next,))
                self.acknowledged.add(self._next)
                self._next += 1
        except psycopg.OperationalError:
            self.enough.set()


def wait_until(holds: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < give_up_at, f"waited in vain until {what}"
        time.sleep(0.005)


def wait_for(count: int, writer: Writer) -> None:
    wait_until(lambda: len(writer.acknowledged) >= count, f"{count} rows are acknowledged")


def create_ledger(writer: Place, standby: Place) -> None:
    """A table that both sides have, so that a crash can lose its rows and not the table."""
    with connect(writer) as connection:
        connection.execute("create table ledger (n bigint primary key)")
    with connect(standby) as connection:
        there = "select to_regclass('ledger') is not null"
        wait_until(lambda: connection.execute(there).fetchone() == (True,), "the standby has the table")


@pytest.fixture(scope="module")
def pair() -> Iterator[PostgresPair]:
    port = free_port(ADDRESSES)
    places: dict[Side, Place] = {"a": Place(ADDRESSES[0], port), "b": Place(ADDRESSES[1], port)}
    made = PostgresPair(Clock(), places, write_delay_seconds=0.3)
    began = time.monotonic()
    made.start()
    assert time.monotonic() - began < 3.0
    create_ledger(places["a"], places["b"])
    yield made
    made.close()


def test_a_crash_and_promotion_lose_a_tail_and_nothing_else_and_the_old_primary_can_follow(
    pair: PostgresPair,
) -> None:
    old, new = pair.writer, other(pair.writer)
    writer = Writer(pair.place(old))
    writer.start()
    wait_for(2000, writer)
    wait_until(lambda: bool(rows(pair.place(new))), "the standby has some rows")
    pair.crash(old)
    writer.join(timeout=10)
    assert not pair.running(old)
    with pytest.raises(psycopg.OperationalError):
        connect(pair.place(old))
    pair.promote()
    survived = rows(pair.place(pair.writer))
    lost = writer.acknowledged - survived
    assert pair.writer == new
    assert lost, "the tail of an asynchronous replica is lost"
    assert min(lost) > max(survived & writer.acknowledged), "only a tail is lost"
    # One row may have been written without its acknowledgement having been received.
    assert len(survived - writer.acknowledged) <= 1
    pair.rebuild()
    assert rows(pair.place(old)) == survived
    assert pair.lag_bytes() == 0
    assert pair.lag_seconds() == 0


def test_a_switchover_loses_nothing(pair: PostgresPair) -> None:
    old = pair.writer
    writer = Writer(pair.place(old), first=1_000_000)
    writer.start()
    wait_for(500, writer)
    pair.switch()
    writer.join(timeout=10)
    assert pair.writer != old
    assert writer.acknowledged <= rows(pair.place(pair.writer))
    assert writer.acknowledged <= rows(pair.place(old))
    with connect(pair.place(old)) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("insert into ledger values (0)")


def test_a_paused_replay_hides_what_arrives_until_it_is_resumed(pair: PostgresPair) -> None:
    follower = pair.place(other(pair.writer))
    pair.pause_replay(True)
    with connect(pair.place(pair.writer)) as connection:
        connection.execute("insert into ledger values (2000000)")
        connection.execute("select pg_switch_wal()")
    assert 2_000_000 not in rows(follower)
    lag = pair.lag_bytes()
    assert lag is not None
    assert lag > 0
    seconds = pair.lag_seconds()
    assert seconds is not None
    assert 0 < seconds < 60
    pair.pause_replay(False)
    wait_until(lambda: 2_000_000 in rows(follower), "the row is shown")


def test_a_crashed_primary_that_starts_again_has_its_data(pair: PostgresPair) -> None:
    with connect(pair.place(pair.writer)) as connection:
        connection.execute("set synchronous_commit = on")
        connection.execute("insert into ledger values (3000000)")
    pair.crash(pair.writer)
    assert pair.lag_bytes() is None
    pair.start_side(pair.writer)
    assert 3_000_000 in rows(pair.place(pair.writer))


def test_only_loopback_is_served(pair: PostgresPair) -> None:
    with connect(pair.place(pair.writer)) as connection:
        row = connection.execute("show listen_addresses").fetchone()
    assert row == (pair.place(pair.writer).address,)


def test_the_servers_of_a_killed_lab_are_ended_by_the_next_one() -> None:
    port = free_port(("127.0.20.103", "127.0.20.104"))
    code = textwrap.dedent(f"""
        import time
        from drillrunner.clock import Clock
        from drillrunner.lab.databases.pair import Place
        from drillrunner.lab.databases.postgres.pair import PostgresPair
        PostgresPair(Clock(), {{"a": Place("127.0.20.103", {port}), "b": Place("127.0.20.104", {port})}}).start()
        print("up", flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as lab:
        assert lab.stdout is not None
        assert lab.stdout.readline() == "up\n"
        os.kill(lab.pid, signal.SIGKILL)
    orphan = Place("127.0.20.103", port)
    connect(orphan).close()
    assert len(cluster_folder.end_stale()) == 1
    with pytest.raises(psycopg.OperationalError):
        connect(orphan)


def test_a_port_that_is_taken_is_told_with_advice(pair: PostgresPair) -> None:
    places: dict[Side, Place] = {"a": pair.place("a"), "b": pair.place("b")}
    second = PostgresPair(Clock(), places)
    with pytest.raises(LabFailed, match="did not start") as failed:
        second.start()
    assert failed.value.advice is not None
    assert pair.running("a")


def test_a_failover_through_the_api_moves_the_endpoint_to_the_surviving_data(lab: Lab) -> None:
    _, secondary = make_global_cluster(lab, "real")
    lab.attach(lab.databases.attach_global_cluster, "real", *members("real"), "postgres")
    rds = lab.client("rds", "eu-west-1")
    endpoint = rds.describe_global_clusters(GlobalClusterIdentifier="real")["GlobalClusters"][0]["Endpoint"]
    port = lab.databases.postgres_port
    old = Place(lab.names[endpoint], port)
    standby = rds.describe_db_clusters(DBClusterIdentifier="real-eu-west-1")["DBClusters"][0]["Endpoint"]
    create_ledger(old, Place(lab.names[standby], port))
    writer = Writer(old)
    writer.start()
    wait_for(200, writer)
    rds.failover_global_cluster(GlobalClusterIdentifier="real", TargetDbClusterIdentifier=secondary, AllowDataLoss=True)
    writer.join(timeout=10)
    lab.until(lambda: lab.names[endpoint] != old.address, "the endpoint moves")
    survived = rows(Place(lab.names[endpoint], port))
    assert survived <= writer.acknowledged | {max(writer.acknowledged) + 1}
    with connect(Place(lab.names[endpoint], port)) as connection:
        connection.execute("insert into ledger values (-1)")

    def follows() -> bool:
        (cluster,) = rds.describe_global_clusters(GlobalClusterIdentifier="real")["GlobalClusters"]
        return {each["SynchronizationStatus"] for each in cluster["GlobalClusterMembers"]} == {"connected"}

    lab.until(follows, "the old primary follows")
    lab.until(lambda: -1 in rows(old), "the old primary has the new writer's rows")
    assert not lab.world.truth.since(name="database.change_failed")
