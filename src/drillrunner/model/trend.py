"""How what was measured moves from run to run, quarter to quarter. Seconds, or a fraction for availability."""

from __future__ import annotations

from typing import Literal

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.history import BrokenRun, Kind
from drillrunner.model.noun import Noun
from drillrunner.model.verdict import Outcome

By = Literal["quarter", "month", "run"]


class TrendRun(Noun):
    """What one completed run measured of an objective, against the target that it had then.

    `period` is the name of the Period that it belongs to.
    """

    run_id: str
    period: str
    folder: str
    began_wall: str
    target: float
    low: float | None
    high: float | None
    outcome: Outcome
    estimated: bool


class Period(Noun):
    """The completed runs of a quarter (`2026-Q4`), a month (`2026-11`), or one run (its id).

    `median` is of the middles of the intervals; a run whose users were not seen to be served again ranks last, so
    None means that nothing bounds it, or that nothing was measured. `low` is the lowest low end, `high` the highest
    high end (None: not bounded). `measured` of `runs` measured something at all; `met` of `runs` met the target that
    they had. `targets` are those, in the order in which they were first used.
    """

    name: str
    runs: int
    measured: int
    met: int
    median: float | None
    low: float | None
    high: float | None
    targets: tuple[float, ...]


class TargetSince(Noun):
    """From this run on an objective had this target."""

    target: float
    run_id: str
    began_wall: str


class TrendLine(Noun):
    """One objective of one drill in one environment, oldest first.

    Runs in the lab and on AWS, or in two topologies or accounts, are never on one line. A target that changed is:
    `targets` tells of each change.
    """

    drill: str
    environment: str
    kind: Kind
    place: str | None
    objective: ObjectiveName
    probe: str
    targets: tuple[TargetSince, ...]
    runs: tuple[TrendRun, ...]
    periods: tuple[Period, ...]


class LeftOut(Noun):
    """Runs of a drill in an environment that ended early (`aborted`, `refused`, `died`) or go on (`running`)."""

    drill: str
    environment: str
    kind: Kind
    place: str | None
    ended: str
    count: int


class Trend(Noun):
    """Every line, and what is not on any of them."""

    by: By
    lines: tuple[TrendLine, ...]
    left_out: tuple[LeftOut, ...]
    broken: tuple[BrokenRun, ...] = ()
