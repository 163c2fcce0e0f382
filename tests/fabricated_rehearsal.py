"""Rehearsals made by hand, for the tests of their figures and of what is said of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.rehearsal import (
    Rehearsal,
    RehearsedObjective,
    RehearsedRun,
    RehearsedTarget,
    Setting,
    Swing,
)
from drillrunner.model.verdict import Outcome

RTO_TARGET, RPO_TARGET, AVAILABILITY_TARGET = 180.0, 5.0, 0.9
TARGETS = (
    RehearsedTarget(name="rto", probe="checkout", target=RTO_TARGET),
    RehearsedTarget(name="rpo", probe="orders", target=RPO_TARGET),
    RehearsedTarget(name="availability", probe="checkout", target=AVAILABILITY_TARGET),
)
TTL = Setting(name="route53.ttl", title="TTL of checkout", low="5", high="60", now="60", effort=1)
THRESHOLD = Setting(name="health.threshold", title="failures until unhealthy", low="1", high="3", now="3", effort=1)
ROBOT = Setting(name="failover.automation", title="failover by", low="robot", high="person", now="person", effort=2)


def objective(
    name: ObjectiveName = "rto",
    probe: str = "checkout",
    low: float | None = 78.0,
    high: float | None = 79.5,
    outcome: Outcome = "met",
) -> RehearsedObjective:
    return RehearsedObjective(name=name, probe=probe, low=low, high=high, outcome=outcome)


def run(seed: int, *objectives: RehearsedObjective, **changes: Any) -> RehearsedRun:
    """One run that completed and met what it measured, with some fields changed."""
    fields: dict[str, Any] = {
        "seed": seed,
        "outcome": "met" if all(one.outcome == "met" for one in objectives) else "inconclusive",
        "ended_by": "completed",
        "objectives": objectives,
        "reverted": True,
        "drill_seconds": 300.0,
        "journal_sha256": f"{seed:064x}",
    }
    return RehearsedRun.model_validate({**fields, **changes})


def rto_run(seed: int, high: float, target: float = RTO_TARGET, **changes: Any) -> RehearsedRun:
    """A run of which only the RTO is known, a second wide, with the simulator's truth in the middle."""
    low = max(0.0, high - 1.0)
    outcome: Outcome = "met" if high <= target else "missed" if low > target else "inconclusive"
    rto = objective(low=low, high=high, outcome=outcome)
    return run(seed, rto, **{"outcome": outcome, "truth_rto": (low + high) / 2, **changes})


def refused_run(seed: int, why: str = "the steady state did not hold") -> RehearsedRun:
    return run(seed, outcome="inconclusive", ended_by=f"refused: {why}")


def aborted_run(seed: int, why: str = "stop_if: standby failed for 30s") -> RehearsedRun:
    return run(seed, objective(low=None, high=None, outcome="inconclusive"), ended_by=f"aborted: {why}")


def rehearsal(runs: Sequence[RehearsedRun], **changes: Any) -> Rehearsal:
    """A rehearsal of these runs, with some fields changed. Only the RTO is a target unless said otherwise."""
    fields: dict[str, Any] = {
        "drill": "regional-outage",
        "title": "us-east-1 stops serving; checkout must be served from eu-west-1",
        "environment": "lab",
        "topology": "checkout",
        "seed": 1,
        "overrides": {},
        "targets": TARGETS[:1],
        "runs": tuple(runs),
    }
    return Rehearsal.model_validate({**fields, **changes})


def swing(setting: Setting = TTL, low: float | None = 41.0, high: float | None = 79.0, **chances: float) -> Swing:
    fields = {"chance_low": 1.0, "chance_high": 0.5, **chances}
    return Swing(setting=setting, rto_seconds_low=low, rto_seconds_high=high, **fields)


def random_run(seed: int, rto_target: float) -> RehearsedRun:
    """A plausible run: detection and propagation vary with the seed, the rest hardly."""
    draw = random.Random(seed)
    detect, switch = draw.uniform(20.0, 36.0), draw.uniform(0.5, 2.0)
    propagate = draw.betavariate(1.4, 1.1) * 60.0
    anatomy = {"detect": detect, "decide": 0.0, "switch": switch, "propagate": propagate, "stabilise": 0.0}
    rto = sum(anatomy.values())
    good = round(1 - rto / 900, 6)
    return run(
        seed,
        rto_run(seed, rto, rto_target).objectives[0],
        objective("rpo", "orders", 0.0, 0.0),
        objective("availability", "checkout", good, good, "met" if good >= AVAILABILITY_TARGET else "missed"),
        outcome="met" if rto <= rto_target else "missed",
        anatomy=anatomy,
        truth_rto=rto - draw.uniform(0.01, 0.99),
        drill_seconds=300.0 + rto,
    )


def full_rehearsal(count: int = 200, rto_target: float = RTO_TARGET, **changes: Any) -> Rehearsal:
    """A rehearsal with everything that one can have: runs, swings, what is randomised."""
    targets = (TARGETS[0].model_copy(update={"target": rto_target}), *TARGETS[1:])
    fields: dict[str, Any] = {
        "targets": targets,
        "swings": (swing(ROBOT, 60.0, 66.0), swing(THRESHOLD, 58.0, 66.0, chance_low=0.93), swing(TTL, 34.0, 66.0)),
        "randomised": ("health checkers' phase", "time since the resolver cached the record", "replication lag"),
        **changes,
    }
    return rehearsal([random_run(seed, rto_target) for seed in range(1, count + 1)], **fields)
