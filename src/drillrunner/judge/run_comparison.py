"""Two runs of a drill held side by side: what is better, what is worse, and what was not the same to begin with."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from drillrunner.judge.anatomy import PARTS
from drillrunner.judge.differences import differences
from drillrunner.judge.interval_change import OBJECTIVE_NAMES, objective_change
from drillrunner.judge.story import of_kind, text
from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue, canonical_json
from drillrunner.model.plan import Plan
from drillrunner.model.run_comparison import (
    InjectedChange,
    ObjectiveChange,
    PartChange,
    RunComparison,
    RunSide,
    SettingChange,
    Side,
)
from drillrunner.model.verdict import Finding, ObjectiveVerdict, Outcome, Verdict

_BADNESS: dict[Outcome, int] = {"met": 0, "inconclusive": 1, "missed": 2}
# what a lab draws anew each time it starts
_DRAWN_BY_LAB = ("lab_instance", "endpoint_url", "resolver", "port_map", "ca_file", "databases")
# a health check's id, a hosted zone's: drawn too, so that in two labs the same thing has two of them
_DRAWN_ID = re.compile(r"\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|Z[0-9A-Z]{12,31})\b")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """A run as it is on disk, and its verdict."""

    plan: Plan
    entries: Sequence[Entry]
    verdict: Verdict


def compare_runs(before: JudgedRun, after: JudgedRun) -> RunComparison:
    """Hold `after` against `before`."""
    objectives = tuple(_objectives(before.verdict, after.verdict))
    return RunComparison(
        before=_side(before),
        after=_side(after),
        worse=tuple(_worse(before.verdict, after.verdict, objectives)),
        cautions=tuple(_cautions(before, after)),
        objectives=objectives,
        parts=tuple(_parts(before.verdict, after.verdict)),
        settings=tuple(_settings(before.plan, after.plan)),
        injected=tuple(_injected_changes(before, after)),
        findings_gone=_without(before.verdict.findings, after.verdict.findings),
        findings_new=_without(after.verdict.findings, before.verdict.findings),
    )


def _side(run: JudgedRun) -> RunSide:
    verdict = run.verdict
    return RunSide(
        run_id=verdict.run_id,
        drill=verdict.drill,
        environment=verdict.environment,
        kind=run.plan.environment.kind,
        began_wall=verdict.began_wall,
        outcome=verdict.outcome,
        why=verdict.why,
        ended_by=verdict.ended_by,
    )


def _objectives(before: Verdict, after: Verdict) -> Iterator[ObjectiveChange]:
    """Every objective of either run, in the order of the first that has it."""
    first, second = _by_key(before.objectives, _objective_key), _by_key(after.objectives, _objective_key)
    for key in dict.fromkeys([*first, *second]):
        yield objective_change(first.get(key), second.get(key))


def _objective_key(objective: ObjectiveVerdict) -> Hashable:
    return objective.name, objective.probe


def _by_key(values: Iterable[_Value], key: Callable[[_Value], Hashable]) -> dict[Hashable, _Value]:
    """Each value by its key and how often that key came before."""
    seen: Counter[Hashable] = Counter()
    found: dict[Hashable, _Value] = {}
    for value in values:
        called = key(value)
        found[called, seen[called]] = value
        seen[called] += 1
    return found


def _worse(before: Verdict, after: Verdict, objectives: Iterable[ObjectiveChange]) -> Iterator[str]:
    if _BADNESS[after.outcome] > _BADNESS[before.outcome]:
        yield f"the outcome went from {before.outcome} to {after.outcome}"
    for one in objectives:
        if one.direction == "worse":
            yield f"{OBJECTIVE_NAMES[one.name]} of {one.probe} is {one.sentence}"


def _cautions(before: JudgedRun, after: JudgedRun) -> Iterator[str]:
    """Reasons why the two may not be alike."""
    first, second = before.verdict, after.verdict
    if first.drill != second.drill:
        yield f"two drills: {first.drill} and {second.drill}"
    kinds = before.plan.environment.kind, after.plan.environment.kind
    if kinds[0] != kinds[1]:
        places = ["in the lab" if kind == "lab" else "on AWS" for kind in kinds]
        yield f"the first ran {places[0]}, the second {places[1]}: their figures are not of one system"
    elif first.environment != second.environment:
        yield f"two environments: {first.environment} and {second.environment}"
    for name, verdict in (("first", first), ("second", second)):
        if verdict.ended_by != "completed":
            yield f"the {name} run did not complete: {verdict.ended_by}"
    if first.run_id and first.run_id == second.run_id:
        yield "both are the same run"


def _parts(before: Verdict, after: Verdict) -> Iterator[PartChange]:
    first = {share.part: share.seconds for share in before.anatomy}
    second = {share.part: share.seconds for share in after.anatomy}
    for part in PARTS:
        if part in first or part in second:
            yield PartChange(part=part, before=first.get(part), after=second.get(part))


def _settings(before: Plan, after: Plan) -> Iterator[SettingChange]:
    """What differs in drill and environment, but for when the drill is due, and what a lab draws when it starts."""
    drilled = [one.drill.model_dump(mode="json", exclude={"schedule"}) for one in (before, after)]
    yield from differences(drilled[0], drilled[1], "drill")
    first, second = before.environment, after.environment
    drawn = _DRAWN_BY_LAB if "lab" in (first.kind, second.kind) else ()
    dumps = [one.model_dump(mode="json", exclude=set(drawn)) for one in (first, second)]
    yield from differences(dumps[0], dumps[1], "environment")


@dataclass(frozen=True, slots=True)
class _Injected:
    section: str
    kind: str
    target: str
    made: JsonValue

    @property
    def key(self) -> Hashable:
        return self.section, self.kind, self.target


def _injected_changes(before: JudgedRun, after: JudgedRun) -> Iterator[InjectedChange]:
    first, second = (_by_key(_injected(run), lambda one: one.key) for run in (before, after))
    for key in dict.fromkeys([*first, *second]):
        one, other = first.get(key), second.get(key)
        if one is None or other is None:
            yield from _made_once(one, "before")
            yield from _made_once(other, "after")
            continue
        changes = tuple(differences(one.made, other.made, ""))
        if changes:
            yield _change(one, None, changes)


def _made_once(made: _Injected | None, only: Side) -> Iterator[InjectedChange]:
    if made is not None:
        yield _change(made, only, ())


def _change(made: _Injected, only: Side | None, changes: tuple[SettingChange, ...]) -> InjectedChange:
    return InjectedChange(section=made.section, kind=made.kind, target=made.target, only=only, changes=changes)


def _injected(run: JudgedRun) -> Iterator[_Injected]:
    """The faults and steps of which at least one call was about to be made, in their order."""
    intents = of_kind(run.entries, "call.intent")
    begun = {text(one.data.get("change_id")) for one in intents if one.data.get("role") == "apply"}
    drawn: dict[str, str] = {}
    for entry in of_kind(run.entries, "undo.recorded"):
        data, change = entry.data, entry.data.get("change")
        if data.get("role") in ("fault", "step") and text(data.get("change_id")) in begun and isinstance(change, dict):
            named = _numbered(change, drawn) if run.plan.environment.kind == "lab" else change
            section = "faults" if data.get("role") == "fault" else text(data.get("section")) or "failover"
            made: JsonValue = {"was there": named.get("prior"), "calls": _calls(named.get("apply"))}
            yield _Injected(section, text(data.get("kind")) or "", text(named.get("target")) or "", made)


def _numbered(change: dict[str, JsonValue], drawn: dict[str, str]) -> dict[str, JsonValue]:
    """The change with each id that a lab drew replaced by its number among those of the run (`drawn` remembers)."""

    def number(match: re.Match[str]) -> str:
        return drawn.setdefault(match.group(), f"id {len(drawn) + 1}")

    numbered: dict[str, JsonValue] = json.loads(_DRAWN_ID.sub(number, canonical_json(change)))
    return numbered


def _calls(applied: JsonValue) -> JsonValue:
    """The calls without how they are read back, so that they read as they are made."""
    if not isinstance(applied, list):
        return []
    without = ("read_back", "skip_if_held", "transport")
    return [{key: call[key] for key in call if key not in without} for call in applied if isinstance(call, dict)]


def _without(findings: Iterable[Finding], others: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings whose code is not among the others': what they say has figures in it, which always differ."""
    codes = {finding.code for finding in others}
    return tuple(finding for finding in findings if finding.code not in codes)
