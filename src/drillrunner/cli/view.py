"""What a run shows while it goes: the live view on a terminal, stamped lines elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import click

from drillrunner.clock import Clock
from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.reporting.console import LineView

DUMB = ("dumb", "unknown")


class View(Protocol):
    def entry(self, entry: Entry) -> None: ...

    def reading(self, reading: Reading) -> None: ...


def say(line: str) -> None:
    """Progress goes to standard error, so that standard output holds results alone."""
    click.echo(line, err=True)


@contextlib.contextmanager
def view_lines() -> Iterator[View]:
    """Stamped lines on standard error."""
    with LineView(say) as lines:
        yield lines


@contextlib.contextmanager
def view_for(
    plan: Plan, clock: Clock, *, plain: bool, durations: Callable[[], Mapping[str, float]] = dict
) -> Iterator[View]:
    """The view that fits the output: live only where standard error is a terminal that can be drawn on.

    `durations` is asked what calls took in earlier runs, where that is shown.
    """
    if plain or not sys.stderr.isatty() or os.environ.get("TERM") in DUMB:
        with LineView(say) as lines:
            yield lines
        return
    from rich.console import Console

    from drillrunner.reporting.live import LiveView

    with LiveView(plan, clock, Console(stderr=True), durations()) as live:
        yield live
