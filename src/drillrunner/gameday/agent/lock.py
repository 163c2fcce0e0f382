"""One agent at a time: a lock that dies with its process, and the id of who holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from drillrunner.errors import Refused


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the file for as long as the block lasts. Raises Refused where another agent does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _take(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise Refused(
            f"another agent is at work (process {holder})",
            where=str(path),
            advice="one agent runs what is due on a machine: stop that one first, with SIGTERM",
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
