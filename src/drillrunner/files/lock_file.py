"""One run at a time on an environment: a file lock that dies with its process, and the name of who holds it.

The kernel drops the lock when the process ends, however it ends; the name stays in the file until
the run has put everything back. So a lock that is free but still named tells of a dead run.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from drillrunner.errors import EnvironmentBusy, Refused
from drillrunner.model.environment import Environment
from drillrunner.state import state_folder

LOOKS = 4
LOOK_PAUSE_SECONDS = 0.025


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds an environment: the run, its folder (absolute), its process and host."""

    run_id: str
    folder: str
    pid: int
    host: str
    since: str


def lock_key(environment: Environment) -> str:
    """Two environments that name the same account (or the same lab) share one lock."""
    if environment.kind == "lab":
        return f"lab-{environment.topology}".replace("/", "_")
    return f"aws-{environment.account}"


class EnvironmentLock:
    """Holds an environment for one process.

    `previous` is a dead run's Holder, if it left its name. Whoever's name is in the file stays there
    until `settle` says that nothing of that run is owed any more.
    """

    def __init__(self, environment: Environment) -> None:
        folder = state_folder() / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{lock_key(environment)}.lock"
        self._environment = environment
        self._file: int | None = None
        self.previous: Holder | None = None
        self._owing = False

    def acquire(self) -> None:
        """Take the lock, or raise EnvironmentBusy almost at once."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not locked(descriptor):
            holder = _read_holder(descriptor)
            os.close(descriptor)
            raise _busy(self._environment, holder)
        self._file = descriptor
        self.previous = _read_holder(descriptor)
        self._owing = self.previous is not None

    def name(self, run_id: str, folder: Path, since: str) -> None:
        """Write who holds the lock; from now on a dead run can be found by it."""
        holder = Holder(run_id, str(folder.resolve()), os.getpid(), socket.gethostname(), since)
        self._write(json.dumps(asdict(holder)).encode())
        self._owing = True

    def settle(self) -> None:
        """Nothing is owed by the run that the file names."""
        self._owing = False

    def is_ours(self, run_id: str) -> bool:
        """Whether the file at the lock's path is still the one we hold, in this run's name."""
        if self._file is None:
            return False
        try:
            same = os.path.samestat(os.stat(self.path), os.fstat(self._file))
        except FileNotFoundError:
            return False
        holder = _read_holder(self._file)
        return same and holder is not None and holder.run_id == run_id

    def release(self) -> None:
        """Let go. A name that is still owing stays, so that the next run is told."""
        if self._file is None:
            return
        if not self._owing:
            self._write(b"")
        os.close(self._file)
        self._file = None

    def _write(self, content: bytes) -> None:
        if self._file is None:
            raise Refused("the environment's lock is not held", where=str(self.path))
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, content, 0)
        os.fsync(self._file)


def locked(descriptor: int) -> bool:
    """Take a file's lock: a few tries within a tenth of a second, since whoever looks at it holds it for an instant."""
    for _ in range(LOOKS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_PAUSE_SECONDS)
        else:
            return True
    return False


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock of that file, without taking it; a file that cannot be read has none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _read_holder(descriptor: int) -> Holder | None:
    content = os.pread(descriptor, 65_536, 0)
    try:
        return Holder(**json.loads(content))
    except (ValueError, TypeError):  # empty, or half written by a process that died in it
        return None


def _busy(environment: Environment, holder: Holder | None) -> EnvironmentBusy:
    who = f"run {holder.run_id} (process {holder.pid} on {holder.host})" if holder else "another run"
    run = holder.run_id if holder else "RUN"
    return EnvironmentBusy(
        f"environment {environment.name} is held by {who}",
        advice=f"wait until it ends, or stop it with: drill stop {run}",
    )


def is_held(environment: Environment, run_id: str) -> bool:
    """Whether a living process holds the environment in this run's name, without taking the lock."""
    path = state_folder() / "locks" / f"{lock_key(environment)}.lock"
    if not path.exists():
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        holder = _read_holder(descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return holder is not None and holder.run_id == run_id
    finally:
        os.close(descriptor)
    return False
