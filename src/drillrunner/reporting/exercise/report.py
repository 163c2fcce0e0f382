"""What an after-action report says, as data that its page and its Markdown draw. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drillrunner.model.action import Action
from drillrunner.model.exercise import Exercise
from drillrunner.model.exercise_event import ExerciseEvent
from drillrunner.model.exercise_measured import DecidedRto, MeasuredRto
from drillrunner.model.exercise_outcome import RATING_WORDS, DecideTime, ExerciseOutcome, ExpectedOutcome, FindingRow
from drillrunner.model.noun import JsonValue
from drillrunner.reporting.exercise import wording as said
from drillrunner.reporting.wording import OUTCOME_MARK, length, span

SCHEMA_VERSION = 1
SOURCES = {"live": "live on AWS", "lab": "in the lab", "rehearsal": "rehearsed on virtual time"}


@dataclass(frozen=True, slots=True)
class AfterAction:
    """All that the report is made from. `measured` and `decided` are beside what people took, newest first.

    `actions` are those of actions.yaml that come from this exercise, `hashes` the SHA-256 of its files by name.
    `warnings` are what a reader must know first.
    """

    exercise_id: str
    exercise: Exercise
    outcome: ExerciseOutcome
    events: Sequence[ExerciseEvent]
    measured: tuple[MeasuredRto, ...] = ()
    decided: tuple[DecidedRto, ...] = ()
    actions: tuple[Action, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        return self.outcome.status == "ended"


def rating_count(outcome: ExerciseOutcome) -> str:
    """`2 P · 1 M · 1 not rated`."""
    counted = Counter(one.rating for one in outcome.objectives)
    parts = [f"{counted[letter]} {letter}" for letter in RATING_WORDS if counted[letter]]
    return " · ".join([*parts, *([f"{counted[None]} not rated"] if counted[None] else [])]) or "no objectives"


def headline(report: AfterAction) -> str:
    """The report in one line."""
    if not report.ended:
        return f"Not ended: it came to {said.moment_words(report.outcome.scenario_seconds)}"
    return f"Objectives: {rating_count(report.outcome)}"


def tint(report: AfterAction) -> str:
    """The colour of the first card: as the worst rating."""
    ratings = {one.rating for one in report.outcome.objectives}
    if not report.ended or None in ratings:
        return "unsure" if "U" not in ratings else "fail"
    return "fail" if "U" in ratings else "unsure" if "M" in ratings else "pass"


def status_words(report: AfterAction) -> str | None:
    """What is said where the exercise has not ended; None where it has."""
    if report.ended:
        return None
    came = said.moment_words(report.outcome.scenario_seconds)
    standing = {"not_started": "its clock was never started", "running": "it runs", "paused": "its clock stands"}
    return (
        f"This exercise has not ended ({standing[report.outcome.status]}, at {came}): what follows is of what there "
        f"was until then. Go on with: drill tabletop run --resume {report.exercise_id}"
    )


def expected_count(expected: Sequence[ExpectedOutcome]) -> str:
    """`5 in time, 2 late, 1 missing, 3 not asked`."""
    counted = Counter(one.status for one in expected)
    parts = [(counted["in_time"], "in time"), (counted["late"], "late"), (counted["missing"], "missing")]
    parts.append((counted["not_asked"], "not asked"))
    return ", ".join(f"{count} {words}" for count, words in parts if count) or "nothing was expected"


def decide_sentence(report: AfterAction) -> str:
    """How long people took to decide, and from what on."""
    decide = report.outcome.decide
    if decide is None:
        return "Nobody decided to fail over: there is no decision time to hold against what was measured."
    marked = (
        "" if decide.marked else " (no decision was marked as the one to fail over: the first of that phase is taken)"
    )
    at = _scenario_moment(report, decide)
    shown = f", at {said.moment_words(at)} of the scenario" if at is not None else ""
    return (
        f"People decided after {length(decide.seconds)}, counted from inject {decide.from_inject} on, without pauses "
        f"and what was skipped: {said.actor_words(decide.decided_by)}{shown}{marked}."
    )


def _scenario_moment(report: AfterAction, decide: DecideTime) -> float | None:
    """What the scenario's clock showed at that decision."""
    words = (decide.decision, decide.decided_by)
    said_so = (event for event in report.events if event.kind == "decision")
    return next((one.scenario_seconds for one in said_so if (one.data.get("text"), one.actor) == words), None)


def measured_words(one: MeasuredRto) -> str:
    """`1m19s–1m20s / ≤ 3m ✓`."""
    return f"{span(one.low, one.high, one.target)} / ≤ {length(one.target)} {OUTCOME_MARK[one.outcome]}"


def decided_words(one: DecidedRto) -> str:
    """The same figure with people's decision in it."""
    return f"{span(one.low, one.high, one.measured.target)} {OUTCOME_MARK[one.outcome]}"


def decided_sentence(one: DecidedRto) -> str:
    """`With this decision time the RTO would have been 5m20s–5m21s: it would have been missed.`"""
    outcome = {"met": "met", "missed": "missed", "inconclusive": "neither surely met nor surely missed"}[one.outcome]
    figure = span(one.low, one.high, one.measured.target)
    target = length(one.measured.target)
    words = f"With this decision time the RTO would have been {figure}, and {outcome} (target {target})."
    if one.by_itself:
        words += (
            " In that run everything failed over by itself: so it would have been only if it had waited for people."
        )
    return words


def no_measure_sentence(drill: str) -> str:
    """Where there is no run to stand beside."""
    return (
        f"No completed run or rehearsal of {drill} that measured an RTO is in the reports folder: "
        f"drill rehearse {drill} makes one."
    )


def actions_of(row: FindingRow, actions: Sequence[Action]) -> tuple[Action, ...]:
    """The corrective actions that were made from that row."""
    return tuple(one for one in actions if one.finding == str(row.number))


def report_json(report: AfterAction) -> dict[str, JsonValue]:
    """after-action.json."""
    return {
        "schema_version": SCHEMA_VERSION,
        "exercise": report.exercise_id,
        "headline": headline(report),
        "ended": report.ended,
        "warnings": list(report.warnings),
        "ratings": {one.objective_id: one.rating for one in report.outcome.objectives},
        "outcome": report.outcome.model_dump(mode="json"),
        "measured": [one.model_dump(mode="json") for one in report.measured],
        "with_people": [one.model_dump(mode="json", exclude={"measured"}) for one in report.decided],
        "actions": [one.model_dump(mode="json") for one in report.actions],
        "events": len(report.events),
        "files": dict(report.hashes),
    }
