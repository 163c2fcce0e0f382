"""Where a run departed from its plan: what was repeated, overran, failed, stopped or was left out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from drillrunner.model.journal import Entry
from drillrunner.model.noun import canonical_json
from drillrunner.model.plan import Plan
from drillrunner.model.verdict import Verdict
from drillrunner.reporting.outside_text import compact
from drillrunner.reporting.story import Story, call_name, data_of, number_of, text_of
from drillrunner.reporting.wording import length

# a phase that waited to its deadline ends a moment after it
_SLACK_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Deviation:
    """One departure. `at` is seconds after the run began, None where it has no one moment."""

    what: str
    words: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    plan: Plan
    entries: Sequence[Entry]
    story: Story
    verdict: Verdict

    def of_kind(self, kind: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind == kind]

    def after(self, entry: Entry) -> float:
        return entry.at - self.story.began_at


def deviations(plan: Plan, entries: Sequence[Entry], story: Story, verdict: Verdict) -> tuple[Deviation, ...]:
    """Every departure, in order of time; those without a moment at the end."""
    run = _Run(plan, entries, story, verdict)
    found = [one for look in _LOOKS for one in look(run)]
    return tuple(sorted(found, key=lambda one: (one.at is None, one.at or 0.0)))


def _retaken(run: _Run) -> Iterator[Deviation]:
    retaken = run.of_kind("baseline.retaken")
    if retaken:
        times = "once more" if len(retaken) == 1 else f"{len(retaken)} times more"
        why = text_of(retaken[-1].data, "why")
        yield Deviation("baseline", f"taken {times}: {why}", run.after(retaken[0]))


def _stopped(run: _Run) -> Iterator[Deviation]:
    for entry in run.of_kind("stop.tripped"):
        condition = compact(entry.data.get("condition"))
        yield Deviation("stop condition", f"{condition}: {text_of(entry.data, 'why')}", run.after(entry))


def _interrupted(run: _Run) -> Iterator[Deviation]:
    for entry in run.of_kind("interrupted"):
        why = text_of(entry.data, "why")
        words = f"by {text_of(entry.data, 'by') or 'something unknown'}{f': {why}' if why else ''}"
        yield Deviation("interrupted", words, run.after(entry))


def _repeated(run: _Run) -> Iterator[Deviation]:
    """Calls that were made again, each with how its earlier tries had ended."""
    outcomes = {text_of(entry.data, "call_id"): entry for entry in run.of_kind("call.outcome")}
    tries: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in run.of_kind("call.intent"):
        call = canonical_json(entry.data.get("call"))
        tries.setdefault((text_of(entry.data, "change_id"), text_of(entry.data, "role"), call), []).append(entry)
    for several in tries.values():
        if len(several) > 1:
            name = call_name(data_of(several[0].data, "call"))
            first = outcomes.get(text_of(several[0].data, "call_id"))
            ended = _ended(first)
            words = f"{name} was made {len(several)} times; the first time: {ended}"
            yield Deviation("call repeated", words, run.after(several[0]))


def _ended(outcome: Entry | None) -> str:
    if outcome is None:
        return "no answer was recorded"
    error = outcome.data.get("error")
    return f"{text_of(outcome.data, 'outcome')}{f' ({compact(error)})' if error else ''}"


def _overrun(run: _Run) -> Iterator[Deviation]:
    drill, spans = run.plan.drill, {span.phase: span for span in run.verdict.phases}
    seen = {moment.name: moment for moment in run.story.moments}
    detect, recover, restored = (spans.get(name) for name in ("detect", "recover", "restored"))
    if detect and detect.ended is not None and "detected" not in seen:
        within = drill.detection_within_seconds
        if detect.ended - detect.began >= within - _SLACK_SECONDS:
            yield Deviation("deadline", f"nothing was detected within {length(within)}", detect.ended)
    effect = seen.get("fault in effect")
    if recover and recover.ended is not None and "recovered" not in seen and effect:
        within = drill.recovery_within_seconds
        if recover.ended - (effect.high - run.story.began_at) >= within - _SLACK_SECONDS:
            words = f"users were not served again within {length(within)} of the fault"
            yield Deviation("deadline", words, recover.ended)
    if restored and restored.ended is not None and run.verdict.steady_after is False:
        yield Deviation("deadline", "the steady state was not back when the waiting ended", restored.ended)


def _slow_revert(run: _Run) -> Iterator[Deviation]:
    for entry in run.of_kind("revert.done"):
        seconds, within = number_of(entry.data, "seconds"), run.plan.drill.revert_within_seconds
        if seconds is not None and seconds > within:
            words = f"putting everything back took {length(seconds)}, {length(within)} were allowed"
            yield Deviation("deadline", words, run.after(entry))


def _steps(run: _Run) -> Iterator[Deviation]:
    for step in run.story.steps:
        name, at = f"{step.section} {step.index + 1} ({step.kind})", step.began - run.story.began_at
        if step.ok is False:
            yield Deviation("step failed", f"{name}: {step.error or 'no reason was recorded'}", at)
        elif step.ended is None:
            yield Deviation("step unfinished", f"{name} never ended", at)


def _left_out(run: _Run) -> Iterator[Deviation]:
    """Steps of the plan that were never begun, once anything was injected."""
    begun = {(step.section, step.index) for step in run.story.steps}
    if not run.story.of_role("fault"):
        return
    for section, planned in (("failover", run.plan.drill.failover), ("failback", run.plan.drill.failback)):
        missing = [f"{index + 1} ({step.kind})" for index, step in enumerate(planned) if (section, index) not in begun]
        if missing:
            yield Deviation("step left out", f"{section} {', '.join(missing)} was never begun")


_LOOKS: tuple[Callable[[_Run], Iterator[Deviation]], ...] = (
    _retaken,
    _stopped,
    _interrupted,
    _repeated,
    _overrun,
    _slow_revert,
    _steps,
    _left_out,
)
