"""How far a runbook's steps have come, as a journal tells it."""

from __future__ import annotations

from pathlib import Path

from drillrunner.files.runbook.file import read_runbook
from drillrunner.model.journal import Entry
from drillrunner.model.runbook_walk import StepRequest, StepState, Walk, listed, walked
from fabricated_run import BEGAN_AT, Scribe, fabricated_plan
from walked_runbook import TEXT, runbook_entry, said, walked_run


def states(entries: list[Entry]) -> dict[str, StepState]:
    return {one.step.id: one for one in walked(entries).states}


def begun_and_done(state: StepState) -> tuple[float | None, float | None]:
    """Seconds after the run began."""
    ends = [None if moment is None else round(moment - BEGAN_AT, 1) for moment in (state.began, state.done)]
    return ends[0], ends[1]


def test_steps_are_numbered_by_list_and_shortened_to_their_first_sentence(tmp_path: Path) -> None:
    steps = walked([runbook_entry(Scribe(), tmp_path)]).states
    assert [one.step.id for one in steps] == ["1.1", "1.2", "1.3", "1.4", "2.1", "2.2"]
    assert steps[0].step.text == "Tell `support` by phone."
    assert [one.step.by_drill for one in steps] == [False, False, True, False, True, False]
    assert steps[5].step.text == "Go home."
    assert [one.step.drilled for one in steps] == [False, True, True, True, True, False]
    assert steps[1].step.expect_seconds == 20.0


def test_the_steps_of_a_single_list_have_plain_numbers(tmp_path: Path) -> None:
    steps = walked([runbook_entry(Scribe(), tmp_path, TEXT.partition("## Put back")[0])]).states
    assert [one.step.id for one in steps] == ["1", "2", "3", "4"]


def test_a_mention_of_another_drill_is_nobody_s_but_people_s_here(tmp_path: Path) -> None:
    text = TEXT.replace("drill: regional-outage\n", "drill: [regional-outage, other]\n")
    text = text.replace("step: failover 1", "step: other failover 1").replace("revert 1", "revert 9")
    file = tmp_path / "both.md"
    file.write_text(text, encoding="utf-8")
    steps = listed(read_runbook(file), fabricated_plan().drill)
    assert not any(step.by_drill for step in steps)


def test_what_the_drill_does_is_begun_and_done_by_its_own_entries(tmp_path: Path) -> None:
    found = states(walked_run(tmp_path))
    began, done = begun_and_done(found["1.3"])
    assert began == 61.1
    assert done is not None
    assert 80 < done < 85
    assert found["1.3"].by == "the drill"
    assert found["1.3"].late_seconds is not None
    assert found["2.1"].done is not None
    assert begun_and_done(found["2.1"])[0] is not None


def test_a_fault_s_undo_is_open_while_a_change_of_it_is_not_back(tmp_path: Path) -> None:
    scribe = Scribe()
    runbook_entry(scribe, tmp_path)
    for name in ("a", "b"):
        scribe.write(1.0, "undo.recorded", change_id=name, group="fault-0", role="fault", kind="x", change={})
        scribe.write(2.0, "call.intent", call_id=f"k{name}", change_id=name, role="apply", call={})
    scribe.write(9.0, "call.intent", call_id="k3", change_id="b", role="revert", call={})
    scribe.write(10.0, "change.reverted", change_id="b", ok=True)
    assert states(scribe.entries)["2.1"].is_open
    scribe.write(11.0, "change.reverted", change_id="a", ok=False, left="it does not answer")
    assert states(scribe.entries)["2.1"].is_open
    scribe.write(12.0, "change.reverted", change_id="a", ok=True)
    assert begun_and_done(states(scribe.entries)["2.1"]) == (9.0, 12.0)


def test_a_step_of_the_drill_that_fails_is_said_as_such(tmp_path: Path) -> None:
    scribe = Scribe()
    runbook_entry(scribe, tmp_path)
    scribe.write(1.0, "step.began", section="failover", index=0, kind="x", by="automation", text=None)
    scribe.write(2.0, "step.done", section="failover", index=0, kind="x", by="automation", ok=False, error="no")
    found = states(scribe.entries)["1.3"]
    assert found.failed
    assert not found.is_open


def test_people_begin_and_end_the_others(tmp_path: Path) -> None:
    found = states(walked_run(tmp_path, (40.0, "1.2", "begun"), (70.0, "1.2", "done")))["1.2"]
    assert found.took_seconds is not None
    assert round(found.took_seconds, 3) == 30.0
    assert round(found.late_seconds or 0, 3) == 10.0
    assert found.by == "ana"


def test_what_was_not_done_after_all_goes_on_from_its_first_beginning(tmp_path: Path) -> None:
    told = ((40.0, "1.2", "begun"), (50.0, "1.2", "done"), (51.0, "1.2", "begun"), (60.0, "1.2", "done"))
    assert begun_and_done(states(walked_run(tmp_path, *told))["1.2"]) == (40.0, 60.0)
    assert states(walked_run(tmp_path, *told[:3]))["1.2"].is_open


def test_a_step_that_nobody_began_can_be_done_and_took_nobody_knows_how_long(tmp_path: Path) -> None:
    found = states(walked_run(tmp_path, (50.0, "1.1", "done")))["1.1"]
    assert begun_and_done(found) == (None, 50.0)
    assert found.took_seconds is None


def test_the_step_at_hand_is_the_last_that_was_begun_or_else_the_next_one(tmp_path: Path) -> None:
    scribe, walk = Scribe(), Walk()

    def now() -> str:
        for entry in scribe.entries:
            walk.note(entry)
        scribe.entries[:] = scribe.entries[-1:]
        current = walk.current()
        return "" if current is None else current.step.id

    runbook_entry(scribe, tmp_path)
    assert now() == "1.1"
    scribe.entries.clear()
    for at, step, state, expected in [
        (1.0, "1.2", "begun", "1.2"),
        (2.0, "1.4", "begun", "1.4"),
        (3.0, "1.4", "done", "1.2"),
        (4.0, "1.2", "done", "2.1"),
        (5.0, "2.2", "done", ""),
    ]:
        walk.note(said(scribe, at, step, state))
        current = walk.current()
        assert ("" if current is None else current.step.id) == expected


def test_only_what_is_new_and_people_s_is_recorded(tmp_path: Path) -> None:
    walk = walked(walked_run(tmp_path, (40.0, "1.2", "begun"), until=50.0))

    def changes(step: str, state: str) -> bool:
        return walk.changes(StepRequest.model_validate({"id": step, "state": state, "via": "page"}))

    assert not changes("1.2", "begun")
    assert changes("1.2", "done")
    assert changes("1.1", "begun")
    assert not changes("1.3", "done")  # the drill's
    assert not changes("9.9", "done")


def test_a_journal_without_a_runbook_tells_of_no_step() -> None:
    scribe = Scribe()
    said(scribe, 1.0, "1", "begun")
    scribe.write(2.0, "runbook.read", file="x.md", steps="rubbish")
    scribe.write(3.0, "runbook.read", file="x.md", steps=[{"what": 1}])
    assert walked(scribe.entries).states == ()
