"""Waiting for what another process does: bounded, by looking, never by guessing how long it takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LOOK_EVERY_SECONDS = 0.02


def wait_for(predicate: Callable[[], bool], within_seconds: float = 60.0) -> None:
    """Return as soon as the predicate holds; fail the test when it does not in time."""
    deadline = time.monotonic() + within_seconds
    pause = threading.Event()
    while not predicate():
        assert time.monotonic() < deadline, f"it did not happen within {within_seconds:g} s"
        pause.wait(LOOK_EVERY_SECONDS)
