"""Signatures by ssh-keygen: who signed, who may, and what becomes of a signature that was touched."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.evidence.record import MANIFEST, SIGNATURE
from drillrunner.evidence.signature import damage_of
from drillrunner.evidence.verify import DAMAGED, SOUND, verify_shelf
from evidence_shelves import RUN_ID, add_record, flip_a_bit, needs_ssh_keygen, sample_run

pytestmark = needs_ssh_keygen


def make_key(path: Path, who: str) -> Path:
    """A key, and beside it a file that allows it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True, timeout=30)
    public = path.with_suffix(".pub").read_text().split()
    path.with_suffix(".allowed").write_text(f"{who} {public[0]} {public[1]}\n")
    return path


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two keys, and three records of which the second is signed."""
    folder = tmp_path_factory.mktemp("signed")
    key, _ = make_key(folder / "key", "auditor@example.test"), make_key(folder / "other", "other@example.test")
    run = sample_run(folder)
    add_record(folder / "evidence", run)
    add_record(folder / "evidence", run, key=key)
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    shutil.copytree(kept, tmp_path / "signed")
    return tmp_path / "signed"


def signed_record(folder: Path) -> Path:
    return folder / "evidence" / f"0002-{RUN_ID}"


def test_a_signature_of_an_allowed_signer_stands_for_its_record_and_all_before_it(folder: Path) -> None:
    found = verify_shelf(folder / "evidence", folder / "key.allowed")
    assert found.exit_code == SOUND
    assert [one.signed for one in found.records] == [
        f"not signed; the signature of 0002-{RUN_ID} stands for it by the chain",
        "signed by auditor@example.test",
    ]


def test_without_allowed_signers_nobody_is_named(folder: Path) -> None:
    found = verify_shelf(folder / "evidence", None)
    assert found.exit_code == SOUND
    signed = "signed, but no --allowed-signers: signature not checked against anybody"
    assert [one.signed for one in found.records] == ["not signed", signed]


def test_a_signature_of_somebody_else_is_told(folder: Path) -> None:
    found = verify_shelf(folder / "evidence", folder / "other.allowed")
    assert found.exit_code == DAMAGED
    assert "is not of anybody whom" in found.records[1].problems[0].what


def test_a_signer_may_have_several_names(folder: Path) -> None:
    allowed = folder / "key.allowed"
    allowed.write_text("first@example.test," + allowed.read_text())
    assert verify_shelf(folder / "evidence", allowed).records[1].signer == "first@example.test"


def test_a_record_whose_signature_was_taken_away_is_told_where_one_is_asked_for(folder: Path) -> None:
    (signed_record(folder) / SIGNATURE).unlink()
    assert verify_shelf(folder / "evidence", None).exit_code == SOUND
    found = verify_shelf(folder / "evidence", folder / "key.allowed")
    assert [one.problems[0].file for one in found.records] == [SIGNATURE, SIGNATURE]


@pytest.mark.parametrize("seed", range(8))
def test_one_bit_of_a_signature_is_found(folder: Path, seed: int) -> None:
    flip_a_bit(signed_record(folder) / SIGNATURE, random.Random(seed))
    assert [one.file for one in verify_shelf(folder / "evidence", None).records[1].problems] == [SIGNATURE]


def test_a_line_s_end_of_a_signature_is_not_free_to_change_either(folder: Path) -> None:
    path = signed_record(folder) / SIGNATURE
    path.write_bytes(path.read_bytes().replace(b"\n", b"\x0b", 2))
    assert damage_of(path.parent) == "is no signature as ssh-keygen writes it"


def test_a_manifest_that_was_changed_no_longer_fits_its_signature(folder: Path) -> None:
    manifest = signed_record(folder) / MANIFEST
    manifest.chmod(0o644)
    manifest.write_bytes(manifest.read_bytes().replace(b"report.md", b"report.mx"))
    assert damage_of(manifest.parent) == "does not fit manifest.json"


def test_a_list_of_signers_that_is_not_there_is_an_error_and_no_damage(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no such file"):
        verify_shelf(folder / "evidence", folder / "nobody.allowed")
