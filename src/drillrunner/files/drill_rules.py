"""The rules that a drill must keep across its parts, once each part could be read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from drillrunner.errors import InvalidInput
from drillrunner.files.drill_parts import EVERY_SECONDS_LOW, TIMEOUT_SECONDS_HIGH, Parts, PlacedObjective, PlacedProbe
from drillrunner.files.environment_file import environment_names
from drillrunner.files.locate import is_there
from drillrunner.files.nearest import choices
from drillrunner.model.duration import format_duration
from drillrunner.model.noun import canonical_json
from drillrunner.yaml_source import Problems, Span

INVERTING = "route53.fail_health_check"


def check(
    problems: Problems, warnings: Problems, parts: Parts, seconds: Mapping[str, float], spans: Mapping[str, Span]
) -> None:
    """Note every breach. `seconds` and `spans` are keyed baseline, recovery, stable_for, revert."""
    for probe in parts.probes.values():
        _check_schedule(problems, probe)
    for placed in parts.objectives:
        _check_objective(problems, placed, parts, seconds, spans)
    _check_stability(problems, parts, seconds, spans)
    _check_same_fault(problems, parts)
    _check_stop_conditions(problems, parts)
    _warn(warnings, parts)


def check_environment(problems: Problems, name: str, span: Span, drill: Path) -> None:
    """Note an environment that the file near the drill does not define; that file's own faults are told elsewhere."""
    try:
        names = environment_names(drill)
    except InvalidInput:
        return
    if name not in names:
        advice = choices(name, names) or "environments are defined in environments.yaml beside the drill"
        problems.add("D132", f'there is no environment "{name}"', span, advice)


def check_runbook(problems: Problems, runbook: str, span: Span, drill: Path) -> None:
    """Note a runbook that is not there; its path is taken from the drill's folder."""
    path = drill.parent / runbook
    if not is_there(path):
        advice = "write it, or leave the key out; the path is taken from the drill's folder"
        problems.add("D130", f'there is no runbook "{runbook}"', span, advice)


def _check_schedule(problems: Problems, placed: PlacedProbe) -> None:
    spec = placed.spec
    if spec.every_seconds < EVERY_SECONDS_LOW:
        message = f'the probe "{spec.name}" asks every {format_duration(spec.every_seconds)}; at least 100ms apart'
        problems.add("D126", message, placed.every_span, "more often measures the prober, and costs what it probes")
    if spec.timeout_seconds > TIMEOUT_SECONDS_HIGH:
        message = f'the probe "{spec.name}" waits {format_duration(spec.timeout_seconds)} for an answer; at most 1m'
        problems.add("D127", message, placed.timeout_span, "an answer that late is an outage to its user")


def _check_objective(
    problems: Problems,
    placed: PlacedObjective,
    parts: Parts,
    seconds: Mapping[str, float],
    spans: Mapping[str, Span],
) -> None:
    objective = placed.objective
    probe = parts.probes.get(objective.probe)
    if objective.name == "rto" and objective.target > seconds["recovery"]:
        message = (
            f"recovery is waited for {format_duration(seconds['recovery'])}, "
            f"less than the RTO's target of {format_duration(objective.target)}"
        )
        span = spans["recovery"] if spans["recovery"] != Span() else placed.span
        problems.add("D123", message, span, "write recovery: {within: …} longer than the target")
    if probe is None:
        return
    if objective.name == "rpo" and not (probe.kind.ledger or probe.kind.estimates_rpo):
        message = f'the probe "{probe.spec.name}" ({probe.kind.name}) can measure no loss'
        problems.add("D124", message, placed.span, "name a ledger or a probe of replication lag")
    if objective.name in {"rto", "detection"} and objective.target < probe.spec.every_seconds:
        message = (
            f'"{objective.name}" of {format_duration(objective.target)} is finer than the probe '
            f'"{probe.spec.name}" can see, which asks every {format_duration(probe.spec.every_seconds)}'
        )
        problems.add("D137", message, placed.span, "ask more often, or give a longer target")
    if objective.name == "latency" and objective.target >= probe.spec.timeout_seconds:
        message = (
            f"a latency of {format_duration(objective.target)} cannot be missed: the probe "
            f'"{probe.spec.name}" gives up after {format_duration(probe.spec.timeout_seconds)}'
        )
        problems.add("D138", message, placed.span, "give the probe a longer timeout, or a lower target")


def _check_stability(problems: Problems, parts: Parts, seconds: Mapping[str, float], spans: Mapping[str, Span]) -> None:
    stable_for, span = seconds["stable_for"], spans["stable_for"]
    if stable_for > seconds["recovery"]:
        message = (
            f"recovery is waited for {format_duration(seconds['recovery'])}, "
            f"less than the {format_duration(stable_for)} that it must be stable for"
        )
        problems.add("D129", message, span)
    measured = {placed.objective.probe for placed in parts.objectives if placed.objective.name == "rto"}
    for probe in parts.probes.values():
        if (probe.spec.user_facing or probe.spec.name in measured) and stable_for < probe.spec.every_seconds:
            message = (
                f"stable_for is {format_duration(stable_for)}, but the probe "
                f'"{probe.spec.name}" asks only every {format_duration(probe.spec.every_seconds)}'
            )
            place = span if span != Span() else probe.every_span
            problems.add("D128", message, place, "one good reading is no recovery")


def _check_same_fault(problems: Problems, parts: Parts) -> None:
    first: dict[str, int] = {}
    for placed in parts.faults:
        identity = canonical_json([placed.spec.kind, placed.spec.params])
        if identity in first:
            message = f"{placed.spec.kind} is injected into the same target twice"
            problems.add("D131", message, placed.span, f"it is on line {first[identity]} already")
        first.setdefault(identity, placed.span.line)


def _check_stop_conditions(problems: Problems, parts: Parts) -> None:
    for placed in parts.stop_if:
        probe = parts.probes.get(placed.condition.probe or "")
        if probe and placed.condition.fails_for_seconds < probe.spec.every_seconds:
            message = (
                f'"fails_for" of {format_duration(placed.condition.fails_for_seconds)} trips on a single reading: '
                f'the probe "{probe.spec.name}" asks every {format_duration(probe.spec.every_seconds)}'
            )
            problems.add("D134", message, placed.span, "allow for at least one more reading")


def _warn(warnings: Problems, parts: Parts) -> None:
    inverting = [placed for placed in parts.faults if placed.spec.kind == INVERTING]
    others = [placed for placed in parts.faults if placed.spec.kind != INVERTING]
    for placed in inverting if others else ():
        message = f"{INVERTING} inverts a health check while {others[0].spec.kind} breaks things too"
        advice = "if the check watches what is broken, its failing is inverted to healthy: leave one of the two out"
        warnings.add("W101", message, placed.span, advice)
    if not parts.stop_if and parts.faults:
        advice = "write stop_if: [{probe: …, fails_for: 30s}] with a probe of what must not break"
        warnings.add("W102", "nothing stops this drill when it goes wrong", parts.faults[0].span, advice)
