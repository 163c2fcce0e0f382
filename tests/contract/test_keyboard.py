"""Keys of a real terminal: handed on one by one, and given back whatever ends the reading."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from drillrunner.reporting.keyboard import can_be_read

# Takes the terminal on its standard input for its own, and tells on standard output what is pressed.
READER = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
import anyio
from drillrunner.errors import InvalidInput
from drillrunner.reporting.keyboard import Keyboard, can_be_read

async def read(background):
    keyboard = Keyboard(lambda key: print("key", key, flush=True))
    if background:  # another group has the foreground, as a shell gives it
        other = os.fork()
        if not other:
            os.setpgid(0, 0)
            signal.pause()
        os.setpgid(other, other)
        os.tcsetpgrp(0, other)
    with keyboard:
        async with anyio.create_task_group() as beside:
            beside.start_soon(keyboard.read)
            print("ready", can_be_read(0), flush=True)
            if background:
                await anyio.sleep(0.2)
                print("still here", flush=True)
                os.kill(other, 9)
                beside.cancel_scope.cancel()
                return
            for question in ("first", "second"):
                try:
                    await keyboard.enter(question)
                except InvalidInput as error:
                    print(error.message, flush=True)
                else:
                    print("entered", question, flush=True)
            beside.cancel_scope.cancel()

anyio.run(read, sys.argv[1:] == ["background"])
"""


@dataclass
class Terminal:
    """A terminal: `master` is where a person types, `slave` where the program reads."""

    master: int
    slave: int
    reader: subprocess.Popen[str]

    def line(self) -> str:
        assert self.reader.stdout is not None
        return self.reader.stdout.readline().strip()

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    @property
    def is_cooked(self) -> bool:
        """Whether lines are edited and shown, as a shell wants it."""
        wanted = termios.ICANON | termios.ECHO
        return int(termios.tcgetattr(self.slave)[3]) & wanted == wanted


@contextmanager
def reading(*words: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    command = [sys.executable, "-c", READER, *words]
    reader = subprocess.Popen(command, stdin=slave, stdout=subprocess.PIPE, text=True, start_new_session=True)
    terminal = Terminal(master, slave, reader)
    try:
        yield terminal
    finally:
        reader.kill()
        reader.communicate(timeout=20)
        os.close(slave)
        os.close(terminal.master)


def test_keys_come_one_by_one_and_enter_confirms_what_is_asked() -> None:
    with reading() as terminal:
        assert terminal.line() == "ready True"
        assert not terminal.is_cooked
        terminal.type(b"b")
        assert terminal.line() == "key b"
        terminal.type(b"d\r")
        assert [terminal.line(), terminal.line()] == ["key d", "entered first"]
        terminal.type(b"\x1b[A")  # an arrow: its letter is not meant
        terminal.type(b"\n")
        assert terminal.line() == "entered second"
        assert terminal.reader.wait(timeout=20) == 0
        assert terminal.is_cooked


def test_a_terminal_that_goes_away_confirms_nothing() -> None:
    with reading() as terminal:
        terminal.line()
        hung_up = os.dup(terminal.slave)
        os.close(terminal.master)
        terminal.master = hung_up  # closed at the end
        assert terminal.line() == 'nobody confirmed "first": the input ended first'


def test_a_program_in_the_background_reads_nothing_and_is_not_stopped() -> None:
    with reading("background") as terminal:
        assert terminal.line() == "ready True"
        terminal.type(b"b")
        assert terminal.line() == "still here"
        assert terminal.reader.wait(timeout=20) == 0


def test_what_is_no_terminal_is_not_read() -> None:
    with open(os.devnull, "rb") as nothing:
        assert not can_be_read(nothing.fileno())
