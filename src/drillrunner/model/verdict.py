"""The verdict: met, missed or inconclusive, for each objective and for the run. Made by `judge` alone."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.noun import Noun

SCHEMA_VERSION = 1

Outcome = Literal["met", "missed", "inconclusive"]
AnatomyPart = Literal["detect", "decide", "switch", "propagate", "stabilise"]


class Interval(Noun):
    """A length of time that lies somewhere between `low` and `high` seconds."""

    low: float
    high: float


class Share(Noun):
    """One part of an RTO's anatomy, and the least that the configuration allows (None: not known)."""

    part: AnatomyPart
    seconds: float
    least_seconds: float | None = None
    why: str | None = None


class Recovery(Noun):
    """How one probe recovered. Moments are seconds after `Verdict.began_at`.

    `rto` runs from the first fault's effect, `outage` from the first failed reading; None where no
    recovery was seen. `relapses` counts how often a recovery was lost again.
    """

    probe: str
    vantage: str
    rto: Interval | None
    outage: Interval | None
    first_failed_at: float | None
    recovered_at: float | None
    relapses: int = 0
    why: str | None = None


class LedgerResult(Noun):
    """What became of the acknowledged records of one ledger. `late` were missing first and came after."""

    probe: str
    written: int
    acknowledged: int
    lost: int
    late: int
    duplicated: int
    reordered: int
    overwritten: int
    rpo: Interval | None
    estimated: bool = False
    why: str | None = None


class ObjectiveVerdict(Noun):
    """One objective. `low` and `high` are seconds (a fraction for availability); `decide` says what would decide it."""

    name: ObjectiveName
    probe: str
    target: float
    low: float | None
    high: float | None
    outcome: Outcome
    why: str
    decide: str | None = None
    estimated: bool = False


class PhaseSpan(Noun):
    """A phase of the run, in seconds after `Verdict.began_at`. `ended` is None if the run died in it."""

    phase: str
    began: float
    ended: float | None


class Latency(Noun):
    """Latency of one probe in one phase, by serving region, in milliseconds, of answered requests."""

    probe: str
    phase: str
    region: str | None
    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


class Finding(Noun):
    """Something worth mending, with advice. `code` is stable (F101)."""

    code: str
    message: str
    advice: str


class RevertResult(Noun):
    """How putting everything back went. `left` names what is still injected, `irreversible` what cannot be put back."""

    of: int
    reverted: int
    seconds: float | None
    left: tuple[str, ...] = ()
    irreversible: tuple[str, ...] = ()


class Verdict(Noun):
    """Everything that the reports show, and nothing that journal and readings do not hold.

    `ended_by` is how the run ended: `completed`, `refused: …`, `aborted: …` or `died` (no end in the
    journal). `outcome` merges the objectives: any missed → missed; else any inconclusive →
    inconclusive; else met. A run that did not complete is never met.
    """

    schema_version: int = SCHEMA_VERSION
    run_id: str
    drill: str
    title: str
    environment: str
    plan_hash: str
    began_wall: str
    began_at: float
    outcome: Outcome
    why: str
    ended_by: str
    objectives: tuple[ObjectiveVerdict, ...]
    anatomy: tuple[Share, ...]
    anatomy_probe: str | None
    recoveries: tuple[Recovery, ...]
    ledgers: tuple[LedgerResult, ...]
    availability: dict[str, float]
    latencies: tuple[Latency, ...]
    phases: tuple[PhaseSpan, ...]
    revert: RevertResult | None
    steady_before: bool | None
    steady_after: bool | None
    findings: tuple[Finding, ...]
    readings_count: int
    extra: dict[str, JsonValue] = Field(default_factory=dict)
