"""Keys of a terminal, one by one, while a run is shown on it: Enter confirms a manual step, letters are handed on.

The terminal gets back what it had on the way out. A run that is in the background reads and sets nothing: the kernel
would stop it, with its faults injected.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import termios
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import anyio

from drillrunner.errors import InvalidInput
from drillrunner.reporting.outside_text import visible

LOOK_REAL_SECONDS = 0.5
BYTES_AT_ONCE = 256
_ENTER = "\r\n"
# what an arrow or a function key sends (ECMA-48, 5.4): its letters are not meant
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[@-~]|[^\r\n])?")
_STOPPING = (signal.SIGTTIN, signal.SIGTTOU)
_Handler = Callable[[int, FrameType | None], Any] | int | None
_LOCAL_FLAGS = 3  # where they lie in what tcgetattr gives


@dataclass(slots=True)
class Keyboard:
    """Use it as a context manager around the view, and let `read` run beside what it is for.

    `on_key` is called on the event loop with each character but Enter.
    """

    on_key: Callable[[str], object]
    descriptor: int = 0
    _before: list[Any] | None = None
    _handlers: dict[signal.Signals, _Handler] = field(default_factory=dict)
    _entered: anyio.Event | None = None
    _closed: bool = False

    def __enter__(self) -> Keyboard:
        self._handlers = {number: signal.signal(number, signal.SIG_IGN) for number in _STOPPING}
        self._take()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal back. It may be called twice."""
        if self._before is not None and self._is_ours():
            with contextlib.suppress(termios.error, OSError):  # a terminal that is gone needs nothing back
                termios.tcsetattr(self.descriptor, termios.TCSADRAIN, self._before)
        self._before = None
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    async def read(self) -> None:
        """Hand on what is pressed, until it is cancelled or the terminal is closed."""
        while not self._closed:
            with anyio.move_on_after(LOOK_REAL_SECONDS) as waited:
                await anyio.wait_readable(self.descriptor)
            self._take()  # a shell that has stopped and continued us has set it back
            if not self._is_ours():
                await anyio.sleep(LOOK_REAL_SECONDS)
            elif not waited.cancelled_caught:
                self._read()
            if self._closed and self._entered is not None:
                self._entered.set()

    async def enter(self, text: str) -> None:
        """Wait until Enter is pressed. Raises InvalidInput where the terminal is closed first: nobody confirmed."""
        if not self._closed:
            self._entered = anyio.Event()
            await self._entered.wait()
            self._entered = None
        if self._closed:
            raise InvalidInput(
                f'nobody confirmed "{visible(text)}": the input ended first',
                where="standard input",
                advice="run it on a terminal, where a person can press Enter",
            )

    def _take(self) -> None:
        """Keys one by one, not shown; Ctrl-C stays a signal."""
        with contextlib.suppress(termios.error, OSError):  # closed: the next read finds out
            if not self._is_ours():
                return
            modes = termios.tcgetattr(self.descriptor)
            if modes[_LOCAL_FLAGS] & termios.ICANON:
                self._before = self._before or list(modes)
                modes[_LOCAL_FLAGS] &= ~(termios.ICANON | termios.ECHO)
                termios.tcsetattr(self.descriptor, termios.TCSADRAIN, modes)

    def _is_ours(self) -> bool:
        """Whether this process is in the terminal's foreground. Where there is no terminal any more it is closed."""
        try:
            return os.tcgetpgrp(self.descriptor) == os.getpgrp()
        except OSError:
            self._closed = True
            return False

    def _read(self) -> None:
        try:
            pressed = os.read(self.descriptor, BYTES_AT_ONCE)
        except OSError:
            pressed = b""
        self._closed = not pressed
        for key in _SEQUENCE.sub("", pressed.decode(errors="replace")):
            if key not in _ENTER:
                self.on_key(key)
            elif self._entered is not None:
                self._entered.set()


def can_be_read(descriptor: int) -> bool:
    """Whether it is the terminal that controls this process."""
    try:
        return os.isatty(descriptor) and os.tcgetpgrp(descriptor) > 0
    except OSError:
        return False
