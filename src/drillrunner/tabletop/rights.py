"""Who may do what at the table, and how it is said to those who may not."""

from __future__ import annotations

from drillrunner.errors import ExerciseRefused
from drillrunner.model.exercise import FACILITATOR, Exercise, Role, RoleKind
from drillrunner.model.exercise_event import Actor, EventKind

PLAYERS_OWN: tuple[EventKind, ...] = ("decision", "action", "question")
# what each kind of role may do beside the facilitator, who may do everything
_MAY: dict[RoleKind, frozenset[EventKind]] = {
    "player": frozenset({*PLAYERS_OWN, "observation", "joined", "left"}),
    "scribe": frozenset({*PLAYERS_OWN, "observation", "note", "expected_done", "finding", "joined", "left"}),
    "evaluator": frozenset({"observation", "note", "expected_done", "finding", "rating", "joined", "left"}),
    "observer": frozenset({"observation", "joined", "left"}),
    "simulated": frozenset(),
}
_DOINGS: dict[EventKind, str] = {
    "inject_published": "publish an inject",
    "inject_skipped": "skip an inject",
    "clock_started": "start the clock",
    "clock_paused": "pause the clock",
    "clock_resumed": "resume the clock",
    "clock_skipped": "put the clock forward",
    "hint_given": "give a hint",
    "expected_done": "tick off what was expected",
    "exercise_ended": "end the exercise",
    "rating": "rate an objective",
    "finding": "write down a finding",
    "answer": "answer a question",
    "note": "write a note",
    "observation": "write down an observation",
}


def role_of(exercise: Exercise, name: str) -> Role:
    """The role of that name. Raises ExerciseRefused with those that there are."""
    role = exercise.role(name)
    if role is None:
        names = ", ".join(each.name for each in exercise.roles if each.kind != "simulated")
        raise ExerciseRefused(f'nobody at this table is "{name}"', advice=f"the roles are {names}")
    return role


def check_may(exercise: Exercise, by: Actor, kind: EventKind) -> None:
    """Raises ExerciseRefused where that is no business of that role."""
    role = role_of(exercise, by.role)
    if role.kind == FACILITATOR or kind in _MAY[role.kind]:
        return
    doing = _DOINGS.get(kind, f"write a {kind} down")
    may = [each for each, kinds in _MAY.items() if kind in kinds and each != "player"]
    allowed = " and ".join(f"the {each}" for each in [FACILITATOR, *may])
    raise ExerciseRefused(f'"{by.role}" may not {doing}', advice=f"that is for {allowed}")


def check_speaks_for(exercise: Exercise, by: Actor, who: Actor) -> None:
    """Only facilitator and scribe write down what others said. Raises ExerciseRefused."""
    if by.role != who.role and role_of(exercise, by.role).kind not in (FACILITATOR, "scribe"):
        raise ExerciseRefused(
            f'"{by.role}" may not speak for "{who.role}"', advice="facilitator and scribe write down what others said"
        )
