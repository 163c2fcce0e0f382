"""A record is built whole or not at all, of copies that fit each other."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput, Refused
from drillrunner.evidence.build import COPIED, build
from drillrunner.evidence.compose import Given
from drillrunner.evidence.plain_files import sha256_of_file
from drillrunner.evidence.record import (
    MANIFEST,
    RECORD,
    Context,
    Control,
    Revision,
    SignOff,
    as_file,
    read_manifest,
    read_record,
)
from drillrunner.evidence.shelf import UNFINISHED, find_record, next_place, records_in, take
from drillrunner.evidence.verify import verify_shelf
from drillrunner.files.readings_file import read_readings
from drillrunner.files.run_folder import RunFolder
from evidence_shelves import NOW, RUN_ID, add_record, rewrite, sample_run

GIVEN = Given(
    context=Context(
        service="checkout",
        criticality="important",
        scope="both regions",
        exclusions=("payments",),
        severe_but_plausible="it has happened",
        assumptions=("capacity is there",),
        participants=("team-checkout",),
        controls=(Control(framework="DORA", reference="Article 25", supports="a failover scenario"),),
    ),
    sign_offs=(SignOff(name="A. Auditor", role="audit", text="read it, and agree"),),
    notes=("quarterly", "second try"),
    retain_until="2033-11-21",
    revision=Revision(commit="a" * 40, dirty=False),
    tools={"drillrunner": "0.1.0"},
)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return sample_run(tmp_path)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


def test_the_manifest_names_every_file_with_its_hash_and_size(run: RunFolder, shelf: Path) -> None:
    made = add_record(shelf, run)
    manifest, record = read_manifest(made / MANIFEST), read_record(made / RECORD)
    assert [file.name for file in manifest.files] == [*COPIED, RECORD]
    for file in manifest.files:
        assert (file.sha256, file.size_bytes) == sha256_of_file(made / file.name)
    assert record.files == manifest.files[:-1]
    for name in COPIED:
        assert (made / name).read_bytes() == (run.path / name).read_bytes()


def test_each_record_takes_the_next_number_and_the_hash_of_the_manifest_before_it(run: RunFolder, shelf: Path) -> None:
    first, second = add_record(shelf, run), add_record(shelf, run)
    assert (first.name, second.name) == (f"0001-{RUN_ID}", f"0002-{RUN_ID}")
    assert read_record(second / RECORD).previous == sha256_of_file(first / MANIFEST)[0]
    assert next_place(shelf) == (3, sha256_of_file(second / MANIFEST)[0])
    assert find_record(shelf, "2").path == second
    assert [one.number for one in records_in(shelf)] == [1, 2]


def test_the_record_says_what_the_user_gave_and_what_the_run_was(run: RunFolder, shelf: Path) -> None:
    record = read_record(add_record(shelf, run, GIVEN) / RECORD)
    assert (record.service, record.criticality, record.scope) == ("checkout", "important", "both regions")
    assert (record.exclusions, record.assumptions) == (("payments",), ("capacity is there",))
    assert record.scenario.severe_but_plausible == "it has happened"
    assert record.controls == GIVEN.context.controls
    assert (record.sign_offs, record.notes) == (GIVEN.sign_offs, ("quarterly", "second try"))
    assert (record.retain_until, record.revision) == ("2033-11-21", GIVEN.revision)
    assert (record.kind, record.simulated, record.accounts) == ("rehearsal", True, ())
    assert record.tools == {"drillrunner of the run": "0.1.0", "drillrunner": "0.1.0"}
    assert record.made_wall == "2026-11-21T14:00:00+00:00"
    assert (record.began_wall[:19], record.ended_wall[:19]) == ("2026-11-21T08:30:11", "2026-11-21T08:30:32")
    assert (record.approvals, record.corrective_actions, record.left) == ((), (), ())
    assert "supports" in record.statement
    assert "certif" not in as_file(record).decode()


def test_every_injection_is_there_with_the_proof_that_it_was_put_back(run: RunFolder, shelf: Path) -> None:
    record = read_record(add_record(shelf, run) / RECORD)
    throttle = next(one for one in record.injections if one.kind == "lambda.throttle")
    assert json.loads(throttle.prior) == {"reserved": 40}
    assert [call.call for call in throttle.reverted] == ["lambda:PutFunctionConcurrency us-east-1"]
    assert (throttle.reverted[-1].holds, throttle.reverted[-1].value) == (True, "40")
    assert (throttle.state, throttle.open) == ("put back", False)


@pytest.mark.parametrize("name", COPIED)
def test_a_run_without_one_of_its_files_is_not_recorded_and_nothing_is_left(
    run: RunFolder, shelf: Path, name: str
) -> None:
    (run.path / name).unlink()
    with pytest.raises((InvalidInput, OSError)):
        add_record(shelf, run)
    assert {path.name for path in shelf.iterdir()} <= {".lock"}


def test_a_verdict_that_is_not_the_journal_s_is_not_recorded(run: RunFolder, shelf: Path) -> None:
    verdict = json.loads(run.verdict.read_bytes())
    run.verdict.write_text(json.dumps({**verdict, "outcome": "missed"}))
    with pytest.raises(InvalidInput, match="not what this version makes of the journal") as refused:
        add_record(shelf, run)
    assert refused.value.advice == f"write the reports again with: drill report {run.path}"
    assert [path.name for path in shelf.iterdir()] == [".lock"]


def test_a_plan_that_is_not_the_journal_s_is_not_recorded(run: RunFolder, shelf: Path) -> None:
    plan = json.loads(run.plan.read_bytes())
    plan["drill"]["title"] = "Something else"
    run.plan.write_text(json.dumps(plan))
    with pytest.raises(InvalidInput, match="not the plan of this journal"):
        add_record(shelf, run)


def test_a_signature_that_fails_leaves_no_record(run: RunFolder, shelf: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        build(run, shelf, Given(), left=(), now=NOW, key=tmp_path / "no-such-key")
    assert [path.name for path in shelf.iterdir()] == [".lock"]


def test_what_a_dead_builder_left_is_cleared_away_and_takes_no_number(run: RunFolder, shelf: Path) -> None:
    (shelf / f"{UNFINISHED}4242").mkdir(parents=True)
    (shelf / f"{UNFINISHED}4242" / "plan.json").write_text("half")
    assert add_record(shelf, run).name == f"0001-{RUN_ID}"
    assert sorted(path.name for path in shelf.iterdir()) == [".lock", f"0001-{RUN_ID}"]


def test_two_builders_do_not_take_one_number(shelf: Path) -> None:
    shelf.mkdir()
    with held(shelf / ".lock"), pytest.raises(Refused, match="another record is being built"):
        take(os.open(shelf / ".lock", os.O_RDWR), shelf, looks=1)


@contextmanager
def held(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)


def test_a_record_of_an_incomplete_run_says_what_is_left(run: RunFolder, shelf: Path) -> None:
    made = build(run, shelf, Given(incomplete=True), left=("lambda.throttle on checkout",), now=NOW)
    record = read_record(made / RECORD)
    assert (record.incomplete, record.left) == (True, ("lambda.throttle on checkout",))
    assert "INCOMPLETE: when the record was made, this was still injected" in "".join(record.limitations)


def test_incomplete_is_not_said_of_a_run_that_left_nothing(run: RunFolder, shelf: Path) -> None:
    record = read_record(build(run, shelf, Given(incomplete=True), left=(), now=NOW) / RECORD)
    assert (record.incomplete, record.left) == (False, ())


def test_readings_that_are_still_in_the_write_ahead_log_are_recorded_too(run: RunFolder, shelf: Path) -> None:
    count = len(list(read_readings(run.readings)))
    aside = run.path / "aside"
    aside.mkdir()
    with closing(sqlite3.connect(run.readings, isolation_level=None)) as database:
        database.execute("pragma journal_mode=wal")
        database.execute("begin")
        database.execute("update readings set vantage = vantage")
        database.execute("commit")
        for path in run.path.glob("readings.sqlite*"):
            shutil.copy(path, aside)
    for path in aside.iterdir():
        path.rename(run.path / path.name)  # as a killed run leaves them
    made = add_record(shelf, run)
    assert not list(made.glob("readings.sqlite-*"))
    assert len(list(read_readings(made / "readings.sqlite"))) == count
    assert verify_shelf(shelf, None).exit_code == 0


def test_a_renamed_folder_s_record_is_named_by_the_run_s_own_id(run: RunFolder, shelf: Path) -> None:
    run.path.rename(run.path.with_name("sample"))
    assert add_record(shelf, RunFolder(run.path.with_name("sample"))).name == f"0001-{RUN_ID}"


def test_a_manifest_that_is_written_otherwise_is_refused(run: RunFolder, shelf: Path) -> None:
    path = add_record(shelf, run) / MANIFEST
    rewrite(path, json.dumps(json.loads(path.read_bytes())).encode())
    with pytest.raises(InvalidInput, match="not written as drillrunner writes it"):
        read_manifest(path)
