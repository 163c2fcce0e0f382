"""`drill serve` as a process of its own, over a folder of runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from stages import Stage

ENDS_WITHIN_SECONDS = 20


@dataclass(frozen=True)
class Served:
    """Where it serves. `signed_in` is the address that it prints, with the token."""

    signed_in: str

    @property
    def origin(self) -> str:
        parts = urlsplit(self.signed_in)
        return f"{parts.scheme}://{parts.netloc}"


@contextmanager
def serving(stage: Stage) -> Iterator[Served]:
    """Serve a stage's reports on a free port, until the end of the block."""
    process = stage.start("serve", "--port", "0", "--reports", str(stage.reports))
    try:
        line = process.stdout.readline()
        assert " at http://" in line, process.stderr.read()
        yield Served(line.split(" at ")[1].strip())
    finally:
        process.terminate()
        process.communicate(timeout=ENDS_WITHIN_SECONDS)
