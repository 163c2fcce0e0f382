"""junit.xml: each objective a test case, and with them that the run ended, was put back and left a steady state.

An inconclusive objective is an `error`, not `skipped`: every CI system counts skipped cases as no reason to worry,
and a check that could not be made must not look like that. JUnit's `error` means just this: the test could not be
carried out. Jenkins, GitLab and GitHub's reporters show it red and apart from a `failure`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from drillrunner.model.plan import Plan
from drillrunner.model.verdict import ObjectiveVerdict, Verdict
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.story import Story
from drillrunner.reporting.wording import (
    anatomy_line,
    headline,
    measured,
    objective_title,
    revert_command,
    revert_words,
    still_injected,
    target,
)

Result = Literal["passed", "failure", "error"]
_RESULTS: dict[str, Result] = {"met": "passed", "missed": "failure", "inconclusive": "error"}


@dataclass(frozen=True, slots=True)
class Case:
    """One test case. `seconds` is what the case measured, where that is a time that passed in the run."""

    name: str
    result: Result
    message: str
    seconds: float = 0.0


def _objective(objective: ObjectiveVerdict, plan: Plan) -> Case:
    name = f"{objective_title(objective, plan)} of {objective.probe} {target(objective)}"
    advice = f"; to decide it: {objective.decide}" if objective.decide else ""
    message = f"{measured(objective)}: {objective.why}{advice}"
    took = objective.high if objective.name in ("rto", "detection") else None
    return Case(name, _RESULTS[objective.outcome], message, took or 0.0)


def _completed(verdict: Verdict) -> Case:
    completed = verdict.ended_by == "completed"
    return Case("the run was completed", "passed" if completed else "error", verdict.ended_by)


def _put_back(verdict: Verdict, story: Story) -> Case:
    left = still_injected(verdict) or tuple(f"{one.kind} {one.target}" for one in story.harmed)
    name, took = "everything was put back", verdict.revert.seconds if verdict.revert is not None else None
    if left:
        words = f"STILL INJECTED: {'; '.join(left)}; put it back with {revert_command(verdict.run_id)}"
        return Case(name, "failure", words, took or 0.0)
    return Case(name, "passed", revert_words(verdict), took or 0.0)


def _steady(moment: str, holds: bool | None) -> Case:
    result: Result = "error" if holds is None else "passed" if holds else "failure"
    return Case(f"the steady state {moment} held", result, "not checked" if holds is None else "it did not hold")


def _cases(plan: Plan, story: Story, verdict: Verdict) -> list[Case]:
    return [
        *(_objective(objective, plan) for objective in verdict.objectives),
        _completed(verdict),
        _put_back(verdict, story),
        _steady("before", verdict.steady_before),
        _steady("after", verdict.steady_after),
    ]


def _add(suite: ET.Element, case: Case, class_name: str) -> None:
    attributes = {"classname": class_name, "name": visible(case.name), "time": f"{case.seconds:.3f}"}
    node = ET.SubElement(suite, "testcase", attributes)
    if case.result != "passed":
        words = visible(case.message)
        ET.SubElement(node, case.result, {"message": words, "type": case.result}).text = words


def _properties(suite: ET.Element, verdict: Verdict) -> None:
    node = ET.SubElement(suite, "properties")
    values = {
        "run_id": verdict.run_id,
        "environment": verdict.environment,
        "plan_hash": verdict.plan_hash,
        "outcome": verdict.outcome,
        "ended_by": verdict.ended_by,
    }
    for name, value in values.items():
        ET.SubElement(node, "property", {"name": name, "value": visible(value)})


def render_junit(plan: Plan, story: Story, verdict: Verdict) -> str:
    """The whole document (one test suite), as Jenkins' and the Ant schema's readers take it."""
    cases = _cases(plan, story, verdict)
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.result == "failure" for case in cases)),
        "errors": str(sum(case.result == "error" for case in cases)),
        "skipped": "0",
        "time": f"{max((phase.ended or phase.began for phase in verdict.phases), default=0.0):.3f}",
    }
    root = ET.Element("testsuites", {"name": "drillrunner", **counts})
    name = visible(f"{verdict.drill} on {verdict.environment}")
    suite = ET.SubElement(root, "testsuite", {"name": name, "timestamp": visible(verdict.began_wall), **counts})
    _properties(suite, verdict)
    for case in cases:
        _add(suite, case, visible(f"drill.{verdict.drill}"))
    words = "\n".join(line for line in (str(headline(verdict)), verdict.why, anatomy_line(verdict)) if line)
    ET.SubElement(suite, "system-out").text = "\n".join(visible(line) for line in words.split("\n"))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
