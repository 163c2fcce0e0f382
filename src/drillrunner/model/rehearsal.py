"""A rehearsal: one drill run many times in the lab on virtual time, and what came out. All times are drill seconds."""

from __future__ import annotations

from pydantic import Field

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.noun import Noun
from drillrunner.model.verdict import Outcome

SCHEMA_VERSION = 1


class RehearsedObjective(Noun):
    """What one run measured of one objective: seconds (a fraction for availability), None where it could not."""

    name: ObjectiveName
    probe: str
    low: float | None
    high: float | None
    outcome: Outcome


class RehearsedRun(Noun):
    """One run with one seed.

    `outcome` is the verdict's; `ended_by` the run's ending (`completed`, `refused: …`, `aborted: …`).
    `anatomy` holds the seconds of each part of the RTO, keyed by its name, empty where there was none.
    `truth_rto` is the simulator's own: from the moment when the function stopped until a client with that
    resolver could be served again for good; None where the drill broke nothing that users see.
    """

    seed: int
    outcome: Outcome
    ended_by: str
    objectives: tuple[RehearsedObjective, ...]
    anatomy: dict[str, float] = Field(default_factory=dict)
    truth_rto: float | None = None
    reverted: bool
    drill_seconds: float
    journal_sha256: str


class Setting(Noun):
    """One thing that could be set otherwise: its name (`route53.ttl`), and the two values that are compared.

    `now` is the value of the topology or drill as it stands, as text; `low` and `high` likewise.
    `effort` orders changes by what they cost to make: 1 a configuration value, 2 an automation to build,
    3 capacity that is paid for all year.
    """

    name: str
    title: str
    low: str
    high: str
    now: str | None = None
    effort: int = 1


class Swing(Noun):
    """The RTO's median over the same seeds with one setting at each of its two values; None where none was measured.

    `chance_low` and `chance_high` are the shares of runs that met the RTO's objective.
    """

    setting: Setting
    rto_seconds_low: float | None
    rto_seconds_high: float | None
    chance_low: float
    chance_high: float


class Rehearsal(Noun):
    """All runs of one rehearsal, in the order of their seeds, and the swings that were asked for.

    `targets` are the drill's, in its order. `overrides` are the what-ifs (`route53.ttl: "30"`).
    """

    schema_version: int = SCHEMA_VERSION
    drill: str
    title: str
    environment: str
    topology: str
    seed: int
    overrides: dict[str, str]
    targets: tuple[RehearsedTarget, ...]
    runs: tuple[RehearsedRun, ...]
    swings: tuple[Swing, ...] = ()
    randomised: tuple[str, ...] = ()


class RehearsedTarget(Noun):
    """An objective of the drill: seconds, or a fraction for availability."""

    name: ObjectiveName
    probe: str
    target: float


Rehearsal.model_rebuild()
