"""`signals.log` in a run's folder: what became of what was sent, without a secret."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

MOST_LINES = 500


class SignalsLog:
    """Stamped lines. A disk that takes none costs the log and nothing else: `failed` says why."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = MOST_LINES
        self.failed: str | None = None

    def line(self, text: str) -> None:
        if self.failed is not None or self._left <= 0:
            return
        self._left -= 1
        try:
            with self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n")
        except OSError as error:
            self.failed = error.strerror or type(error).__name__
