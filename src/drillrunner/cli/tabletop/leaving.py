"""Leaving an exercise by a signal, but never between an event that is on disk and the state that knows of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Leaving:
    """Whether somebody asked to leave. While a line is waited for it is obeyed at once, else before the next wait."""

    def __init__(self) -> None:
        self._asked = False
        self._waits = False

    def ask(self, _number: int, _frame: object) -> None:
        """A signal's handler."""
        self._asked = True
        if self._waits:
            raise KeyboardInterrupt

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Here nothing is half done. Raises KeyboardInterrupt."""
        self._waits = True
        try:
            if self._asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._waits = False


@contextmanager
def leaving_on_signals() -> Iterator[Leaving]:
    """Ctrl-C, SIGTERM and SIGHUP ask to leave."""
    leaving = Leaving()
    before = [signal.signal(each, leaving.ask) for each in SIGNALS]
    try:
        yield leaving
    finally:
        for each, handler in zip(SIGNALS, before, strict=True):
            signal.signal(each, handler)
