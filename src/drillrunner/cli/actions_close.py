"""What closes an action: the run that retested it, or words where no drill does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from drillrunner.errors import InvalidInput, Refused
from drillrunner.files.actions_file import change_actions, read_actions
from drillrunner.files.nearest import did_you_mean
from drillrunner.files.run_folder import RunFolder
from drillrunner.model.action import Action
from drillrunner.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Closing:
    """What the user typed, and the day."""

    action: str
    run: str | None
    because: str | None
    drop: bool
    reports: Path
    today: date


def closed(closing: Closing, path: Path) -> Action:
    """Close it in the file, and give it as it is now. A run is judged before the file is locked for others.

    Raises InvalidInput, RunNotFound, and Refused where nothing shows it done.
    """
    there = read_actions(path)
    action = next((one for one in there if one.id == closing.action), None)
    if action is None:
        advice = did_you_mean(closing.action, [one.id for one in there]) or "list them with: drill actions list --all"
        raise InvalidInput(f'there is no action "{closing.action}"', where=str(path), advice=advice)
    if action.status != "open":
        raise Refused(f"{action.id} is {action.status} since {action.closed}: {action.closed_by}")
    after = _closed(closing, action)
    change_actions(path, lambda now: replaced(now, action, after))
    return after


def replaced(there: Sequence[Action], before: Action, after: Action) -> tuple[Action, ...]:
    """The actions with that one changed. Raises Refused where somebody else has changed it since."""
    if before not in there:
        raise Refused(f"{before.id} was changed by somebody else just now", advice="look at it, and try again")
    return tuple(after if one == before else one for one in there)


def _closed(closing: Closing, action: Action) -> Action:
    words = " ".join((closing.because or "").split())
    if closing.drop:
        if closing.run or not words:
            raise InvalidInput("--drop needs a reason, and no run", advice="write: --drop --because TEXT")
        return _with(action, "dropped", words, closing.today)
    if bool(closing.run) == bool(words):
        raise InvalidInput("an action is closed by one of --run and --because", advice=_advice(action))
    if closing.run:
        return _with(action, "done", _by_run(action, closing.run, closing.reports), closing.today)
    if action.retest:
        raise Refused(f"{action.id} is retested by {action.retest}: words do not close it", advice=_advice(action))
    return _with(action, "done", words, closing.today)


def _with(action: Action, status: str, by: str, today: date) -> Action:
    changes = {"status": status, "closed": today, "closed_by": by}
    return Action.model_validate({**action.model_dump(), **changes})


def _by_run(action: Action, name: str, reports: Path) -> str:
    """The id of the run that closes it. Raises Refused, RunNotFound."""
    from drillrunner.files.run_folder import find_run
    from drillrunner.judge.retest import flaw_of_retest

    folder = find_run(reports, name)
    if action.retest is None:
        raise Refused(f"{action.id} names no drill that retests it", advice=_advice(action))
    verdict = _judged(folder)
    flaw = flaw_of_retest(action, verdict)
    if flaw is not None:
        message = f"run {verdict.run_id} does not close {action.id}: {flaw}"
        raise Refused(message, advice=f"{_measured(verdict)}; it stays open")
    return verdict.run_id


def _judged(folder: RunFolder) -> Verdict:
    """Not from verdict.json: what closes an action is what the run's own record says."""
    from drillrunner.cli.aftermath import judge_folder
    from drillrunner.files.lock_file import is_held
    from drillrunner.files.run_folder import read_plan

    if is_held(read_plan(folder).environment, folder.run_id):
        raise Refused(f"run {folder.run_id} is under way", advice="wait until it ends")
    return judge_folder(folder, write=False)


def _measured(verdict: Verdict) -> str:
    """`measured: RTO of checkout 1m37s, target ≤ 3m ✓`."""
    from drillrunner.reporting import wording

    figures = [
        f"{wording.objective_title(one)} of {one.probe} {wording.measured(one)}, "
        f"target {wording.target(one)} {wording.OUTCOME_MARK[one.outcome]}"
        for one in verdict.objectives
    ]
    return f"measured: {'; '.join(figures) or 'nothing'}"


def _advice(action: Action) -> str:
    if action.retest:
        return f"run {action.retest} again, then: drill actions close {action.id} --run last; or --drop --because TEXT"
    return f"write: drill actions close {action.id} --because TEXT"
