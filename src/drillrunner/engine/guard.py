"""The guard: what must be true of a plan before anything is injected. Pure; every refusal says why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from drillrunner.errors import Refused
from drillrunner.model.call import AwsCall, Change
from drillrunner.model.duration import format_duration
from drillrunner.model.plan import Plan, PlannedItem

# One call with its retries; reading ledgers back twice; the last try of a revert that began before its deadline.
CALL_SECONDS = 30.0
SETTLING_SECONDS = 150.0
LONGEST_LAST_TRY_SECONDS = 120.0
# Services with one control plane for the whole partition: their region is where it stands, not what is touched.
GLOBAL_SERVICES = frozenset({"route53", "iam", "sts", "cloudfront", "globalaccelerator"})


def refusals(plan: Plan, now: datetime) -> list[str]:
    """Every reason why this plan must not run now; empty when none stands against it."""
    return [*_targets(plan), *_regions(plan), *_irreversible(plan), *_collisions(plan), *_freeze(plan, now)]


def guard(plan: Plan, now: datetime) -> None:
    """Raise Refused with every reason, or return."""
    reasons = refusals(plan, now)
    if reasons:
        raise Refused(
            "; ".join(reasons),
            where=f"environment {plan.environment.name}",
            advice="nothing was injected; change the drill, or the environment's guards if they are wrong",
        )


def longest_phases_seconds(plan: Plan) -> float:
    """From the start to the moment when the run is stopped for taking too long.

    A person's steps count towards the recovery; what an automatic step may take is what its read-backs allow.
    """
    drill = plan.drill
    injecting = max((fault.after_seconds for fault in plan.faults), default=0.0)
    baseline = drill.baseline_seconds + drill.baseline_within_seconds
    waits = baseline + injecting + drill.detection_within_seconds + drill.recovery_within_seconds
    calls = sum(_longest_calls_seconds(change) for change in _changes(all_items(plan)))
    return waits + calls + SETTLING_SECONDS


def longest_seconds(plan: Plan) -> float:
    """From the start to the latest possible end of the revert."""
    return longest_phases_seconds(plan) + plan.drill.revert_within_seconds + LONGEST_LAST_TRY_SECONDS


def _longest_calls_seconds(change: Change) -> float:
    return sum(CALL_SECONDS + (call.read_back.within_seconds if call.read_back else 0.0) for call in change.apply)


def all_items(plan: Plan) -> tuple[PlannedItem, ...]:
    return (*plan.faults, *plan.failover, *plan.failback)


def _changes(items: Sequence[PlannedItem]) -> Iterator[Change]:
    return (change for item in items for change in item.changes)


def _targets(plan: Plan) -> Iterator[str]:
    if not any(fault.changes for fault in plan.faults):
        yield "the drill's faults have no target"
    targets = {change.target for change in _changes(all_items(plan))}
    if len(targets) > plan.environment.max_targets:
        yield f"{len(targets)} targets are more than max_targets {plan.environment.max_targets} allows"


def _regions(plan: Plan) -> Iterator[str]:
    touched = {
        call.region
        for change in _changes(all_items(plan))
        for call in (*change.apply, *change.revert)
        if isinstance(call, AwsCall) and call.service not in GLOBAL_SERVICES
    }
    for region in sorted(touched - set(plan.environment.regions)):
        yield f"region {region} is not one of the environment's ({', '.join(plan.environment.regions)})"


def _irreversible(plan: Plan) -> Iterator[str]:
    if plan.environment.allow_irreversible:
        return
    for item in all_items(plan):
        if any(change.irreversible for change in item.changes):
            yield f"{item.kind} cannot be put back, and the environment does not set allow_irreversible"


def _collisions(plan: Plan) -> Iterator[str]:
    seen: set[str] = set()
    for change in _changes(plan.faults):
        if change.target in seen:
            yield f"two faults change {change.target}"
        seen.add(change.target)


def _freeze(plan: Plan, now: datetime) -> Iterator[str]:
    end = now + timedelta(seconds=longest_seconds(plan) / plan.environment.time_scale)
    for window in plan.environment.freeze:
        if window.begins <= end and now <= window.ends:
            yield (
                f"freeze window {window.begins.isoformat()} to {window.ends.isoformat()} ({window.reason}) touches "
                f"this run, which may last {format_duration(longest_seconds(plan))}"
            )
