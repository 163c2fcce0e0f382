"""From an exercise's improvement plan to corrective actions in actions.yaml: each row once, and only what is whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from drillrunner.files.actions_file import ACTIONS, change_actions
from drillrunner.model.action import Action, next_id
from drillrunner.model.exercise import Exercise
from drillrunner.model.exercise_outcome import ExerciseOutcome, FindingRow

TITLE_MOST = 200
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?\Z", re.ASCII)


class Added(NamedTuple):
    """What was added, and of each row that was not, why."""

    actions: tuple[Action, ...]
    left_out: tuple[str, ...]


def add_improvements(
    reports: Path, exercise_id: str, exercise: Exercise, outcome: ExerciseOutcome, now: datetime
) -> Added:
    """Put the improvement plan into actions.yaml. Raises InvalidInput, Refused where that cannot be written."""
    drafts = {row.number: _draft(row, exercise_id, exercise, now) for row in outcome.improvements()}
    left_out = [f"finding {row.number} {_lack(row)}" for row in outcome.improvements() if _lack(row)]
    added: list[Action] = []

    def with_drafts(there: tuple[Action, ...]) -> tuple[Action, ...]:
        known = {one.finding: one.id for one in there if one.source == exercise_id}
        for number, draft in drafts.items():
            if draft is None:
                continue
            if draft.finding in known:
                left_out.append(f"finding {number} is {known[draft.finding]} already")
                continue
            added.append(draft.model_copy(update={"id": next_id((*there, *added))}))
        return (*there, *added)

    if any(draft is not None for draft in drafts.values()):
        change_actions(reports / ACTIONS, with_drafts)
    return Added(tuple(added), tuple(left_out))


def actions_from(actions: Sequence[Action], exercise_id: str) -> tuple[Action, ...]:
    """Those that come from this exercise."""
    return tuple(one for one in actions if one.source == exercise_id)


def _lack(row: FindingRow) -> str:
    """What an action needs and the row does not say; empty where it is whole."""
    missing = [what for what, value in (("an owner", row.owner), ("a due date", row.due)) if not value]
    return f"needs {' and '.join(missing)}" if missing else ""


def _draft(row: FindingRow, exercise_id: str, exercise: Exercise, now: datetime) -> Action | None:
    if not row.owner or not row.due:
        return None
    retest = row.retest if row.retest and _NAME.match(row.retest) else None
    objective = exercise.objective(row.objective) if row.objective else None
    named = objective.drill_objective if objective and retest == exercise.drill else None
    return Action(
        id="",
        title=_one_line(row.action or row.text),
        owner=_one_line(row.owner),
        due=date.fromisoformat(row.due),
        opened=now.date(),
        opened_at=now.replace(microsecond=0),
        ticket=_one_line(row.ticket) if row.ticket else None,
        retest=retest,
        objective=named,
        source=exercise_id,
        finding=str(row.number),
        drill=exercise.drill,
    )


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= TITLE_MOST else f"{words[: TITLE_MOST - 1]}…"
