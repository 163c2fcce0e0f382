"""The parts of a drill as they are read: probes, objectives, faults, steps and stop conditions, each with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from drillrunner.files.kind_entry import read_kind
from drillrunner.files.nearest import choices
from drillrunner.files.section import (
    DAY_SECONDS,
    Reading,
    Section,
    check_name,
    kind_of,
    read_duration,
    read_percent,
    shorten,
)
from drillrunner.model.drill import FaultSpec, Objective, ObjectiveName, ProbeSpec, StepSpec, StopCondition
from drillrunner.model.duration import format_duration
from drillrunner.registry import Kind
from drillrunner.yaml_source import ListNode, MapNode, Node, ScalarNode, Span

OBJECTIVES: tuple[ObjectiveName, ...] = get_args(ObjectiveName)
DEFAULT_PERCENTILE = 0.95
EVERY_SECONDS_LOW = 0.1
TIMEOUT_SECONDS_HIGH = 60.0


class PlacedProbe(NamedTuple):
    spec: ProbeSpec
    kind: Kind
    span: Span
    every_span: Span
    timeout_span: Span


class PlacedObjective(NamedTuple):
    objective: Objective
    span: Span


class PlacedFault(NamedTuple):
    spec: FaultSpec
    span: Span


class PlacedCondition(NamedTuple):
    condition: StopCondition
    span: Span


@dataclass(slots=True)
class Parts:
    """What has been read so far. `probe_names` also holds those that could not be read: nothing is told twice."""

    probe_names: list[str] = field(default_factory=list)
    probes_unreadable: bool = False
    probes: dict[str, PlacedProbe] = field(default_factory=dict)
    objectives: list[PlacedObjective] = field(default_factory=list)
    faults: list[PlacedFault] = field(default_factory=list)
    failover: tuple[StepSpec, ...] = ()
    failback: tuple[StepSpec, ...] = ()
    stop_if: list[PlacedCondition] = field(default_factory=list)
    detection_probe: str | None = None
    detection_within_seconds: float = 300.0
    served_from: str | None = None

    def read_detection(self, section: Section) -> None:
        self.detection_probe = self.take_probe(section)
        self.detection_within_seconds = section.duration("within", 300.0, low=1.0)
        section.finish()

    def take_probe(self, section: Section) -> str | None:
        """The name under `probe`, if it is one of the drill's probes; noted if it is not."""
        taken = section.scalar("probe")
        if taken is None:
            return None
        node, name = taken
        if name in self.probe_names or self.probes_unreadable:
            return name
        advice = choices(name, self.probe_names)
        section.reading.problems.add("D121", f'there is no probe "{shorten(name)}"', node.span, advice)
        return None

    def only_detector(self) -> str | None:
        """The probe that measures detection when the drill names none: the only one that can."""
        detectors = [name for name, placed in self.probes.items() if placed.kind.detects]
        return detectors[0] if len(detectors) == 1 else None


def read_probes(top: Section, parts: Parts) -> None:
    """Read `probes: {name: {kind: {params}, every, timeout, user_facing, vantage}}`."""
    span = top.span_of("probes")
    before = len(top.reading.problems.found)
    node = top.mapping("probes")
    parts.probes_unreadable = len(top.reading.problems.found) > before
    if parts.probes_unreadable:
        return
    if node is None or not node.entries:
        advice = "a probe asks what users would see, for example http.get"
        top.reading.problems.add("D120", "the drill has no probe", span, advice)
        return
    for name, (key, body) in node.entries.items():
        parts.probe_names.append(name)
        if check_name(top.reading, name, "a probe's name", key.span):
            placed = _read_probe(top.reading, name, key, body)
            if placed:
                parts.probes[name] = placed


def _read_probe(reading: Reading, name: str, key: ScalarNode, body: Node) -> PlacedProbe | None:
    section = _entry(reading, f'the probe "{name}"', body, key.span)
    if section is None:
        return None
    every_span, timeout_span = section.span_of("every"), section.span_of("timeout")
    every = section.duration("every", 1.0)
    timeout = section.duration("timeout", 2.0, low=0.001)
    user_facing = section.boolean("user_facing", False)
    vantage = section.name_text("vantage") or "here"
    entry = read_kind(section, "probe")
    if entry is None:
        return None
    spec = ProbeSpec(
        name=name,
        kind=entry.kind.name,
        params=entry.params,
        every_seconds=every,
        timeout_seconds=timeout,
        user_facing=user_facing,
        vantage=vantage,
    )
    return PlacedProbe(spec, entry.kind, key.span, every_span, timeout_span)


def _entry(reading: Reading, name: str, node: Node, span: Span) -> Section | None:
    if isinstance(node, MapNode):
        return Section(reading, node, name, span)
    reading.add("103", f"{name} must be a mapping of keys to values, not {kind_of(node)}", node.span)
    return None


def read_faults(top: Section, parts: Parts) -> None:
    """Read `faults: [{kind: {params}, after: 10s}]`."""
    span = top.span_of("faults")
    before = len(top.reading.problems.found)
    entries = top.items("faults")
    if not entries and len(top.reading.problems.found) == before:
        top.reading.problems.add("D119", "the drill injects no fault", span, "drill catalog fault lists what there is")
    for number, node in enumerate(entries, start=1):
        section = _entry(top.reading, f"fault {number}", node, _first_span(node))
        if section is None:
            continue
        after = section.duration("after", 0.0)
        entry = read_kind(section, "fault")
        if entry:
            spec = FaultSpec(kind=entry.kind.name, params=entry.params, after_seconds=after)
            parts.faults.append(PlacedFault(spec, entry.span))


def read_steps(top: Section, key: str) -> tuple[StepSpec, ...]:
    """Read `failover` or `failback`: `[{kind: {params}}, {manual: text}]`."""
    steps = []
    for number, node in enumerate(top.items(key), start=1):
        section = _entry(top.reading, f"{key} step {number}", node, _first_span(node))
        step = _read_step(section) if section else None
        if step:
            steps.append(step)
    return tuple(steps)


def _read_step(section: Section) -> StepSpec | None:
    if "manual" in section:
        text = section.text("manual", required=True, longest=2_000)
        takes = _read_takes(section)
        section.finish()
        return StepSpec(kind="manual", text=text, takes_seconds=takes) if text else None
    section.also_known("manual")
    entry = read_kind(section, "step")
    return StepSpec(kind=entry.kind.name, params=entry.params) if entry else None


def _read_takes(section: Section) -> tuple[float, float] | None:
    """Read `takes: {from: 1m, to: 10m}`: how long people are expected to need."""
    inner = section.section("takes")
    if inner is None:
        return None
    low, high = inner.duration("from", 0.0), inner.duration("to", 600.0)
    if high < low:
        message = f"people cannot need {format_duration(low)} at least and {format_duration(high)} at most"
        section.reading.add("142", message, inner.value_span("to"), "write takes: {from: 1m, to: 10m}")
    inner.finish()
    return (low, high)


def _first_span(node: Node) -> Span:
    """Where an entry without a key of its own begins: at its first key."""
    if isinstance(node, MapNode) and node.entries:
        return next(iter(node.entries.values()))[0].span
    return node.span


def read_stop_conditions(top: Section, parts: Parts) -> None:
    """Read `stop_if: [{probe, fails_for}, {kind: {params}}]`."""
    for number, node in enumerate(top.items("stop_if"), start=1):
        section = _entry(top.reading, f"stop condition {number}", node, _first_span(node))
        placed = _read_condition(section, parts) if section else None
        if placed:
            parts.stop_if.append(placed)


def _read_condition(section: Section, parts: Parts) -> PlacedCondition | None:
    if "probe" in section or "fails_for" in section:
        span = section.span_of("fails_for")
        if "probe" not in section:
            section.take("probe", required=True)
        probe = parts.take_probe(section)
        fails_for = section.duration("fails_for", DAY_SECONDS, required=True)
        section.finish()
        return PlacedCondition(StopCondition(probe=probe, fails_for_seconds=fails_for), span) if probe else None
    section.also_known("probe", "fails_for")
    entry = read_kind(section, "condition")
    return PlacedCondition(StopCondition(kind=entry.kind.name, params=entry.params), entry.span) if entry else None


def read_objectives(top: Section, parts: Parts) -> None:
    """Read `objectives: {rto: 3m}` or `{rto: {target: 3m, probe: checkout}}`; the probes must be read before."""
    span = top.span_of("objectives")
    node = top.mapping("objectives")
    if node is None or not node.entries:
        top.reading.problems.add("D133", "the drill has no objective", span, "write at least objectives: {rto: 15m}")
        return
    section = Section(top.reading, node, "objectives", span)
    for name in OBJECTIVES:
        if name in section:
            key_span = section.span_of(name)
            value = section.take(name)
            objective = _read_objective(top.reading, name, value, key_span, parts) if value else None
            if objective:
                parts.objectives.append(PlacedObjective(objective, key_span))
    section.finish(OBJECTIVES)


def _read_objective(reading: Reading, name: ObjectiveName, node: Node, span: Span, parts: Parts) -> Objective | None:
    if isinstance(node, ListNode):
        reading.add("103", f'"{name}" must be a target or a mapping, not a list', node.span)
        return None
    if isinstance(node, ScalarNode):
        target = _read_target(reading, name, node, reading.variables.fill(node))
        probe = _default_probe(reading, name, span, parts)
        percentile = DEFAULT_PERCENTILE if name == "latency" else None
        return _objective(name, target, probe, percentile)
    section = Section(reading, node, name, span)
    taken = section.scalar("target", required=True)
    target = _read_target(reading, name, *taken) if taken else None
    named = "probe" in section
    probe = parts.take_probe(section) if named else _default_probe(reading, name, span, parts)
    percentile = _read_percentile(section, name)
    section.finish()
    return _objective(name, target, probe, percentile)


def _objective(
    name: ObjectiveName, target: float | None, probe: str | None, percentile: float | None
) -> Objective | None:
    if target is None or probe is None:
        return None
    return Objective(name=name, target=target, probe=probe, percentile=percentile)


def _read_target(reading: Reading, name: ObjectiveName, node: ScalarNode, text: str) -> float | None:
    if name == "availability":
        return read_percent(reading, node, text)
    low = 0.0 if name == "rpo" else 0.001
    return read_duration(reading, name, node, text, low=low, high=DAY_SECONDS)


def _read_percentile(section: Section, name: ObjectiveName) -> float | None:
    span = section.span_of("percentile")
    if "percentile" not in section:
        return DEFAULT_PERCENTILE if name == "latency" else None
    percentile = section.percent("percentile")
    if name != "latency":
        section.reading.problems.add("D136", f'"{name}" has no percentile; only latency has', span)
    return percentile


def _default_probe(reading: Reading, name: ObjectiveName, span: Span, parts: Parts) -> str | None:
    """The probe that the short form means; None after noting that there is none, or more than one."""
    if len(parts.probes) < len(parts.probe_names):
        return None  # a probe that could not be read may be the one that is meant
    if name == "rpo":
        return _default_ledger(reading, span, parts)
    if name == "detection":
        return _default_detector(reading, span, parts)
    user_facing = [probe for probe, placed in parts.probes.items() if placed.spec.user_facing]
    if user_facing:
        return user_facing[0]
    if parts.probes:
        advice = f"give a probe user_facing: true, or write {name}: {{target: …, probe: …}}"
        reading.problems.add("D122", f'no probe is user_facing, so "{name}" must name its probe', span, advice)
    return None


def _default_ledger(reading: Reading, span: Span, parts: Parts) -> str | None:
    ledgers = [name for name, placed in parts.probes.items() if placed.kind.ledger]
    found = ledgers or [name for name, placed in parts.probes.items() if placed.kind.estimates_rpo]
    if len(found) == 1:
        return found[0]
    if found:
        advice = "write rpo: {target: …, probe: …} with one of " + ", ".join(found)
        reading.problems.add("D125", "several probes could measure the RPO", span, advice)
    elif parts.probes:
        advice = "add a ledger, for example dynamodb.ledger or postgres.ledger"
        reading.problems.add("D124", "no probe can measure the RPO", span, advice)
    return None


def _default_detector(reading: Reading, span: Span, parts: Parts) -> str | None:
    found = parts.detection_probe or parts.only_detector()
    if found is None and parts.probes:
        advice = "write detection: {probe: …}, or add one such as route53.health_status"
        reading.problems.add("D135", "no probe is named whose failing means that the outage was detected", span, advice)
    return found
