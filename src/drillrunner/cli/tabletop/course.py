"""Plays a drill for the plan of its exercise: how long its parts take, and the pictures that people would see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drillrunner.authoring.exercise.course import Course, course_of, sight
from drillrunner.authoring.exercise.draft import SEEN_BY_CUSTOMERS, Draft, Scene, scene_moments
from drillrunner.cli.session import Chosen
from drillrunner.errors import CallFailed, InvalidInput
from drillrunner.judge.story import failover_steps, opened_at, person_steps, phase_began
from drillrunner.model.drill import Drill, StepSpec
from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import Verdict
from drillrunner.reporting.exercise.dashboard import dashboard_svg

WINDOW_SECONDS = 15.0
DECIDING = "people decide"


@dataclass(frozen=True, slots=True)
class Played:
    """One run of the drill, rehearsed or real, and in words where it comes from."""

    plan: Plan
    entries: Sequence[Entry]
    readings: Sequence[Reading]
    verdict: Verdict
    source: str

    def effect_at(self) -> float:
        """When the fault took effect, on the drill's clock. Raises InvalidInput where none did."""
        found = opened_at(self.entries)
        if found is None:
            raise InvalidInput(
                f"nothing was injected in {self.source}: there is nothing to show", advice="take another"
            )
        return found


def rehearse_parts(chosen: Chosen, seed: int, runs: int) -> Course:
    """The median of each part over so many rehearsals. Raises InvalidInput where the drill cannot be rehearsed."""
    verdicts = [_rehearse(chosen, chosen.drill, seed + number).verdict for number in range(runs)]
    last = seed + runs - 1
    seeds = f"seed {seed}" if runs == 1 else f"seeds {seed} to {last}"
    return course_of(verdicts, f"median of {runs} {'rehearsal' if runs == 1 else 'rehearsals'}, {seeds}")


def rehearse_with_people(chosen: Chosen, draft: Draft, seed: int) -> Played:
    """The drill once more, with people who decide as late as they may: what they would see until then."""
    drill = chosen.drill
    waits = draft.timeline.decide_by - draft.course.detect_seconds
    if drill.failover and waits > 0:
        deciding = StepSpec(kind="manual", text=DECIDING, takes_seconds=(waits, waits))
        drill = drill.model_copy(update={"failover": (deciding, *drill.failover)})
    # what stops a drill stops no tabletop, and people go back later than a drill: the pictures go on
    lasting = drill.stable_for_seconds + draft.timeline.served
    patient = {"stop_if": (), "stable_for_seconds": lasting, "recovery_within_seconds": 2 * lasting + waits}
    return _rehearse(chosen, drill.model_copy(update=patient), seed)


def past_run(reports: Path, name: str, drill: str) -> Played:
    """A run of that drill on disk. Raises RunNotFound, InvalidInput."""
    from drillrunner.files.journal_file import read_journal
    from drillrunner.files.readings_file import read_readings
    from drillrunner.files.run_folder import find_run, read_plan
    from drillrunner.judge import judge

    folder = find_run(reports, name)
    plan, entries = read_plan(folder), read_journal(folder.journal)
    if plan.drill.name != drill:
        raise InvalidInput(f"{folder.run_id} is a run of {plan.drill.name}, not of {drill}", where=str(folder.path))
    readings = list(read_readings(folder.readings))
    return Played(plan, entries, readings, judge(plan, entries, readings), f"run {folder.run_id}")


def course_of_run(played: Played) -> Course:
    """Its parts, without the time that people took for the first steps: that is the decision, which an exercise asks
    for anew.
    """
    course = course_of([played.verdict], played.source)
    steps = failover_steps(played.entries)
    people = _decided_at(played) - steps[0].began if steps else 0.0
    return replace(course, switch_seconds=max(0.0, course.switch_seconds - people))


def _decided_at(played: Played) -> float:
    """When the first step that is no person's began: the steps of people before it are the decision."""
    persons = {step.index: step for step in person_steps(played.entries)}
    decided = failover_steps(played.entries)[0].began
    for number in range(len(persons)):
        done = persons[number].done if number in persons else None
        if done is None:
            break
        decided = done
    return decided


def waited(played: Played, draft: Draft) -> Played:
    """A run in which people decided at once, as if they had waited as long as they may.

    What came after the first step moves back by the difference; of the time between nothing is known or drawn.
    """
    if not failover_steps(played.entries):
        return played
    began = _decided_at(played)
    later = played.effect_at() + draft.timeline.decide_by - began
    if later <= 0:
        return played
    readings = [one if one.answered <= began else _moved(one, later) for one in played.readings if not _at(one, began)]
    entries = [
        entry if entry.at < began else entry.model_copy(update={"at": entry.at + later}) for entry in played.entries
    ]
    return replace(played, readings=readings, entries=entries)


def scenes_of(draft: Draft, played: Played) -> tuple[Mapping[str, Scene], Mapping[str, str]]:
    """The scenes by inject, and the pictures by their paths beside the exercise's file.

    No picture shows what the run did of itself afterwards: it went back sooner than people would.
    """
    effect_at, drill = played.effect_at(), draft.drill
    users = frozenset(probe.name for probe in drill.user_facing)
    back = phase_began(played.entries, "failback") or max(one.answered for one in played.readings)
    scenes: dict[str, Scene] = {}
    pictures: dict[str, str] = {}
    for inject, wanted in scene_moments(draft).items():
        moment = min(wanted, back - effect_at)
        seen = sight(played.readings, users, effect_at + moment, WINDOW_SECONDS)
        path = f"{drill.name}/{inject}.svg"
        scenes[inject] = Scene(seen, None if inject == SEEN_BY_CUSTOMERS else path)
        if inject == SEEN_BY_CUSTOMERS:
            continue
        pictures[path] = dashboard_svg(
            played.plan,
            played.readings,
            effect_at=effect_at,
            moment_seconds=moment,
            title=f"{draft.users()}: dashboard",
            source=f"simulated: {played.source}" if played.plan.environment.kind == "lab" else played.source,
        )
    return scenes, pictures


def _rehearse(chosen: Chosen, drill: Drill, seed: int) -> Played:
    from drillrunner.lab.topology import load_topology
    from drillrunner.rehearsal.one import Script, perform

    environment = chosen.environment
    if environment.topology is None:
        raise InvalidInput(
            f"environment {environment.name} is no lab: there is nothing to rehearse in", advice=_OTHER_WAYS
        )
    try:
        done = perform(Script(drill, environment, load_topology(environment.topology)), seed)
    except CallFailed as error:
        raise InvalidInput(f"the drill cannot be rehearsed: {error.message}", advice=_OTHER_WAYS) from error
    return Played(done.plan, done.journal.entries, done.readings.readings, done.verdict, f"rehearsal, seed {seed}")


_OTHER_WAYS = "take a run instead, with --from RUN; or do without, with --no-rehearsal"


def _moved(reading: Reading, by_seconds: float) -> Reading:
    return replace(
        reading,
        due=reading.due + by_seconds,
        asked=reading.asked + by_seconds,
        answered=reading.answered + by_seconds,
    )


def _at(reading: Reading, moment: float) -> bool:
    """Whether it was under way then: which side it belongs to, nobody can say."""
    return reading.asked < moment < reading.answered
