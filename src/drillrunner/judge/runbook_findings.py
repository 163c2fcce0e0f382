"""What a run taught about its runbook: steps that took longer than expected, that nobody began, or nobody ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drillrunner.judge.story import ended_by
from drillrunner.model.duration import format_duration
from drillrunner.model.journal import Entry
from drillrunner.model.runbook_walk import StepState, walked
from drillrunner.model.verdict import Finding

# what a step may take beyond what is expected of it, before it is worth a meeting
_MUCH_LONGER = 1.5
_LATE_SECONDS = 10.0
_TEXT_CHARACTERS = 60


def runbook_findings(entries: Sequence[Entry]) -> Iterator[Finding]:
    """None of a run that walked through no runbook. What was never begun counts where the run came to its end, and
    somebody was there who told of the other steps.
    """
    walk = walked(entries)
    reached_the_end = walk.is_attended and ended_by(entries) == "completed"
    for one in walk.states:
        if one.late_seconds is not None and _is_worth_it(one, one.late_seconds):
            yield _late(one)
        elif one.is_open:
            advice = "say when it is done, or write into the runbook how one sees that it is"
            yield Finding(code="F123", message=f"{_named(one)} was begun and never done", advice=advice)
        elif one.is_ahead and reached_the_end and one.step.drilled and not one.step.by_drill:
            advice = "practise it, take it out, or say at the step why it is not drilled"
            yield Finding(code="F122", message=f"{_named(one)} was never begun", advice=advice)


def _is_worth_it(one: StepState, late_seconds: float) -> bool:
    expected = one.step.expect_seconds or 0.0
    return late_seconds >= max(_LATE_SECONDS, (_MUCH_LONGER - 1) * expected)


def _late(one: StepState) -> Finding:
    took, expected = format_duration(one.took_seconds or 0.0), format_duration(one.step.expect_seconds or 0.0)
    advice = "see with who did it what held it up; mend that, or what the runbook expects"
    return Finding(code="F121", message=f"{_named(one)} took {took} (expected: {expected})", advice=advice)


def _named(one: StepState) -> str:
    text = one.step.text
    clipped = text if len(text) <= _TEXT_CHARACTERS else f"{text[: _TEXT_CHARACTERS - 1]}…"
    return f'step {one.step.id} of the runbook, "{clipped}",'
