"""The facilitator's screen: what was said scrolls by above; the clock, what is due and the prompt stay below."""

from __future__ import annotations

import codecs
import os
import select
import sys
import termios
import tty
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from drillrunner.cli.tabletop.table import WAIT_REAL_SECONDS
from drillrunner.cli.tabletop.words import (
    actor_words,
    clock_line,
    expected_words,
    inject_line,
    is_due,
    open_expectations,
)
from drillrunner.reporting.outside_text import visible
from drillrunner.tabletop.desk import Desk
from drillrunner.tabletop.session import ExerciseState

DUE_SHOWN = 3
EXPECTED_SHOWN = 4
QUESTIONS_SHOWN = 2
_STATUS_STYLES = {"not_started": "yellow", "running": "bold green", "paused": "bold yellow", "ended": "bold"}
_KEYS = "publish · decision ROLE: WORDS @ID · done ID.N · pause · show · help · quit"
_END_OF_INPUT = "\x04"


class LineEditor:
    """What is being typed: bytes of a terminal in, whole lines out. Arrows bring back what was typed before."""

    def __init__(self) -> None:
        self.text = ""
        self.ended = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._escape = ""
        self._earlier: list[str] = []
        self._back = 0

    def feed(self, read: bytes) -> list[str]:
        """The lines that these bytes finish. `ended` is set where nothing more will come (Ctrl-D on an empty line)."""
        lines = []
        for character in self._decoder.decode(read):
            if self._escape or character == "\x1b":
                self._take_escape(character)
            elif character in "\r\n":
                lines.append(self._finished())
            elif character == _END_OF_INPUT:
                self.ended = self.ended or not self.text
            else:
                self.text = _edited(self.text, character)
        return lines

    def _finished(self) -> str:
        line, self.text, self._back = self.text, "", 0
        if line.strip():
            self._earlier.append(line)
        return line

    def _take_escape(self, character: str) -> None:
        """Up and down choose an earlier line; what else a terminal sends after an escape is passed over."""
        self._escape += character
        if len(self._escape) > 2 and (character.isalpha() or character == "~"):
            step = {"\x1b[A": 1, "\x1bOA": 1, "\x1b[B": -1, "\x1bOB": -1}.get(self._escape, 0)
            self._escape = ""
            self._back = max(0, min(len(self._earlier), self._back + step))
            if step:
                self.text = self._earlier[-self._back] if self._back else ""
        elif len(self._escape) == 2 and character not in "[O":
            self._escape = ""


def _edited(text: str, character: str) -> str:
    if character in "\x7f\x08":
        return text[:-1]
    if character == "\x15":  # Ctrl-U
        return ""
    if character == "\x17":  # Ctrl-W
        return text.rstrip().rpartition(" ")[0] + (" " if " " in text.rstrip() else "")
    return text + character if character.isprintable() else text


class ScreenTable:
    """A terminal. Use it as a context manager: it takes the keyboard's settings and gives them back."""

    forgives = True

    def __init__(self, desk: Desk, console: Console | None = None, descriptor: int | None = None) -> None:
        self._desk = desk
        self._console = console or Console(highlight=False)
        self._descriptor = sys.stdin.fileno() if descriptor is None else descriptor
        self._editor = LineEditor()
        self._lines: list[str] = []
        self._settings = termios.tcgetattr(self._descriptor)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> ScreenTable:
        tty.setcbreak(self._descriptor)
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._settings)

    @property
    def width(self) -> int:
        return max(40, self._console.width)

    def next_line(self) -> str | None:
        self._live.update(self.render(), refresh=True)
        if not self._lines and select.select([self._descriptor], [], [], WAIT_REAL_SECONDS)[0]:
            read = os.read(self._descriptor, 4_096)
            self._lines += self._editor.feed(read) if read else []
            self._editor.ended = self._editor.ended or not read
        if self._lines:
            line = self._lines.pop(0)
            self._console.print(Text(f"> {visible(line)}", style="dim"))
            return line
        return None if self._editor.ended else ""

    def say(self, lines: Sequence[str]) -> None:
        for line in lines:
            style = "red" if line.startswith("error:") else "bold" if line.startswith("  │") else ""
            self._console.print(Text(line, style=style))

    def render(self) -> RenderableType:
        """The lines that stay: at most as many as the screen has room for beside the words that scroll by."""
        state, now = self._desk.state, self._desk.now()
        rows = [*_due_rows(state, now), *_expected_rows(state, now), *_question_rows(state)]
        room = max(2, self._console.height // 2 - 4)
        lines = [_title(state), _clock(state, now), *rows[:room], self._prompt(), Text(_KEYS, style="dim")]
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        return Group(*lines)

    def _prompt(self) -> Text:
        """What is typed; of a long line its end."""
        typed = visible(self._editor.text)
        while cell_len(typed) > self.width - 4:
            typed = typed[1:]
        return Text.assemble(("> ", "bold"), typed, ("▏", "bold"))


def _title(state: ExerciseState) -> Text:
    return Text(f"── {visible(state.exercise.drill)} · {visible(state.exercise.title)} ", style="bold")


def _clock(state: ExerciseState, now: float) -> Text:
    return Text(f"{clock_line(state, now)} · {datetime.now(UTC):%H:%M:%S}Z", style=_STATUS_STYLES[state.status])


def _due_rows(state: ExerciseState, now: float) -> list[Text]:
    """What is due, and what comes next."""
    pending = [progress for progress in state.injects.values() if progress.status == "pending"]
    due = [progress for progress in pending if is_due(state, progress, now)]
    coming = [progress for progress in pending if progress not in due][:1]
    rows = [Text(inject_line(state, progress, now), style="bold yellow") for progress in due[:DUE_SHOWN]]
    return rows + [Text(inject_line(state, progress, now), style="dim") for progress in coming]


def _expected_rows(state: ExerciseState, now: float) -> list[Text]:
    here = state.scenario_seconds(now)
    return [
        Text(f"☐ {expected_words(state, one)}", style="red" if one.by_seconds < here else "")
        for one in open_expectations(state)[:EXPECTED_SHOWN]
    ]


def _question_rows(state: ExerciseState) -> list[Text]:
    waiting = [one for one in state.questions if one.answer is None][:QUESTIONS_SHOWN]
    return [Text(f"? {one.number} {actor_words(one.actor)}: {visible(one.text)}", style="bold cyan") for one in waiting]
