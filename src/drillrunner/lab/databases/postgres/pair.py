"""PostgresPair: a primary and an asynchronous streaming standby, whose promotion really loses a tail."""

from __future__ import annotations

import errno
import shutil
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from drillrunner.clock import Clock
from drillrunner.errors import LabFailed
from drillrunner.lab.databases.pair import Place, Side, other
from drillrunner.lab.databases.postgres import cluster_folder
from drillrunner.lab.databases.postgres.server import Server

CATCH_UP_WITHIN_SECONDS = 15.0
PROMOTE_WITHIN_SECONDS = 15.0
# The writer's position is past the header of a new page before there is a record on it; no transaction is that short.
LONG_PAGE_HEADER_BYTES = 40


def free_port(addresses: Sequence[str]) -> int:
    """A port that is free now on each of the addresses. Raises LabFailed when twenty tries find none."""
    for _ in range(20):
        with socket.socket() as first:
            first.bind((addresses[0], 0))
            port: int = first.getsockname()[1]
            if all(_free(address, port) for address in addresses[1:]):
                return port
    raise LabFailed("no port is free on all of " + ", ".join(addresses))


def _free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise LabFailed(f"cannot listen on {address}: {error.strerror}") from error
    return True


class PostgresPair:
    """Two servers on two loopback addresses and one port.

    `write_delay_seconds` (drill seconds) is how long an acknowledged commit may wait before it is
    written and sent (`wal_writer_delay`, 10 ms to 10 s of real time): the most that a crash loses is about three
    times it, as PostgreSQL's documentation of `synchronous_commit` says.
    """

    blocking = True

    def __init__(self, clock: Clock, places: dict[Side, Place], write_delay_seconds: float = 0.4) -> None:
        self._clock = clock
        self._account = cluster_folder.server_account()
        self._places = places
        milliseconds = round(min(10_000.0, max(10.0, clock.real(write_delay_seconds) * 1000)))
        self._settings = {"wal_writer_delay": f"{milliseconds}ms"}
        self._folder: Path | None = None
        self._servers: dict[Side, Server] = {}
        self._writer: Side = "a"
        self._lock = threading.RLock()
        self._shown_everything_at = clock.monotonic()

    @property
    def writer(self) -> Side:
        return self._writer

    def place(self, side: Side) -> Place:
        return self._places[side]

    def running(self, side: Side) -> bool:
        return side in self._servers and self._servers[side].running

    def start(self) -> None:
        with self._lock:
            cluster_folder.end_stale()
            self._folder = cluster_folder.new_folder(self._account)
            self._servers = {side: self._server(side, self._folder) for side in self._places}
            try:
                self._servers["a"].initialise()
                self._servers["a"].start()
                self._build_standby("b")
            except BaseException:
                self.close()
                raise

    def crash(self, side: Side) -> None:
        with self._lock:
            self._servers[side].kill()

    def stop_side(self, side: Side) -> None:
        with self._lock:
            self._servers[side].stop()

    def start_side(self, side: Side) -> None:
        with self._lock:
            self._servers[side].start()

    def promote(self) -> None:
        with self._lock:
            standby = other(self._writer)
            # A connection on the promoted side sees `on` until the server has left recovery.
            self._servers[standby].ask(f"select pg_promote(true, {PROMOTE_WITHIN_SECONDS:.0f})")
            self._wait(lambda: self._servers[standby].ask("select pg_is_in_recovery()") is False, "promote")
            self._writer = standby

    def switch(self) -> None:
        with self._lock:
            old = self._writer
            self._require_following()
            self.pause_replay(False)
            # A clean shutdown waits until the standby has received everything, the last checkpoint too.
            self._servers[old].stop()
            self.promote()
            self._build_standby(old)

    def rebuild(self) -> None:
        with self._lock:
            side = other(self._writer)
            self._servers[side].kill()
            self._build_standby(side)

    def pause_replay(self, paused: bool) -> None:
        with self._lock:
            function = "pg_wal_replay_pause" if paused else "pg_wal_replay_resume"
            self._servers[other(self._writer)].ask(f"select {function}()")

    def lag_bytes(self) -> int | None:
        with self._lock:
            try:
                return self._lag_bytes()
            except LabFailed:  # one of them is down, which is an answer
                return None

    def lag_seconds(self) -> float | None:
        now = self._clock.monotonic()
        missing = self.lag_bytes()
        if not missing:
            self._shown_everything_at = now
            return missing
        # null where the standby has replayed nothing since it was made
        age = "extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8"
        statement = f"select coalesce({age}, 'infinity')"
        with self._lock:
            try:
                real_seconds = float(self._servers[other(self._writer)].ask(statement))
            except LabFailed:  # it went down meanwhile
                return None
        # Both are upper bounds: the age of the last replayed transaction counts idle time too.
        return min(real_seconds * self._clock.scale, now - self._shown_everything_at)

    def close(self) -> None:
        with self._lock:
            for server in self._servers.values():
                server.kill()
            if self._folder is not None:
                cluster_folder.remove(self._folder)
                self._folder = None

    def _lag_bytes(self) -> int | None:
        standby = self._servers[other(self._writer)]
        if standby.ask("select pg_is_in_recovery()") is not True:
            return None
        replayed = standby.ask("select pg_last_wal_replay_lsn()")
        written = self._servers[self._writer].ask(f"select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{replayed}')")
        return 0 if written <= LONG_PAGE_HEADER_BYTES else int(written)

    def _require_following(self) -> None:
        states = self._servers[self._writer].ask("select count(*) from pg_stat_replication where state = 'streaming'")
        if not states:
            raise LabFailed("the standby does not follow the writer", advice="Rebuild it first.")

    def _build_standby(self, side: Side) -> None:
        server = self._servers[side]
        shutil.rmtree(server.folder, ignore_errors=True)
        server.copy_from(self._places[other(side)])
        server.start()
        self._wait(self._follows, "follow the writer")

    def _follows(self) -> bool:
        statement = "select count(*) from pg_stat_replication where state = 'streaming'"
        return bool(self._servers[self._writer].ask(statement) == 1)

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        give_up_at = time.monotonic() + CATCH_UP_WITHIN_SECONDS
        while not done():
            if time.monotonic() > give_up_at:
                raise LabFailed(f"the standby did not {what} in {CATCH_UP_WITHIN_SECONDS:.0f} s")
            time.sleep(0.01)

    def _server(self, side: Side, folder: Path) -> Server:
        return Server(folder / side, self._places[side], self._account, self._settings)
