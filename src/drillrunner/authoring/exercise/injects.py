"""The injects of a drafted exercise, phase by phase: alarm, symptom, customers, decision, failover, failback. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from drillrunner.authoring.exercise.cast import CUSTOMERS, MONITORING, Cast, step_words
from drillrunner.authoring.exercise.draft import (
    SEEN_BY_CUSTOMERS,
    Draft,
    artifact_of,
    comes_after_failover,
    comes_before_failover,
    failover_steps,
    is_served,
    is_step,
    mentions,
    objective_named,
    sight_words,
    step_name,
    words_of,
)
from drillrunner.model.duration import format_duration
from drillrunner.model.exercise import ALL, ExpectedAction, Inject, Subject
from drillrunner.model.journal import Phase
from drillrunner.model.runbook import RunbookStep

_Wanted = tuple[str, str | None, Subject | None]


def injects_of(draft: Draft) -> Iterable[Inject]:
    yield _alarm(draft)
    yield _symptom(draft)
    yield _customers(draft)
    if objective_named(draft.drill, "rpo"):
        yield _data(draft)
    yield _decision(draft)
    for number in range(1, len(draft.drill.failover) + 1):
        yield _failover(draft, number)
    if draft.drill.stop_if:
        yield _standby(draft)
    yield _served(draft)
    yield _failback(draft)
    yield _closing(draft)


def _alarm(draft: Draft) -> Inject:
    at, drill, cast = draft.timeline.alarm, draft.drill, draft.cast
    first: list[_Wanted] = [("Acknowledge the alarm, and say who leads", cast.responds, None)]
    untold = [step for step in failover_steps(draft) if step.not_drilled and comes_before_failover(draft, step)]
    faults = "; ".join(f"{one.kind} {words_of(one.params)}".strip() for one in drill.faults)
    return _inject(
        "alarm",
        at,
        "detect",
        text=f"Alarm: {_signal(draft)}",
        sender=MONITORING,
        to=_told(cast, cast.responds),
        expected=_expected("alarm", draft.timeline.symptom, [*first, *_asked(draft, untold)]),
        hints=("Who is on call, and who decides when it is a whole region?",),
        facilitator_only=f"What was broken, which nobody at the table knows: {faults}.",
    )


def _symptom(draft: Draft) -> Inject:
    probe = draft.drill.detection_probe
    looks = [step for step in failover_steps(draft) if probe and mentions(step, probe)]
    wanted = _asked(draft, looks)
    wanted += [("Say whether it is the region, or our own last change", draft.cast.responds, None)]
    return _inject(
        "symptom",
        draft.timeline.symptom,
        "detect",
        text=f"The dashboard of {draft.users()}. {sight_words(draft, 'symptom')}".strip(),
        sender=MONITORING,
        artifact=artifact_of(draft, "symptom"),
        expected=_expected("symptom", draft.timeline.decision, wanted),
        hints=("What would the picture look like after a bad deployment? And what does the standby show?",),
    )


def _customers(draft: Draft) -> Inject:
    broken = f"Customers write that {draft.users()} does not work, and ask since when, and until when."
    again = f"Customers write that {draft.users()} did not work for a while. Was that all, and what is lost?"
    sound = f"Somebody has seen the alarm on the status page, and asks whether {draft.users()} can be used."
    return _inject(
        "customers",
        draft.timeline.customers,
        "detect",
        text=(again if is_served(draft, SEEN_BY_CUSTOMERS) else broken) if draft.course.users_suffer else sound,
        sender=CUSTOMERS,
        to=_told(draft.cast, draft.cast.supports),
        expected=_expected(
            "customers",
            draft.timeline.decide_by,
            [("Tell customers and support what is known, and when they hear more", draft.cast.supports, None)],
        ),
        hints=("Who may write on the status page?",),
    )


def _data(draft: Draft) -> Inject:
    rpo = objective_named(draft.drill, "rpo")
    target = format_duration(rpo.target) if rpo else ""
    wanted = f"Say what a failover would lose now, that {target} may be lost (RPO), and who may accept more"
    return _inject(
        "data",
        draft.timeline.data,
        "detect",
        text=f'"If we move now: what is lost?" {sight_words(draft, "data")}'.strip(),
        artifact=artifact_of(draft, "data"),
        expected=_expected("data", draft.timeline.decide_by, [(wanted, draft.cast.decides, None)]),
        hints=("How far is the standby behind, and where would you look?",),
    )


def _decision(draft: Draft) -> Inject:
    drill, at = draft.drill, draft.timeline
    steps = [step_name(step) for step in drill.failover]
    if steps:
        text = f"What does not move by itself: {'; '.join(steps)}. Do you fail over?"
        wanted = "Decide to fail over, and say so with the time"
    else:
        text = "Nobody has to do anything if it fails over by itself. Do you wait, or do you act?"
        wanted = "Decide to leave it to the automation, and say until when"
    return _inject(
        "decision",
        at.decision,
        "detect",
        text=f"{text} {sight_words(draft, 'decision')}".strip(),
        artifact=artifact_of(draft, "decision"),
        expected=_expected("decision", at.decide_by, [(wanted, draft.cast.decides, "failover")]),
        hints=("What do you still need to know? Who says yes?",),
        facilitator_only=_latest_decision(draft),
    )


def _latest_decision(draft: Draft) -> str:
    course, rto = draft.course, objective_named(draft.drill, "rto")
    after = f"From the decision on it takes {format_duration(course.after_the_decision_seconds)} ({course.source})"
    if rto is None:
        return f"{after}. The drill has no RTO: the deadline is a usual one."
    target = format_duration(rto.target)
    if draft.timeline.kept:
        return f"{after}: a decision by then still keeps the RTO of {target}."
    return f"{after}: the RTO of {target} leaves people less than a minute, so that even this deadline misses it."


def _failover(draft: Draft, number: int) -> Inject:
    spec, at = draft.drill.failover[number - 1], draft.timeline
    name = f"failover {number}"
    told = [step for step in draft.steps if is_step(step, "failover", number)]
    return _inject(
        f"failover-{number}",
        at.steps[number - 1],
        "failover",
        text=f"You have decided. Who does this, and how: {step_name(spec)}?",
        expected=_expected(
            f"failover-{number}", at.steps_by[number - 1], _asked(draft, told) or [(step_name(spec), None, None)]
        ),
        hints=("Which step of the runbook is it?",) if told else (),
        after=("decision",) if number == 1 else (f"failover-{number - 1}",),
        step=name,
    )


def _standby(draft: Draft) -> Inject:
    conditions = [
        f"{stop.probe} fails for {format_duration(stop.fails_for_seconds)}"
        if stop.probe
        else f"{stop.kind} {words_of(stop.params)}"
        for stop in draft.drill.stop_if
    ]
    probes = {stop.probe for stop in draft.drill.stop_if if stop.probe}
    looks = [step for step in failover_steps(draft) if any(mentions(step, probe) for probe in probes)]
    users = {probe.name for probe in draft.drill.user_facing}
    looks = [step for step in looks if not any(mentions(step, probe) for probe in users)]
    wanted: list[_Wanted] = [("Say what would make you stop and go back", draft.cast.decides, None)]
    wanted += _asked(draft, looks)
    return _inject(
        "standby",
        draft.timeline.standby,
        "failover",
        text='"And if the standby suffers too? When do we stop?"',
        expected=_expected("standby", draft.timeline.served_by, wanted),
        after=("decision",),
        facilitator_only=f"The drill stops by itself when: {'; '.join(conditions)}.",
    )


def _served(draft: Draft) -> Inject:
    at, users = draft.timeline, {probe.name for probe in draft.drill.user_facing}
    told = [
        step
        for step in failover_steps(draft)
        if not any(mention.role == "failover" for mention in step.drill_steps)
        and (any(mentions(step, probe) for probe in users) or comes_after_failover(draft, step))
    ]
    lasting = format_duration(draft.drill.stable_for_seconds)
    wanted = _asked(draft, told)
    wanted += [(f"Say that users are served again once it lasted {lasting}, with the time", draft.cast.decides, None)]
    return _inject(
        "served",
        at.served,
        "recover",
        text=f"The dashboard of {draft.users()}, some time later. {sight_words(draft, 'served')}".strip(),
        sender=MONITORING,
        artifact=artifact_of(draft, "served"),
        expected=_expected("served", at.served_by, wanted),
        after=(f"failover-{len(draft.drill.failover)}",) if draft.drill.failover else ("decision",),
        hints=("How do you know that it is over, and from which moment on?",),
    )


def _failback(draft: Draft) -> Inject:
    at, drill = draft.timeline, draft.drill
    told = [step for step in draft.steps if step not in failover_steps(draft)]
    wanted = _asked(draft, told) or [(step_name(step), None, None) for step in drill.failback]
    decide: _Wanted = ("Decide whether and when to go back", draft.cast.decides, "failback")
    return _inject(
        "failback",
        at.failback,
        "failback",
        text="What was broken has been sound for some minutes. Do you go back?",
        expected=(
            *_expected("failback", at.failback_by, [decide]),
            *_expected("failback", at.put_back_by, wanted, first=2),
        ),
        after=("served",),
        hints=("What could be lost on the way back?",),
        step="failback 1" if drill.failback else None,
    )


def _closing(draft: Draft) -> Inject:
    wanted: list[_Wanted] = [
        ("See that everything is as it was before, and say who has seen it", draft.cast.responds, None),
        ("Tell customers and support that it is over, and what was lost", draft.cast.supports, None),
    ]
    return _inject(
        "closing",
        draft.timeline.closing,
        "restored",
        text="Is it over? What is still as it was not before, and who looks after it?",
        expected=_expected("closing", draft.timeline.closing_by, wanted),
        after=("failback",),
        facilitator_only="Then end the exercise, ask each player for what went well and what did not, and rate.",
    )


def _signal(draft: Draft) -> str:
    """What is alarming: the drill's detection probe, or what users meet."""
    name = draft.drill.detection_probe
    if name is None:
        return f"requests of {draft.users()} fail."
    probe = draft.drill.probe(name)
    return f"{name} is unhealthy ({probe.kind} {words_of(probe.params)})."


def _asked(draft: Draft, steps: Iterable[RunbookStep]) -> list[_Wanted]:
    """What the runbook says, and who does it."""
    return [(step_words(step), draft.cast.who(step.who), None) for step in steps]


def _expected(
    inject_id: str, by_seconds: float, wanted: Iterable[_Wanted], first: int = 1
) -> tuple[ExpectedAction, ...]:
    return tuple(
        ExpectedAction(id=f"{inject_id}.{number}", action=action, by_seconds=by_seconds, who=who, decides=decides)
        for number, (action, who, decides) in enumerate(wanted, first)
    )


def _inject(inject_id: str, at_seconds: float, phase: Phase, *, text: str, **more: object) -> Inject:
    given = {name: value for name, value in more.items() if value is not None}
    return Inject.model_validate({"id": inject_id, "at_seconds": at_seconds, "phase": phase, "text": text, **given})


def _told(cast: Cast, player: str) -> tuple[str, ...]:
    return (player,) if len(cast.players) > 1 else (ALL,)
