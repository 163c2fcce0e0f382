"""Reads a drill from its YAML file, and says everything that is wrong with it at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from drillrunner.errors import Problem
from drillrunner.files import drill_rules
from drillrunner.files.drill_parts import (
    Parts,
    read_faults,
    read_objectives,
    read_probes,
    read_steps,
    read_stop_conditions,
)
from drillrunner.files.nearest import choices
from drillrunner.files.section import Reading, Section, kind_of
from drillrunner.files.variables import Variables, is_variable_name
from drillrunner.model.drill import Drill
from drillrunner.model.schedule import Schedule
from drillrunner.yaml_source import Document, ListNode, MapNode, Node, Problems, ScalarNode, Span, read_yaml

LONGEST_PHASE_SECONDS = 12 * 3600.0


class DrillFile(NamedTuple):
    """A drill that was read, and what is doubtful about it without being wrong (codes W1xx)."""

    drill: Drill
    warnings: tuple[Problem, ...]


def read_drill(path: Path, *, variables: Mapping[str, str] = {}) -> Drill:
    """The drill in a file. `variables` override the file's `vars` (`--var name=value`).

    Raises InvalidInput, which holds every problem that was found (codes in `files/codes.py`).
    """
    return read_drill_file(path, variables=variables).drill


def read_drill_file(path: Path, *, variables: Mapping[str, str] = {}) -> DrillFile:
    """The drill in a file, with its warnings. Raises InvalidInput as `read_drill` does."""
    document = read_yaml(path)
    problems = Problems(document.file, document.lines)
    warnings = Problems(document.file, document.lines)
    drill = _Reader(path, document, problems, variables).drill(warnings)
    if drill is None or problems.found:
        problems.refuse()
    return DrillFile(drill, tuple(warnings.found))


class _Head(NamedTuple):
    """The texts at the top of a drill."""

    name: str | None
    title: str | None
    owner: str | None
    environment: str | None
    runbook: str | None


@dataclass(slots=True)
class _Times:
    """The drill's own time limits, in seconds, each with its place."""

    seconds: dict[str, float] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)

    def read(self, section: Section | None, name: str, key: str, default: float, low: float = 0.0) -> None:
        span = section.span_of(key) if section else Span()
        given = section.duration(key, default, low=low, high=LONGEST_PHASE_SECONDS) if section else default
        self.seconds[name], self.spans[name] = given, span


class _Reader:
    def __init__(self, path: Path, document: Document, problems: Problems, overrides: Mapping[str, str]) -> None:
        self._path = path
        self._problems = problems
        self._root = document.root
        values = _variables(Reading(problems, Variables(problems), "D"), document.root, overrides)
        self._reading = Reading(problems, Variables(problems, values), "D")

    def drill(self, warnings: Problems) -> Drill | None:
        """The drill, or None when something without which there is none could not be read."""
        top = Section(self._reading, self._root, "the drill", Span())
        head = self._head(top)
        top.take("vars")
        parts = self._parts(top)
        baseline = top.section("baseline")
        parts.served_from = baseline.text("served_from") if baseline else None
        times = self._times(top, baseline)
        schedule = self._schedule(top)
        top.finish()
        self._refuse_unused_variables()
        drill_rules.check(self._problems, warnings, parts, times.seconds, times.spans)
        if self._problems.found:
            return None
        drill = _assemble(head, dict(self._reading.variables.values), parts, times.seconds)
        return drill.model_copy(update={"schedule": schedule}) if drill and schedule else drill

    def _schedule(self, top: Section) -> Schedule | None:
        """When it is due. What reads that, time zones and all, is loaded only where it is said."""
        if "schedule" not in self._root.entries:
            top.take("schedule")
            return None
        from drillrunner.files.schedule_entry import read_schedule

        return read_schedule(top)

    def _head(self, top: Section) -> _Head:
        span = top.value_span("environment")
        environment = top.name_text("environment") or "lab"
        drill_rules.check_environment(self._problems, environment, span, self._path)
        runbook_span = top.value_span("runbook")
        runbook = top.text("runbook", longest=1_000)
        if runbook is not None:
            drill_rules.check_runbook(self._problems, runbook, runbook_span, self._path)
        return _Head(
            top.name_text("drill", required=True),
            top.text("title", required=True),
            top.text("owner", required=True),
            environment,
            runbook,
        )

    def _parts(self, top: Section) -> Parts:
        parts = Parts()
        read_probes(top, parts)
        detection = top.section("detection")
        if detection:
            parts.read_detection(detection)
        read_objectives(top, parts)
        read_faults(top, parts)
        parts.failover = read_steps(top, "failover")
        parts.failback = read_steps(top, "failback")
        read_stop_conditions(top, parts)
        return parts

    def _times(self, top: Section, baseline: Section | None) -> _Times:
        times = _Times()
        times.read(baseline, "baseline", "for", 30.0)
        times.read(baseline, "baseline_within", "within", 0.0)
        recovery = top.section("recovery")
        times.read(recovery, "recovery", "within", 600.0, low=1.0)
        times.read(recovery, "stable_for", "stable_for", 30.0)
        revert = top.section("revert")
        times.read(revert, "revert", "within", 600.0, low=1.0)
        for section in (baseline, recovery, revert):
            if section:
                section.finish()
        return times

    def _refuse_unused_variables(self) -> None:
        vars_node = self._root.entries.get("vars")
        if vars_node is None or not isinstance(vars_node[1], MapNode):
            return
        if any(problem.code == "D115" for problem in self._problems.found):
            return  # a mistyped reference is the likelier mistake
        written = "\n".join(_texts(self._root, leaving_out="vars"))
        for name, (key, _) in vars_node[1].entries.items():
            if is_variable_name(name) and f"${{{name}}}" not in written:
                advice = f"write ${{{name}}} where it belongs, or take it out"
                self._problems.add("D116", f'the variable "{name}" is never used', key.span, advice)


def _texts(node: Node, leaving_out: str = "") -> Iterator[str]:
    """Every single value below a node."""
    if isinstance(node, ScalarNode):
        yield node.text
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from _texts(item)
    else:
        for name, (_, value) in node.entries.items():
            if name != leaving_out:
                yield from _texts(value)


def _variables(reading: Reading, root: MapNode, overrides: Mapping[str, str]) -> dict[str, str]:
    """The variables' values as texts. They are taken as they stand: a variable cannot name another."""
    top = Section(reading, root, "the drill", Span())
    span = top.span_of("vars")
    node = top.mapping("vars")
    values: dict[str, str] = {}
    for name, (key, value) in (node.entries if node else {}).items():
        if not is_variable_name(name):
            reading.add("107", f'a variable cannot be named "{name}"', key.span, "use letters, digits, - and _")
        elif not isinstance(value, ScalarNode) or value.value is None:
            reading.add("103", f'the variable "{name}" must be a single value, not {kind_of(value)}', value.span)
        else:
            values[name] = value.text
    for name in sorted(overrides):
        if node is None or name not in node.entries:
            advice = choices(name, values) or "the drill has no vars"
            reading.problems.add("D117", f'--var names "{name}", which the drill does not define', span, advice)
    return {**values, **overrides}


def _assemble(head: _Head, variables: dict[str, str], parts: Parts, seconds: Mapping[str, float]) -> Drill | None:
    if head.name is None or head.title is None or head.owner is None or head.environment is None:
        return None
    return Drill(
        name=head.name,
        title=head.title,
        owner=head.owner,
        environment=head.environment,
        runbook=head.runbook,
        vars=variables,
        objectives=tuple(placed.objective for placed in parts.objectives),
        probes=tuple(placed.spec for placed in parts.probes.values()),
        baseline_seconds=seconds["baseline"],
        baseline_within_seconds=seconds["baseline_within"],
        served_from=parts.served_from,
        faults=tuple(placed.spec for placed in parts.faults),
        detection_probe=parts.detection_probe or parts.only_detector(),
        detection_within_seconds=parts.detection_within_seconds,
        failover=parts.failover,
        recovery_within_seconds=seconds["recovery"],
        stable_for_seconds=seconds["stable_for"],
        failback=parts.failback,
        revert_within_seconds=seconds["revert"],
        stop_if=tuple(placed.condition for placed in parts.stop_if),
    )
