"""Corrective actions as reports and lists show them. Pure: the day is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from drillrunner.model.action import Action
from drillrunner.model.noun import JsonValue
from drillrunner.reporting.outside_text import visible

SHOWN_MOST = 50


@dataclass(frozen=True, slots=True)
class ShownAction:
    """An action beside a run. `late` says by how much it is overdue, empty where it is not.

    `retested` says what this run shows of it: empty where the run is no retest of it.
    """

    action: Action
    late: str
    retested: str


@dataclass(frozen=True, slots=True)
class ShownActions:
    """What a report shows as it was on a day. `unread` says why the file could not be read, empty where it was."""

    on: date
    rows: tuple[ShownAction, ...] = ()
    unread: str = ""
    left_out: int = 0

    def __bool__(self) -> bool:
        return bool(self.rows or self.unread)


@dataclass(frozen=True, slots=True)
class Retest:
    """What a run shows of an action: `flaw` is why it does not close it, None where it does.

    `again` says that the run has the action's finding once more.
    """

    action: Action
    flaw: str | None
    again: bool = False

    @property
    def again_words(self) -> str:
        """`, though F102 was found again`; empty where it was not."""
        return f", though {self.action.finding} was found again" if self.again else ""


def shown_actions(
    actions: Sequence[Action], retests: Sequence[Retest], drill: str, run_id: str, today: date
) -> ShownActions:
    """What is overdue of what is about the drill or the run, the longest first, and what this run retests or closed."""
    by_id = {one.action.id: one for one in retests}
    rows = [
        ShownAction(one, late_words(one, today), _retested(one, by_id.get(one.id), run_id))
        for one in sorted(actions, key=lambda one: (one.due, one.id))
        if one.is_about(drill, run_id) and (one.overdue_days(today) or one.id in by_id or one.closed_by == run_id)
    ]
    return ShownActions(today, tuple(rows[:SHOWN_MOST]), left_out=max(0, len(rows) - SHOWN_MOST))


def late_words(action: Action, today: date) -> str:
    """`overdue by 12 days`; empty where it is not overdue."""
    days = action.overdue_days(today)
    return f"overdue by {days} day{'' if days == 1 else 's'}" if days else ""


def retest_words(action: Action) -> str:
    """`regional-outage, rto checkout, in prod`; empty where nothing retests it."""
    where = f"in {action.environment}" if action.environment else None
    return ", ".join(part for part in (action.retest, action.objective, where) if part)


def action_lines(action: Action, today: date) -> list[str]:
    """An action for a terminal, its title on a line of its own."""
    late = late_words(action, today)
    state = "due" if action.status == "open" else f"{action.status} {action.closed}, was due"
    first = [f"{action.id:<5} {state} {action.due}", late.upper(), action.owner, action.ticket]
    source = f"from {action.source}{f' {action.finding}' if action.finding else ''}" if action.source else None
    retest = f"retest: {retest_words(action)}" if action.retest else None
    closed = f"closed by: {action.closed_by}" if action.closed_by else None
    last = " · ".join(part for part in (retest, source, closed) if part)
    lines = [" · ".join(part for part in first if part), f"      {action.title}", f"      {last}" if last else ""]
    return [visible(line) for line in lines if line]


def as_json(action: Action, today: date) -> dict[str, JsonValue]:
    """The action's own keys, and by how many days it is overdue (0: it is not)."""
    return {**action.model_dump(mode="json"), "overdue_days": action.overdue_days(today)}


def _retested(action: Action, retest: Retest | None, run_id: str) -> str:
    if action.closed_by == run_id:
        return "closed by this run"
    if retest is None:
        return ""
    if retest.flaw is None:
        return f"met by this run{retest.again_words}: it can be closed"
    return f"not closed by this run: {retest.flaw}"
