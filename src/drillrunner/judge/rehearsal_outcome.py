"""A rehearsal's own verdict: whether so many runs promise that the objectives are met in 95 % of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drillrunner.judge.binomial import exact_interval
from drillrunner.model.rehearsal_figures import WANTED_SHARE, Chance, ObjectiveFigures
from drillrunner.model.verdict import Outcome

_RUNS_MOST = 100_000
_TITLES = {"rto": "RTO", "rpo": "RPO", "availability": "Availability", "latency": "Latency", "detection": "Detection"}

Judged = tuple[Outcome, str, str | None]


def merge(objectives: Sequence[ObjectiveFigures], runs: int, not_reverted: int) -> Judged:
    """Outcome, why, and what would decide it. A run that left something injected outweighs every figure."""
    if not_reverted:
        return "missed", f"not put back in {not_reverted} of {runs} runs", None
    if not objectives:
        return "inconclusive", "the drill has no objective", "an objective"
    missed = [one for one in objectives if one.outcome == "missed"]
    if missed:
        return "missed", _words(_worst(missed)), None
    undecided = [one for one in objectives if one.outcome == "inconclusive"]
    if undecided:
        worst = _worst(undecided)
        return "inconclusive", _words(worst, f"not enough to promise {WANTED_SHARE:.0%}"), _decide(worst)
    worst = _worst(objectives)
    every = all(one.chance.met == one.chance.of + one.apart for one in objectives)
    if every and len({one.chance.of for one in objectives}) == 1:
        return "met", f"all objectives met in {worst.chance.met} of {worst.chance.of} runs", None
    return "met", _words(worst), None


def outcome_of(chance: Chance, apart: int) -> Outcome:
    """Whether an objective is met in 95 % of runs, whatever the undecided ones would have come to.

    Met where the interval of the chance lies at or above it though they all count as not met; missed where it
    lies below it though they all count as met. `apart` are undecided runs that the chance leaves out.
    """
    of = chance.of + apart
    if exact_interval(chance.met, of)[0] >= WANTED_SHARE:
        return "met"
    if exact_interval(chance.met + chance.inconclusive + apart, of)[1] < WANTED_SHARE:
        return "missed"
    return "inconclusive"


def _worst(objectives: Sequence[ObjectiveFigures]) -> ObjectiveFigures:
    return min(objectives, key=lambda one: one.chance.share or 0.0)


def _words(one: ObjectiveFigures, so: str = f"{WANTED_SHARE:.0%} wanted") -> str:
    if not one.chance.of:
        return f"{_TITLES[one.name]} was not measured in any run"
    return f"{_TITLES[one.name]} met in {one.chance.met} of {one.chance.of} runs, {so}"


def _decide(one: ObjectiveFigures) -> str:
    if not one.chance.of:
        return "a run that completes"
    undecided = one.chance.inconclusive + one.apart
    if undecided and exact_interval(one.chance.met + undecided, one.chance.of + one.apart)[0] >= WANTED_SHARE:
        return f"runs that tell: {undecided} of {one.chance.of + one.apart} ended early or could not"
    needed = runs_to_decide(one.chance.met, one.chance.of)
    if needed is None:
        return f"more runs than can be had: the chance is close to the {WANTED_SHARE:.0%} that are wanted"
    return f"about {needed} runs, if they go on like these"


def runs_to_decide(met: int, of: int) -> int | None:
    """The least number of runs, at this share, whose interval leaves 95 % out or reaches it; None above 100,000."""
    share = met / of

    def decides(runs: int) -> bool:
        low, high = exact_interval(round(share * runs), runs)
        return low >= WANTED_SHARE or high < WANTED_SHARE

    reached = of
    while not decides(reached):
        reached *= 2
        if reached > _RUNS_MOST:
            return None
    return _least(decides, of, reached)


def _least(decides: Callable[[int], bool], below: int, reached: int) -> int:
    while reached - below > 1:
        middle = (below + reached) // 2
        below, reached = (below, middle) if decides(middle) else (middle, reached)
    return reached
