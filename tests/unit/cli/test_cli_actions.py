"""`drill actions` as a user types it, beside the sample run."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drillrunner.cli import cli
from drillrunner.cli.actions_close import replaced
from drillrunner.cli.actions_draft import due_on
from drillrunner.cli.aftermath import judge_folder
from drillrunner.cli.retests import closing_lines, shown_for
from drillrunner.errors import InvalidInput, Refused, RunNotFound
from drillrunner.evidence.record import RECORD, read_record
from drillrunner.files.actions_file import ACTIONS, read_actions, write_actions
from drillrunner.files.approval_file import write_approval
from drillrunner.files.run_folder import RunFolder, read_plan
from drillrunner.model.action import Action
from drillrunner.model.approval import Approval
from evidence_shelves import RUN_ID, sample_run


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return sample_run(tmp_path / "reports")


@pytest.fixture
def reports(run: RunFolder) -> Path:
    return run.path.parent


def drill(reports: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["actions", *words, "--reports", str(reports)])


def told(reports: Path, *words: str) -> str:
    result = drill(reports, *words)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def opened_before(reports: Path, **changes: object) -> Action:
    """One action that was there before the sample run began, which met all objectives."""
    fields = {"id": "A-7", "title": "Lower the TTL", "owner": "api", "due": date(2026, 12, 24)}
    fields |= {"opened": date(2026, 10, 1), "retest": "regional-outage", "objective": "rto checkout"}
    action = Action.model_validate({**fields, **changes})
    write_actions(reports / ACTIONS, [action])
    return action


def test_a_finding_becomes_an_action_with_its_words_and_where_it_is_from(reports: Path) -> None:
    words = ("--owner", "api", "--due", "30d", "--from", "last", "--finding", "1", "--retest", "regional-outage")
    assert told(reports, "add", *words, "--objective", "rto checkout").startswith("A-1  detection took")
    (action,) = read_actions(reports / ACTIONS)
    assert (action.source, action.finding, action.drill) == (RUN_ID, "F104", "regional-outage")
    assert action.opened_at is not None
    assert told(reports, "list").splitlines()[2].endswith(f"retest: regional-outage, rto checkout · from {RUN_ID} F104")


def test_an_action_can_come_from_an_exercise(reports: Path) -> None:
    exercise = reports / "20261121-100000-tabletop-regional-outage-abcdef"
    exercise.mkdir()
    (exercise / "exercise.yaml").write_text("drill: regional-outage\n")
    told(reports, "add", "--title", "t", "--owner", "o", "--due", "1d", "--from", exercise.name)
    assert read_actions(reports / ACTIONS)[0].source == exercise.name


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--due", "1d"), "the action has no title"),
        (("--due", "soon", "--title", "t"), '--due cannot read "soon"'),
        (("--due", "2020-01-01", "--title", "t"), "--due names 2020-01-01, which is over"),
        (("--due", "1d", "--finding", "1"), "--finding needs the run that found it"),
        (("--due", "1d", "--finding", "9", "--from", "last"), 'has no finding "9"'),
        (("--due", "1d", "--title", "t", "--retest", "regional-outag"), 'there is no drill "regional-outag"'),
        (("--due", "1d", "--title", "t", "--objective", "rto"), "--objective needs the drill that retests it"),
        (("--due", "1d", "--title", "t", "--retest", "regional-outage", "--objective", "rto x"), "has no objective"),
        (("--due", "1d", "--title", "t", "--retest", "regional-outage", "--environment", "prd"), "environment"),
    ],
)
def test_what_cannot_be_an_action_is_refused(reports: Path, words: tuple[str, ...], what: str) -> None:
    with pytest.raises(InvalidInput, match=what):
        told(reports, "add", "--owner", "api", *words)
    assert not (reports / ACTIONS).exists()


def test_a_run_that_is_not_there_is_told(reports: Path) -> None:
    with pytest.raises(RunNotFound):
        told(reports, "add", "--title", "t", "--owner", "o", "--due", "1d", "--from", "20200101")


def test_the_day_is_a_date_or_so_many_days_from_today() -> None:
    today = date(2026, 11, 21)
    assert [due_on(text, today) for text in ("2026-11-21", "30d", "6w")] == [
        today,
        date(2026, 12, 21),
        date(2027, 1, 2),
    ]
    for wrong in ("0d", "3m", "99999d", "tomorrow", "2026-13-01"):
        with pytest.raises(InvalidInput):
            due_on(wrong, today)


def test_overdue_ends_with_1_and_says_by_how_many_days(reports: Path) -> None:
    opened_before(reports)
    assert drill(reports, "overdue", "--today", "2026-12-24").exit_code == 0
    late = drill(reports, "overdue", "--today", "2026-12-25")
    assert (late.exit_code, "OVERDUE BY 1 DAY " in late.stdout) == (1, True)
    document = json.loads(drill(reports, "overdue", "--today", "2026-12-31", "--format", "json").stdout)
    assert [(one["id"], one["overdue_days"]) for one in document["actions"]] == [("A-7", 7)]


def test_a_run_in_which_the_objective_was_met_closes_it(reports: Path) -> None:
    opened_before(reports)
    assert told(reports, "close", "A-7", "--run", "last") == f"A-7  done: {RUN_ID}\n"
    (action,) = read_actions(reports / ACTIONS)
    assert (action.status, action.closed) == ("done", datetime.now(UTC).date())
    assert told(reports, "list") == "no open action\n"
    assert f"closed by: {RUN_ID}" in told(reports, "list", "--all")
    with pytest.raises(Refused, match="A-7 is done since"):
        told(reports, "close", "A-7", "--run", "last")


def test_a_run_that_does_not_retest_it_is_refused_with_what_was_measured(reports: Path) -> None:
    opened_before(reports, source=RUN_ID)
    with pytest.raises(Refused, match="the action comes from this run") as refused:
        told(reports, "close", "A-7", "--run", "last")
    assert "measured: RTO of checkout 48.7s–50.1s, target ≤ 3m ✓" in str(refused.value)
    assert read_actions(reports / ACTIONS)[0].status == "open"


def test_a_verdict_that_was_edited_closes_nothing(run: RunFolder, reports: Path) -> None:
    opened_before(reports, objective="rpo nothing")
    kept = json.loads(run.verdict.read_text())
    kept["objectives"].append({**kept["objectives"][0], "name": "rpo", "probe": "nothing"})
    run.verdict.write_text(json.dumps(kept))
    with pytest.raises(Refused, match="it has no objective rpo nothing"):
        told(reports, "close", "A-7", "--run", "last")


def test_words_close_only_what_no_drill_retests(reports: Path) -> None:
    opened_before(reports)
    with pytest.raises(Refused, match="words do not close it"):
        told(reports, "close", "A-7", "--because", "mended")
    assert told(reports, "close", "A-7", "--drop", "--because", "the record  is gone") == (
        "A-7  dropped: the record is gone\n"
    )
    opened_before(reports, retest=None, objective=None)
    with pytest.raises(Refused, match="names no drill that retests it"):
        told(reports, "close", "A-7", "--run", "last")
    assert told(reports, "close", "A-7", "--because", "mended") == "A-7  done: mended\n"


@pytest.mark.parametrize("words", [(), ("--run", "last", "--because", "x"), ("--drop",), ("--drop", "--run", "last")])
def test_how_it_is_closed_must_be_clear(reports: Path, words: tuple[str, ...]) -> None:
    opened_before(reports)
    with pytest.raises(InvalidInput):
        told(reports, "close", "A-7", *words)


def test_an_action_that_is_not_there_is_told_with_the_nearest(reports: Path) -> None:
    opened_before(reports)
    with pytest.raises(InvalidInput) as refused:
        told(reports, "close", "A-70", "--because", "x")
    assert refused.value.advice == 'did you mean "A-7"?'


def test_an_action_that_somebody_else_changed_meanwhile_is_left_alone(reports: Path) -> None:
    before = opened_before(reports)
    changed = before.model_copy(update={"owner": "dba"})
    with pytest.raises(Refused, match="was changed by somebody else"):
        replaced([changed], before, before.model_copy(update={"status": "done"}))


def test_after_a_run_the_actions_that_it_retests_are_named_with_the_command(run: RunFolder, reports: Path) -> None:
    verdict = judge_folder(run, write=False)
    assert list(closing_lines(run, verdict)) == []
    opened_before(reports)
    (line,) = closing_lines(run, verdict)
    command = f"drill actions close A-7 --run {RUN_ID} --reports {reports}"
    assert line == f"action met: A-7 Lower the TTL; close it with: {command}"
    opened_before(reports, finding="F104")
    assert "Lower the TTL, though F104 was found again; close it with" in next(closing_lines(run, verdict))
    opened_before(reports, objective="latency checkout")
    (line,) = closing_lines(run, verdict)
    assert line == "action stays open: A-7 Lower the TTL; it has no objective latency checkout"
    (reports / ACTIONS).write_text("actions: [")
    assert "cannot be read" in next(closing_lines(run, verdict))


def test_a_report_shows_them_as_of_the_day_and_is_written_though_the_file_is_broken(
    run: RunFolder, reports: Path
) -> None:
    opened_before(reports)
    verdict = judge_folder(run, write=True)
    assert "met by this run: it can be closed" in (run.path / "report.html").read_text(encoding="utf-8")
    assert [one.late for one in shown_for(run, verdict, date(2027, 1, 1)).rows] == ["overdue by 8 days"]
    (reports / ACTIONS).write_text("actions:\n- {id: A-1}\n")
    judge_folder(run, write=True)
    assert "actions.yaml could not be read" in (run.path / "report.md").read_text(encoding="utf-8")


def test_a_record_holds_the_actions_and_the_approvals_of_its_run(run: RunFolder, reports: Path) -> None:
    opened_before(reports)
    plan = read_plan(run)
    at = datetime(2026, 11, 21, 8, tzinfo=UTC)
    for plan_hash in (plan.hash, "0" * 64):
        approval = Approval(plan_hash=plan_hash, what="drill regional-outage", approver="grace", at=at, words="go")
        write_approval(reports, approval)
    after = {"approver": "api", "at": datetime(2099, 1, 1, tzinfo=UTC), "words": "well done", "plan_hash": plan.hash}
    write_approval(reports, approval.model_copy(update=after))
    words = ["evidence", "build", "last", "--reports", str(reports)]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    told(reports, "close", "A-7", "--run", "last")
    record = read_record(reports / "evidence" / f"0001-{RUN_ID}" / RECORD)
    assert [one.approver for one in record.approvals] == ["grace", "api"]
    assert [(one.id, one.status) for one in record.corrective_actions] == [("A-7", "open")]
    assert CliRunner().invoke(cli, ["evidence", "verify", "--reports", str(reports)]).exit_code == 0
    page = reports / "register.html"
    CliRunner().invoke(cli, ["evidence", "register", "--reports", str(reports), "--html", str(page)])
    html = page.read_text(encoding="utf-8")
    assert "Lower the TTL — api, due 2026-12-24; retest: regional-outage, rto checkout" in html
    assert "grace, approved drill regional-outage" in html
    assert "api, approved drill regional-outage" in html
    assert "2099-01-01 00:00Z, after it had begun well done (not signed; not verified here)" in html
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    CliRunner().invoke(cli, ["evidence", "register", "--reports", str(reports), "--html", str(page)])
    assert "Lower the TTL — api" not in page.read_text(encoding="utf-8")


def test_a_finding_that_an_action_closed_is_not_open_in_the_register(reports: Path) -> None:
    opened_before(
        reports,
        source=RUN_ID,
        finding="F104",
        status="done",
        closed=date(2026, 12, 1),
        closed_by="20261130-120000-abcdef",
    )
    CliRunner().invoke(cli, ["evidence", "build", "last", "--reports", str(reports)], catch_exceptions=False)
    page = reports / "register.html"
    CliRunner().invoke(cli, ["evidence", "register", "--reports", str(reports), "--html", str(page)])
    assert "<dt>F104" not in page.read_text(encoding="utf-8")


def test_a_broken_actions_file_is_shown_with_its_place_and_no_record_is_made(reports: Path) -> None:
    (reports / ACTIONS).write_text("actions:\n- {id: A-1}\n")
    with pytest.raises(InvalidInput) as refused:
        told(reports, "list")
    assert {problem.code for problem in refused.value.problems} == {"A101"}
    built = CliRunner().invoke(cli, ["evidence", "build", "last", "--reports", str(reports)])
    assert isinstance(built.exception, InvalidInput)
    assert not (reports / "evidence").exists()
