"""The words that every report shares: the headline, intervals, targets and what is left."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from drillrunner.model.duration import format_duration
from drillrunner.model.plan import Plan
from drillrunner.model.verdict import Interval, ObjectiveVerdict, Share, Verdict

Word = Literal["PASS", "FAIL", "INCONCLUSIVE", "ABORTED", "REFUSED"]

OUTCOME_MARK = {"met": "✓", "missed": "✗", "inconclusive": "?"}
OBJECTIVE_TITLES = {
    "rto": "RTO",
    "rpo": "RPO",
    "availability": "Availability",
    "latency": "Latency",
    "detection": "Detection",
}
_HARMS = ("duplicated", "reordered", "overwritten")
PART_TITLES = {
    "detect": "Detect",
    "decide": "Decide",
    "switch": "Switch",
    "propagate": "Propagate",
    "stabilise": "Stabilise",
}


@dataclass(frozen=True, slots=True)
class Headline:
    """The verdict in one line: `FAIL · RTO missed`."""

    word: Word
    reason: str

    def __str__(self) -> str:
        return f"{self.word} · {self.reason}"


def mark(holds: bool | None) -> str:
    """✓, ✗, or ? where nobody knows."""
    return "?" if holds is None else "✓" if holds else "✗"


def length(seconds: float) -> str:
    """A duration for people; zero is `0s`."""
    return "0s" if abs(seconds) < 0.0005 else format_duration(seconds)


def percent(fraction: float) -> str:
    """Rounded down to a hundredth, so that what is not whole never reads 100%, nor a miss as a hit."""
    return f"{math.floor(fraction * 10_000 + 1e-6) / 100:g}%"


def _precise(seconds: float, target: float | None) -> str:
    """A duration that never reads the same as a target from which it differs."""
    text = length(seconds)
    if target is not None and seconds != target and text == length(target):
        return f"{seconds:.3f}s"
    return text


def span(low: float | None, high: float | None, target: float | None = None) -> str:
    """`17m40s–17m44s`, one figure where both ends read the same, `≥ 17m40s` where the end was not seen."""
    if low is None and high is None:
        return "not measured"
    if low is None or high is None:
        known = _precise(high if low is None else low, target)  # type: ignore[arg-type]
        return f"≤ {known}" if low is None else f"≥ {known}"
    first, last = _precise(low, target), _precise(high, target)
    return first if first == last else f"{first}–{last}"


def interval(value: Interval | None) -> str:
    """An Interval as `span` writes it; None is `not seen`."""
    return "not seen" if value is None else span(value.low, value.high)


def objective_title(objective: ObjectiveVerdict, plan: Plan | None = None) -> str:
    """`RTO`, `Availability`; latency with the percentile that the plan asks for."""
    title = OBJECTIVE_TITLES[objective.name]
    if objective.name != "latency" or plan is None:
        return title
    for wanted in plan.drill.objectives:
        if (wanted.name, wanted.probe) == (objective.name, objective.probe):
            return f"{title} p{100 * (wanted.percentile or 0.95):g}"
    return title


def measured(objective: ObjectiveVerdict) -> str:
    """What was measured, as an interval; an estimate is marked with `~`."""
    if objective.name != "availability":
        text = span(objective.low, objective.high, objective.target)
    elif objective.low is None or objective.high is None:
        text = "not measured"
    else:
        first, last = percent(objective.low), percent(objective.high)
        text = first if first == last else f"{first}–{last}"
    return f"~{text} (estimate)" if objective.estimated else text


def target(objective: ObjectiveVerdict) -> str:
    """`≤ 15m`, or `≥ 97%` for availability."""
    if objective.name == "availability":
        return f"≥ {percent(objective.target)}"
    return f"≤ {length(objective.target)}"


def headline(verdict: Verdict) -> Headline:
    """The outcome's word and reason. How the run ended goes before what it measured."""
    ended, _, why = verdict.ended_by.partition(":")
    why = why.strip().removeprefix(f"{ended}: ")
    if ended == "refused":
        return Headline("REFUSED", why or verdict.why)
    if ended == "died":
        return Headline("ABORTED", "the run's process died before its end")
    if ended != "completed":
        return Headline("ABORTED", why or verdict.why)
    if verdict.outcome == "met":
        return Headline("PASS", "all objectives met")
    named = [OBJECTIVE_TITLES[one.name] for one in verdict.objectives if one.outcome == verdict.outcome]
    reason = f"{' and '.join(dict.fromkeys(named))} {verdict.outcome}" if named else verdict.why
    return Headline("FAIL" if verdict.outcome == "missed" else "INCONCLUSIVE", reason)


def still_injected(verdict: Verdict) -> tuple[str, ...]:
    """What is left of the faults, in words; empty where everything was read back as it was."""
    revert = verdict.revert
    if revert is None:
        return ()
    missing = revert.of - revert.reverted
    if revert.left or missing <= 0:
        return revert.left
    return (f"{missing} of {revert.of} changes without a proof that they were put back",)


def revert_words(verdict: Verdict) -> str:
    """`4/4 in 12s`, or that nothing needed it."""
    revert = verdict.revert
    if revert is None:
        return "nothing recorded"
    if revert.of == 0:
        return "nothing: nothing was changed"
    took = "" if revert.seconds is None else f" in {length(revert.seconds)}"
    return f"{revert.reverted}/{revert.of}{took}"


def reverted_mark(verdict: Verdict) -> str:
    """The mark beside `revert_words`."""
    return mark(None if verdict.revert is None else not still_injected(verdict))


def steady_words(holds: bool | None) -> str:
    """A steady state in words."""
    return {True: "held", False: "did not hold", None: "not checked"}[holds]


def data_words(verdict: Verdict) -> str:
    """What became of the acknowledged records, over all ledgers: `0 of 4,211 lost`."""
    unread = [ledger.probe for ledger in verdict.ledgers if ledger.rpo is None]
    if unread:
        return f"not known: {', '.join(unread)} could not be judged"
    total = Counter[str]()
    for ledger in verdict.ledgers:
        total.update({name: getattr(ledger, name) for name in ("acknowledged", "lost", "late", *_HARMS)})
    late = f" ({total['late']:,} of them came later)" if total["late"] else ""
    others = "".join(f", {total[name]:,} {name}" for name in _HARMS if total[name])
    return f"{total['lost']:,} of {total['acknowledged']:,} lost{late}{others}"


def data_mark(verdict: Verdict) -> str:
    """✓ where no record was lost or harmed, ! where some were but no RPO was missed, ? where nobody knows."""
    if not verdict.ledgers or any(ledger.rpo is None for ledger in verdict.ledgers):
        return "?"
    if not any(one.lost or one.duplicated or one.overwritten for one in verdict.ledgers):
        return "✓"
    return "✗" if any(one.name == "rpo" and one.outcome == "missed" for one in verdict.objectives) else "!"


def share_words(share: Share) -> str:
    """`Detect 26s`."""
    return f"{PART_TITLES[share.part]} {length(share.seconds)}"


def anatomy_line(verdict: Verdict) -> str:
    """`Detect 26s │ Decide 0s │ …`; empty where no recovery was measured."""
    return " │ ".join(share_words(share) for share in verdict.anatomy)


def utc_minute(wall: str) -> str:
    """`2026-11-20 14:00Z` of an ISO 8601 UTC stamp; anything else is given back as it is."""
    return f"{wall[:10]} {wall[11:16]}Z" if len(wall) >= 16 and wall[10] == "T" else wall


def revert_command(run_id: str) -> str:
    """What to type to put back what is left."""
    return f"drill revert {run_id}"


def few(count: int) -> str:
    """`run`, `two`, `three`, `four`: how many runs are looked back on."""
    return {1: "run", 2: "two", 3: "three", 4: "four"}.get(count, str(count))
