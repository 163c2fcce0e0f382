"""The facilitator's desk: holds an exercise's state, and journals what a command answers before anybody is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Concatenate, ParamSpec, Protocol

from drillrunner.model.exercise import FACILITATOR, Exercise
from drillrunner.model.exercise_event import Actor, EventDraft, ExerciseEvent
from drillrunner.tabletop.commands import Drafts, publish_due, take_up_again
from drillrunner.tabletop.session import ExerciseState, apply, due_injects, reduce

P = ParamSpec("P")


class EventLog(Protocol):
    """Where events are kept: `append` has them on disk when it returns."""

    def real_seconds(self) -> float: ...

    def append(self, draft: EventDraft, real_seconds: float) -> ExerciseEvent: ...


class Desk:
    """One exercise that is being played. Terminal and page both act through one of these.

    `desk.do(publish, by, inject_id="alarm")` calls the command with the state and the moment, and journals what it
    answers. A command that refuses leaves everything as it is.
    """

    def __init__(self, exercise: Exercise, log: EventLog, events: Iterable[ExerciseEvent] = ()) -> None:
        self._log = log
        self.state: ExerciseState = reduce(exercise, events)

    def now(self) -> float:
        """Real seconds since the first event."""
        return self._log.real_seconds()

    def scenario_seconds(self) -> float:
        return self.state.scenario_seconds(self.now())

    def do(
        self,
        command: Callable[Concatenate[ExerciseState, float, Actor, P], Drafts],
        by: Actor,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> tuple[ExerciseEvent, ...]:
        """What was journaled. Raises ExerciseRefused, or JournalUnwritable: then it did not happen."""
        now = self.now()
        return tuple(self._take(draft, now) for draft in command(self.state, now, by, *args, **kwargs))

    def publish_what_is_due(self) -> tuple[ExerciseEvent, ...]:
        """Publish all that is due by now, and what that makes due; for `publish: auto`."""
        facilitator = self.facilitator()
        published: tuple[ExerciseEvent, ...] = ()
        while due_injects(self.state, self.now()):
            published += self.do(publish_due, facilitator, automatic=True)
        return published

    def take_up(self, alive_until_real_seconds: float) -> tuple[ExerciseEvent, ...]:
        """Go on with what a dead process left."""
        return self.do(take_up_again, self.facilitator(), alive_until_real_seconds=alive_until_real_seconds)

    def facilitator(self) -> Actor:
        role = self.state.exercise.role(FACILITATOR)
        return Actor(role=FACILITATOR, person=role.person if role else None)

    def _take(self, draft: EventDraft, now: float) -> ExerciseEvent:
        event = self._log.append(draft, now)
        self.state = apply(self.state, event)
        return event
