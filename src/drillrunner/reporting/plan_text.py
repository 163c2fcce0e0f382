"""`drill plan` for people: exact targets, what was there, the calls, their inverses, the guards, and the hash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drillrunner.model.call import AwsCall, Call, Change, ReadBack
from drillrunner.model.drill import Drill, Objective
from drillrunner.model.environment import Environment
from drillrunner.model.plan import Plan, PlannedItem
from drillrunner.reporting.outside_text import compact, masked, visible
from drillrunner.reporting.wording import OBJECTIVE_TITLES, length, percent


def _call(call: Call) -> str:
    if isinstance(call, AwsCall):
        return f"{call.describe()} {compact(call.params)}"
    bound = f" with {compact(list(call.params))}" if call.params else ""
    return f"sql:{call.database} {call.statement}{bound}"


def _expected(read_back: ReadBack) -> str:
    return f"{read_back.read.describe()} {read_back.path} = {compact(masked(read_back.expected))}"


def _calls(verb: str, calls: Sequence[Call]) -> Iterator[str]:
    for number, call in enumerate(calls):
        yield f"      {verb if number == 0 else '':<8} {_call(call)}"
        if call.read_back is not None:
            yield f"      {'':<8}   then sees {_expected(call.read_back)}"


def _change(change: Change) -> Iterator[str]:
    yield f"    {change.target}"
    yield f"      {'now':<8} {compact(change.prior)}"
    yield from _calls("apply", change.apply)
    if change.irreversible:
        yield f"      {'revert':<8} IRREVERSIBLE: this cannot be put back"
    else:
        yield from _calls("revert", change.revert)
    if change.note:
        yield f"      {'note':<8} {change.note}"


def _item(number: int, item: PlannedItem) -> Iterator[str]:
    after = f" (after {length(item.after_seconds)})" if item.after_seconds else ""
    yield f"  {number}. {item.kind}{after}: {item.manual or item.summary}"
    for change in item.changes:
        yield from _change(change)


def _section(title: str, items: Sequence[PlannedItem], otherwise: str) -> Iterator[str]:
    yield ""
    yield title
    if not items:
        yield f"  {otherwise}"
    for number, item in enumerate(items, start=1):
        yield from _item(number, item)


def _objective(objective: Objective) -> str:
    share = objective.name == "availability"
    figure = f"≥ {percent(objective.target)}" if share else f"≤ {length(objective.target)}"
    at = f" p{100 * (objective.percentile or 0.95):g}" if objective.name == "latency" else ""
    return f"  {OBJECTIVE_TITLES[objective.name]}{at} {figure} by {objective.probe}"


def _measured(drill: Drill) -> Iterator[str]:
    yield ""
    yield "Measured"
    yield from map(_objective, drill.objectives)
    for probe in drill.probes:
        users = ", as users do" if probe.user_facing else ""
        every, timeout = length(probe.every_seconds), length(probe.timeout_seconds)
        yield f"  probe {probe.name}: {probe.kind} every {every}, time-out {timeout}{users} {compact(probe.params)}"


def _stop_conditions(drill: Drill) -> Iterator[str]:
    for condition in drill.stop_if:
        if condition.probe is not None:
            yield f"  stops if {condition.probe} fails for {length(condition.fails_for_seconds)}"
        else:
            yield f"  stops if {condition.kind} {compact(condition.params)}"
    if not drill.stop_if:
        yield "  no stop condition: nothing but you ends it early"


def _guards(plan: Plan) -> Iterator[str]:
    drill, environment = plan.drill, plan.environment
    targets = sum(len(item.changes) for item in plan.faults)
    yield ""
    yield "Guards"
    yield f"  {targets} of at most {environment.max_targets} targets"
    yield from _stop_conditions(drill)
    yield f"  recovery within {length(drill.recovery_within_seconds)}, stable for {length(drill.stable_for_seconds)}"
    yield f"  put back within {length(drill.revert_within_seconds)}"
    if environment.allow_irreversible:
        yield "  irreversible steps are allowed here"
    for window in environment.freeze:
        yield f"  frozen {window.begins:%Y-%m-%d %H:%M%z} to {window.ends:%Y-%m-%d %H:%M%z}: {window.reason}"


def _where(environment: Environment) -> str:
    if environment.kind == "lab":
        scale = f", {environment.time_scale:g} drill seconds in each real one" if environment.time_scale != 1 else ""
        return f"{environment.name}: the lab, topology {environment.topology}{scale}"
    return f"{environment.name}: AWS account {environment.account}, {', '.join(environment.regions)}"


def _baseline(drill: Drill) -> str:
    home = f", served from {drill.served_from}" if drill.served_from else ""
    waited = f", waited for at most {length(drill.baseline_within_seconds)}" if drill.baseline_within_seconds else ""
    return f"{length(drill.baseline_seconds)}{home}{waited}"


def plan_lines(plan: Plan) -> list[str]:
    """The whole plan. Nothing in it has happened; the hash is what an approval is bound to."""
    drill = plan.drill
    lines = [
        f"Plan of {drill.name}: {drill.title}",
        f"  on {_where(plan.environment)}",
        f"  baseline {_baseline(drill)}; owner {drill.owner}",
        *_section("Faults", plan.faults, "none"),
        *_section("Failover", plan.failover, "none: the architecture must fail over by itself"),
        *_section("Failback", plan.failback, "none: the revert alone puts everything back"),
        *_measured(drill),
        *_guards(plan),
    ]
    if plan.warnings:
        lines += ["", "Warnings", *(f"  ! {warning}" for warning in plan.warnings)]
    return [visible(line, 4_000) for line in [*lines, "", f"sha256 {plan.hash}"]]
