"""What the pages are made from. The command line hands it over, so that this room reads files and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from drillrunner.clock import Clock
from drillrunner.files.run_folder import RunFolder
from drillrunner.model.drill import Drill
from drillrunner.model.history import BrokenRun, PastRun
from drillrunner.model.schedule import DueState
from drillrunner.model.verdict import Verdict
from drillrunner.registry import Kind

Metrics = Callable[[Sequence[Verdict]], str]
DurationsOf = Callable[[RunFolder], Mapping[str, float]]


class Standing(NamedTuple):
    """How a drill stands to its schedule: the words of `drill due`, and those of its cadence (`every quarter`)."""

    state: DueState
    words: str
    cadence: str


class Occasion(NamedTuple):
    """A game day (`kind` is "game day") or a tabletop exercise of `drills/`, and the last that came to its end.

    `last` is when that began, for people, and empty where there was none; `due` is None where it has no schedule.
    `problem` says why it cannot be read.
    """

    kind: str
    name: str
    title: str = ""
    owner: str = ""
    environment: str = ""
    last: str = ""
    due: Standing | None = None
    problem: str = ""


# of the folder that holds `drills/`, from the reports folder and the present moment
OccasionsOf = Callable[[Path, Path, datetime], Sequence[Occasion]]
# of a drill and its file, from all runs there are and the present moment; None where the drill has no schedule
StandingOf = Callable[[Drill, Path, Sequence[PastRun], datetime], Standing | None]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where runs and drills lie, and how a run that is over is read.

    `base` is the folder that holds `drills/`. `param_rows` gives name, type, required, default and description of
    each parameter of a kind. `metrics` writes verdicts for Prometheus; None where that is not built in. `standing`
    says when a drill is due, and raises InvalidInput where that cannot be told. `durations` says what calls took in
    the runs before one. `occasions` lists game days and exercises; one that is broken hides no other.
    """

    reports: Path
    base: Path
    past: Callable[[RunFolder], PastRun | BrokenRun]
    param_rows: Callable[[Kind], Sequence[dict[str, Any]]]
    standing: StandingOf
    metrics: Metrics | None = None
    clock: Clock = field(default_factory=Clock)
    durations: DurationsOf = lambda _: {}
    occasions: OccasionsOf = lambda _base, _reports, _now: ()
