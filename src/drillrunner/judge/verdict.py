"""Assembles the verdict: every objective, then the run, then what it taught."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from drillrunner.judge.anatomy import anatomy
from drillrunner.judge.case import Case, build_case, ttl_seconds
from drillrunner.judge.findings import Judged, findings
from drillrunner.judge.objectives import judge_objective, worst_outage
from drillrunner.judge.recovery import as_recovery
from drillrunner.judge.reverting import revert_result
from drillrunner.judge.story import ended_by, steady_state, text
from drillrunner.judge.tracks import latencies
from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import ObjectiveVerdict, Outcome, Recovery, RevertResult, Share, Verdict

_NAMES = {
    "rto": "RTO",
    "rpo": "RPO",
    "availability": "availability",
    "latency": "latency",
    "detection": "detection",
}


def judge(plan: Plan, entries: Sequence[Entry], readings: Iterable[Reading]) -> Verdict:
    """The verdict on a run: a pure function of its plan, journal and readings.

    `readings` are read once, in any order, and kept as arrays (33 bytes each). A journal that was cut
    short at any entry is judged as far as it goes, and the run is then never met. The same arguments
    give the same verdict, years later.
    """
    case = build_case(plan, entries, readings)
    objectives = tuple(judge_objective(case, objective) for objective in plan.drill.objectives)
    shares = _anatomy(case)
    revert = revert_result(entries)
    steady_after = steady_state(entries, "after")
    ended = ended_by(entries)
    outcome, why = merge(objectives, ended, revert, steady_after)
    worst = worst_outage(case.outages)
    return Verdict(
        run_id=_began(entries, "run_id"),
        drill=plan.drill.name,
        title=plan.drill.title,
        environment=plan.environment.name,
        plan_hash=_began(entries, "plan_hash") or plan.hash,
        began_wall=entries[0].wall if entries else "",
        began_at=case.origin,
        outcome=outcome,
        why=why,
        ended_by=ended,
        objectives=objectives,
        anatomy=shares,
        anatomy_probe=worst.probe if shares and worst else None,
        recoveries=_recoveries(case),
        ledgers=tuple(case.losses[probe].result for probe in sorted(case.losses)),
        availability=_availability(case),
        latencies=latencies(case.gathered, [span.phase for span in case.spans]),
        phases=case.spans,
        revert=revert,
        steady_before=steady_state(entries, "before"),
        steady_after=steady_after,
        findings=findings(Judged(case, objectives, shares, revert, steady_after)),
        readings_count=case.gathered.count,
        extra=_extra(case),
    )


def merge(
    objectives: Sequence[ObjectiveVerdict], ended: str, revert: RevertResult | None, steady_after: bool | None
) -> tuple[Outcome, str]:
    """One outcome of all: any missed is missed; else any inconclusive is inconclusive; else met.

    A run is never met that did not complete, left something injected, or is not known to have
    brought the steady state back.
    """
    doubts = _doubts(ended, revert, steady_after)
    missed = [verdict for verdict in objectives if verdict.outcome == "missed"]
    open_ones = [verdict for verdict in objectives if verdict.outcome == "inconclusive"]
    if missed:
        return "missed", "; ".join([f"{_list(missed)} missed", *doubts])
    if open_ones:
        return "inconclusive", "; ".join([f"{_list(open_ones)} inconclusive", *doubts])
    if not objectives:
        doubts.append("the drill has no objective")
    if doubts:
        return "inconclusive", "; ".join(doubts)
    return "met", "all objectives met" if len(objectives) > 1 else f"{_list(objectives)} met"


def _doubts(ended: str, revert: RevertResult | None, steady_after: bool | None) -> list[str]:
    doubts = []
    if ended != "completed":
        doubts.append("the run died" if ended == "died" else f"the run was {ended}")
    if revert is not None and revert.left:
        count = len(revert.left)
        doubts.append(f"{count} {'change is' if count == 1 else 'changes are'} still injected")
    if steady_after is False:
        doubts.append("the steady state did not come back")
    if steady_after is None and ended == "completed":
        doubts.append("nobody saw the steady state come back")
    return doubts


def _list(objectives: Sequence[ObjectiveVerdict]) -> str:
    names = dict.fromkeys(_NAMES[verdict.name] for verdict in objectives)
    return ", ".join(names)


def _began(entries: Sequence[Entry], key: str) -> str:
    began = next((entry for entry in entries if entry.kind == "run.began"), None)
    return (text(began.data.get(key)) if began else None) or ""


def _anatomy(case: Case) -> tuple[Share, ...]:
    worst = worst_outage(case.outages)
    if worst is None or case.effect is None:
        return ()
    return anatomy(case.plan, case.entries, worst, case.effect, ttl_seconds(case))


def _recoveries(case: Case) -> tuple[Recovery, ...]:
    stable_for = case.drill.stable_for_seconds
    return tuple(as_recovery(outage, case.effect, case.origin, stable_for) for outage in case.outages)


def _availability(case: Case) -> dict[str, float]:
    """Of every probe, over the whole run and all vantages: good ones among the readings that prove something."""
    found: dict[str, float] = {}
    for probe in sorted({probe for probe, _ in case.gathered.tracks}):
        tracks = case.gathered.of(probe)
        good = sum(track.good for track in tracks)
        proving = good + sum(track.bad for track in tracks)
        if proving:
            found[probe] = good / proving
    return found


def _extra(case: Case) -> dict[str, JsonValue]:
    """Where the measured window lies, in seconds after `began_at`, for charts; and what could not be used."""
    extra: dict[str, JsonValue] = {}
    if case.effect is not None:
        low, high = round(case.effect.low - case.origin, 6), round(case.effect.high - case.origin, 6)
        extra["effect"] = {"low": low, "high": high, "observed": case.effect.observed}
        extra["window_ended"] = None if math.isinf(case.closed) else round(case.closed - case.origin, 6)
    if case.gathered.unusable:
        extra["unusable_readings"] = case.gathered.unusable
    return extra
