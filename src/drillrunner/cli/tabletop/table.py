"""Playing an exercise line by line, whoever types the lines: a person at a screen, or a script."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Sequence
from typing import Protocol

from drillrunner.cli.tabletop.leaving import Leaving
from drillrunner.cli.tabletop.lines import help_lines, perform_line
from drillrunner.cli.tabletop.session import Session
from drillrunner.cli.tabletop.words import event_lines, inject_lines, shortened, standing_lines, wrapped
from drillrunner.errors import DrillError
from drillrunner.model.exercise_event import ExerciseEvent
from drillrunner.tabletop.commands import known_inject, pause_clock
from drillrunner.tabletop.desk import Desk

WAIT_REAL_SECONDS = 0.25
SIGN_REAL_SECONDS = 1.0
LINE_WIDTH = 80
LONGEST_LINE_BYTES = 65_536


class Table(Protocol):
    """Where lines come from and what is said goes to. `forgives` is set where somebody sees a refusal at once."""

    forgives: bool

    def __enter__(self) -> object: ...

    def __exit__(self, *exception: object) -> None: ...

    @property
    def width(self) -> int: ...

    def next_line(self) -> str | None:
        """The next line, an empty one after a while without any, None when there will be no more."""

    def say(self, lines: Sequence[str]) -> None: ...


class LineTable:
    """Lines of a file or a pipe."""

    forgives = False
    width = LINE_WIDTH

    def __init__(self, desk: Desk, descriptor: int, write: Callable[[str], object]) -> None:
        self._desk = desk
        self._descriptor = descriptor
        self._write = write
        self._bytes = b""
        self._open = True

    def __enter__(self) -> LineTable:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def next_line(self) -> str | None:
        if b"\n" not in self._bytes and self._open:
            self._read()
        if b"\n" not in self._bytes and self._open and len(self._bytes) < LONGEST_LINE_BYTES:
            return ""
        if not self._bytes:
            return None
        line, _, self._bytes = self._bytes.partition(b"\n")
        return line.decode("utf-8", "replace")

    def say(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._write(line)

    def _read(self) -> None:
        if select.select([self._descriptor], [], [], WAIT_REAL_SECONDS)[0]:
            read = os.read(self._descriptor, LONGEST_LINE_BYTES)
            self._bytes += read
            self._open = bool(read)


class Play:
    """The way from lines to events, and from events to what is said."""

    def __init__(self, session: Session, table: Table) -> None:
        self._session = session
        self._desk = session.desk
        self._table = table
        self._shown_life = float("-inf")
        self._unpublished: DrillError | None = None
        self.refused = False

    def greet(self) -> None:
        """Say what is played, where it is written down, and what a crash left."""
        folder = self._session.folder.path
        self._table.say([f"written down in {folder}"])
        if self._session.torn_bytes:
            self._table.say([f"the last line, {self._session.torn_bytes} bytes that a crash tore, was cut off"])
        self._tell(self._session.opened)
        if self._desk.state.status == "not_started":
            self._table.say(["type start when everybody is there, help for all that can be typed"])
        elif self._desk.state.status == "paused":
            self._table.say(["the clock stands: type resume"])

    def until_left(self, leaving: Leaving) -> None:
        """Take lines until there are no more, or one says quit. Raises KeyboardInterrupt where a signal does."""
        while True:
            self._beat()
            with leaving.waiting():
                line = self._table.next_line()
            if line is None or line.strip().lower() in ("quit", "exit"):
                return
            if line.strip() and not line.lstrip().startswith("#"):
                self._take(line)

    def stop_clock(self) -> None:
        """Stop the clock in the journal, where it runs: nobody is at the table any more."""
        if not self._desk.state.clock.running:
            return
        try:
            self._tell(self._desk.do(pause_clock, self._desk.facilitator(), reason="the facilitator left"))
        except DrillError as error:  # a full disk: taken up again, the clock stands at the last sign of life
            self._table.say([f"error: {error}"])

    def _beat(self) -> None:
        """What happens without anybody typing: a sign of life, and what is due where the clock publishes."""
        now = self._desk.now()
        if now - self._shown_life >= SIGN_REAL_SECONDS:
            self._session.journal.show_life()
            self._shown_life = now
        if self._desk.state.publish == "auto" and self._unpublished is None:
            self._publish_what_is_due()

    def _publish_what_is_due(self) -> None:
        """What cannot be written down is told once, and tried again after the next line."""
        try:
            self._tell(self._desk.publish_what_is_due())
        except DrillError as error:
            self._unpublished = error
            self._table.say([f"error: {error}"])

    def _take(self, line: str) -> None:
        word, _, rest = line.strip().partition(" ")
        self._unpublished = None
        try:
            if word.lower() == "help":
                self._table.say([shortened(each, self._table.width) for each in help_lines()])
            elif word.lower() == "show":
                self._table.say(self._shown(rest.strip()))
            else:
                self._tell(perform_line(self._desk, line))
        except DrillError as error:
            self.refused = True
            self._table.say([f"error: {error}"])

    def _shown(self, inject_id: str) -> list[str]:
        state, width = self._desk.state, self._table.width
        if not inject_id:
            return standing_lines(state, self._desk.now(), width)
        return inject_lines(state, state.injects[known_inject(state, inject_id)], width)

    def _tell(self, events: Sequence[ExerciseEvent]) -> None:
        for event in events:
            self._table.say(event_lines(self._desk.state, event, self._table.width))
        if any(event.kind == "exercise_ended" for event in events):
            self._table.say(self._left_to_do())

    def _left_to_do(self) -> list[str]:
        """What is still to be written down after the play."""
        state, width = self._desk.state, self._table.width
        unrated = [one.id for one in state.exercise.objectives if one.id not in state.ratings]
        words = f"not rated yet: {', '.join(unrated)}; type rate OBJECTIVE P|S|M|U REASON"
        return [
            *(wrapped(words, width, indent=2) if unrated else []),
            "finding, strength and note still work; then quit",
        ]
