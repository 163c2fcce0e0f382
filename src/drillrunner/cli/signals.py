"""Who is told of a run, wired to the run: from environments.yaml to an audience that can fail nobody."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from drillrunner.cli.view import say
from drillrunner.errors import DrillError
from drillrunner.files.environment_file import find_signals
from drillrunner.files.journal_file import read_journal
from drillrunner.files.locate import locate_drill
from drillrunner.files.run_folder import RunFolder
from drillrunner.model.journal import Entry
from drillrunner.model.signal import SignalSpec
from drillrunner.sinks.lanes import Lanes
from drillrunner.sinks.table import open_signals

_News = TypeVar("_News")


def signals_of(drill: str, environment: str) -> tuple[SignalSpec, ...]:
    """Who the environment's entry in environments.yaml names, as seen from the drill. Raises InvalidInput."""
    return find_signals(environment, locate_drill(drill, Path()))


def signals_for_revert(environment: str) -> tuple[SignalSpec, ...]:
    """The same, as seen from the working folder: a run's folder does not say where its drill was.

    A file that is wrong is said and passed over. It must not keep anybody from putting things back.
    """
    try:
        return find_signals(environment, Path())
    except DrillError as error:
        say(f"warning: signals: nobody is told, because environments.yaml is wrong: {error.message}")
    except Exception as error:  # noqa: BLE001  whatever it is, putting things back matters more
        say(f"warning: signals: nobody is told, because environments.yaml cannot be read: {type(error).__name__}")
    return ()


@contextlib.asynccontextmanager
async def signalling(specs: Sequence[SignalSpec], folder: RunFolder, *, goes_on: bool = False) -> AsyncIterator[Lanes]:
    """The audience of a run; of one that `goes_on` it knows what the journal held before.

    What goes wrong meanwhile is said when it is over, so that it does not tear the live view; signals.log has it at
    once. Nothing that an audience raises when it opens or closes gets out; what the run raises does, as it is.
    """
    warnings: list[str] = []
    failure: BaseException | None = None
    try:
        async with contextlib.AsyncExitStack() as stack:
            lanes = await _opened(stack, specs, folder, goes_on, warnings)
            _say_all(warnings)
            try:
                yield lanes
            except Exception as error:  # noqa: BLE001  raised below, when the audience has gone
                failure = error
            except BaseException as error:
                failure = error
                raise
    except Exception as error:  # noqa: BLE001  an audience must fail no run
        warnings.append(f"signals: {type(error).__name__} when they ended; some may not have been sent")
    finally:
        _say_all(warnings)
    if failure is not None:
        raise failure


async def _opened(
    stack: contextlib.AsyncExitStack, specs: Sequence[SignalSpec], folder: RunFolder, goes_on: bool, warnings: list[str]
) -> Lanes:
    """The audience; an empty one where it cannot be opened."""
    try:
        past = _past(folder) if goes_on else ()
        opening = open_signals(specs, folder.path, environ=os.environ, warn=warnings.append, past=past)
        return await stack.enter_async_context(opening)
    except Exception as error:  # noqa: BLE001  a revert goes on without an audience
        warnings.append(f"signals: nobody is told: {type(error).__name__}")
        return Lanes(())


def _say_all(warnings: list[str]) -> None:
    """Say them, and forget them: each is said once. A terminal that is gone hears none, and stops nothing."""
    with contextlib.suppress(OSError):
        for warning in warnings:
            say(f"warning: {warning}")
    warnings.clear()


def _past(folder: RunFolder) -> Sequence[Entry]:
    """What the journal holds. None of it where it cannot be read: the revert itself says so."""
    try:
        return read_journal(folder.journal)
    except (DrillError, OSError):
        return ()


def to_all(*audience: Callable[[_News], None]) -> Callable[[_News], None]:
    """Tell each of them; one that fails hears no more, and keeps the others from nothing."""
    hearing = list(audience)

    def tell(news: _News) -> None:
        for hear in tuple(hearing):
            try:
                hear(news)
            except Exception:  # noqa: BLE001  who only watches must not stop a run, nor another who watches
                hearing.remove(hear)

    return tell
