"""The people of a run: how they are asked, and what they say of the runbook's steps, from wherever they are."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import click

from drillrunner.cli.view import View
from drillrunner.errors import InvalidInput, Refused
from drillrunner.files.run_folder import RunFolder
from drillrunner.files.runbook.file import read_runbook
from drillrunner.files.step_requests import StepRequests
from drillrunner.model.drill import Drill
from drillrunner.model.runbook_walk import NAME_CHARACTERS_MOST, ListedStep, StepRequest, StepWord, listed
from drillrunner.reporting.console import ask_person
from drillrunner.reporting.keyboard import Keyboard, can_be_read


@runtime_checkable
class KeyedView(Protocol):
    """A view that takes keys, and gives what is said of which step."""

    has_keys: bool

    def key(self, key: str) -> tuple[str, StepWord] | None: ...


@dataclass(frozen=True, slots=True)
class WalkedRunbook:
    """The runbook that a run walks through, seen from where it was started, and its steps."""

    file: str
    steps: tuple[ListedStep, ...]


def runbook_of(drill: Drill, path: Path) -> WalkedRunbook | None:
    """The runbook that the drill in the file `path` names. What cannot be read is said: its steps are not recorded."""
    if drill.runbook is None:
        return None
    file = os.path.relpath(path.parent / drill.runbook)
    try:
        steps = listed(read_runbook(Path(file)), drill)
    except InvalidInput as error:
        why = error.problems[0].message if error.problems else error.message
        click.echo(f"warning: the steps of {file} are not recorded: {why} (see: drill runbook check)", err=True)
        return None
    return WalkedRunbook(file, steps) if steps else None


def login_name() -> str:
    """Who is at this terminal, as far as the machine knows; empty where it does not."""
    try:
        return getpass.getuser()[:NAME_CHARACTERS_MOST]
    except (OSError, KeyError):
        return ""


@dataclass(slots=True)
class People:
    """Who is at the terminal, in a page or in another shell. `keyboard` is there where keys are read one by one."""

    requests: StepRequests
    askable: bool
    keyboard: Keyboard | None = None
    _said: list[StepRequest] = field(default_factory=list)

    async def ask(self, text: str) -> None:
        """A manual step is confirmed. Without anybody to ask, the step is refused and the run reverted."""
        if not self.askable:
            raise Refused(
                f'the manual step "{text}" needs a person, and nobody can be asked',
                advice="run it on a terminal without --no-input",
            )
        if self.keyboard is not None:
            await self.keyboard.enter(text)
        else:
            await ask_person(text)

    async def listen(self) -> None:
        """Read keys for as long as the run lasts. A keyboard that fails must not end it: it is given back."""
        if self.keyboard is not None:
            try:
                await self.keyboard.read()
            except Exception:  # noqa: BLE001  as above
                self.keyboard.close()

    def asked_steps(self) -> tuple[StepRequest, ...]:
        """What was said since it was asked last."""
        said, self._said = self._said, []
        return (*said, *self.requests.news())

    def press(self, view: KeyedView, key: str) -> None:
        """A key that was pressed at the live view."""
        if (pressed := view.key(key)) is not None:
            step_id, state = pressed
            self._said.append(StepRequest(id=step_id, state=state, by=login_name(), via="terminal"))

    def close(self) -> None:
        """Give the terminal back."""
        if self.keyboard is not None:
            self.keyboard.close()


@contextlib.contextmanager
def people_of(folder: RunFolder, view: View, *, no_input: bool, walks: bool) -> Iterator[People]:
    """The people of a run that `walks` through a runbook or does not. Keys are read beside a live view alone."""
    askable = not no_input and sys.stdin is not None and sys.stdin.isatty()
    people = People(StepRequests(folder.step_requests), askable)
    if walks and askable and isinstance(view, KeyedView) and can_be_read(sys.stdin.fileno()):
        people.keyboard = Keyboard(lambda key: people.press(view, key), sys.stdin.fileno())
        view.has_keys = True
    with people.keyboard or contextlib.nullcontext():
        yield people
