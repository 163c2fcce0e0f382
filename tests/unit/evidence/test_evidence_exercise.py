"""The record of a tabletop exercise: built, chained with those of runs, and no bit of it can be changed unseen."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drillrunner.cli.evidence import evidence
from drillrunner.cli.tabletop.report import after_action, write_after_action
from drillrunner.errors import InvalidInput, Refused
from drillrunner.evidence.compose import Given
from drillrunner.evidence.exercise import build_exercise, exercise_contents, rated_outcome
from drillrunner.evidence.record import Record, read_record
from drillrunner.evidence.shelf import records_in
from drillrunner.evidence.verify import DAMAGED, SOUND, verify_shelf
from drillrunner.files.exercise.folder import ExerciseFolder
from drillrunner.model.exercise_outcome import ExerciseOutcome
from evidence_shelves import NOW, add_record, flip_a_bit, rewrite, sample_run
from filed_exercise import played

FILES = (
    "after-action.json",
    "artifact-01-alarm.svg",
    "events.jsonl",
    "exercise.yaml",
    "manifest.json",
    "record.json",
    "report.html",
    "report.md",
)


def filed(base: Path) -> tuple[ExerciseFolder, Path]:
    """A played exercise with its report, and its record."""
    folder = played(base)
    write_after_action(folder, after_action(folder, base / "reports"))
    return folder, build_exercise(folder, base / "reports" / "evidence", Given(), now=NOW)


def ran(base: Path, *arguments: str) -> Result:
    return CliRunner().invoke(evidence, [*arguments, "--reports", str(base / "reports")])


def test_the_record_holds_what_was_played_and_decided(tmp_path: Path) -> None:
    folder, path = filed(tmp_path)
    record = read_record(path / "record.json")
    assert tuple(sorted(one.name for one in path.iterdir())) == FILES
    assert (record.kind, record.run_id, record.drill) == ("tabletop", folder.exercise_id, "outage")
    assert record.plan_hash == folder.exercise_sha256()
    assert (record.outcome, record.ended_by) == ("inconclusive", "completed")  # an M
    assert record.exercise is not None
    assert record.exercise.decide is not None
    assert record.exercise.decide.seconds == 540.0
    assert record.participants == ("Api (incident commander)",)
    assert [one.code for one in record.findings] == ["1", "2"]
    assert any("no time left" in one.words for one in record.deviations)
    assert any("Fail over" in one.words for one in record.timeline)
    assert record.revert is None
    assert not record.injections


@pytest.mark.parametrize("seed", range(3))
def test_one_bit_of_any_file_is_found(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    print(f"seed {seed}")
    _, path = filed(tmp_path)
    for name in FILES:
        whole = (path / name).read_bytes()
        flip_a_bit(path / name, rng)
        found = verify_shelf(path.parent, None)
        assert found.exit_code != SOUND, name
        rewrite(path / name, whole)
    assert verify_shelf(path.parent, None).exit_code == SOUND


def test_runs_and_exercises_make_one_chain(tmp_path: Path) -> None:
    _, exercise = filed(tmp_path)
    run = add_record(exercise.parent, sample_run(tmp_path / "reports"))
    assert [one.name for one in records_in(exercise.parent)] == [exercise.name, run.name]
    assert verify_shelf(exercise.parent, None).exit_code == SOUND
    for path in exercise.iterdir():
        path.chmod(0o644)
        path.unlink()
    exercise.rmdir()
    assert verify_shelf(run.parent, None).exit_code == DAMAGED


def test_files_that_do_not_agree_are_found_though_their_hashes_do(tmp_path: Path) -> None:
    _, path = filed(tmp_path)
    record = read_record(path / "record.json")
    document = json.loads((path / "after-action.json").read_text(encoding="utf-8"))
    document["outcome"]["objectives"][0]["rating"] = "P"
    rewrite(path / "after-action.json", json.dumps(document).encode())
    assert [name for name, _ in exercise_contents(path, record)] == ["after-action.json"]
    other = record.model_copy(update={"plan_hash": "0" * 64})
    assert "events.jsonl" in [name for name, _ in exercise_contents(path, other)]
    rewrite(path / "events.jsonl", (path / "events.jsonl").read_bytes().replace(b"Fail over", b"Fail back"))
    assert "events.jsonl" in [name for name, _ in exercise_contents(path, record)]


def test_what_looks_like_a_secret_is_hidden_in_the_record_and_spoils_nothing(tmp_path: Path) -> None:
    _, path = filed(tmp_path)
    assert b"hunter2" in (path / "events.jsonl").read_bytes()
    assert b"hunter2" not in (path / "record.json").read_bytes()
    assert verify_shelf(path.parent, None).exit_code == SOUND


def test_the_command_writes_the_report_and_the_record(tmp_path: Path) -> None:
    folder = played(tmp_path)
    done = ran(tmp_path, "build", folder.exercise_id)
    assert done.exit_code == 0, done.exception
    assert (folder.path / "after-action.html").is_file()
    listed = ran(tmp_path, "register", "--html", str(tmp_path / "register.html"))
    assert f"0001-{folder.exercise_id}" in listed.output
    assert "tabletop" in listed.output
    page = (tmp_path / "register.html").read_text(encoding="utf-8")
    assert "rto M" in page
    assert "nothing was touched" in page
    assert ran(tmp_path, "verify").exit_code == 0


def test_an_exercise_that_was_not_ended_is_recorded_only_where_somebody_says_so(tmp_path: Path) -> None:
    folder = played(tmp_path, ended=False)
    refused = ran(tmp_path, "build", folder.exercise_id)
    assert isinstance(refused.exception, Refused)
    assert ran(tmp_path, "build", folder.exercise_id, "--incomplete").exit_code == 0
    (one,) = records_in(tmp_path / "reports" / "evidence")
    record = read_record(one.path / "record.json")
    assert (record.incomplete, record.ended_by) == (True, "aborted: the exercise was not ended")


def test_without_its_report_nothing_is_filed(tmp_path: Path) -> None:
    folder = played(tmp_path)
    with pytest.raises(InvalidInput, match=r"after-action\.json is missing"):
        build_exercise(folder, tmp_path / "evidence", Given(), now=NOW)
    assert not records_in(tmp_path / "evidence")


def test_a_key_in_a_kms_needs_an_environment(tmp_path: Path) -> None:
    folder = played(tmp_path)
    refused = ran(tmp_path, "build", folder.exercise_id, "--sign", "kms:arn:aws:kms:us-east-1:123456789012:key/x")
    assert "--sign-environment" in str(refused.exception)


@pytest.mark.parametrize(
    ("ratings", "outcome"),
    [("PP", "met"), ("PS", "met"), ("SM", "inconclusive"), ("P-", "inconclusive"), ("PU", "missed")],
)
def test_the_outcome_is_as_the_worst_rating(ratings: str, outcome: str, tmp_path: Path) -> None:
    record: Record = read_record(filed(tmp_path)[1] / "record.json")
    assert record.exercise is not None
    rated: ExerciseOutcome = record.exercise.model_copy(
        update={
            "objectives": tuple(
                one.model_copy(update={"rating": None if letter == "-" else letter})
                for one, letter in zip(record.exercise.objectives, ratings, strict=True)
            )
        }
    )
    assert rated_outcome(rated) == outcome
