"""Two runs side by side: what was measured, what differed in the plan, what was injected, what was found."""

from __future__ import annotations

from typing import Literal

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.history import Kind
from drillrunner.model.noun import JsonValue, Noun
from drillrunner.model.verdict import AnatomyPart, Finding, ObjectiveVerdict, Outcome

Direction = Literal["better", "worse", "same", "unknown"]
Side = Literal["before", "after"]


class ObjectiveChange(Noun):
    """One objective in both runs; None where a run does not have it.

    `low` and `high` bound by how much it changed: after less before, by interval arithmetic, in seconds (a
    fraction for availability); None is an end that nothing bounds. `direction` is `unknown` where the intervals
    overlap or one is missing.
    """

    name: ObjectiveName
    probe: str
    before: ObjectiveVerdict | None
    after: ObjectiveVerdict | None
    low: float | None
    high: float | None
    direction: Direction
    sentence: str


class PartChange(Noun):
    """One part of the RTO's anatomy in both runs, in seconds; None where a run has no anatomy."""

    part: AnatomyPart
    before: float | None
    after: float | None


class SettingChange(Noun):
    """A value that differs, by its key path (`drill.probes.checkout.every_seconds`).

    `only` names the run that has it, where the other has not.
    """

    path: str
    before: JsonValue
    after: JsonValue
    only: Side | None = None


class InjectedChange(Noun):
    """A change that only one of the runs made to a target, or that both made, but otherwise.

    `section` is faults, failover or failback. `changes` say what differs in the calls and in what was there before;
    they are empty where only one run made it.
    """

    section: str
    kind: str
    target: str
    only: Side | None
    changes: tuple[SettingChange, ...] = ()


class RunSide(Noun):
    """One of the two runs."""

    run_id: str
    drill: str
    environment: str
    kind: Kind
    began_wall: str
    outcome: Outcome
    why: str
    ended_by: str


class RunComparison(Noun):
    """Everything that differs between two runs. `worse` says why the second is worse; empty where it is not."""

    before: RunSide
    after: RunSide
    worse: tuple[str, ...]
    cautions: tuple[str, ...]
    objectives: tuple[ObjectiveChange, ...]
    parts: tuple[PartChange, ...]
    settings: tuple[SettingChange, ...]
    injected: tuple[InjectedChange, ...]
    findings_gone: tuple[Finding, ...]
    findings_new: tuple[Finding, ...]
