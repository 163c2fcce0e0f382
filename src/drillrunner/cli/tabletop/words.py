"""What the facilitator's terminal says: a line for each event, an inject with all that belongs to it, where things are.

All of it may hold words from outside, which are made harmless to look at; lines fit the given width.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator

from drillrunner.model.duration import format_duration
from drillrunner.model.exercise import ALL, ExpectedAction, Inject, format_offset
from drillrunner.model.exercise_event import Actor, ExerciseEvent
from drillrunner.model.exercise_outcome import RATING_WORDS, ExerciseStatus
from drillrunner.reporting.outside_text import visible
from drillrunner.tabletop.session import ExerciseState, InjectProgress, is_blocked

STATUS_WORDS: dict[ExerciseStatus, str] = {
    "not_started": "not started",
    "running": "running",
    "paused": "PAUSED",
    "ended": "ended",
}
LONGEST_SHOWN = 4_000
_MARKS = {"pending": "·", "published": "✓", "skipped": "–"}


def event_lines(state: ExerciseState, event: ExerciseEvent, width: int) -> list[str]:
    """The event's line, stamped with both clocks; below a published inject what is to be read out and looked for."""
    said = visible(_told(state, event), LONGEST_SHOWN)
    head = f"{format_offset(event.scenario_seconds)} {event.at:%H:%M:%S}Z "
    lines = wrapped(head + said, width, indent=len(head))
    if event.kind == "inject_published":
        lines += inject_lines(state, state.injects[str(event.data["inject"])], width)
    return lines


def inject_lines(state: ExerciseState, progress: InjectProgress, width: int) -> list[str]:
    """An inject as the facilitator needs it: the words for the players first, then what is not for them."""
    inject = progress.inject
    lines = [f"  {visible(inject.sender)} → {recipients(inject)}"]
    for line in inject.text.strip().splitlines():
        lines += wrapped(f"  │ {visible(line, LONGEST_SHOWN)}", width, indent=4)
    if inject.artifact:
        lines.append(f"  shows {visible(inject.artifact)}")
    for expected in inject.expected:
        lines += wrapped(f"  expect {expected_words(state, expected)}", width, indent=4)
    for number, hint in enumerate(inject.hints, 1):
        given = " (given)" if number in progress.hints_given else ""
        lines += wrapped(f"  hint {number}{given}: {visible(hint, LONGEST_SHOWN)}", width, indent=4)
    if inject.facilitator_only:
        lines += wrapped(f"  for you alone: {visible(inject.facilitator_only, LONGEST_SHOWN)}", width, indent=4)
    if inject.step:
        lines.append(f"  step: {visible(inject.step)}")
    return lines


def inject_line(state: ExerciseState, progress: InjectProgress, now: float) -> str:
    """One inject of the list: what it is, when it is due, for whom, and what became of it."""
    inject = progress.inject
    mark = "●" if is_due(state, progress, now) else _MARKS[progress.status]
    head = f"{mark} {visible(inject.id):<14} {format_offset(inject.at_seconds)}"
    return f"{head}  {_fate(state, progress, now)} → {recipients(inject)}"


def expected_words(state: ExerciseState, expected: ExpectedAction) -> str:
    """`alarm.1 by T+05:00 Declare an incident (checkout on-call): done T+04:10`."""
    done = state.done.get(expected.id)
    who = f" ({visible(expected.who)})" if expected.who else ""
    words = f"{expected.id} by {format_offset(expected.by_seconds)} {visible(expected.action)}{who}"
    return f"{words}: done {format_offset(done.moment.scenario_seconds)}" if done else words


def open_expectations(state: ExerciseState) -> list[ExpectedAction]:
    """What was asked for by a published inject and is not done, the earliest deadline first."""
    shown = (progress.inject for progress in state.injects.values() if progress.status == "published")
    waiting = [expected for inject in shown for expected in inject.expected if expected.id not in state.done]
    return sorted(waiting, key=lambda expected: expected.by_seconds)


def clock_line(state: ExerciseState, now: float) -> str:
    """`T+06:12 running · 1h23m of 1h30m left · 2 due · 1 open question`."""
    here = state.scenario_seconds(now)
    parts = [f"{format_offset(here)} {STATUS_WORDS[state.status]}"]
    if state.exercise.time_box_seconds is not None:
        left = state.exercise.time_box_seconds - here
        words = f"{format_duration(abs(left))} {'left' if left >= 0 else 'over'}"
        parts.append(words)
    due = sum(is_due(state, progress, now) for progress in state.injects.values())
    asked = sum(question.answer is None for question in state.questions)
    parts += [f"{due} due"] if due else []
    parts += [f"{asked} open question{'s' if asked > 1 else ''}"] if asked else []
    return " · ".join(parts)


def standing_lines(state: ExerciseState, now: float, width: int) -> list[str]:
    """Everything at a glance: injects, what is expected, questions that wait, ratings."""
    lines = [clock_line(state, now)]
    lines += [shortened(inject_line(state, progress, now), width) for progress in state.injects.values()]
    lines += _below("expected", (expected_words(state, one) for one in open_expectations(state)), width)
    waiting = (one for one in state.questions if one.answer is None)
    asked = (f"{one.number} {actor_words(one.actor)}: {visible(one.text)}" for one in waiting)
    lines += _below("asked", asked, width)
    lines += _below("objectives", _objectives(state), width)
    return lines


def is_due(state: ExerciseState, progress: InjectProgress, now: float) -> bool:
    """Whether it may be published and its moment has come."""
    if progress.status != "pending" or not state.clock.started or state.ended_at is not None:
        return False
    return progress.inject.at_seconds <= state.scenario_seconds(now) and not is_blocked(state, progress.inject)


def recipients(inject: Inject) -> str:
    return "all" if ALL in inject.to else visible(", ".join(inject.to))


def actor_words(actor: Actor) -> str:
    return visible(f"{actor.role} ({actor.person})" if actor.person else actor.role)


def wrapped(text: str, width: int, *, indent: int = 0) -> list[str]:
    """Lines of at most that width; those after the first are indented, unless little would be left."""
    hanging = " " * (indent if indent < width // 2 else 2)
    return textwrap.wrap(text, max(20, width), subsequent_indent=hanging, break_on_hyphens=False) or [""]


def shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(1, width - 1)] + "…"


def _fate(state: ExerciseState, progress: InjectProgress, now: float) -> str:
    if progress.published is not None:
        return f"shown {format_offset(progress.published.scenario_seconds)}"
    if progress.status == "skipped":
        return "skipped"
    late = state.scenario_seconds(now) - progress.inject.at_seconds
    if is_due(state, progress, now):
        return f"DUE for {format_duration(round(late))}"
    if is_blocked(state, progress.inject):
        waits = [other for other in progress.inject.after if state.injects[other].status != "published"]
        return f"after {waits[0]}"
    return f"in {format_duration(round(-late))}" if state.clock.started and late < 0 else "to come"


def _below(title: str, rows: Iterable[str], width: int) -> list[str]:
    rows = list(rows)
    lines = [shortened(f"  {row}", width) for row in rows]
    return [f"{title}:", *lines] if lines else []


def _objectives(state: ExerciseState) -> Iterator[str]:
    for objective in state.exercise.objectives:
        rated = state.ratings.get(objective.id)
        words = f"{rated.rating} {visible(rated.reason)}" if rated else visible(objective.text)
        yield f"{objective.id} {words}" if rated else f"{objective.id} (not rated) {words}"


def _told(state: ExerciseState, event: ExerciseEvent) -> str:
    """The event in words."""
    data, who = event.data, actor_words(event.actor)
    about = f" [{data.get('expected') or data.get('inject')}]" if data.get("expected") or data.get("inject") else ""
    if event.kind in ("decision", "action", "observation", "note", "question"):
        number = f" {event.seq}" if event.kind == "question" else ""
        decides = f" (decides {data['decides']})" if data.get("decides") else ""
        return f"{event.kind}{number} · {who}: {data['text']}{about}{decides}"
    return _told_of_play(event, who) or _told_of_findings(event) or f"{event.kind} · {who}"


def _told_of_play(event: ExerciseEvent, who: str) -> str | None:
    """The clock, injects and people."""
    data = event.data
    reason = f": {data['reason']}" if data.get("reason") else ""
    words: dict[str, Callable[[], str]] = {
        "exercise_began": lambda: f"exercise · {data['drill']}: {data['title']} (seed {data['seed']})",
        "drawn": lambda: f"drawn · {data['id']}: {'it happens' if data['happens'] else 'it does not happen'}",
        "clock_started": lambda: "clock started",
        "clock_paused": lambda: f"clock paused{reason}",
        "clock_resumed": lambda: "clock runs on",
        "clock_skipped": lambda: f"clock put forward to {format_offset(_seconds(event, 'to_seconds'))}",
        "inject_published": lambda: f"inject · {data['inject']}{' (by the clock)' if data['automatic'] else ''}",
        "inject_skipped": lambda: f"skipped · {data['inject']}{reason}",
        "hint_given": lambda: f"hint {data['hint']} · {data['inject']}: {data['text']}",
        "joined": lambda: f"joined · {who}",
        "left": lambda: f"left · {who}",
        "exercise_ended": lambda: f"exercise ended{reason}",
        "resumed": lambda: f"taken up again after {format_duration(_seconds(event, 'dead_seconds'))}; the clock stands",
    }
    return words[event.kind]() if event.kind in words else None


def _told_of_findings(event: ExerciseEvent) -> str | None:
    data = event.data
    if event.kind == "answer":
        return f"answer to {data['question']}: {data['text']}"
    if event.kind == "expected_done":
        return f"done · {data['expected']}" + (f" by {data['who']}" if data.get("who") else "")
    if event.kind == "rating":
        words = RATING_WORDS.get(str(data["rating"]), "")  # type: ignore[call-overload]  # any text may be looked up
        return f"rating · {data['objective']}: {data['rating']} ({words}): {data['reason']}"
    if event.kind == "finding":
        rest = (f"{key} {data[key]}" for key in ("action", "owner", "due", "ticket", "retest") if data.get(key))
        return "; ".join([f"{data['sort']} · {data['text']}", *rest])
    return None


def _seconds(event: ExerciseEvent, key: str) -> float:
    value = event.data.get(key)
    return float(value) if isinstance(value, int | float) else 0.0
