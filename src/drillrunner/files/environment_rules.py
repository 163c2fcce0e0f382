"""What a drill asks for and an environment does not allow, as far as files alone can show it."""

from __future__ import annotations

from collections.abc import Iterator

from drillrunner import registry
from drillrunner.errors import Problem
from drillrunner.model.drill import Drill
from drillrunner.model.environment import Environment
from drillrunner.model.noun import JsonValue
from drillrunner.model.region import REGIONS


def check_against(drill: Drill, environment: Environment, file: str) -> list[Problem]:
    """Problems D139 (an irreversible step), D140 (a region outside) and D141 (a database that is not named).

    The guard refuses the same before anything is injected; here it is seen without asking anybody.
    """
    return [Problem(code, message, file, advice=advice) for code, message, advice in _breaches(drill, environment)]


def _breaches(drill: Drill, environment: Environment) -> Iterator[tuple[str, str, str]]:
    where = f'the environment "{environment.name}"'
    for step in (*drill.failover, *drill.failback):
        kind = registry.find("step", step.kind)
        if kind and kind.irreversible and not environment.allow_irreversible:
            message = f"{step.kind} cannot be undone, and {where} allows no such step"
            yield "D139", message, "set allow_irreversible: true there, if it may be practised"
    outside = sorted(_regions(drill) - set(environment.regions)) if environment.regions else []
    for region in outside:
        yield "D140", f"{region} is not one of the regions of {where}", "add it to its regions, or give --var"
    if environment.kind == "aws":
        for name in sorted(_databases(drill) - set(environment.databases)):
            yield "D141", f'{where} names no database "{name}"', "add it to its databases"


def _all_params(drill: Drill) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    yield from ((fault.kind, fault.params) for fault in drill.faults)
    yield from ((probe.kind, probe.params) for probe in drill.probes)
    yield from ((step.kind, step.params) for step in (*drill.failover, *drill.failback))
    for condition in drill.stop_if:
        yield condition.kind or "", condition.params


def _regions(drill: Drill) -> set[str]:
    values = (value for _, params in _all_params(drill) for value in params.values())
    return {value for value in values if isinstance(value, str) and value in REGIONS}


def _databases(drill: Drill) -> set[str]:
    found = set()
    for kind, params in _all_params(drill):
        for name, value in params.items() if kind.startswith("postgres.") else ():
            if isinstance(value, str) and (name.endswith("database") or name in {"from", "to"}):
                found.add(value)
    return found
