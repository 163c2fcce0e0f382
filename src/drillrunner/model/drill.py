"""The drill: what is practised. One YAML file in `drills/` is one Drill. All times are seconds."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from drillrunner.model.noun import Noun
from drillrunner.model.schedule import Schedule

ObjectiveName = Literal["rto", "rpo", "availability", "latency", "detection"]


class ProbeSpec(Noun):
    """One question asked every `every_seconds`. `kind` and `params` name a registered probe."""

    name: str
    kind: str
    params: dict[str, JsonValue]
    every_seconds: float
    timeout_seconds: float
    user_facing: bool = False
    vantage: str = "here"


class FaultSpec(Noun):
    """A fault, injected `after_seconds` after the inject phase began."""

    kind: str
    params: dict[str, JsonValue]
    after_seconds: float = 0.0


class StepSpec(Noun):
    """A forward move. `kind` is a registered step, or `manual` with the text for a person.

    `takes_seconds` is the range in which people are expected to have done a manual step; rehearsals draw from it.
    """

    kind: str
    params: dict[str, JsonValue] = Field(default_factory=dict)
    text: str | None = None
    takes_seconds: tuple[float, float] | None = None


class Objective(Noun):
    """A target that a verdict is given on.

    `target` is seconds for rto, rpo, detection and latency; a fraction for availability.
    `percentile` (0.95 by default) belongs to latency.
    """

    name: ObjectiveName
    target: float
    probe: str
    percentile: float | None = None


class StopCondition(Noun):
    """When to stop and revert: a probe that fails for so long, or a registered condition."""

    probe: str | None = None
    fails_for_seconds: float = 0.0
    kind: str | None = None
    params: dict[str, JsonValue] = Field(default_factory=dict)


class Drill(Noun):
    """What is practised: faults, probes, failover steps, objectives.

    The steady state is looked for over `baseline_seconds`, again and again for at most
    `baseline_within_seconds` (once, where that is less). `served_from` is the region that serves users in it.
    `schedule` says when it is due, and is not part of what is drilled: a plan's hash leaves it out.
    """

    name: str
    title: str
    owner: str
    environment: str
    runbook: str | None = None
    vars: dict[str, str] = Field(default_factory=dict)
    objectives: tuple[Objective, ...]
    probes: tuple[ProbeSpec, ...]
    baseline_seconds: float = 30.0
    baseline_within_seconds: float = 0.0
    served_from: str | None = None
    faults: tuple[FaultSpec, ...]
    detection_probe: str | None = None
    detection_within_seconds: float = 300.0
    failover: tuple[StepSpec, ...] = ()
    recovery_within_seconds: float = 600.0
    stable_for_seconds: float = 30.0
    failback: tuple[StepSpec, ...] = ()
    revert_within_seconds: float = 600.0
    stop_if: tuple[StopCondition, ...] = ()
    schedule: Schedule | None = None

    def probe(self, name: str) -> ProbeSpec:
        return next(probe for probe in self.probes if probe.name == name)

    @property
    def user_facing(self) -> tuple[ProbeSpec, ...]:
        """The probes that ask what users ask; where none says so, the RTO objective's."""
        marked = tuple(probe for probe in self.probes if probe.user_facing)
        if marked:
            return marked
        named = {objective.probe for objective in self.objectives if objective.name == "rto"}
        return tuple(probe for probe in self.probes if probe.name in named)
