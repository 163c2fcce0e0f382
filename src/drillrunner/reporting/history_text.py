"""Past runs and rehearsals for the terminal, newest first, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator

from drillrunner.model.history import BrokenRun, History, Kind, PastRehearsal, PastRun, worst_of
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.table_text import aligned
from drillrunner.reporting.wording import OUTCOME_MARK, length, measured, target, utc_minute

WHY_MOST = 60
_RUNS = ("when", "run", "drill", "environment", "outcome", "RTO / target", "RPO", "reverted", "ended")
_REHEARSALS = ("rehearsal", "drill", "environment", "topology", "runs", "outcome", "RTO P90 / target", "met")


def history_lines(history: History) -> list[str]:
    """The table of runs, that of rehearsals where there are any, then what is broken."""
    lines = aligned([_RUNS, *map(_run, history.runs)]) if history.runs else ["no run is there that is asked for"]
    if history.more:
        lines.append("… and older ones: --limit shows more")
    if history.rehearsals:
        lines += ["", *aligned([_REHEARSALS, *map(_rehearsal, history.rehearsals)])]
    return [*lines, *broken_lines(history.broken)]


def broken_lines(broken: tuple[BrokenRun, ...]) -> Iterator[str]:
    """One line for each folder that could not be read."""
    return (visible(f"! {one.folder} is left out: {one.why}") for one in broken)


def where_words(environment: str, kind: Kind) -> str:
    """`staging (aws)`; the kind alone where the environment is called so."""
    return environment if environment == kind else f"{environment} ({kind})"


def _run(run: PastRun) -> tuple[str, ...]:
    return (
        utc_minute(run.began_wall) or "?",
        run.run_id,
        run.drill,
        where_words(run.environment, run.kind),
        "—" if run.under_way else f"{OUTCOME_MARK[run.outcome]} {run.outcome}",
        _rto(run),
        _rpo(run),
        _reverted(run),
        "still running" if run.under_way else _shortened(run.ended_by),
    )


def _rto(run: PastRun) -> str:
    rto = worst_of(run.objectives, "rto")
    return "—" if rto is None else f"{measured(rto)} / {target(rto)}"


def _rpo(run: PastRun) -> str:
    rpo = worst_of(run.objectives, "rpo")
    return "—" if rpo is None else measured(rpo)


def _reverted(run: PastRun) -> str:
    if run.revert is None:
        return "—"
    left = run.revert.left and not run.under_way
    return f"{run.revert.reverted}/{run.revert.of}{' STILL INJECTED' if left else ''}"


def _shortened(words: str) -> str:
    return words if len(words) <= WHY_MOST else words[: WHY_MOST - 1] + "…"


def _rehearsal(one: PastRehearsal) -> tuple[str, ...]:
    p90 = "not bounded" if one.rto_seconds_p90 is None else length(one.rto_seconds_p90)
    rto = "—" if one.rto_target is None else f"{p90} / ≤ {length(one.rto_target)}"
    met = "—" if one.rto_target is None else f"{one.rto_met}/{one.rto_of}"
    name = one.folder.replace("\\", "/").rpartition("/")[2]
    outcome = f"{OUTCOME_MARK[one.outcome]} {one.outcome}"
    return (name, one.drill, one.environment, one.topology, str(one.runs), outcome, rto, met)
