"""Whether a run is the retest that closes an action: the drill it names, run after it was opened, its objective met."""

from __future__ import annotations

from collections.abc import Sequence

from drillrunner.model.action import Action, objective_of
from drillrunner.model.history import moment
from drillrunner.model.verdict import ObjectiveVerdict, Verdict


def tested_by(action: Action, verdict: Verdict) -> tuple[ObjectiveVerdict, ...]:
    """The objectives of the run that the action asks for; all of them where it names none."""
    named = objective_of(action.objective) if action.objective else None
    if named is None:
        return verdict.objectives
    return tuple(one for one in verdict.objectives if one.name == named[0] and named[1] in (None, one.probe))


def is_retest(action: Action, verdict: Verdict) -> bool:
    """Whether it is a run that the action waits for, whatever was measured in it."""
    return action.retest is not None and _other_run(action, verdict) is None


def flaw_of_retest(action: Action, verdict: Verdict) -> str | None:
    """Why this run does not close the action, in words; None where it does."""
    return _other_run(action, verdict) or _not_met(action, tested_by(action, verdict))


def found_again(action: Action, verdict: Verdict) -> bool:
    """Whether the run has the finding again that the action is to mend: it may be met and not be mended."""
    return action.finding is not None and any(one.code == action.finding for one in verdict.findings)


def _other_run(action: Action, verdict: Verdict) -> str | None:
    """Why it is not the run that the action waits for."""
    began = moment(verdict.began_wall)
    if verdict.drill != action.retest:
        return f"it is a run of {verdict.drill}, and {action.retest} retests the action"
    if action.environment is not None and verdict.environment != action.environment:
        return f"it ran in {verdict.environment}, and the action is retested in {action.environment}"
    if verdict.run_id == action.source:
        return "the action comes from this run"
    if began is None or not action.is_opened_before(began):
        opened = action.opened if action.opened_at is None else f"{action.opened_at:%Y-%m-%d %H:%M:%SZ}"
        return f"it began at {verdict.began_wall}, and the action was opened on {opened}"
    if verdict.ended_by != "completed":
        return f"it did not complete ({verdict.ended_by})"
    return None


def _not_met(action: Action, objectives: Sequence[ObjectiveVerdict]) -> str | None:
    if not objectives:
        return f"it has no objective {action.objective}" if action.objective else "it has no objective"
    wrong = [f"{one.name} {one.probe} was {one.outcome}: {one.why}" for one in objectives if one.outcome != "met"]
    return "; ".join(wrong) or None
