"""The live picture as pieces of a page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from drillrunner.model.noun import JsonValue
from drillrunner.model.plan import Plan
from drillrunner.reporting.picture import Onlooker
from drillrunner.web.live_parts import PARTS, Moment, live_parts
from fabricated_run import BEGAN_AT, EPOCH, Scribe, fabricated_plan, fabricated_run
from outside_strings import FORBIDDEN_CHARACTERS, MARKUP, batches
from walked_runbook import walked_run

OF_A_RUNBOOK = ("step", "steps")


def moment_at(seconds: float, plan: Plan | None = None) -> Moment:
    own, entries, readings = fabricated_run()
    onlooker = Onlooker(plan or own)
    for entry in entries:
        if entry.at <= BEGAN_AT + seconds:
            onlooker.entry(entry)
    for reading in readings:
        if reading.answered <= BEGAN_AT + seconds:
            onlooker.reading(reading)
    return Moment(onlooker.picture(BEGAN_AT + seconds), plan or own, 1.0, EPOCH, alive=True, asked=False)


def test_every_part_is_drawn_at_every_moment_of_a_run() -> None:
    for seconds in (0.0, 20.0, 60.0, 90.0, 140.0, 193.0, 210.5):
        parts = live_parts(moment_at(seconds))
        assert tuple(parts) == PARTS
        assert all(text for name, text in parts.items() if name not in OF_A_RUNBOOK), seconds
        assert [parts[name] for name in OF_A_RUNBOOK] == ["", ""]


def test_the_clocks_phases_and_faults_are_those_of_the_terminal() -> None:
    parts = live_parts(moment_at(100.0))
    assert "01:07 <small>of 03:00</small>" in parts["clocks"]
    assert 'aria-current="step"><span aria-hidden="true">▶</span> recover' in parts["phases"]
    assert "INJECTED (2)" in parts["injected"]
    assert "3 changes to put back (23 s or more)" in parts["injected"]
    assert "stop_if ok · no freeze ahead · lock held" in parts["guards"]
    assert 'class="f-red"' in parts["rows"]


def test_a_person_who_is_waited_for_is_named_with_since_when() -> None:
    guards = live_parts(moment_at(90.0))["guards"]
    assert "Waiting for a person since 14:01:24 (5s)" in guards


def test_a_run_whose_process_is_gone_says_so_and_what_mends_it() -> None:
    parts = live_parts(replace(moment_at(100.0), alive=False))
    assert "no process here holds it" in parts["state"]
    assert "drill revert 7f3a" in parts["injected"]
    assert "lock LOST" in parts["guards"]


def test_a_run_that_was_asked_to_stop_says_so() -> None:
    assert "asked to stop" in live_parts(replace(moment_at(100.0), asked=True))["state"]
    assert "ended: completed" in live_parts(moment_at(210.5))["state"]


@pytest.mark.parametrize("nasty", [*MARKUP, *batches()])
def test_what_comes_from_outside_is_shown_and_never_obeyed(nasty: str) -> None:
    plan = fabricated_plan()
    drill = plan.drill.model_copy(update={"name": nasty})
    onlooker, scribe = Onlooker(plan.model_copy(update={"drill": drill})), Scribe()
    scribe.write(0.0, "run.began", run_id=nasty)
    scribe.write(1.0, "undo.recorded", change_id="c", role="fault", kind=nasty, change={"target": nasty})
    scribe.write(2.0, "call.intent", call_id="k", change_id="c", role="apply", call={})
    scribe.write(3.0, "phase.began", phase=nasty)
    scribe.write(4.0, "step.began", section="failover", index=0, kind="manual", text=nasty)
    scribe.write(5.0, "stop.tripped", condition=nasty, why=nasty)
    for entry in scribe.entries:
        onlooker.entry(entry)
    for reading in fabricated_run()[2][:50]:
        onlooker.reading(replace(reading, probe=nasty, why=nasty, region=nasty, ok=False))
    moment = Moment(onlooker.picture(BEGAN_AT + 20.0), plan, 1.0, EPOCH, alive=False, asked=False)
    text = "".join(live_parts(moment).values())
    for tag in ("<script", "<img", "<iframe", "<base", "<meta", "<form", "<style", "<math", "<!--", "<a "):
        assert tag not in text
    assert not FORBIDDEN_CHARACTERS & set(text)
    assert "49" not in text if nasty == "{{ 7*7 }}" else True


def test_the_runbook_s_steps_are_drawn_with_a_button_for_each_that_is_people_s(tmp_path: Path) -> None:
    plan, onlooker = fabricated_plan(), Onlooker(fabricated_plan())
    for entry in walked_run(tmp_path, (40.0, "1.2", "begun"), until=70.0):
        onlooker.entry(entry)
    moment = Moment(onlooker.picture(BEGAN_AT + 70.0), plan, 1.0, EPOCH, alive=True, asked=False)
    parts = live_parts(moment)
    assert re.findall(r'value="([\d.]+ \w+)"', parts["steps"]) == ["1.1 begun", "1.2 done", "1.4 begun", "2.2 begun"]
    assert "<strong>1.3</strong> begun" in parts["step"]  # the drill is at it since 61 s, and began it last
    assert live_parts(replace(moment, picture=onlooker.picture(BEGAN_AT + 71.0)))["steps"] == parts["steps"]


@pytest.mark.parametrize("nasty", [*MARKUP, *batches()])
def test_a_step_from_outside_is_shown_and_never_obeyed(nasty: str) -> None:
    plan, onlooker, scribe = fabricated_plan(), Onlooker(fabricated_plan()), Scribe()
    steps: list[JsonValue] = [{"id": nasty, "section": nasty, "text": nasty, "who": nasty}]
    onlooker.entry(scribe.write(0.0, "runbook.read", file=nasty, steps=steps))
    onlooker.entry(scribe.write(1.0, "runbook.step", step=nasty, state="begun", by=nasty, via="page"))
    parts = live_parts(Moment(onlooker.picture(BEGAN_AT + 2.0), plan, 1.0, EPOCH, alive=True, asked=False))
    drawn = parts["step"] + parts["steps"]
    for tag in ("<script", "<img", "<iframe", "<base", "<meta", "<form", "<style", "<math", "<!--", "<a "):
        assert tag not in drawn
    assert " begun" in parts["step"]
    assert len(re.findall("<button ", drawn)) == 1
    assert not FORBIDDEN_CHARACTERS & set(drawn)
