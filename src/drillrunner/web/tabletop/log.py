"""The scribe's log: every event of an exercise in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from drillrunner.model.exercise import format_offset
from drillrunner.model.exercise_event import EventKind, ExerciseEvent
from drillrunner.reporting.picture import clock_words
from drillrunner.web.tabletop.rows import named


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event. `at` is the time of day in UTC, `scenario` the scenario's clock."""

    seq: int
    at: str
    scenario: str
    who: str
    what: str
    words: str


def log_lines(events: Iterable[ExerciseEvent]) -> list[LogLine]:
    return [
        LogLine(
            seq=event.seq,
            at=f"{event.at:%H:%M:%S}",
            scenario=format_offset(event.scenario_seconds),
            who=named(event.actor),
            what=_WHAT.get(event.kind, event.kind),
            words=_WORDS[event.kind](event),
        )
        for event in events
    ]


def _told(event: ExerciseEvent, name: str) -> str:
    value = event.data.get(name)
    return "" if value is None else str(value)


def _seconds(event: ExerciseEvent, name: str) -> float:
    value = event.data.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _nothing(_event: ExerciseEvent) -> str:
    return ""


def _reason(event: ExerciseEvent) -> str:
    return _told(event, "reason")


def _began(event: ExerciseEvent) -> str:
    return f"{_told(event, 'title')} (seed {_told(event, 'seed')})"


def _drawn(event: ExerciseEvent) -> str:
    happens = "happens" if event.data.get("happens") else "does not happen"
    return f"{_told(event, 'id')} {happens} (chance {_seconds(event, 'chance'):.0%})"


def _skipped_to(event: ExerciseEvent) -> str:
    return f"from {format_offset(_seconds(event, 'from_seconds'))} to {format_offset(_seconds(event, 'to_seconds'))}"


def _published(event: ExerciseEvent) -> str:
    by_itself = ", by itself" if event.data.get("automatic") else ""
    return f"{_told(event, 'inject')} (due at {format_offset(_seconds(event, 'due_seconds'))}{by_itself})"


def _left_out(event: ExerciseEvent) -> str:
    return f"{_told(event, 'inject')}: {_told(event, 'reason')}"


def _said(event: ExerciseEvent) -> str:
    about, writer = _told(event, "inject"), _told(event, "recorded_by")
    notes = [f"about {about}" if about else "", f"written down by {writer}" if writer else ""]
    told = ", ".join(note for note in notes if note)
    return _told(event, "text") + (f" ({told})" if told else "")


def _asked(event: ExerciseEvent) -> str:
    return f"{event.seq}: {_said(event)}"


def _answered(event: ExerciseEvent) -> str:
    return f"to question {_told(event, 'question')}: {_told(event, 'text')}"


def _hinted(event: ExerciseEvent) -> str:
    return f"{_told(event, 'hint')} of {_told(event, 'inject')}: {_told(event, 'text')}"


def _done(event: ExerciseEvent) -> str:
    who = _told(event, "who")
    return _told(event, "expected") + (f" by {who}" if who else "")


def _found(event: ExerciseEvent) -> str:
    plan = "; ".join(f"{name} {told}" for name in ("action", "owner", "due", "ticket") if (told := _told(event, name)))
    return f"{_told(event, 'sort')}: {_told(event, 'text')}" + (f" ({plan})" if plan else "")


def _rated(event: ExerciseEvent) -> str:
    return f"{_told(event, 'objective')} {_told(event, 'rating')}: {_told(event, 'reason')}"


def _taken_up(event: ExerciseEvent) -> str:
    return f"after {clock_words(_seconds(event, 'dead_seconds'))} without a process, which count as a pause"


_WHAT: dict[EventKind, str] = {
    "exercise_began": "began",
    "clock_started": "clock started",
    "clock_paused": "clock paused",
    "clock_resumed": "clock goes on",
    "clock_skipped": "clock put forward",
    "inject_published": "published",
    "inject_skipped": "left out",
    "hint_given": "hint",
    "expected_done": "expected action done",
    "exercise_ended": "ended",
    "resumed": "taken up again",
}
_WORDS: dict[EventKind, Callable[[ExerciseEvent], str]] = {
    "exercise_began": _began,
    "drawn": _drawn,
    "clock_started": _reason,
    "clock_paused": _reason,
    "clock_resumed": _reason,
    "clock_skipped": _skipped_to,
    "inject_published": _published,
    "inject_skipped": _left_out,
    "decision": _said,
    "action": _said,
    "observation": _said,
    "note": _said,
    "question": _asked,
    "answer": _answered,
    "hint_given": _hinted,
    "joined": _nothing,
    "left": _nothing,
    "expected_done": _done,
    "finding": _found,
    "rating": _rated,
    "exercise_ended": _reason,
    "resumed": _taken_up,
}
