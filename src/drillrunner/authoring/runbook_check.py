"""Holds runbooks against the drills that practise them, as of one day. Pure: what it looks at was read before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from drillrunner.errors import Problem
from drillrunner.files.nearest import choices
from drillrunner.files.runbook.file import RunbookFile
from drillrunner.model.drill import Drill, StepSpec
from drillrunner.model.runbook import DrillStepMention, Place, RunbookStep
from drillrunner.yaml_source import Problems, Span

# where the review was, the next day may have begun
_DAY_AHEAD = timedelta(days=1)


class DrillOnFile(NamedTuple):
    """A drill, its file as the user knows it, and the resolved path of the runbook that it names."""

    drill: Drill
    file: str
    runbook: Path | None


class RunbookOnFile(NamedTuple):
    """A runbook that was read, and its resolved path."""

    read: RunbookFile
    path: Path


class _Case(NamedTuple):
    """One runbook, the drills that it names and that are there, and where findings go."""

    runbook: RunbookOnFile
    drills: Mapping[str, DrillOnFile]
    known: Mapping[str, DrillOnFile]
    today: date
    found: Problems

    def add(self, code: str, message: str, place: Place, advice: str | None = None) -> None:
        self.found.add(code, message, Span(place.line, place.column, place.length), advice)


def check_runbooks(
    drills: Iterable[DrillOnFile], runbooks: Iterable[RunbookOnFile], today: date
) -> tuple[Problem, ...]:
    """What does not hold, by runbook and in each file's order (codes R120 and above)."""
    known = {on_file.drill.name: on_file for on_file in drills}
    return tuple(finding for runbook in runbooks for finding in _check_one(runbook, known, today))


def _check_one(runbook: RunbookOnFile, known: Mapping[str, DrillOnFile], today: date) -> list[Problem]:
    named = {name: known[name] for name in runbook.read.runbook.drill_names() if name in known}
    found = Problems(runbook.read.file, runbook.read.lines)
    case = _Case(runbook, named, known, today, found)
    for check in _CHECKS:
        check(case)
    return sorted(found.found, key=lambda finding: (finding.line, finding.column, finding.code))


def _check_names(case: _Case) -> None:
    for named in case.runbook.read.runbook.drills:
        on_file = case.drills.get(named.drill)
        if on_file is None:
            advice = choices(named.drill, case.known) or "drills are kept in drills/"
            case.add("R128", f'there is no drill "{named.drill}"', named.place, advice)
        elif on_file.runbook != case.runbook.path:
            names = f'names "{on_file.drill.runbook}" as its runbook' if on_file.runbook else "names no runbook"
            advice = "let both name each other"
            case.add("R129", f'the drill "{named.drill}" {names}', named.place, advice)


def _check_who_names_it(case: _Case) -> None:
    first = case.runbook.read.runbook.drills[0].place
    for name, on_file in case.known.items():
        if on_file.runbook == case.runbook.path and name not in case.drills:
            message = f'{on_file.file} names this runbook, which is not for the drill "{name}"'
            case.add("R130", message, first, "name it under drill, or give the drill another runbook")


def _check_every_drill_step_is_there(case: _Case) -> None:
    for named in case.runbook.read.runbook.drills:
        on_file = case.drills.get(named.drill)
        if on_file is None or on_file.runbook != case.runbook.path or not case.runbook.read.runbook.steps:
            continue  # something else is said of each of these
        mentioned = {
            (mention.role, mention.number)
            for step in case.runbook.read.runbook.steps
            for mention in step.drill_steps
            if mention.drill in {None, named.drill}
        }
        prefix = f"{named.drill} " if len(case.drills) > 1 else ""
        for role, number, spec in _moves(on_file.drill):
            if (role, number) not in mentioned:
                message = f"no step of this runbook is {role} {number} of {named.drill}, {_shown(spec)}"
                advice = f"write <!-- step: {prefix}{role} {number} --> at the step that is it"
                case.add("R120", message, named.place, advice)


def _moves(drill: Drill) -> Iterator[tuple[str, int, StepSpec]]:
    """What somebody would have to do without the drill, each with its role and its number from 1."""
    for role, steps in (("failover", drill.failover), ("failback", drill.failback)):
        for number, spec in enumerate(steps, 1):
            yield role, number, spec


def _check_mentions(case: _Case) -> None:
    for step in case.runbook.read.runbook.steps:
        for mention in step.drill_steps:
            _check_mention(case, mention)
        for probe in step.probes:
            names = {spec.name for on_file in case.drills.values() for spec in on_file.drill.probes}
            if case.drills and probe.probe not in names:
                message = f'no drill of this runbook has a probe "{probe.probe}"'
                case.add("R122", message, probe.place, choices(probe.probe, names))


def _check_mention(case: _Case, mention: DrillStepMention) -> None:
    names = case.runbook.read.runbook.drill_names()
    if mention.drill is not None and mention.drill not in names:
        message = f'this runbook is not for a drill "{mention.drill}"'
        case.add("R121", message, mention.place, choices(mention.drill, names))
        return
    for name, on_file in case.drills.items():
        if mention.drill not in {None, name} or mention.number <= _count(on_file.drill, mention):
            continue
        message = f"{name} has {_how_many(on_file.drill, mention)}: there is no {mention.role} {mention.number}"
        has_it = [other for other, one in case.drills.items() if mention.number <= _count(one.drill, mention)]
        advice = f"write {has_it[0]} {mention.role} {mention.number}, if only that is meant" if has_it else None
        case.add("R121", message, mention.place, advice if mention.drill is None else None)


def _count(drill: Drill, mention: DrillStepMention) -> int:
    counts = {"failover": len(drill.failover), "failback": len(drill.failback), "revert": len(drill.faults)}
    return counts[mention.role]


def _how_many(drill: Drill, mention: DrillStepMention) -> str:
    count, what = _count(drill, mention), "fault" if mention.role == "revert" else f"{mention.role} step"
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _check_every_step_is_drilled(case: _Case) -> None:
    steps = case.runbook.read.runbook.steps
    for step in steps:
        if not step.is_drilled and step.not_drilled is None:
            advice = "write <!-- step: … --> or <!-- probe: … --> at its end, or <!-- not drilled: the reason -->"
            case.add("R123", f"no drill exercises {_step_name(step)}", step.place, advice)
    if not steps:
        advice = "number what is to be done, in order: 1. …"
        case.add("R131", "this runbook has no numbered steps", case.runbook.read.runbook.drills[0].place, advice)


def _check_review(case: _Case) -> None:
    runbook = case.runbook.read.runbook
    advice = "walk through it with the people who would use it, then write the day under reviewed"
    if runbook.reviewed is None:
        case.add("R124", "this runbook was never reviewed", runbook.reviewed_place, advice)
    elif runbook.reviewed - case.today > _DAY_AHEAD:
        message = f"the review of {runbook.reviewed} lies in the future: today is {case.today}"
        case.add("R125", message, runbook.reviewed_place, "write the day on which it was reviewed")
    elif case.today - runbook.reviewed > timedelta(days=runbook.review_every_days):
        days = (case.today - runbook.reviewed).days
        message = f"this runbook was reviewed {days} days ago; it should be every {runbook.review_every_days} days"
        case.add("R124", message, runbook.reviewed_place, advice)


def _check_contacts(case: _Case) -> None:
    runbook = case.runbook.read.runbook
    if not runbook.contacts:
        advice = 'write contacts: [{role: incident commander, how: "#incident"}]'
        case.add("R126", "this runbook does not say who is to be told or asked", runbook.contacts_place, advice)


def _check_links(case: _Case) -> None:
    for link in case.runbook.read.runbook.links:
        if not link.found:
            advice = "links are taken from the runbook's folder"
            case.add("R127", f'there is no file "{link.target}"', link.place, advice)


def _shown(spec: StepSpec) -> str:
    return f'manual: "{spec.text}"' if spec.text else spec.kind


def _step_name(step: RunbookStep) -> str:
    return f'step {step.number} of "{step.section}"' if step.section else f"step {step.number}"


_CHECKS: Sequence[Callable[[_Case], None]] = (
    _check_names,
    _check_who_names_it,
    _check_every_drill_step_is_there,
    _check_mentions,
    _check_every_step_is_drilled,
    _check_review,
    _check_contacts,
    _check_links,
)
