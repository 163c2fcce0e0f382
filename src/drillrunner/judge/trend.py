"""How what was measured moves over the runs. Lab and AWS never share a line, and a target that changed is said."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.history import Kind, PastRun, moment
from drillrunner.model.trend import By, LeftOut, Period, TargetSince, Trend, TrendLine, TrendRun
from drillrunner.model.verdict import ObjectiveVerdict

_ORDER: tuple[ObjectiveName, ...] = ("rto", "rpo", "detection", "availability", "latency")
_Where = tuple[str, str, Kind, str | None]
_Key = tuple[_Where, ObjectiveName, str]


def trend(runs: Iterable[PastRun], by: By) -> Trend:
    """One line for each drill, place and objective. Only completed runs are on it; the others are counted."""
    lines: defaultdict[_Key, list[TrendRun]] = defaultdict(list)
    left_out: Counter[tuple[_Where, str]] = Counter()
    for run in sorted(runs, key=lambda one: (one.began_wall, one.run_id)):
        where = (run.drill, run.environment, run.kind, run.place)
        if run.under_way or not run.completed or moment(run.began_wall) is None:
            left_out[where, _ending(run)] += 1
            continue
        for objective in run.objectives:
            lines[where, objective.name, objective.probe].append(_measured(run, objective, by))
    return Trend(
        by=by,
        lines=tuple(_line(key, lines[key]) for key in sorted(lines, key=_rank)),
        left_out=tuple(_left_out(where, ended, count) for (where, ended), count in sorted(left_out.items(), key=str)),
    )


def _ending(run: PastRun) -> str:
    if run.under_way:
        return "running"
    return "undated" if run.completed else run.ended_by.partition(":")[0]


def _left_out(where: _Where, ended: str, count: int) -> LeftOut:
    drill, environment, kind, place = where
    return LeftOut(drill=drill, environment=environment, kind=kind, place=place, ended=ended, count=count)


def _rank(key: _Key) -> tuple[str, str, str, str, int, str]:
    (drill, environment, kind, place), name, probe = key
    return drill, environment, kind, place or "", _ORDER.index(name), probe


def _measured(run: PastRun, objective: ObjectiveVerdict, by: By) -> TrendRun:
    return TrendRun(
        run_id=run.run_id,
        period=period_name(run, by),
        folder=run.folder,
        began_wall=run.began_wall,
        target=objective.target,
        low=objective.low,
        high=objective.high,
        outcome=objective.outcome,
        estimated=objective.estimated,
    )


def _line(key: _Key, runs: Sequence[TrendRun]) -> TrendLine:
    (drill, environment, kind, place), name, probe = key
    periods: defaultdict[str, list[TrendRun]] = defaultdict(list)
    for run in runs:
        periods[run.period].append(run)
    return TrendLine(
        drill=drill,
        environment=environment,
        kind=kind,
        place=place,
        objective=name,
        probe=probe,
        targets=targets_of(runs),
        runs=tuple(runs),
        periods=tuple(_period(called, members) for called, members in periods.items()),
    )


def targets_of(runs: Sequence[TrendRun]) -> tuple[TargetSince, ...]:
    """The first target, and each one that differs from the one before it."""
    found: list[TargetSince] = []
    for run in runs:
        if not found or found[-1].target != run.target:
            found.append(TargetSince(target=run.target, run_id=run.run_id, began_wall=run.began_wall))
    return tuple(found)


def period_name(run: PastRun, by: By) -> str:
    """`2026-Q4`, `2026-11` or the run's id, by its beginning in UTC."""
    began = moment(run.began_wall)
    if by == "run" or began is None:
        return run.run_id
    return f"{began:%Y-%m}" if by == "month" else f"{began.year}-Q{(began.month + 2) // 3}"


def _period(name: str, runs: Sequence[TrendRun]) -> Period:
    measured = [run for run in runs if run.low is not None or run.high is not None]
    lows = [run.low for run in measured if run.low is not None]
    highs = [run.high for run in measured if run.high is not None]
    return Period(
        name=name,
        runs=len(runs),
        measured=len(measured),
        met=sum(run.outcome == "met" for run in runs),
        median=_median(measured),
        low=min(lows) if len(lows) == len(measured) and lows else None,
        high=max(highs) if len(highs) == len(measured) and highs else None,
        targets=tuple(dict.fromkeys(run.target for run in runs)),
    )


def _median(measured: Sequence[TrendRun]) -> float | None:
    """Of the middles; an interval that is open counts as if it had no end there, on that side."""
    if not measured:
        return None
    found = median(_middle(run) for run in measured)
    return found if math.isfinite(found) else None


def _middle(run: TrendRun) -> float:
    if run.high is None:
        return math.inf
    return -math.inf if run.low is None else (run.low + run.high) / 2
