"""Which corrective actions a run is about: for its report, and for its closing lines. It closes none by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drillrunner.errors import InvalidInput

if TYPE_CHECKING:
    from drillrunner.files.run_folder import RunFolder
    from drillrunner.model.action import Action
    from drillrunner.model.verdict import Verdict
    from drillrunner.reporting.actions import Retest, ShownActions

DEFAULT_REPORTS = Path("reports")


def shown_for(folder: RunFolder, verdict: Verdict, today: date | None = None) -> ShownActions:
    """What the run's report shows of the actions beside it, as of a day (None: the present one, in UTC)."""
    from drillrunner.reporting.actions import ShownActions, shown_actions

    day = today or datetime.now(UTC).date()
    try:
        actions = _beside(folder)
    except InvalidInput as error:
        return ShownActions(day, unread=error.problems[0].message if error.problems else error.message)
    return shown_actions(actions, retests_of(actions, verdict), verdict.drill, verdict.run_id, day)


def retests_of(actions: Sequence[Action], verdict: Verdict) -> list[Retest]:
    """The open actions that the run retests, each with why it does not close it."""
    from drillrunner.judge.retest import flaw_of_retest, found_again, is_retest
    from drillrunner.reporting.actions import Retest

    open_ = (one for one in actions if one.status == "open" and is_retest(one, verdict))
    return [Retest(one, flaw_of_retest(one, verdict), found_again(one, verdict)) for one in open_]


def closing_lines(folder: RunFolder, verdict: Verdict) -> Iterator[str]:
    """What to say after a run: the open actions that it retests, and the command that closes each."""
    from drillrunner.files.actions_file import ACTIONS

    try:
        retests = retests_of(_beside(folder), verdict)
    except InvalidInput as error:
        yield f"{folder.path.parent / ACTIONS} cannot be read ({error.message}): see drill actions list"
        return
    reports = folder.path.parent
    where = "" if reports.resolve() == DEFAULT_REPORTS.resolve() else f" --reports {reports}"
    for one in retests:
        title = f"{one.action.id} {one.action.title}"
        if one.flaw is None:
            command = f"drill actions close {one.action.id} --run {folder.run_id}{where}"
            yield f"action met: {title}{one.again_words}; close it with: {command}"
        else:
            yield f"action stays open: {title}; {one.flaw}"


def _beside(folder: RunFolder) -> tuple[Action, ...]:
    from drillrunner.files.actions_file import ACTIONS, read_actions

    return read_actions(folder.path.parent / ACTIONS)
