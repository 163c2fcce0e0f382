"""What a player may see, and nothing else: no hint, no expectation, no note, nothing that is still to come.

The drill is not named either: `regional-outage` tells what has happened before anybody has found out.
"""

from __future__ import annotations

from drillrunner.model.exercise import ALL, Inject
from drillrunner.model.exercise_outcome import ExerciseStatus
from drillrunner.model.noun import Noun
from drillrunner.tabletop.rights import role_of
from drillrunner.tabletop.session import ExerciseState, InjectProgress, Question, Said


class ShownInject(Noun):
    """A published inject as its players see it. `published_seconds` is scenario time."""

    id: str
    sender: str
    to: tuple[str, ...]
    text: str
    artifact: str | None
    published_seconds: float


class ShownQuestion(Noun):
    """A question of the player's role, and the answer once there is one."""

    number: int
    text: str
    asked_seconds: float
    person: str | None = None
    answer: str | None = None


class ShownSaid(Noun):
    """A decision or an action of the player's role."""

    kind: str
    text: str
    said_seconds: float
    person: str | None = None
    inject_id: str | None = None


class PlayersView(Noun):
    """One player's screen. Injects are in the order in which they were published."""

    title: str
    role: str
    status: ExerciseStatus
    scenario_seconds: float
    injects: tuple[ShownInject, ...]
    questions: tuple[ShownQuestion, ...]
    said: tuple[ShownSaid, ...]

    def artifacts(self) -> tuple[str, ...]:
        """The files that this player may open."""
        return tuple(dict.fromkeys(inject.artifact for inject in self.injects if inject.artifact))


def players_view(state: ExerciseState, role: str, real_seconds: float) -> PlayersView:
    """What the players with that role see at that moment. Raises ExerciseRefused for a role that there is not."""
    name = role_of(state.exercise, role).name
    shown = [each for progress in state.injects.values() if (each := _shown(progress, name))]
    return PlayersView(
        title=state.exercise.title,
        role=name,
        status=state.status,
        scenario_seconds=state.scenario_seconds(real_seconds),
        injects=tuple(sorted(shown, key=lambda inject: inject.published_seconds)),
        questions=tuple(_question(one) for one in state.questions if one.actor.role == name),
        said=tuple(_said(one) for one in state.said if one.actor.role == name),
    )


def may_see(inject: Inject, role: str) -> bool:
    """Whether an inject is meant for that role, once it is published."""
    return ALL in inject.to or role in inject.to


def _shown(progress: InjectProgress, role: str) -> ShownInject | None:
    inject = progress.inject
    if progress.published is None or not may_see(inject, role):
        return None
    return ShownInject(
        id=inject.id,
        sender=inject.sender,
        to=inject.to,
        text=inject.text,
        artifact=inject.artifact,
        published_seconds=progress.published.scenario_seconds,
    )


def _question(one: Question) -> ShownQuestion:
    return ShownQuestion(
        number=one.number,
        text=one.text,
        asked_seconds=one.moment.scenario_seconds,
        person=one.actor.person,
        answer=one.answer,
    )


def _said(one: Said) -> ShownSaid:
    return ShownSaid(
        kind=one.kind,
        text=one.text,
        said_seconds=one.moment.scenario_seconds,
        person=one.actor.person,
        inject_id=one.inject_id,
    )
