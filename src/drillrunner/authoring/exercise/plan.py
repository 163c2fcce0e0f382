"""Plans the exercise of a drill: objectives, roles, injects, and what may come by chance. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from drillrunner.authoring.exercise.draft import Draft
from drillrunner.authoring.exercise.injects import injects_of
from drillrunner.model.drill import Drill, Objective
from drillrunner.model.duration import format_duration
from drillrunner.model.exercise import Exercise, ExerciseObjective, RandomEvent


def exercise_of(draft: Draft) -> Exercise:
    """The whole exercise."""
    return Exercise(
        drill=draft.drill.name,
        # players read it: the drill's own title says what will happen
        title=f"Tabletop exercise: an incident of {draft.users()}"[:200],
        roles=draft.cast.roles(),
        objectives=tuple(_objectives(draft.drill)),
        injects=tuple(sorted(injects_of(draft), key=lambda inject: inject.at_seconds)),
        randomise=_chances(draft),
        time_box_seconds=draft.timeline.time_box,
    )


def objective_text(objective: Objective) -> str:
    """One of the drill's own, as players read it."""
    figure = format_duration(objective.target)
    return {
        "rto": f"Users of {objective.probe} are served again within {figure} (RTO)",
        "rpo": f"No more than the last {figure} of {objective.probe} are lost (RPO)",
        "availability": f"{objective.target * 100:.6g}% of the requests of {objective.probe} are answered",
        "latency": f"{objective.probe} answers within {figure}",
        "detection": f"The outage is known within {figure}, by {objective.probe}",
    }[objective.name]


def _objectives(drill: Drill) -> Iterable[ExerciseObjective]:
    named = {one.name: one for one in reversed(drill.objectives)}
    for name, one in reversed(named.items()):
        yield ExerciseObjective(id=name, text=objective_text(one), drill_objective=name)
    yield ExerciseObjective(id="decide", text="The decision is made in time, by the person who may make it")
    yield ExerciseObjective(id="communicate", text="Customers, support and those who decide hear what they need to")
    yield ExerciseObjective(id="runbook", text="The runbook is found, followed, and right")


def _chances(draft: Draft) -> tuple[RandomEvent, ...]:
    at, cast = draft.timeline, draft.cast
    absent = f"{cast.decides} cannot be reached, and says nothing more until the facilitator says so."
    console = f"The console of {draft.drill.served_from or 'the broken region'} does not answer. The command line does."
    return (
        RandomEvent(id="absent", text=absent, chance=0.3, at_seconds=at.symptom),
        RandomEvent(id="chat-down", text="The chat tool is down for everybody.", chance=0.3, at_seconds=at.customers),
        RandomEvent(id="console-down", text=console, chance=0.2, at_seconds=at.decision),
    )
