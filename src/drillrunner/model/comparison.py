"""A measured run beside the rehearsal that predicted it. All times are drill seconds."""

from __future__ import annotations

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.noun import Noun
from drillrunner.model.verdict import AnatomyPart


class ComparedObjective(Noun):
    """One objective, measured and predicted: seconds, or a fraction for availability.

    `predicted_low` is the 5th percentile of the rehearsed low ends, `predicted_high` the 95th of the high
    ones: nine rehearsed runs in ten lie between. None is an end that nothing bounds. `percentile` says where
    the run lies among the rehearsed ones (0 to 100, from good to bad, equal ones counted half; None where its
    promised end was not seen).
    """

    name: ObjectiveName
    probe: str
    low: float | None
    high: float | None
    predicted_low: float | None
    predicted_high: float | None
    percentile: float | None
    within: bool
    runs: int
    sentence: str


class ComparedPart(Noun):
    """One part of the RTO's anatomy, measured and predicted, in seconds. `outside` is how far it left the band."""

    part: AnatomyPart
    seconds: float
    predicted_median: float
    predicted_low: float
    predicted_high: float
    outside: float


class Comparison(Noun):
    """How well a rehearsal predicted a run.

    `deviation` says what the model missed, `furthest` is the part of the anatomy that it is about (None
    where one of them has no anatomy). `cautions` are reasons to doubt that the two can be compared.
    """

    drill: str
    run_id: str
    seed: int
    predicted: bool
    objectives: tuple[ComparedObjective, ...]
    parts: tuple[ComparedPart, ...]
    furthest: ComparedPart | None
    deviation: str | None
    cautions: tuple[str, ...]
