"""`drill step` as somebody in another shell uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drillrunner.cli.step import step
from drillrunner.errors import DrillError, InvalidInput, Refused
from drillrunner.files.run_folder import RunFolder
from served_pages import held
from served_runs import GOING_ON, going_on, write_journal
from walked_runbook import walked_run


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILLRUNNER_STATE", str(tmp_path / "state"))


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A run 50 s after it began; its step 1.2 has been begun."""
    folder = going_on(tmp_path / "reports", 50.0)
    write_journal(folder, walked_run(tmp_path, (40.0, "1.2", "begun"), until=50.0))
    return tmp_path / "reports"


def drill_step(reports: Path, *words: str) -> Result:
    return CliRunner().invoke(step, [*words, "--reports", str(reports)])


def refusal(reports: Path, *words: str) -> DrillError:
    error = drill_step(reports, *words).exception
    assert isinstance(error, DrillError)
    return error


def test_without_a_step_all_are_listed_with_how_far_they_are(reports: Path) -> None:
    with held(RunFolder(reports / GOING_ON)):
        lines = drill_step(reports).output.splitlines()
    assert lines[0] == "runbooks/regional-outage.md, as run 20261120-140000-000001 walked through it"
    assert lines[1].split() == ["Step", "Expected", "Taken", "Late", "by", "State", "By", "What"]
    assert lines[3].split() == ["1.2", "20s", "begun", "ana", "Watch", "the", "health", "check."]
    assert lines[4].split()[:5] == ["1.3", "10s", "the", "drill", "does"]


def test_a_step_is_named_as_the_list_names_it(reports: Path) -> None:
    several = refusal(reports, "last", "1", "done")
    assert isinstance(several, InvalidInput)
    assert str(several) == "runbooks/regional-outage.md: several lists have a step 1\n  write 1.1 or 2.1"
    unknown = refusal(reports, "last", "7.7", "done")
    assert str(unknown).endswith('there is no step "7.7"\n  one of 1.1, 1.2, 1.3, 1.4, 2.1, 2.2')


def test_the_drill_s_own_steps_are_the_drill_s_to_tell(reports: Path) -> None:
    assert "is done by the drill itself, which records it" in str(refusal(reports, "last", "1.3", "done"))


def test_a_run_that_has_ended_takes_no_more(reports: Path) -> None:
    assert isinstance(refusal(reports, "last", "1.2", "done"), Refused)


def test_what_is_so_already_is_said_and_asked_of_nobody(reports: Path) -> None:
    folder = RunFolder(reports / GOING_ON)
    with held(folder):
        result = drill_step(reports, "last", "1.2", "begun")
    assert (result.exit_code, result.output) == (0, "step 1.2 is begun already: Watch the health check.\n")
    assert not folder.step_requests.exists()


def test_a_run_without_a_runbook_says_so(tmp_path: Path) -> None:
    going_on(tmp_path / "reports", 50.0)
    assert "walks through no runbook" in str(refusal(tmp_path / "reports", "last"))


def test_a_step_without_what_it_is_or_with_another_word_is_refused(reports: Path) -> None:
    assert "begun or done" in drill_step(reports, "last", "1.2").output
    assert drill_step(reports, "last", "1.2", "finished").exit_code == 2


def test_the_list_can_be_left_out_where_no_other_has_that_number(reports: Path) -> None:
    assert "step 3 is done by the drill itself" in str(refusal(reports, "last", "3", "done"))
