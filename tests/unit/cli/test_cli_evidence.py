"""`drill evidence` as a user types it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drillrunner.cli import cli
from drillrunner.cli.evidence import retain_until, sign_off
from drillrunner.errors import InvalidInput, Refused
from drillrunner.evidence.record import RECORD, read_record
from drillrunner.files.journal_file import read_journal
from drillrunner.files.lock_file import EnvironmentLock
from drillrunner.files.run_folder import RunFolder, read_plan
from drillrunner.model.journal import line_of
from evidence_shelves import RUN_ID, rewrite, sample_run


def drill(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["evidence", *map(str, words)], catch_exceptions=True)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return sample_run(tmp_path / "reports")


@pytest.fixture
def reports(run: RunFolder) -> Path:
    return run.path.parent


def test_build_verify_and_register_from_first_to_last(reports: Path, tmp_path: Path) -> None:
    built = drill("build", "last", "--reports", reports, "--retain", "7y", "--sign-off", "A, audit, yes, all of it")
    assert built.exit_code == 0, built.output
    assert built.output.splitlines()[0] == str(reports / "evidence" / f"0001-{RUN_ID}")
    verified = drill("verify", "--reports", reports)
    assert verified.exit_code == 0
    assert verified.output.splitlines() == [f"0001-{RUN_ID}  sound · not signed", "1 record, sound; the chain holds"]
    listed = drill("register", "--reports", reports, "--html", tmp_path / "register.html")
    assert listed.output.splitlines()[0].startswith(f"0001-{RUN_ID}  2026-11-21 08:30Z  regional-outage  rehearsal")
    assert "yes, all of it" in (tmp_path / "register.html").read_text(encoding="utf-8")


def test_verify_takes_a_number_a_record_s_folder_or_a_folder_of_records(reports: Path) -> None:
    drill("build", "last", "--reports", reports)
    shelf = reports / "evidence"
    for words in (("1", "--reports", reports), (shelf / f"0001-{RUN_ID}",), (shelf,)):
        assert drill("verify", *words).exit_code == 0


def test_damage_ends_with_1_and_names_record_and_file(reports: Path) -> None:
    drill("build", "last", "--reports", reports)
    rewrite(reports / "evidence" / f"0001-{RUN_ID}" / "report.html", b"<p>other")
    told = drill("verify", "--reports", reports)
    assert told.exit_code == 1
    assert "  report.html: was changed" in told.output
    document = json.loads(drill("verify", "--reports", reports, "--json").output)
    assert document["records"][0]["problems"][0]["file"] == "report.html"


def test_a_run_that_left_something_is_refused_unless_the_record_says_so(run: RunFolder, reports: Path) -> None:
    entries = read_journal(run.journal)
    ended = next(index for index, entry in enumerate(entries) if entry.kind == "revert.began")
    run.journal.write_bytes(b"".join(line_of(entry) for entry in entries[:ended]))
    refused = drill("build", "last", "--reports", reports)
    assert isinstance(refused.exception, Refused)
    assert "still has something injected: lambda.throttle on lambda us-east-1 checkout" in str(refused.exception)
    assert CliRunner().invoke(cli, ["report", RUN_ID, "--reports", str(reports)]).exit_code == 0
    built = drill("build", "last", "--reports", reports, "--incomplete")
    assert built.exit_code == 0, built.exception
    record = read_record(reports / "evidence" / f"0001-{RUN_ID}" / RECORD)
    assert record.incomplete
    assert "lambda.throttle on lambda us-east-1 checkout" in record.left
    assert any(one.open for one in record.injections)


def test_a_run_that_is_under_way_is_refused(run: RunFolder, reports: Path) -> None:
    lock = EnvironmentLock(read_plan(run).environment.model_copy(update={"topology": "evidence-test"}))
    plan = json.loads(run.plan.read_bytes())
    plan["environment"]["topology"] = "evidence-test"
    run.plan.write_text(json.dumps(plan))
    lock.acquire()
    try:
        lock.name(RUN_ID, run.path, "now")
        refused = drill("build", "last", "--reports", reports, "--incomplete")
    finally:
        lock.settle()
        lock.release()
    assert isinstance(refused.exception, Refused)
    assert "is under way" in str(refused.exception)


def test_a_sign_off_has_three_parts_and_the_last_may_hold_commas() -> None:
    assert sign_off("A. B. , audit,read, and agreed").text == "read, and agreed"
    for wrong in ("A", "A, audit", "A,, text", ""):
        with pytest.raises(InvalidInput, match="--sign-off cannot read"):
            sign_off(wrong)


def test_retention_is_never_shorter_than_was_asked_for() -> None:
    assert retain_until("7y", date(2026, 11, 21)) == date(2033, 11, 21)
    assert retain_until("1y", date(2028, 2, 29)) == date(2029, 3, 1)
    assert retain_until("18m", date(2026, 11, 21)) == date(2028, 5, 21)
    assert retain_until("90d", date(2026, 11, 21)) == date(2027, 2, 19)
    for wrong in ("7", "0y", "seven", "99999y", "-1y", "7 y"):
        with pytest.raises(InvalidInput, match="--retain cannot read"):
            retain_until(wrong, date(2026, 11, 21))
