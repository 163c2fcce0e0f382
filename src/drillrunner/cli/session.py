"""From what the user typed to a drill, an environment that answers, and a clock."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drillrunner.clock import Clock
from drillrunner.errors import InvalidInput
from drillrunner.files.drill_file import read_drill_file
from drillrunner.files.environment_file import find_environment
from drillrunner.files.environment_rules import check_against
from drillrunner.files.locate import locate_drill
from drillrunner.model.drill import Drill
from drillrunner.model.environment import Environment

if TYPE_CHECKING:
    from drillrunner.lab.lifecycle import LabStatus


@dataclass(frozen=True, slots=True)
class Chosen:
    """A valid drill, and the environment that it is to run in (not connected yet)."""

    drill: Drill
    environment: Environment
    warnings: tuple[str, ...]


def choose(name: str, variables: Mapping[str, str], environment_name: str | None) -> Chosen:
    """Read and check the drill and its environment. Raises InvalidInput with every problem."""
    path = locate_drill(name, Path())
    found = read_drill_file(path, variables=variables)
    environment = find_environment(environment_name or found.drill.environment, path)
    problems = check_against(found.drill, environment, str(path))
    if problems:
        raise InvalidInput("the drill does not fit the environment", problems=problems)
    return Chosen(found.drill, environment, tuple(warning.message for warning in found.warnings))


def connect(environment: Environment, *, seed: int, overrides: Mapping[str, str]) -> Environment:
    """The environment with what is needed to reach it: a lab is started where none is up. Blocking.

    A lab that is up already keeps its own time scale.
    """
    if environment.kind != "lab":
        return environment
    from drillrunner.lab import lifecycle

    topology = environment.topology or lifecycle.DEFAULT_TOPOLOGY
    running = lifecycle.status(topology)
    if running is None or overrides:
        scale = environment.time_scale if running is None else running.time_scale
        running = lifecycle.up(topology, time_scale=scale, seed=seed, overrides=overrides)
    return bound_to_lab(environment, running)


def bound_to_lab(environment: Environment, running: LabStatus) -> Environment:
    """The environment with the addresses, ports and databases of a running lab."""
    return environment.model_copy(
        update={
            "topology": running.topology,
            "lab_instance": running.instance,
            "time_scale": running.time_scale,
            "endpoint_url": running.aws_endpoint_url,
            "resolver": running.dns_address,
            "ca_file": running.ca_file,
            "regions": environment.regions or tuple(running.regions),
            "port_map": dict(running.port_map),
            "databases": dict(running.databases),
        }
    )


def same_lab_runs(environment: Environment) -> bool:
    """Whether the lab process that a run was bound to is still there."""
    from drillrunner.lab import lifecycle

    running = lifecycle.status(environment.topology)
    return running is not None and running.instance == environment.lab_instance


def clock_for(environment: Environment) -> Clock:
    return Clock(scale=environment.time_scale)


def drawn_seed(given: int | None) -> int:
    return given if given is not None else secrets.randbelow(2**31)


def settings_of(given: tuple[str, ...]) -> dict[str, str]:
    """`name=value` options as a mapping. Raises InvalidInput."""
    pairs = [setting.partition("=") for setting in given]
    wrong = [name for name, equals, _ in pairs if not equals]
    if wrong:
        raise InvalidInput(f'--set cannot read "{wrong[0]}"', advice="write --set name=value")
    return {name: value for name, _, value in pairs}
