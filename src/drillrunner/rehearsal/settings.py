"""What could be set otherwise, and what that would buy: the tornado's settings and how each is put into a script."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from drillrunner.errors import InvalidInput
from drillrunner.lab.topology import OVERRIDES, Topology, overridden
from drillrunner.model.drill import Drill, StepSpec
from drillrunner.model.rehearsal import Setting
from drillrunner.rehearsal.one import Script

PEOPLE = "people.seconds"
KNOWN = {**{name: meaning for name, (meaning, _) in OVERRIDES.items()}, PEOPLE: "time of every manual step, seconds"}


def with_settings(script: Script, settings: Mapping[str, str]) -> Script:
    """The script with some settings otherwise. Raises InvalidInput for one that it does not know."""
    unknown = sorted(set(settings) - set(KNOWN))
    if unknown:
        raise InvalidInput(
            f"--set does not know {', '.join(unknown)}",
            advice="It knows " + "; ".join(f"{name} ({meaning})" for name, meaning in KNOWN.items()) + ".",
        )
    topology = {name: value for name, value in settings.items() if name != PEOPLE}
    changed = replace(script, topology=overridden(script.topology, topology)) if topology else script
    return replace(changed, drill=_with_people(changed.drill, settings[PEOPLE])) if PEOPLE in settings else changed


def _with_people(drill: Drill, text: str) -> Drill:
    try:
        seconds = float(text)
    except ValueError:
        raise InvalidInput(f'--set {PEOPLE}={text}: "{text}" is not a number') from None

    def timed(steps: tuple[StepSpec, ...]) -> tuple[StepSpec, ...]:
        return tuple(
            step.model_copy(update={"takes_seconds": (seconds, seconds)}) if step.kind == "manual" else step
            for step in steps
        )

    return drill.model_copy(update={"failover": timed(drill.failover), "failback": timed(drill.failback)})


def settings_of(script: Script) -> tuple[Setting, ...]:
    """The settings that this script has, each with the two values to compare."""
    topology = script.topology
    found: list[Setting] = []
    if topology.health_checks:
        intervals = {check.interval_seconds for check in topology.health_checks}
        thresholds = {check.failure_threshold for check in topology.health_checks}
        found.append(
            Setting(
                name="route53.interval",
                title="health check interval, seconds",
                low="10",
                high="30",
                now=_one(intervals),
            )
        )
        found.append(
            Setting(name="route53.threshold", title="health check threshold", low="1", high="3", now=_one(thresholds))
        )
    if topology.records():
        ttls = {record.ttl_seconds for record in topology.records()}
        found.append(Setting(name="route53.ttl", title="TTL of records, seconds", low="5", high="60", now=_one(ttls)))
    if topology.functions:
        found.append(_cold_start(topology))
    if any(step.kind == "manual" for step in (*script.drill.failover, *script.drill.failback)):
        found.append(
            Setting(name=PEOPLE, title="a manual step: automated, or done by people", low="0", high="600", effort=2)
        )
    return tuple(found)


def _cold_start(topology: Topology) -> Setting:
    cold = {function.cold_start.median_ms for function in topology.functions}
    return Setting(
        name="lambda.cold_start_ms",
        title="standby: provisioned, or cold starts of 3 s",
        low="1",
        high="3000",
        now=_one(cold),
        effort=3,
    )


def _one(values: Collection[float]) -> str | None:
    """The value that all have, or None when they differ."""
    return f"{next(iter(values)):g}" if len(values) == 1 else None
