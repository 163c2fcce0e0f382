"""No verdict is better than its evidence, and every RTO's interval holds what really happened."""

from __future__ import annotations

from collections.abc import Sequence

from drillrunner.errors import DrillError
from drillrunner.judge import judge
from drillrunner.judge.story import window_end
from drillrunner.model.verdict import ObjectiveVerdict, Verdict
from drillrunner.simulation.disk import RunFiles
from drillrunner.simulation.running import Told
from drillrunner.simulation.world import World

# Moments are journaled and rounded to microseconds.
ROUNDED_SECONDS = 2e-6


def check_verdicts(world: World, told: Sequence[Told]) -> tuple[str, ...]:
    """Judge every run as it stands on disk; the verdicts' outcomes."""
    outcomes = []
    for files in world.disk.runs.values():
        try:
            verdict = judge(files.plan, files.entries, files.readings)
        except DrillError as error:
            world.violated(f"{files.run_id} cannot be judged: {error.message}")
            continue
        _check_evidence(world, files, verdict)
        _check_truth(world, files, verdict)
        outcomes.append(verdict.outcome)
    return tuple(outcomes)


def _check_evidence(world: World, files: RunFiles, verdict: Verdict) -> None:
    if verdict.outcome == "met":
        ended = [entry.data["outcome"] for entry in files.entries if entry.kind == "run.ended"]
        left = verdict.revert is None or verdict.revert.left
        if ended != ["completed"] or left or verdict.steady_after is not True:
            world.violated(f"{files.run_id}: met, though it {ended}, left {left}, steady {verdict.steady_after}")
    for objective in verdict.objectives:
        if objective.outcome == "met" and not _has_evidence(files, objective):
            world.violated(f"{files.run_id}: {objective.name} of {objective.probe} met without evidence")


def _has_evidence(files: RunFiles, objective: ObjectiveVerdict) -> bool:
    kinds = {entry.kind for entry in files.entries}
    mine = [reading for reading in files.readings if reading.probe == objective.probe and reading.ok is not None]
    if objective.name == "rpo":
        return bool(mine) and any(
            entry.kind == "ledger.read" and "error" not in entry.data and entry.data["probe"] == objective.probe
            for entry in files.entries
        )
    if objective.name == "rto":
        return "effect.observed" in kinds and any(reading.ok is False for reading in files.readings)
    return bool(mine) and "call.intent" in kinds


def _check_truth(world: World, files: RunFiles, verdict: Verdict) -> None:
    """Every recovery's interval holds the moment from which users were served again, as the world knows it."""
    effect = _true_effect(world, files)
    if effect is None:
        return
    closed = window_end(files.entries, effect)
    ends = {}
    for recovery in verdict.recoveries:
        end = _true_end(world, files, recovery.probe, effect, closed)
        if end is None:
            continue
        ends[recovery.probe] = end
        true_rto = end - effect
        if recovery.rto is not None and not (
            recovery.rto.low - ROUNDED_SECONDS <= true_rto <= recovery.rto.high + ROUNDED_SECONDS
        ):
            span = f"{recovery.rto.low}–{recovery.rto.high}"
            world.violated(f"{files.run_id}: RTO of {recovery.probe} is {span}, truly {true_rto:.6f}")
    for objective in verdict.objectives:
        if objective.name == "rto" and ends:
            _check_objective(world, files, objective, max(ends.values()) - effect)


def _check_objective(world: World, files: RunFiles, objective: ObjectiveVerdict, true_rto: float) -> None:
    wrongly_met = objective.outcome == "met" and true_rto > objective.target + ROUNDED_SECONDS
    wrongly_missed = objective.outcome == "missed" and true_rto <= objective.target - ROUNDED_SECONDS
    if wrongly_met or wrongly_missed:
        figures = f"target {objective.target}, truly {true_rto:.3f}"
        world.violated(f"{files.run_id}: RTO {objective.outcome}, {figures}")


def _true_effect(world: World, files: RunFiles) -> float | None:
    """When the first call of a fault took effect, by the world's own log."""
    roles = {
        str(entry.data["change_id"]): entry.data["role"] for entry in files.entries if entry.kind == "undo.recorded"
    }
    faults = {
        str(entry.data["call_id"])
        for entry in files.entries
        if entry.kind == "call.intent"
        and entry.data["role"] == "apply"
        and roles[str(entry.data["change_id"])] == "fault"
    }
    landed = [
        sent.landed_at
        for sent in world.sent
        if sent.run_id == files.run_id and sent.call_id in faults and sent.landed_at is not None
    ]
    return min(landed, default=None)


def _true_end(world: World, files: RunFiles, probe: str, effect: float, closed: float) -> float | None:
    """When the last outage ended that the probe can have seen between effect and close; infinite if it lasted."""
    spec = next((one for one in files.plan.drill.probes if one.name == probe), None)
    if spec is None or spec.kind != "http.get":
        return None
    host = str(spec.params["url"]).removeprefix("http://").removesuffix("/health")
    if host not in world.data.served:
        return None
    failed = [
        reading
        for reading in files.readings
        if reading.probe == probe and reading.ok is False and reading.answered >= effect and reading.answered <= closed
    ]
    seen = [
        end
        for begin, end in world.data.served[host].outages(closed)
        if end >= effect and any(reading.asked <= end and begin <= reading.answered for reading in failed)
    ]
    return max(seen, default=None)
