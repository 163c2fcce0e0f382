"""What a terminal shows line by line: events as they happen, the closing block, and a person's answer."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

import anyio
import anyio.to_thread

from drillrunner.errors import InvalidInput
from drillrunner.model.journal import Entry
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import ObjectiveVerdict, Verdict
from drillrunner.reporting.lines import remember, stamped_line
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.wording import (
    OUTCOME_MARK,
    anatomy_line,
    data_mark,
    data_words,
    headline,
    mark,
    measured,
    objective_title,
    revert_command,
    revert_words,
    reverted_mark,
    steady_words,
    still_injected,
    target,
)

POLL_SECONDS = 0.1


class LineView:
    """One stamped line per event, for outputs that are no terminal."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._undos: dict[str, Entry] = {}

    def __enter__(self) -> LineView:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def entry(self, entry: Entry) -> None:
        """Write the entry's line, if it has one."""
        remember(entry, self._undos)
        line = stamped_line(entry, self._undos)
        if line is not None:
            self._write(line)

    def reading(self, reading: Reading) -> None:
        """Readings come many a second and have no line of their own."""


def _objective_line(objective: ObjectiveVerdict) -> str:
    title = f"{objective_title(objective)} {objective.probe}"
    figures = f"{measured(objective)} / {target(objective)} {OUTCOME_MARK[objective.outcome]}"
    reason = "" if objective.outcome == "met" else f"  {objective.why}"
    advice = f" ({objective.decide})" if objective.decide else ""
    return f"  {title:<24} {figures}{reason}{advice}"


def left_lines(verdict: Verdict) -> list[str]:
    """In capital letters, what is still injected and what mends it; empty where nothing is."""
    left = still_injected(verdict)
    if not left:
        return []
    return [
        f"STILL INJECTED ({len(left)}):",
        *(f"  STILL INJECTED: {one}" for one in left),
        f"  put it back with: {revert_command(verdict.run_id)}",
    ]


def summary_lines(verdict: Verdict, report_path: Path | None) -> list[str]:
    """The closing block: the verdict first, then what was measured, what was put back, and where the report is."""
    lines = [
        f"{headline(verdict)} · {verdict.drill} · {verdict.environment} · run {verdict.run_id}",
        *left_lines(verdict),
        *(_objective_line(objective) for objective in verdict.objectives),
    ]
    if verdict.anatomy:
        lines.append(f"  {anatomy_line(verdict)}")
    if verdict.ledgers:
        lines.append(f"  data: {data_words(verdict)} {data_mark(verdict)}")
    lines.append(
        f"  reverted {revert_words(verdict)} {reverted_mark(verdict)}"
        f" · steady state {steady_words(verdict.steady_after)} {mark(verdict.steady_after)}"
    )
    if verdict.revert is not None:
        lines += [f"  cannot be put back: {one}" for one in verdict.revert.irreversible]
    lines += [f"  {finding.code} {finding.message}: {finding.advice}" for finding in verdict.findings]
    if report_path is not None:
        lines.append(f"  report: {report_path}")
    return [visible(line) for line in lines]


_STYLES = {"PASS": "bold green", "FAIL": "bold red", "INCONCLUSIVE": "bold yellow", "ABORTED": "bold red"}


def _style(line: str) -> str:
    if "STILL INJECTED" in line or "NOT PUT BACK" in line:
        return "bold white on red"
    return next((style for word, style in _STYLES.items() if line.startswith(f"{word} ·")), "")


def print_summary(lines: Sequence[str], out: TextIO, *, colour: bool | None = None) -> None:
    """Write the closing block; unless told otherwise, coloured on a terminal where NO_COLOR is not set."""
    if colour is None:
        colour = out.isatty() and not os.environ.get("NO_COLOR")
    if not colour:
        out.write("".join(f"{line}\n" for line in lines))
        out.flush()
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=out, highlight=False, force_terminal=True)
    for line in lines:
        console.print(Text(line, style=_style(line)), soft_wrap=True)


def _wait_for_line(descriptor: int, given_up: threading.Event) -> bytes | None:
    """One line from a file descriptor, or None once given up. Looks now and then, so that no thread is left behind."""
    line = b""
    while not given_up.is_set():
        ready, _, _ = select.select([descriptor], [], [], POLL_SECONDS)
        if not ready:
            continue
        byte = os.read(descriptor, 1)
        if byte in (b"", b"\n"):
            return line + byte
        line += byte
    return None


async def ask_person(text: str, *, descriptor: int | None = None) -> str:
    """Wait until a person has typed a line on standard input; gives what was typed, without its end.

    The view shows the question (a manual step's `step.began`). Cancelling returns at once. Raises InvalidInput
    when the input ends first: nobody confirmed, so the step does not count as done.
    """
    given_up = threading.Event()
    source = sys.stdin.fileno() if descriptor is None else descriptor
    try:
        line = await anyio.to_thread.run_sync(_wait_for_line, source, given_up, abandon_on_cancel=True)
    finally:
        given_up.set()
    if not line:
        raise InvalidInput(
            f'nobody confirmed "{visible(text)}": the input ended first',
            where="standard input",
            advice="run it on a terminal, where a person can press Enter",
        )
    return line.decode(errors="replace").strip()
