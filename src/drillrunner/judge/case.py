"""The case that is judged: the effect, the window, what users saw of the outage, and what the ledgers lost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from drillrunner.judge import story
from drillrunner.judge.ledger import Loss, estimate, judge_ledger, readings_back
from drillrunner.judge.recovery import Outage, observe
from drillrunner.judge.story import Effect
from drillrunner.judge.tracks import Cadence, Gathered, gather
from drillrunner.model.drill import Drill, ProbeSpec
from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import PhaseSpan


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that objectives and findings are judged from.

    `closed` is when the window ends in which recovery counts (drill-clock seconds, infinite where the
    journal does not say); it opens at the effect. `outages` has one for every user-facing probe and vantage.
    """

    plan: Plan
    entries: Sequence[Entry]
    gathered: Gathered
    spans: tuple[PhaseSpan, ...]
    origin: float
    effect: Effect | None
    closed: float
    outages: tuple[Outage, ...]
    losses: Mapping[str, Loss]

    @property
    def drill(self) -> Drill:
        return self.plan.drill

    def spec(self, probe: str) -> ProbeSpec | None:
        return next((spec for spec in self.plan.drill.probes if spec.name == probe), None)


def build_case(plan: Plan, entries: Sequence[Entry], readings: Iterable[Reading]) -> Case:
    """Read the readings once and the journal as often as is convenient."""
    origin = entries[0].at if entries else 0.0
    spans = story.phase_spans(entries)
    cadences = {spec.name: Cadence(spec.every_seconds, spec.timeout_seconds) for spec in plan.drill.probes}
    gathered = gather(readings, cadences, spans, origin)
    opened = story.opened_at(entries)
    closed = math.inf if opened is None else story.window_end(entries, opened)
    case = Case(plan, entries, gathered, spans, origin, None, closed, (), {})
    if opened is not None:
        outages = tuple(_outages(case, opened))
        failures = [outage.began.high for outage in outages if outage.began is not None]
        case = replace(case, outages=outages, effect=story.first_effect(entries, min(failures, default=None)))
    return replace(case, losses=_losses(case))


def user_facing(drill: Drill) -> tuple[str, ...]:
    """The probes that RTO is judged on, in the drill's order: user-facing ones and those that an RTO names."""
    named = {spec.name for spec in drill.user_facing}
    named |= {objective.probe for objective in drill.objectives if objective.name == "rto"}
    return tuple(spec.name for spec in drill.probes if spec.name in named)


def _outages(case: Case, opened: float) -> Iterable[Outage]:
    for name in user_facing(case.drill):
        tracks = case.gathered.of(name)
        if not tracks:
            spec = case.spec(name)
            yield Outage(name, spec.vantage if spec else "here", answers=0, failures=0)
        for track in tracks:
            yield observe(track, opened, case.closed, case.drill.stable_for_seconds)


def _losses(case: Case) -> dict[str, Loss]:
    failback = story.phase_began(case.entries, "failback")
    losses = {}
    for probe in _ledgers(case):
        reads = readings_back(case.entries, probe)
        losses[probe] = judge_ledger(probe, case.gathered.of(probe), reads, case.effect, failback)
    for objective in case.drill.objectives:
        if objective.name == "rpo" and objective.probe not in losses:
            estimated = estimate(case.gathered.of(objective.probe), case.effect)
            if estimated is not None:
                losses[objective.probe] = Loss(estimated)
    return losses


def _ledgers(case: Case) -> list[str]:
    """The ledger probes: those that were read back, and those whose kind says so (`dynamodb.ledger`).

    Kinds are looked at by name because the judge knows no registry: a verdict must not depend on what is installed.
    """
    read = {str(entry.data.get("probe")) for entry in story.of_kind(case.entries, "ledger.read")}
    return [spec.name for spec in case.drill.probes if spec.name in read or spec.kind.endswith("ledger")]


def ttl_seconds(case: Case) -> float | None:
    """The longest TTL that a `dns.answer` probe was answered with (its value); None where none was asked."""
    probes = [spec.name for spec in case.drill.probes if spec.kind == "dns.answer"]
    values = (value for probe in probes for track in case.gathered.of(probe) for value in track.values)
    return max((value for value in values if math.isfinite(value)), default=None)
