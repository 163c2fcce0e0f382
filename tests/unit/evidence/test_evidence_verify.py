"""`drill evidence verify` finds every change to a record and to the chain, and names what was changed."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from pathlib import Path

import pytest

from drillrunner.errors import RunNotFound
from drillrunner.evidence.check import check_record
from drillrunner.evidence.record import GENESIS, MANIFEST, RECORD, read_manifest
from drillrunner.evidence.shelf import Placed, placed, records_in
from drillrunner.evidence.verify import DAMAGED, SOUND, UNREADABLE, Verification, verify_record, verify_shelf
from evidence_shelves import RUN_ID, add_record, flip_a_bit, rewrite, sample_run

FILES = (
    "plan.json",
    "journal.jsonl",
    "verdict.json",
    "report.html",
    "report.md",
    "junit.xml",
    "readings.sqlite",
    RECORD,
    MANIFEST,
)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three records of the sample."""
    folder = tmp_path_factory.mktemp("evidence")
    run = sample_run(folder)
    for _ in range(3):
        add_record(folder / "evidence", run)
    return folder / "evidence"


@pytest.fixture
def shelf(three: Path, tmp_path: Path) -> Path:
    """A copy of them to spoil."""
    shutil.copytree(three, tmp_path / "evidence")
    return tmp_path / "evidence"


def name(number: int) -> str:
    return f"{number:04d}-{RUN_ID}"


def told(found: Verification) -> list[str]:
    problems = [f"{one.placed.name[:4]} {problem.file}" for one in found.records for problem in one.problems]
    return [*problems, *found.gaps]


def one_of(path: Path) -> Placed:
    found = placed(path)
    assert found is not None
    return found


def test_what_nobody_touched_is_sound(shelf: Path) -> None:
    found = verify_shelf(shelf, None)
    assert (found.exit_code, told(found)) == (SOUND, [])
    assert [one.signed for one in found.records] == ["not signed"] * 3
    assert found.records[0].manifest is not None
    assert found.records[0].manifest.previous == GENESIS
    assert {path.name for path in (shelf / name(1)).iterdir()} == set(FILES)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("file", FILES)
def test_one_bit_of_any_file_is_found_and_the_file_is_named(shelf: Path, file: str, seed: int) -> None:
    flip_a_bit(shelf / name(2) / file, random.Random(f"{file} {seed}"))
    checked = check_record(one_of(shelf / name(2)), None)
    assert any(file in (problem.file, *problem.what.split()) for problem in checked.problems), checked.problems
    assert verify_record(one_of(shelf / name(2)), None).exit_code != SOUND


@pytest.mark.parametrize("place", range(0, 1200, 40))
def test_no_bit_of_the_manifest_is_free_to_change(shelf: Path, place: int) -> None:
    path = shelf / name(3) / MANIFEST  # no later record vouches for it
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1 << (place % 8)
    rewrite(path, bytes(content))
    checked = check_record(one_of(path.parent), None)
    assert any(MANIFEST in f"{problem.file} {problem.what}" for problem in checked.problems)


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_missing_is_named(shelf: Path, file: str) -> None:
    (shelf / name(2) / file).unlink()
    found = verify_shelf(shelf, None)
    assert found.exit_code == DAMAGED
    said = [problem for problem in found.records[1].problems if problem.what == "is missing"]
    assert [problem.file for problem in said] == [file]


def test_a_file_or_folder_that_was_added_is_named(shelf: Path) -> None:
    (shelf / name(1) / "more.txt").write_text("more")
    (shelf / name(1) / "deeper").mkdir()
    found = verify_shelf(shelf, None)
    assert told(found) == ["0001 deeper", "0001 more.txt"]


def test_a_link_in_place_of_a_file_is_not_taken_for_it(shelf: Path, tmp_path: Path) -> None:
    file = shelf / name(1) / "report.md"
    file.rename(tmp_path / "elsewhere.md")
    file.symlink_to(tmp_path / "elsewhere.md")
    assert told(verify_shelf(shelf, None)) == ["0001 report.md"]


@pytest.mark.parametrize("name_in_it", ["../plan.json", "/etc/hostname", "plan\\u0000json", "..", ""])
def test_a_manifest_that_names_what_no_record_holds_reads_nothing_elsewhere(shelf: Path, name_in_it: str) -> None:
    path = shelf / name(1) / MANIFEST
    rewrite(path, path.read_bytes().replace(b'"name": "plan.json"', f'"name": "{name_in_it}"'.encode()))
    found = verify_shelf(shelf, None)
    assert found.exit_code == DAMAGED
    assert "0001 plan.json" in told(found)  # it is not listed any more


def test_two_records_that_were_swapped_are_both_named(shelf: Path) -> None:
    (shelf / name(1)).rename(shelf / "aside")
    (shelf / name(2)).rename(shelf / name(1))
    (shelf / "aside").rename(shelf / name(2))
    found = verify_shelf(shelf, None)
    assert found.exit_code == DAMAGED
    assert {"0001 manifest.json", "0002 manifest.json"} <= set(told(found))
    assert "is of record 0002" in found.records[0].problems[0].what


def test_a_record_that_was_taken_out_of_the_middle_is_named(shelf: Path) -> None:
    shutil.rmtree(shelf / name(2))
    assert told(verify_shelf(shelf, None)) == [f"record 0002 is missing before {name(3)}"]
    assert verify_record(one_of(shelf / name(3)), None).gaps == (f"record 0002 is missing before {name(3)}",)


def test_the_first_record_cannot_be_taken_away_either(shelf: Path) -> None:
    shutil.rmtree(shelf / name(1))
    assert told(verify_shelf(shelf, None)) == [f"record 0001 is missing before {name(2)}"]


def test_a_number_that_two_records_have_is_told(shelf: Path) -> None:
    shutil.copytree(shelf / name(2), shelf / f"0002-{RUN_ID}x")
    assert "number 0002 is taken by several records" in verify_shelf(shelf, None).gaps


def test_a_previous_that_was_edited_is_told_in_the_manifest_and_in_the_chain(shelf: Path) -> None:
    path = shelf / name(2) / MANIFEST
    previous = read_manifest(path).previous
    rewrite(path, path.read_bytes().replace(previous.encode(), b"0" * 64))
    problems = verify_shelf(shelf, None).records[1].problems
    assert [problem.file for problem in problems] == [MANIFEST, MANIFEST]
    assert "another previous record than record.json" in problems[0].what
    assert f"its previous is not the manifest.json of {name(1)}" in problems[1].what


def test_a_record_that_was_changed_with_care_breaks_the_chain(shelf: Path) -> None:
    forge(shelf / name(2))
    assert check_record(one_of(shelf / name(2)), None).sound
    found = verify_shelf(shelf, None)
    assert (found.exit_code, told(found)) == (DAMAGED, ["0003 manifest.json"])


def hashed(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def forge(folder: Path) -> None:
    """Change a report, and every hash that tells of it."""
    report, record, manifest = folder / "report.md", folder / RECORD, folder / MANIFEST
    old, old_record = hashed(report.read_bytes()), hashed(record.read_bytes())
    rewrite(report, report.read_bytes().replace(b"PASS", b"FAIL"))
    rewrite(record, record.read_bytes().replace(old, hashed(report.read_bytes())))
    listed = manifest.read_bytes().replace(old, hashed(report.read_bytes()))
    rewrite(manifest, listed.replace(old_record, hashed(record.read_bytes())))


def test_a_record_whose_figures_are_not_the_verdict_s_is_told_though_its_hashes_fit(shelf: Path) -> None:
    folder = shelf / name(3)
    before = (folder / RECORD).read_bytes()
    after = before.replace(b'"low": 48.668611', b'"low": 18.668611', 1)
    assert after != before
    rewrite(folder / RECORD, after)
    manifest = (folder / MANIFEST).read_bytes()
    rewrite(folder / MANIFEST, manifest.replace(hashed(before), hashed(after)))
    (problem,) = check_record(one_of(folder), None).problems
    assert (problem.file, problem.what) == (RECORD, "and verdict.json do not say the same of objectives")


def test_a_journal_of_another_run_is_told_though_its_hashes_fit(shelf: Path) -> None:
    folder = shelf / name(3)
    path = folder / RECORD
    before = path.read_bytes()
    document = json.loads(before)
    document["run_id"] = "20261121-083011-aaaaaa"
    rewrite(path, (json.dumps(document, indent=1) + "\n").encode())
    manifest = (folder / MANIFEST).read_bytes()
    rewrite(folder / MANIFEST, manifest.replace(hashed(before), hashed(path.read_bytes())))
    problems = check_record(one_of(folder), None).problems
    assert ("journal.jsonl", "is of another run than record.json") in [(one.file, one.what) for one in problems]


def test_a_record_of_a_newer_drillrunner_is_unreadable_and_not_called_damaged(shelf: Path) -> None:
    for number in (2, 3):
        shutil.rmtree(shelf / name(number))
    folder = shelf / name(1)
    for file in folder.iterdir():
        file.unlink()
    for file_name in (RECORD, MANIFEST):
        (folder / file_name).write_text('{"schema_version": 9, "news": true}\n')
    found = verify_shelf(shelf, None)
    assert found.exit_code == UNREADABLE
    assert {problem.file for problem in found.records[0].problems} == {RECORD, MANIFEST}


def test_a_single_record_away_from_the_others_is_checked_but_for_its_chain(shelf: Path, tmp_path: Path) -> None:
    shutil.copytree(shelf / name(2), tmp_path / "handed over" / name(2))
    found = verify_record(one_of(tmp_path / "handed over" / name(2)), None)
    assert (found.exit_code, found.notes) == (SOUND, ("record 0001 is not beside it: the chain was not checked",))


def test_a_folder_without_records_is_not_called_sound(tmp_path: Path) -> None:
    assert records_in(tmp_path) == []
    with pytest.raises(RunNotFound, match="no record is there"):
        verify_shelf(tmp_path, None)
