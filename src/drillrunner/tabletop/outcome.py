"""What came of an exercise, from its state alone: latencies, expected against done, ratings, the improvement plan."""

from __future__ import annotations

from drillrunner.model.exercise import ExpectedAction, Subject
from drillrunner.model.exercise_outcome import (
    DecideTime,
    ExerciseOutcome,
    ExpectedOutcome,
    ExpectedStatus,
    InjectOutcome,
    ObjectiveOutcome,
)
from drillrunner.tabletop.session import ExerciseState, InjectProgress, Said


def outcome_of(state: ExerciseState) -> ExerciseOutcome:
    """All that a report says. Of an exercise that is not ended it says how far it came: to its last event."""
    clock = state.clock
    return ExerciseOutcome(
        drill=state.exercise.drill,
        title=state.exercise.title,
        status=state.status,
        seed=state.seed,
        began_at=state.began_at,
        ended_at=state.ended_at,
        scenario_seconds=round(clock.scenario_seconds, 3),
        people_seconds=round(clock.people_seconds, 3),
        paused_seconds=round(_paused_until_end(state), 3),
        skipped_seconds=round(clock.skipped_seconds, 3),
        interruptions=state.interruptions,
        participants=state.participants,
        drawn=state.drawn,
        injects=tuple(_inject(state, progress) for progress in state.injects.values()),
        expected=tuple(
            _expected(state, progress, one) for progress in state.injects.values() for one in progress.inject.expected
        ),
        objectives=_objectives(state),
        findings=state.findings,
        decide=decide_time(state, "failover"),
        failback_decide=decide_time(state, "failback"),
        unanswered_questions=sum(1 for question in state.questions if question.answer is None),
    )


def decide_time(state: ExerciseState, subject: Subject) -> DecideTime | None:
    """How long people took from the first inject of the exercise until they decided on that; None if they did not.

    A failback is decided on from the first inject of its own phase on, if there was one.
    """
    shown = [progress for progress in state.injects.values() if progress.published is not None]
    asking = [progress for progress in shown if progress.inject.phase == subject] if subject == "failback" else shown
    first = min(asking or shown, key=_published_people_seconds, default=None)
    decision = _deciding(state, subject)
    if first is None or decision is None:
        return None
    return DecideTime(
        subject=subject,
        seconds=round(max(0.0, decision.moment.people_seconds - _published_people_seconds(first)), 3),
        from_inject=first.inject.id,
        decision=decision.text,
        decided_by=decision.actor,
        marked=decision.decides == subject,
    )


def _deciding(state: ExerciseState, subject: Subject) -> Said | None:
    """The first decision that is marked as the one on that; else the first that answered an inject of that phase."""
    decisions = [said for said in state.said if said.kind == "decision"]
    marked = next((said for said in decisions if said.decides == subject), None)
    return marked or next((said for said in decisions if _phase(state, said.inject_id) == subject), None)


def _phase(state: ExerciseState, inject_id: str | None) -> str | None:
    progress = state.injects.get(inject_id) if inject_id else None
    return progress.inject.phase if progress else None


def _published_people_seconds(progress: InjectProgress) -> float:
    return progress.published.people_seconds if progress.published else float("inf")


def _inject(state: ExerciseState, progress: InjectProgress) -> InjectOutcome:
    inject, published = progress.inject, progress.published
    decision = next((one for one in state.said if one.kind == "decision" and one.inject_id == inject.id), None)
    latency = decision.moment.people_seconds - published.people_seconds if decision and published else None
    return InjectOutcome(
        inject_id=inject.id,
        text=inject.text,
        status=progress.status,
        due_seconds=inject.at_seconds,
        drawn=progress.drawn,
        published_seconds=published.scenario_seconds if published else None,
        skipped_reason=progress.skipped_reason,
        decision=decision.text if decision else None,
        decided_by=decision.actor if decision else None,
        decided_seconds=decision.moment.scenario_seconds if decision else None,
        decision_latency_seconds=round(latency, 3) if latency is not None else None,
        hints_given=len(progress.hints_given),
    )


def _expected(state: ExerciseState, progress: InjectProgress, expected: ExpectedAction) -> ExpectedOutcome:
    done = state.done.get(expected.id)
    return ExpectedOutcome(
        expected_id=expected.id,
        inject_id=progress.inject.id,
        action=expected.action,
        who=expected.who,
        by_seconds=expected.by_seconds,
        status=_status(progress, expected, done.moment.scenario_seconds if done else None),
        done_seconds=done.moment.scenario_seconds if done else None,
        done_by=done.actor if done else None,
    )


def _status(progress: InjectProgress, expected: ExpectedAction, done_seconds: float | None) -> ExpectedStatus:
    if done_seconds is not None:
        return "in_time" if done_seconds <= expected.by_seconds else "late"
    return "missing" if progress.published is not None else "not_asked"


def _objectives(state: ExerciseState) -> tuple[ObjectiveOutcome, ...]:
    rated = ((objective, state.ratings.get(objective.id)) for objective in state.exercise.objectives)
    return tuple(
        ObjectiveOutcome(
            objective_id=objective.id,
            text=objective.text,
            drill_objective=objective.drill_objective,
            rating=rating.rating if rating else None,
            reason=rating.reason if rating else None,
            rated_by=rating.actor if rating else None,
        )
        for objective, rating in rated
    )


def _paused_until_end(state: ExerciseState) -> float:
    """Seconds that the clock stood between its start and the end; what is written down after that is no pause."""
    ended = next((event for event in state.events if event.kind == "exercise_ended"), None)
    after = state.clock.real_seconds - ended.real_seconds if ended else 0.0
    return max(0.0, state.clock.paused_seconds - after)
