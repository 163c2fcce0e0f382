"""What the exercise of a drill is drafted from, and what its injects ask of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from drillrunner.authoring.exercise.cast import Cast, cast_of, is_for_a_table
from drillrunner.authoring.exercise.course import Course, Sight
from drillrunner.authoring.exercise.timeline import Timeline, lay_timeline
from drillrunner.model.drill import Drill, Objective, StepSpec
from drillrunner.model.duration import format_duration
from drillrunner.model.runbook import Runbook, RunbookStep

MANUAL = "manual"
SEEN_BY_CUSTOMERS = "customers"


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to show at an inject: what users met just then, and a picture beside the exercise's file."""

    sight: Sight
    artifact: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What everything is made from. `scenes` are by inject; those of an exercise without a rehearsal are empty."""

    drill: Drill
    course: Course
    timeline: Timeline
    cast: Cast
    steps: tuple[RunbookStep, ...] = ()
    scenes: Mapping[str, Scene] = field(default_factory=dict)

    def users(self) -> str:
        """What users ask for, by the names of the probes that ask it too."""
        return " and ".join(probe.name for probe in self.drill.user_facing) or self.drill.name


def begin_draft(drill: Drill, runbook: Runbook | None, course: Course) -> Draft:
    """A draft without pictures; its timeline says of which moments there should be some."""
    steps = tuple(step for step in runbook.steps if is_for_a_table(step)) if runbook else ()
    expected = tuple(_expect_seconds(steps, "failover", number) for number in range(1, len(drill.failover) + 1))
    return Draft(drill, course, lay_timeline(drill, course, expected), cast_of(runbook), steps)


def scene_moments(draft: Draft) -> dict[str, float]:
    """By inject, the scenario's moment that it shows. All but the customers' have a picture too."""
    at = draft.timeline
    moments = {"symptom": at.symptom, "decision": at.decision, "served": at.served}
    moments[SEEN_BY_CUSTOMERS] = at.customers
    return moments | ({"data": at.data} if objective_named(draft.drill, "rpo") else {})


def artifact_of(draft: Draft, inject_id: str) -> str | None:
    return draft.scenes[inject_id].artifact if inject_id in draft.scenes else None


def is_served(draft: Draft, inject_id: str) -> bool:
    """Whether users were seen to be answered at the moment of that inject."""
    scene = draft.scenes.get(inject_id)
    return scene is not None and scene.sight.asked > 0 and not scene.sight.bad


def sight_words(draft: Draft, inject_id: str) -> str:
    """`In the last 15s 13 of 15 requests failed (status 429).`; empty where nothing was seen."""
    scene = draft.scenes.get(inject_id)
    if scene is None or not scene.sight.asked:
        return ""
    seen = scene.sight
    span = format_duration(seen.window_seconds)
    if not seen.bad:
        return f"In the last {span} all {seen.asked} requests were answered."
    return f"In the last {span} {seen.bad} of {seen.asked} requests failed ({seen.why})."


def objective_named(drill: Drill, name: str) -> Objective | None:
    return next((one for one in drill.objectives if one.name == name), None)


def step_name(step: StepSpec) -> str:
    if step.kind == MANUAL:
        return (step.text or "").rstrip(".")
    return f"{step.kind} {words_of(step.params)}".strip()


def words_of(params: Mapping[str, object]) -> str:
    shown = {name: value for name, value in params.items() if isinstance(value, str | int | float | list)}
    lists = {name: " ".join(map(str, value)) for name, value in shown.items() if isinstance(value, list)}
    return ", ".join(f"{name} {value}" for name, value in (shown | lists).items())


def is_step(step: RunbookStep, role: str, number: int) -> bool:
    return any((mention.role, mention.number) == (role, number) for mention in step.drill_steps)


def mentions(step: RunbookStep, probe: str) -> bool:
    return any(mention.probe == probe for mention in step.probes)


def _expect_seconds(steps: Iterable[RunbookStep], role: str, number: int) -> float | None:
    return next((step.expect_seconds for step in steps if is_step(step, role, number)), None)


def failover_steps(draft: Draft) -> tuple[RunbookStep, ...]:
    """The steps of those sections of the runbook in which nothing is put back."""
    back = {
        step.section
        for step in draft.steps
        if any(mention.role in ("failback", "revert") for mention in step.drill_steps)
    }
    forward = {step.section for step in draft.steps if any(one.role == "failover" for one in step.drill_steps)}
    first = [step.section for step in draft.steps]
    kept = forward or {section for section in first[:1] if section not in back}
    return tuple(step for step in draft.steps if step.section in kept)


def comes_before_failover(draft: Draft, step: RunbookStep) -> bool:
    numbers = [one.number for one in failover_steps(draft) if any(m.role == "failover" for m in one.drill_steps)]
    return bool(numbers) and step.number < min(numbers)


def comes_after_failover(draft: Draft, step: RunbookStep) -> bool:
    numbers = [one.number for one in failover_steps(draft) if any(m.role == "failover" for m in one.drill_steps)]
    return bool(numbers) and step.number > max(numbers) and step.not_drilled is not None
