"""Which runbook a run walks through, and how people are heard."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from drillrunner.cli.people import People, runbook_of
from drillrunner.clock import run_virtual
from drillrunner.errors import Refused
from drillrunner.files.step_requests import StepRequests, ask_step
from drillrunner.model.drill import Drill
from drillrunner.model.runbook_walk import StepRequest, StepWord
from fabricated_run import fabricated_plan
from walked_runbook import TEXT


def drill_naming(runbook: str | None) -> Drill:
    return fabricated_plan().drill.model_copy(update={"runbook": runbook})


@pytest.fixture
def drills(tmp_path: Path) -> Path:
    """A folder of drills beside one of runbooks."""
    (tmp_path / "drills").mkdir()
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "outage.md").write_text(TEXT, encoding="utf-8")
    return tmp_path / "drills"


def test_the_runbook_is_found_from_the_drill_s_folder_and_named_from_where_one_is(drills: Path) -> None:
    with contextlib.chdir(drills.parent):
        found = runbook_of(drill_naming("../runbooks/outage.md"), Path("drills/outage.yaml"))
    assert found is not None
    assert found.file == "runbooks/outage.md"
    assert len(found.steps) == 6


def test_one_that_cannot_be_read_is_said_and_the_run_goes_on_without(
    drills: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (drills.parent / "runbooks" / "outage.md").write_text("# Just a page\n\n1. Do it\n", encoding="utf-8")
    with contextlib.chdir(drills.parent):
        assert runbook_of(drill_naming("../runbooks/outage.md"), Path("drills/outage.yaml")) is None
    why = "the file does not begin with front matter (see: drill runbook check)"
    assert capsys.readouterr().err == f"warning: the steps of runbooks/outage.md are not recorded: {why}\n"


def test_a_drill_without_a_runbook_and_a_runbook_without_steps_are_walked_by_nobody(drills: Path) -> None:
    assert runbook_of(drill_naming(None), drills / "outage.yaml") is None
    (drills.parent / "runbooks" / "outage.md").write_text(TEXT.partition("## Fail")[0], encoding="utf-8")
    assert runbook_of(drill_naming("../runbooks/outage.md"), drills / "outage.yaml") is None


class Keyed:
    """A view in which d is the end of step 1."""

    has_keys = True

    def key(self, key: str) -> tuple[str, StepWord] | None:
        return ("1", "done") if key == "d" else None


def test_keys_and_requests_are_heard_together_and_once(tmp_path: Path) -> None:
    people = People(StepRequests(tmp_path / "steps.request"), askable=True)
    asked = StepRequest(id="2", state="begun", by="ana", via="page")
    people.press(Keyed(), "d")
    people.press(Keyed(), "x")
    ask_step(people.requests.path, asked)
    pressed, from_page = people.asked_steps()
    assert (pressed.id, pressed.state, pressed.via) == ("1", "done", "terminal")
    assert from_page == asked
    assert people.asked_steps() == ()


def test_where_nobody_can_be_asked_a_manual_step_is_refused(tmp_path: Path) -> None:
    people = People(StepRequests(tmp_path / "steps.request"), askable=False)

    async def ask() -> None:
        with pytest.raises(Refused, match="nobody can be asked"):
            await people.ask("Tell support")
        await people.listen()  # there is nothing to listen to

    run_virtual(ask)
