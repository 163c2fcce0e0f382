"""What a rehearsal comes to, as the judge counts it. All times are drill seconds; shares run from 0 to 1."""

from __future__ import annotations

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.noun import Noun
from drillrunner.model.rehearsal import Setting
from drillrunner.model.verdict import AnatomyPart, Outcome

WANTED_SHARE = 0.95


class Chance(Noun):
    """How often an objective was met: `met` of `of` runs, `inconclusive` of which could not tell and are not met.

    `low` and `high` are the ends of the exact 95 % interval of that chance (Clopper and Pearson).
    """

    met: int
    of: int
    inconclusive: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """The share of runs that met it; None where there was no run."""
        return self.met / self.of if self.of else None


class Percentiles(Noun):
    """Nearest-rank percentiles: `p90` is what nine runs in ten kept to, a value that was measured, not one between two.

    Of each run the end that can be promised: the high one of a time, the low one of an availability. A run
    that has no such end (users were not served again) ranks last, so None means: not bounded.
    """

    p50: float | None
    p90: float | None
    p99: float | None


class Bucket(Noun):
    """The runs whose figure lies from `low` to below `high` seconds (the last one: to `high` itself), by outcome."""

    low: float
    high: float
    met: int
    inconclusive: int
    missed: int

    @property
    def count(self) -> int:
        return self.met + self.inconclusive + self.missed


class ObjectiveFigures(Noun):
    """One objective over all runs, and whether it is met in `WANTED_SHARE` of them.

    `apart` counts the runs that ended early and decided nothing about it. `histogram` has 8 to 12 buckets
    where the figures spread so far, `histogram_fine` up to 24; unbounded runs are in neither.
    """

    name: ObjectiveName
    probe: str
    target: float
    percentiles: Percentiles
    chance: Chance
    apart: int
    outcome: Outcome
    histogram: tuple[Bucket, ...]
    histogram_fine: tuple[Bucket, ...]


class PartFigures(Noun):
    """The mean of one part of the RTO's anatomy, and its share of the mean RTO."""

    part: AnatomyPart
    mean_seconds: float
    share: float


class Dominant(Noun):
    """The longest part, on average, of the runs within five points of one percentile (50, 90) of the RTO."""

    percentile: int
    part: AnatomyPart
    mean_seconds: float
    rto_seconds: float


class Coverage(Noun):
    """Of how many runs, of those with both, the measured RTO interval held the simulator's own; and which did not."""

    held: int
    of: int
    seeds_outside: tuple[int, ...]


class Endings(Noun):
    """How the runs ended. `whys` are the reasons of those that did not complete, with their counts, most first."""

    completed: int
    refused: int
    interrupted: int
    whys: tuple[tuple[str, int], ...]


class Move(Noun):
    """A setting's two values, from what is set to the other (else from low to high), with the RTO's median
    and the share of runs that met its objective at each.

    `now` is what is set where it is neither of the two. `reach_seconds` is how far the median moves; None
    where one was not measured.
    """

    setting: Setting
    first: str
    first_seconds: float | None
    first_chance: float
    second: str
    second_seconds: float | None
    second_chance: float
    now: str | None
    reach_seconds: float | None


class CheapestChange(Noun):
    """The least costly setting that was tried with which the RTO's objective would be met often enough."""

    setting: Setting
    value: str
    chance: float
    rto_seconds: float | None
    sentence: str


class RehearsalFigures(Noun):
    """Everything that is said of a rehearsal.

    `outcome` is met where every objective is known to be met in 95 % of runs, missed where one is known not
    to be or where a run left something injected, else inconclusive, with what would `decide` it.
    """

    outcome: Outcome
    why: str
    decide: str | None
    runs: int
    drill_seconds: float
    objectives: tuple[ObjectiveFigures, ...]
    anatomy: tuple[PartFigures, ...]
    dominant: tuple[Dominant, ...]
    coverage: Coverage
    tornado: tuple[Move, ...]
    cheapest: CheapestChange | None
    endings: Endings
    seeds_not_reverted: tuple[int, ...]
