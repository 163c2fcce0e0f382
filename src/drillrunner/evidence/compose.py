"""Makes the record of a run from its plan, journal and verdict. Pure: nothing is asked of anybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from drillrunner.evidence.limitations import limitations
from drillrunner.evidence.record import (
    Context,
    DataCheck,
    Departure,
    Event,
    FreezeCheck,
    HashedFile,
    Injection,
    Method,
    ProvenCall,
    Record,
    Revision,
    Scenario,
    SignOff,
    StepDone,
)
from drillrunner.model.action import Action
from drillrunner.model.approval import Approval
from drillrunner.model.duration import format_duration
from drillrunner.model.environment import Environment
from drillrunner.model.history import moment
from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.verdict import Verdict
from drillrunner.reporting.deviations import deviations
from drillrunner.reporting.lines import remember, told
from drillrunner.reporting.story import CallStory, ChangeStory, StepStory, Story, number_of, tell, text_of
from drillrunner.reporting.wording import data_words

STATEMENT = (
    "This record supports claims about one run: what was tested, what was measured, and that it was put back. "
    "Whether it meets a requirement is for whoever judges the requirement to say."
)
_INTERVALS = (
    "Each figure is an interval: the true value lies between its ends. RTO runs from the first fault's effect to "
    "the first good answer that lasted; RPO counts acknowledged records that were read back or not."
)


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of the run: `left` is what is still injected."""

    run_id: str
    plan: Plan
    entries: Sequence[Entry]
    verdict: Verdict
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filed:
    """Under which number it is filed, when, and after which record."""

    id: str
    number: int
    previous: str
    made_wall: str
    files: tuple[HashedFile, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """What the user, the reports folder and the machine add. Of approvals and actions those of the run are taken."""

    context: Context = field(default_factory=Context)
    approvals: tuple[Approval, ...] = ()
    actions: tuple[Action, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()
    notes: tuple[str, ...] = ()
    retain_until: str | None = None
    incomplete: bool = False
    revision: Revision | None = None
    tools: dict[str, str] = field(default_factory=dict)


def is_live(environment: Environment) -> bool:
    """Whether it was AWS itself: neither the lab nor something else at an endpoint of its own."""
    return environment.kind == "aws" and environment.endpoint_url is None


def compose(run: Run, filed: Filed, given: Given) -> Record:
    """The whole record."""
    plan, verdict, story = run.plan, run.verdict, tell(run.entries)
    live = is_live(plan.environment)
    ended_wall = run.entries[-1].wall if run.entries else verdict.began_wall
    return Record(
        id=filed.id,
        number=filed.number,
        previous=filed.previous,
        made_wall=filed.made_wall,
        statement=STATEMENT,
        kind="live" if live else "rehearsal",
        simulated=not live,
        run_id=run.run_id,
        drill=plan.drill.name,
        owner=plan.drill.owner,
        environment=plan.environment.name,
        **from_context(given.context),
        accounts=(plan.environment.account,) if plan.environment.account else (),
        regions=plan.environment.regions,
        resources=_resources(plan, story),
        plan_hash=plan.hash,
        revision=given.revision,
        scenario=_scenario(plan, given.context),
        outcome=verdict.outcome,
        why=verdict.why,
        ended_by=verdict.ended_by,
        objectives=verdict.objectives,
        method=_method(plan, run.entries),
        data_check=DataCheck(words=data_words(verdict) if verdict.ledgers else "none", ledgers=verdict.ledgers),
        began_wall=verdict.began_wall,
        ended_wall=ended_wall,
        deviations=tuple(
            Departure(what=one.what, words=one.words, at_seconds=one.at)
            for one in deviations(plan, run.entries, story, verdict)
        ),
        approvals=tuple(one for one in given.approvals if one.is_for(plan.hash)),
        freeze=_freeze(plan.environment, moment(verdict.began_wall), moment(ended_wall)),
        timeline=tuple(_events(run.entries)),
        injections=tuple(_injection(change) for change in story.told_one_by_one),
        own_records=story.told_together,
        steps=tuple(_step(step) for step in story.steps),
        revert=verdict.revert,
        steady_before=verdict.steady_before,
        steady_after=verdict.steady_after,
        findings=verdict.findings,
        corrective_actions=tuple(one for one in given.actions if one.is_about(plan.drill.name, run.run_id)),
        tools=_tools(given, run.entries),
        limitations=tuple(limitations(plan, verdict, simulated=not live, left=run.left)),
        sign_offs=given.sign_offs,
        notes=given.notes,
        retain_until=given.retain_until,
        incomplete=given.incomplete and bool(run.left),
        left=run.left,
        files=filed.files,
    )


def from_context(context: Context) -> dict[str, Any]:
    """The fields of a record that are the user's own."""
    names = ("service", "criticality", "scope", "exclusions", "assumptions", "participants", "controls")
    return {name: getattr(context, name) for name in names}


def _resources(plan: Plan, story: Story) -> tuple[str, ...]:
    planned = {change.target for item in (*plan.faults, *plan.failover, *plan.failback) for change in item.changes}
    return tuple(sorted(planned | {change.target for change in story.changes if change.role != "ledger"}))


def _scenario(plan: Plan, context: Context) -> Scenario:
    faults = tuple(f"{fault.kind}: {fault.summary}" for fault in plan.faults)
    return Scenario(title=plan.drill.title, faults=faults, severe_but_plausible=context.severe_but_plausible)


def _method(plan: Plan, entries: Sequence[Entry]) -> Method:
    began = next((entry.data for entry in entries if entry.kind == "run.began"), {})
    scale, seed = number_of(began, "time_scale"), number_of(began, "seed")
    return Method(
        intervals=_INTERVALS,
        clock="monotonic clock of the machine that ran it; UTC stamps are that machine's wall clock",
        time_scale=plan.environment.time_scale if scale is None else scale,
        probes=tuple(
            f"{one.name}: {one.kind} every {format_duration(one.every_seconds)} from {one.vantage}"
            for one in plan.drill.probes
        ),
        seed=None if seed is None else int(seed),
    )


def _freeze(environment: Environment, began: datetime | None, ended: datetime | None) -> FreezeCheck:
    touched = [
        window.reason
        for window in environment.freeze
        if began is not None and ended is not None and window.begins <= ended and began <= window.ends
    ]
    return FreezeCheck(windows=environment.freeze, touched=tuple(touched))


def _events(entries: Sequence[Entry]) -> Iterator[Event]:
    undos: dict[str, Entry] = {}
    for entry in entries:
        remember(entry, undos)
        words = told(entry, undos)
        if words is not None:
            at_seconds = round(entry.at - entries[0].at, 3)
            yield Event(seq=entry.seq, wall=entry.wall, at_seconds=at_seconds, what=words[0], words=words[1])


def _injection(change: ChangeStory) -> Injection:
    return Injection(
        change_id=change.change_id,
        role=change.role,
        kind=change.kind,
        target=change.target,
        prior=change.prior,
        applied=tuple(_call(call) for call in change.applied),
        reverted=tuple(_call(call) for call in change.reverted),
        state=change.state,
        open=change.harmed,
    )


def _call(call: CallStory) -> ProvenCall:
    return ProvenCall(
        call=call.name,
        params=call.params,
        outcome=call.outcome,
        error=call.error,
        holds=call.holds,
        value=call.value,
    )


def _step(step: StepStory) -> StepDone:
    return StepDone(
        section=step.section,
        number=step.index + 1,
        kind=step.kind,
        text=step.text,
        by=step.by,
        ok=step.ok,
        error=step.error,
    )


def _tools(given: Given, entries: Sequence[Entry]) -> dict[str, str]:
    """Those of this machine when the record was made, and drillrunner's version in the run itself."""
    began = next((entry.data for entry in entries if entry.kind == "run.began"), {})
    return {"drillrunner of the run": text_of(began, "version", "not known"), **given.tools}
