"""One line of an exercise's record in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import JsonValue

from drillrunner.model.exercise_event import EventKind, ExerciseEvent
from drillrunner.reporting.exercise.wording import moment_words
from drillrunner.reporting.wording import length

Data = Mapping[str, JsonValue]
EVENT_TITLES: dict[EventKind, str] = {
    "exercise_began": "began",
    "drawn": "drawn",
    "clock_started": "clock",
    "clock_paused": "clock",
    "clock_resumed": "clock",
    "clock_skipped": "clock",
    "inject_published": "inject",
    "inject_skipped": "inject",
    "decision": "decision",
    "action": "action",
    "observation": "observation",
    "note": "note",
    "question": "question",
    "answer": "answer",
    "hint_given": "hint",
    "joined": "table",
    "left": "table",
    "expected_done": "expected",
    "finding": "finding",
    "rating": "rating",
    "exercise_ended": "ended",
    "resumed": "resumed",
}


def event_words(event: ExerciseEvent) -> str:
    """What happened; texts of people as they stand."""
    data = {key: value for key, value in event.data.items() if value is not None}
    return _WORDS.get(event.kind, _said)(event, data)


def _began(_event: ExerciseEvent, data: Data) -> str:
    return f"drill {data.get('drill')}, seed {data.get('seed')}"


def _drawn(_event: ExerciseEvent, data: Data) -> str:
    return f"{data.get('id')}: {'it happens' if data.get('happens') else 'it does not happen'}"


def _clock(event: ExerciseEvent, data: Data) -> str:
    return event.kind.removeprefix("clock_").removeprefix("exercise_") + _reason(data)


def _skipped(_event: ExerciseEvent, data: Data) -> str:
    return f"put forward from {_moment(data.get('from_seconds'))} to {_moment(data.get('to_seconds'))}"


def _inject(event: ExerciseEvent, data: Data) -> str:
    by_clock = " by the clock" if data.get("automatic") else ""
    return f"{data.get('inject')} {event.kind.removeprefix('inject_')}{by_clock}{_reason(data)}"


def _hint(_event: ExerciseEvent, data: Data) -> str:
    return f"{data.get('inject')}, hint {data.get('hint')}: {data.get('text')}"


def _done(_event: ExerciseEvent, data: Data) -> str:
    who = f" by {data['who']}" if data.get("who") else ""
    return f"{data.get('expected')} done{who}"


def _rated(_event: ExerciseEvent, data: Data) -> str:
    return f"{data.get('objective')} {data.get('rating')}{_reason(data)}"


def _taken_up(_event: ExerciseEvent, data: Data) -> str:
    return f"taken up again: the process had been dead for {length(_seconds(data.get('dead_seconds')))}"


def _asked(event: ExerciseEvent, data: Data) -> str:
    return f"({event.seq}) {data.get('text')}"


def _answered(_event: ExerciseEvent, data: Data) -> str:
    return f"to question {data.get('question')}: {data.get('text')}"


def _found(_event: ExerciseEvent, data: Data) -> str:
    return f"{data.get('sort')}: {data.get('text')}"


def _said(event: ExerciseEvent, data: Data) -> str:
    about = data.get("expected") or data.get("inject")
    return f"{data.get('text', event.kind)}{f' [{about}]' if about else ''}"


def _reason(data: Data) -> str:
    return f": {data['reason']}" if data.get("reason") else ""


def _moment(value: object) -> str:
    return moment_words(_seconds(value))


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


_WORDS: dict[EventKind, Callable[[ExerciseEvent, Data], str]] = {
    "exercise_began": _began,
    "drawn": _drawn,
    "clock_started": _clock,
    "clock_paused": _clock,
    "clock_resumed": _clock,
    "clock_skipped": _skipped,
    "inject_published": _inject,
    "inject_skipped": _inject,
    "hint_given": _hint,
    "expected_done": _done,
    "rating": _rated,
    "exercise_ended": _clock,
    "resumed": _taken_up,
    "question": _asked,
    "answer": _answered,
    "finding": _found,
}
