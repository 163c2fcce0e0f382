"""Planning: a drill and an environment resolved into targets, Calls and inverses. It reads, and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from drillrunner.errors import InvalidInput
from drillrunner.model.call import Call, Change
from drillrunner.model.drill import Drill, FaultSpec, StepSpec
from drillrunner.model.environment import Environment
from drillrunner.model.noun import canonical_json
from drillrunner.model.plan import Plan, PlannedItem
from drillrunner.ports import Caller, Outside, Probe, WritingProbe
from drillrunner.registry import Kind, Params, Role, find

MANUAL = "manual"
# stands for a run's id in the calls of a plan: an approval binds the plan, and there is no run yet
ANY_RUN = "plan"


@dataclass
class RecordingCaller:
    """Passes Calls on and keeps each, so that the plan can say what planning itself reads."""

    inner: Caller
    calls: list[Call] = field(default_factory=list)

    async def call(self, call: Call, *, timeout_seconds: float, retry: bool = True) -> JsonValue:
        self.calls.append(call)
        return await self.inner.call(call, timeout_seconds=timeout_seconds, retry=retry)


def known_kind(role: Role, name: str) -> Kind:
    """The registered kind. Raises InvalidInput (a file reader finds it earlier, with its line)."""
    kind = find(role, name)
    if kind is None:
        raise InvalidInput(f'there is no {role} "{name}"', advice="list them with: drill catalog")
    return kind


def parsed(kind: Kind, params: dict[str, JsonValue]) -> Params:
    return kind.params.model_validate(params)


def build_probe(role: Role, name: str, params: dict[str, JsonValue]) -> Probe:
    """A fresh probe or condition object."""
    kind = known_kind(role, name)
    if kind.build is None:
        raise InvalidInput(f"{name} cannot be polled")
    return kind.build(parsed(kind, params))


async def capture(role: Role, spec: FaultSpec | StepSpec, outside: Outside) -> tuple[Change, ...]:
    """What a fault or step would do now, from what is there now."""
    kind = known_kind(role, spec.kind)
    if kind.capture is None:
        raise InvalidInput(f"{spec.kind} has nothing to capture")
    return tuple(await kind.capture(parsed(kind, spec.params), outside))


async def make_plan(drill: Drill, environment: Environment, outside: Outside) -> Plan:
    """Resolve everything. Raises CallFailed when something cannot be read, Refused when a fault is there already."""
    recorder = RecordingCaller(outside.caller)
    reading = replace(outside, caller=recorder)
    faults = [await _planned_fault(fault, reading) for fault in drill.faults]
    failover = [await _planned_step(step, reading) for step in drill.failover]
    failback = [await _planned_step(step, reading) for step in drill.failback]
    probes = [build_probe("probe", probe.kind, probe.params) for probe in drill.probes]
    conditions = [build_probe("condition", stop.kind, stop.params) for stop in drill.stop_if if stop.kind]
    polled = [call for probe in (*probes, *conditions) for call in _calls_of(probe, outside)]
    return Plan(
        drill=drill,
        environment=environment,
        faults=tuple(faults),
        failover=tuple(failover),
        failback=tuple(failback),
        calls=_distinct([*recorder.calls, *polled]),
        warnings=_warnings(drill, faults),
    )


async def _planned_fault(spec: FaultSpec, outside: Outside) -> PlannedItem:
    kind = known_kind("fault", spec.kind)
    changes = await capture("fault", spec, outside)
    return PlannedItem(kind=spec.kind, summary=kind.summary, after_seconds=spec.after_seconds, changes=changes)


async def _planned_step(spec: StepSpec, outside: Outside) -> PlannedItem:
    if spec.kind == MANUAL:
        return PlannedItem(kind=MANUAL, summary="a person does this", manual=spec.text)
    kind = known_kind("step", spec.kind)
    return PlannedItem(kind=spec.kind, summary=kind.summary, changes=await capture("step", spec, outside))


def _calls_of(probe: Probe, outside: Outside) -> list[Call]:
    """What a probe asks, and what it writes and must remove: for any run, so that every run's plan is the same."""
    calls = list(probe.calls())
    if isinstance(probe, WritingProbe):
        extent = probe.extent(replace(outside, run_id=ANY_RUN), 1, 1)
        calls += [*extent.apply, *extent.revert]
    return calls


def _distinct(calls: Sequence[Call]) -> tuple[Call, ...]:
    unique = {canonical_json(call.model_dump(mode="json")): call for call in calls}
    return tuple(unique[key] for key in sorted(unique))


def _warnings(drill: Drill, faults: Sequence[PlannedItem]) -> tuple[str, ...]:
    kinds = {fault.kind for fault in faults}
    found = []
    if {"route53.fail_health_check", "lambda.throttle"} <= kinds:
        found.append(
            "fail_health_check inverts a check: once the throttle makes the endpoint fail, the inverted check "
            "reports healthy and traffic may return to the broken region"
        )
    if not drill.stop_if:
        found.append("no stop_if: nothing but its own objectives and Ctrl-C ends this drill early")
    return tuple(found)
