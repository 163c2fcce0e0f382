"""What a run is handed, and what it hands back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from drillrunner.engine.record import Record
from drillrunner.engine.revert import Reverted
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.runbook_walk import StepRequest
from drillrunner.ports import Outside


class ReadingSink(Protocol):
    """Where readings are kept."""

    def add(self, reading: Reading) -> None: ...

    def flush(self) -> None: ...


@dataclass(frozen=True)
class Desk:
    """Everything that a run is handed.

    `ask_person` shows a manual step and returns when a person says that it is done. `stop_requested`
    answers who asked the run to stop (None: nobody). `still_ours` says whether the environment's
    lock is still held in this run's name. `asked_steps` gives what people have said of the runbook's steps
    since it was asked last; it must not raise. Where it is None, nobody is listened to.
    """

    plan: Plan
    outside: Outside
    record: Record
    readings: ReadingSink
    ask_person: Callable[[str], Awaitable[None]]
    stop_requested: Callable[[], str | None] = lambda: None
    still_ours: Callable[[], bool] = lambda: True
    on_reading: Callable[[Reading], None] = lambda _: None
    asked_steps: Callable[[], Sequence[StepRequest]] | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, before the objectives are judged. `exit_code` is None when they decide it."""

    outcome: str
    why: str | None
    reverted: Reverted
    exit_code: int | None
