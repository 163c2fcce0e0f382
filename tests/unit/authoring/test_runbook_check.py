"""Runbooks held against drills, without a file: what is found depends on the drills, the runbook and the day alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from drillrunner.authoring.runbook_check import DrillOnFile, RunbookOnFile, check_runbooks
from drillrunner.errors import Problem
from drillrunner.files.runbook.file import RunbookFile
from drillrunner.model.drill import Drill, FaultSpec, Objective, ProbeSpec, StepSpec
from drillrunner.model.runbook import Contact, DrillStepMention, Named, Place, ProbeMention, Runbook, RunbookStep

BOOK = Path("/runbooks/outage.md")
REVIEWED = date(2026, 11, 20)
HERE = Place()


def drill_of(name: str, *, runbook: Path | None = BOOK, failover: tuple[StepSpec, ...] = ()) -> DrillOnFile:
    drill = Drill(
        name=name,
        title="checkout stops",
        owner="team-checkout",
        environment="lab",
        objectives=(Objective(name="rto", target=60.0, probe="users"),),
        probes=(ProbeSpec(name="users", kind="http.get", params={}, every_seconds=1.0, timeout_seconds=1.0),),
        faults=(FaultSpec(kind="lambda.throttle", params={}),),
        failover=failover,
    )
    return DrillOnFile(drill, f"drills/{name}.yaml", runbook)


def mention(number: int, drill: str | None = None) -> DrillStepMention:
    return DrillStepMention(role="failover", number=number, drill=drill, place=HERE)


def step_of(number: int, *mentions: DrillStepMention, probe: str | None = None) -> RunbookStep:
    probes = (ProbeMention(probe=probe, place=HERE),) if probe else ()
    return RunbookStep(section="By hand", number=number, text="…", drill_steps=mentions, probes=probes, place=HERE)


def book_of(*steps: RunbookStep, drills: tuple[str, ...] = ("outage",)) -> Runbook:
    return Runbook(
        drills=tuple(Named(drill=name, place=HERE) for name in drills),
        owner="team-checkout",
        reviewed=REVIEWED,
        reviewed_place=HERE,
        contacts=(Contact(role="incident commander", how="#incident"),),
        contacts_place=HERE,
        steps=steps,
    )


def found(book: Runbook, *drills: DrillOnFile, today: date = REVIEWED) -> list[Problem]:
    on_file = RunbookOnFile(RunbookFile(book, "runbooks/outage.md", ("---",)), BOOK)
    return list(check_runbooks(drills, [on_file], today))


def messages(book: Runbook, *drills: DrillOnFile) -> list[str]:
    return [problem.message for problem in found(book, *drills)]


PROMOTE = StepSpec(kind="postgres.promote")
ASK = StepSpec(kind="manual", text="raise the limits")


def test_nothing_is_found_where_both_say_the_same() -> None:
    book = book_of(step_of(1, mention(1)), step_of(2, mention(2), probe="users"))
    assert found(book, drill_of("outage", failover=(PROMOTE, ASK))) == []


def test_a_manual_step_that_the_page_does_not_tell_is_shown_with_its_text() -> None:
    assert messages(book_of(step_of(1, mention(1))), drill_of("outage", failover=(PROMOTE, ASK))) == [
        'no step of this runbook is failover 2 of outage, manual: "raise the limits"'
    ]


def test_a_mention_without_a_drill_is_meant_for_each_of_the_runbook_s_drills() -> None:
    both = ("outage", "second")
    drills = (drill_of("outage", failover=(PROMOTE,)), drill_of("second"))
    assert messages(book_of(step_of(1, mention(1)), drills=both), *drills) == [
        "second has no failover steps: there is no failover 1"
    ]
    assert messages(book_of(step_of(1, mention(1, "outage")), drills=both), *drills) == []


def test_a_drill_that_names_another_page_is_not_held_against_this_one() -> None:
    other = drill_of("outage", runbook=Path("/runbooks/other.md"), failover=(PROMOTE,))
    assert [problem.code for problem in found(book_of(step_of(1, probe="users")), other)] == ["R129"]


def test_without_any_drill_probes_are_not_looked_for() -> None:
    assert [problem.code for problem in found(book_of(step_of(1, probe="users")))] == ["R128"]


def test_a_review_is_due_when_the_days_are_over_and_not_on_the_last_of_them() -> None:
    book, drill = book_of(step_of(1, probe="users")), drill_of("outage")
    assert found(book, drill, today=date(2027, 5, 19)) == []
    assert [problem.code for problem in found(book, drill, today=date(2027, 5, 20))] == ["R124"]


def test_a_review_lies_in_the_future_when_it_is_that_day_nowhere() -> None:
    book, drill = book_of(step_of(1, probe="users")), drill_of("outage")
    assert found(book, drill, today=date(2026, 11, 19)) == []
    assert [problem.code for problem in found(book, drill, today=date(2026, 11, 18))] == ["R125"]


def test_findings_come_by_runbook_and_in_the_order_of_its_lines() -> None:
    late = book_of(step_of(1).model_copy(update={"place": Place(line=9)}), step_of(2, mention(7)))
    assert [(one.line, one.code) for one in found(late, drill_of("outage"))] == [(1, "R121"), (9, "R123")]
