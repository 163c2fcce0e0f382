"""The runbook's steps of a run as a table: what was expected of each, what it took, who did it, and how late it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drillrunner.model.journal import Entry
from drillrunner.model.runbook_walk import StepState, Walk, walked
from drillrunner.reporting.wording import length

HEADINGS = ("Step", "What", "Expected", "Taken", "By", "Late by", "State")


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step in words; what is not known is empty. `is_amiss`: late, failed or left open."""

    step: str
    section: str
    text: str
    expected: str
    taken: str
    by: str
    late: str
    state: str
    is_amiss: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """As `HEADINGS` has them."""
        return self.step, self.text, self.expected, self.taken, self.by, self.late, self.state


@dataclass(frozen=True, slots=True)
class StepTable:
    """The steps that are worth a row, and a sentence about those that are not; no rows where there was no runbook."""

    file: str
    rows: tuple[StepRow, ...]
    note: str


def step_table(entries: Sequence[Entry], *, over: bool = True) -> StepTable:
    """The steps of a run that is over, or goes on.

    Of a run in which nobody said anything of a step, those for people have no row: nobody was there, or nobody told.
    """
    walk = walked(entries)
    shown = [one for one in walk.states if walk.is_attended or not over or not one.is_ahead]
    left_out = len(walk.states) - len(shown)
    return StepTable(walk.file, tuple(_row(one, over) for one in shown), _note(walk, left_out))


def _note(walk: Walk, left_out: int) -> str:
    if not left_out:
        return ""
    steps = "1 other step" if left_out == 1 else f"{left_out} other steps"
    return f"Of the runbook's {steps} nothing was recorded."


def _row(one: StepState, over: bool) -> StepRow:
    took, late = one.took_seconds, one.late_seconds
    return StepRow(
        step=one.step.id,
        section=one.step.section,
        text=one.step.text,
        expected="" if one.step.expect_seconds is None else length(one.step.expect_seconds),
        taken="" if took is None else length(took),
        by=one.by or (one.step.who or "") if not one.is_ahead else "",
        late="" if late is None else length(late),
        state=_state(one, over),
        is_amiss=late is not None or one.failed or (over and one.is_open),
    )


def _state(one: StepState, over: bool) -> str:
    if one.failed:
        return "failed"
    if one.done is not None:
        return "done" if one.began is not None else "done; when it was begun was not recorded"
    if one.is_open:
        return "left open" if over else "begun"
    if one.step.by_drill:
        return "not reached by the drill" if over else "the drill does it"
    return "never begun" if over else "to do"
