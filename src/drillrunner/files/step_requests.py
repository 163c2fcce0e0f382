"""What people say of a runbook's steps from outside the run: lines added to a file in its folder, which the run reads.

It is the way that `drill stop` reaches a run too: a file, so that it needs no port, and no rights but the folder's.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from drillrunner.model.noun import as_bytes
from drillrunner.model.runbook_walk import StepRequest

_BYTES_AT_ONCE = 65_536


def ask_step(path: Path, request: StepRequest) -> None:
    """Add a request. One write, so that two who ask at once do not mix. Raises OSError."""
    line = as_bytes(request.model_dump_json() + "\n")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


@dataclass(slots=True)
class StepRequests:
    """The requests that were added since the last look. A line that is no request is passed over: nobody is there
    to be told, and whoever asks looks into the journal for the answer.
    """

    path: Path
    _offset: int = 0

    def news(self) -> tuple[StepRequest, ...]:
        """At most 64 KiB of them at a time; none where the file cannot be read now."""
        try:
            read = _read(self.path, self._offset)
        except OSError:
            return ()
        whole = read[: read.rfind(b"\n") + 1]
        if not whole and len(read) == _BYTES_AT_ONCE:
            whole = read  # longer than any request: passed over, piece by piece
        self._offset += len(whole)
        return tuple(request for line in whole.splitlines() if (request := _request(line)) is not None)


def _read(path: Path, offset: int) -> bytes:
    """The next piece of a plain file. Whatever else lies there is not waited for: a run reads this between its acts."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return os.pread(descriptor, _BYTES_AT_ONCE, offset)
    finally:
        os.close(descriptor)


def _request(line: bytes) -> StepRequest | None:
    try:
        return StepRequest.model_validate_json(line)
    except ValidationError:
        return None
