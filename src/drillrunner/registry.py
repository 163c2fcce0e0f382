"""The catalogue of faults, steps, probes and conditions. `services/` fills it by decorator.

A third party's package joins by the entry point group `drillrunner.services`: each entry point names
a module that registers its kinds when it is imported.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from drillrunner.model.call import Change
from drillrunner.ports import Outside, Probe

SERVICES = "drillrunner.services"
ENTRY_POINT_GROUP = "drillrunner.services"

Capture = Callable[[Any, Outside], Awaitable[Sequence[Change]]]
Build = Callable[[Any], Probe]
Role = Literal["fault", "step", "probe", "condition"]


class Params(BaseModel):
    """The base of every kind's parameters. Field descriptions are what `drill catalog` and editors show."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)


@dataclass(frozen=True, slots=True)
class Kind:
    """One registered fault, step, probe or condition.

    Faults and steps have `capture`: read what is there and give the Changes; perform nothing.
    Probes and conditions have `build`: give an object that answers polls. A condition trips when its
    answer is not ok. `detects` marks a probe whose failing is the signal that detection is measured
    by (a health check, an alarm); `ledger` marks one that RPO is measured by; `estimates_rpo` one
    whose value is a lag in seconds.
    """

    role: Role
    name: str
    params: type[Params]
    summary: str
    description: str
    capture: Capture | None = None
    build: Build | None = None
    irreversible: bool = False
    detects: bool = False
    ledger: bool = False
    estimates_rpo: bool = False


_kinds: dict[tuple[Role, str], Kind] = {}


def _register(kind: Kind) -> None:
    key = (kind.role, kind.name)
    if key in _kinds:
        raise ValueError(f"{kind.role} {kind.name} is registered twice")
    _kinds[key] = kind


def _prose(thing: Any) -> tuple[str, str]:
    text = inspect.getdoc(thing) or ""
    return text.split("\n", 1)[0].strip(), text


def _capturing(role: Role, name: str, params: type[Params], irreversible: bool) -> Callable[[Capture], Capture]:
    def decorate(capture: Capture) -> Capture:
        summary, description = _prose(capture)
        _register(Kind(role, name, params, summary, description, capture=capture, irreversible=irreversible))
        return capture

    return decorate


def fault(name: str, *, params: type[Params]) -> Callable[[Capture], Capture]:
    """Register a fault: `async def capture(params, outside) -> Sequence[Change]`."""
    return _capturing("fault", name, params, irreversible=False)


def step(name: str, *, params: type[Params], irreversible: bool = False) -> Callable[[Capture], Capture]:
    """Register a step of failover or failback; the same shape as a fault."""
    return _capturing("step", name, params, irreversible)


def probe(
    name: str,
    *,
    params: type[Params],
    detects: bool = False,
    ledger: bool = False,
    estimates_rpo: bool = False,
) -> Callable[[Build], Build]:
    """Register a probe: a function or class that takes the params and gives a Probe."""

    def decorate(build: Build) -> Build:
        summary, description = _prose(build)
        _register(
            Kind(
                "probe",
                name,
                params,
                summary,
                description,
                build=build,
                detects=detects,
                ledger=ledger,
                estimates_rpo=estimates_rpo,
            )
        )
        return build

    return decorate


def condition(name: str, *, params: type[Params]) -> Callable[[Build], Build]:
    """Register a stop condition: built like a probe; it trips when the answer is not ok."""

    def decorate(build: Build) -> Build:
        summary, description = _prose(build)
        _register(Kind("condition", name, params, summary, description, build=build))
        return build

    return decorate


@functools.cache
def _load() -> None:
    """Every service file, and every third party's module."""
    for module in sorted(_service_modules()):
        _import_service(module)
    for entry_point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        entry_point.load()


@functools.cache
def _service_modules() -> frozenset[str]:
    services = importlib.import_module(SERVICES)
    return frozenset(module.name for module in pkgutil.iter_modules(services.__path__))


def _import_service(module: str) -> None:
    importlib.import_module(f"{SERVICES}.{module}")


def _load_service_of(name: str) -> None:
    """The file whose name a kind begins with: `lambda.throttle` is in `services/lambda_.py`."""
    service = name.partition(".")[0]
    for module in _service_modules() & {service, f"{service}_"}:
        _import_service(module)


def find(role: Role, name: str) -> Kind | None:
    """The kind of that role and name, or None. Only the service that it begins with is loaded, if it is there."""
    if (role, name) not in _kinds:
        _load_service_of(name)
    if (role, name) not in _kinds:
        _load()
    return _kinds.get((role, name))


def kinds(role: Role | None = None) -> Iterator[Kind]:
    """Every kind (of one role), by name."""
    _load()
    for key in sorted(_kinds):
        if role is None or key[0] == role:
            yield _kinds[key]
