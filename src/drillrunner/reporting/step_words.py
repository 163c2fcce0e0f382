"""The words for a runbook's steps while a run goes, in the terminal and in the page."""

from __future__ import annotations

from drillrunner.model.runbook_walk import StepState
from drillrunner.reporting.picture import Picture, clock_words
from drillrunner.reporting.wording import length

KEYS_WIDTH_LEAST = 60


def time_words(state: StepState, seconds: float) -> str:
    """`01:12 of 2m`, `01:12`, or `expected 2m` of a step that is not begun; empty where nothing is known of it."""
    expected = state.step.expect_seconds
    if state.is_ahead:
        return "" if expected is None else f"expected {length(expected)}"
    if state.began is None:
        return ""
    return clock_words(seconds) + ("" if expected is None else f" of {length(expected)}")


def state_words(state: StepState) -> str:
    """`done`, `begun`, `failed`, or what it waits for."""
    if state.failed:
        return "failed"
    if state.done is not None:
        return "done"
    if state.is_open:
        return "begun"
    return "the drill does it" if state.step.by_drill else "to do"


def is_late(state: StepState, seconds: float) -> bool:
    """Whether it is open for longer than expected."""
    return state.is_open and state.step.expect_seconds is not None and seconds > state.step.expect_seconds


def step_keys(state: StepState | None) -> str:
    """The keys that say something of a step: d of one that is open, b of any other that is people's."""
    if state is None or state.step.by_drill:
        return ""
    return "d" if state.is_open else "b"


def _keys_words(state: StepState) -> str:
    """What can be pressed at a step."""
    said = {"": "", "d": "d: done, ", "b": "b: begin, " if state.is_ahead else "b: not done yet, "}[step_keys(state)]
    return f"[{said}n p: other steps]"


def step_line(picture: Picture, width: int, *, keys: bool) -> str:
    """The runbook's line of the live view: `RUNBOOK 1.2 begun 01:12 of 2m [d: done, n p: other steps] See whether …`.

    Empty where the run has no runbook. On a narrow terminal the keys are left out: what the step says goes before.
    """
    state = picture.step
    if not picture.steps:
        return ""
    if state is None:
        done = sum(one.done is not None for one in picture.steps)
        return f" RUNBOOK  {done} of {len(picture.steps)} steps done"
    parts = [f" RUNBOOK {state.step.id} {state_words(state)}", time_words(state, picture.step_seconds)]
    if keys and width >= KEYS_WIDTH_LEAST:
        parts.append(_keys_words(state))
    return " ".join(part for part in (*parts, state.step.text) if part)
