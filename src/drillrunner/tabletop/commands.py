"""What may be done in an exercise: each command looks at the state and answers the events to journal, or refuses.

`now` is real seconds since the first event, as the journal counts them. Every command raises ExerciseRefused
where it is not allowed now, or not to `by`.
"""

from __future__ import annotations

import math
import random

from pydantic import JsonValue

from drillrunner.errors import ExerciseRefused
from drillrunner.model.exercise import Inject, format_offset
from drillrunner.model.exercise_event import Actor, EventDraft, EventKind
from drillrunner.tabletop.rights import check_may
from drillrunner.tabletop.session import ExerciseState, due_injects, is_blocked

Drafts = tuple[EventDraft, ...]
LONGEST_SCENARIO_SECONDS = 7 * 86_400.0
LONGEST_TEXT = 4_000


def begin(state: ExerciseState, now: float, by: Actor, *, seed: int, exercise_sha256: str, version: str) -> Drafts:
    """The first events: what is played, and what the dice say of each random event. The same seed says the same."""
    check_may(state.exercise, by, "exercise_began")
    if state.began_at is not None:
        raise ExerciseRefused("the exercise has begun already")
    began: dict[str, JsonValue] = {
        "drill": state.exercise.drill,
        "title": state.exercise.title,
        "exercise_sha256": exercise_sha256,
        "seed": seed,
        "publish": state.exercise.publish,
        "version": version,
    }
    return (draft(state, now, by, "exercise_began", began), *_draws(state, now, by, seed))


def start_clock(state: ExerciseState, now: float, by: Actor) -> Drafts:
    check_may(state.exercise, by, "clock_started")
    _refuse_if_ended(state)
    if state.clock.started:
        raise ExerciseRefused("the clock was started already")
    return (draft(state, now, by, "clock_started"),)


def pause_clock(state: ExerciseState, now: float, by: Actor, *, reason: str | None = None) -> Drafts:
    check_may(state.exercise, by, "clock_paused")
    refuse_unless_started(state)
    if not state.clock.running:
        raise ExerciseRefused("the clock stands already", advice="let it run on with: resume")
    return (draft(state, now, by, "clock_paused", told(reason=reason)),)


def resume_clock(state: ExerciseState, now: float, by: Actor) -> Drafts:
    check_may(state.exercise, by, "clock_resumed")
    refuse_unless_started(state)
    if state.clock.running:
        raise ExerciseRefused("the clock runs already")
    return (draft(state, now, by, "clock_resumed"),)


def skip_clock(state: ExerciseState, now: float, by: Actor, *, to_seconds: float) -> Drafts:
    """Put the scenario's clock forward to a later moment; what is due until then becomes due at once."""
    check_may(state.exercise, by, "clock_skipped")
    refuse_unless_started(state)
    here = state.scenario_seconds(now)
    if not math.isfinite(to_seconds) or to_seconds > LONGEST_SCENARIO_SECONDS:
        raise ExerciseRefused("a scenario lasts seven days at most")
    if to_seconds < here:
        shown = f"the clock shows {format_offset(here)} and never goes back to {format_offset(to_seconds)}"
        raise ExerciseRefused(shown, advice="pause it, if there is too little time")
    return (draft(state, now, by, "clock_skipped", {"from_seconds": round(here, 3), "to_seconds": to_seconds}),)


def publish(state: ExerciseState, now: float, by: Actor, *, inject_id: str) -> Drafts:
    """Show an inject to its players, due or not, unless it comes after one that is not published."""
    check_may(state.exercise, by, "inject_published")
    refuse_unless_started(state)
    inject = _pending(state, inject_id)
    if is_blocked(state, inject):
        waits = [other for other in inject.after if state.injects[other].status != "published"]
        advice = "publish that first, or skip this one"
        raise ExerciseRefused(f'"{inject_id}" comes after "{waits[0]}", which is not published', advice=advice)
    return (_publication(state, now, by, inject, automatic=False),)


def publish_due(state: ExerciseState, now: float, by: Actor, *, automatic: bool = False) -> Drafts:
    """Publish all that is due; nothing, where nothing is. One that comes after another is due in the next round."""
    check_may(state.exercise, by, "inject_published")
    return tuple(_publication(state, now, by, inject, automatic=automatic) for inject in due_injects(state, now))


def skip_inject(state: ExerciseState, now: float, by: Actor, *, inject_id: str, reason: str) -> Drafts:
    """Leave an inject out, and say why."""
    check_may(state.exercise, by, "inject_skipped")
    _refuse_if_ended(state)
    _pending(state, inject_id)
    return (draft(state, now, by, "inject_skipped", {"inject": inject_id, "reason": wanted(reason, "a reason")}),)


def give_hint(state: ExerciseState, now: float, by: Actor, *, inject_id: str, hint: int | None = None) -> Drafts:
    """Note that a hint was given: the `hint`th (from 1) of a published inject, or the next one."""
    check_may(state.exercise, by, "hint_given")
    refuse_unless_started(state)
    progress = state.injects[known_inject(state, inject_id)]
    hints, given = progress.inject.hints, progress.hints_given
    number = hint if hint is not None else next((n for n in range(1, len(hints) + 1) if n not in given), 0)
    if progress.status != "published":
        raise ExerciseRefused(f'"{inject_id}" is not published: there is nothing to hint at')
    if not 1 <= number <= len(hints):
        what = "no hint" if not hints else "1 hint" if len(hints) == 1 else f"{len(hints)} hints"
        raise ExerciseRefused(f'"{inject_id}" has {what}' + (", all given" if hints and hint is None else ""))
    if number in given:
        raise ExerciseRefused(f'hint {number} of "{inject_id}" was given already')
    data: dict[str, JsonValue] = {"inject": inject_id, "hint": number, "text": hints[number - 1]}
    return (draft(state, now, by, "hint_given", data),)


def end(state: ExerciseState, now: float, by: Actor, *, reason: str | None = None) -> Drafts:
    """End the play. Findings, notes and ratings can still be written down afterwards."""
    check_may(state.exercise, by, "exercise_ended")
    _refuse_if_ended(state)
    return (draft(state, now, by, "exercise_ended", told(reason=reason)),)


def take_up_again(state: ExerciseState, now: float, by: Actor, *, alive_until_real_seconds: float) -> Drafts:
    """Go on after the process died: the time since its last sign of life counts as a pause, and the clock stands."""
    check_may(state.exercise, by, "resumed")
    last = state.events[-1].real_seconds if state.events else 0.0
    alive = min(max(alive_until_real_seconds, last), now)
    data: dict[str, JsonValue] = {
        "alive_until_real_seconds": round(alive, 6),
        "dead_seconds": round(now - alive, 3),
        "was_running": state.clock.running,
    }
    draws = () if state.seed is None else _draws(state, alive, by, state.seed)
    return (draft(state, alive, by, "resumed", data), *draws)


def _draws(state: ExerciseState, now: float, by: Actor, seed: int) -> Drafts:
    """What the dice say of each random event that nothing is journaled of yet."""
    dice = random.Random(seed)
    thrown = [(event, dice.random() < event.chance) for event in state.exercise.randomise]
    known = {one.id for one in state.drawn}
    return tuple(
        draft(state, now, by, "drawn", {"id": event.id, "happens": happens, "chance": event.chance, "seed": seed})
        for event, happens in thrown
        if event.id not in known
    )


def draft(
    state: ExerciseState, now: float, actor: Actor, kind: EventKind, data: dict[str, JsonValue] | None = None
) -> EventDraft:
    """An event at this moment of the scenario."""
    return EventDraft(
        kind=kind, actor=actor, scenario_seconds=round(state.scenario_seconds(now), 3), data=data if data else {}
    )


def told(**texts: str | None) -> dict[str, JsonValue]:
    """The texts that were given, as an event holds them."""
    return {key: wanted(text, key) for key, text in texts.items() if text is not None}


def wanted(text: str, what: str) -> str:
    """The text without blanks around it. Raises ExerciseRefused where nothing is left, or far too much is."""
    stripped = text.strip()
    if not stripped:
        raise ExerciseRefused(f"{what} is needed, in a few words")
    if len(stripped) > LONGEST_TEXT:
        raise ExerciseRefused(f"{what} has {len(stripped)} characters; at most {LONGEST_TEXT} are allowed")
    return stripped


def known_inject(state: ExerciseState, inject_id: str) -> str:
    """The id, if there is such an inject (a random event's, if it was drawn)."""
    if inject_id not in state.injects:
        advice = "the injects are " + ", ".join(state.injects)
        raise ExerciseRefused(f'there is no inject "{inject_id}"', advice=advice)
    return inject_id


def refuse_unless_started(state: ExerciseState) -> None:
    _refuse_if_ended(state)
    if not state.clock.started:
        raise ExerciseRefused("the clock is not started", advice="start it when everybody is there")


def _refuse_if_ended(state: ExerciseState) -> None:
    if state.began_at is None:
        raise ExerciseRefused("the exercise has not begun")
    if state.ended_at is not None:
        raise ExerciseRefused("the exercise has ended", advice="findings, notes and ratings can still be written down")


def _pending(state: ExerciseState, inject_id: str) -> Inject:
    progress = state.injects[known_inject(state, inject_id)]
    if progress.status == "published" and progress.published is not None:
        shown = format_offset(progress.published.scenario_seconds)
        raise ExerciseRefused(f'"{inject_id}" was published at {shown} already')
    if progress.status == "skipped":
        raise ExerciseRefused(f'"{inject_id}" was skipped: {progress.skipped_reason}')
    return progress.inject


def _publication(state: ExerciseState, now: float, by: Actor, inject: Inject, *, automatic: bool) -> EventDraft:
    data: dict[str, JsonValue] = {"inject": inject.id, "due_seconds": inject.at_seconds, "automatic": automatic}
    return draft(state, now, by, "inject_published", data)
