"""Records signed with a key in KMS: by real boto3 over loopback, checked with the public key and no network."""

from __future__ import annotations

import base64
import os
import random
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from drillrunner.cli.evidence_kms import kms_signer
from drillrunner.errors import CallFailed, InvalidInput, WrongAccount
from drillrunner.evidence.build import build
from drillrunner.evidence.compose import Given
from drillrunner.evidence.kms_signature import FILES, PUBLIC_KEY, SIGNED, STATEMENT, damage_of
from drillrunner.evidence.record import MANIFEST
from drillrunner.evidence.verify import DAMAGED, SOUND, verify_shelf
from drillrunner.files.run_folder import RunFolder
from drillrunner.model.call import AwsCall
from drillrunner.model.environment import Environment
from evidence_shelves import NOW, RUN_ID, flip_a_bit, rewrite, sample_run
from served_aws import AwsLab, ask

KINDS = ("ECC_NIST_P256", "ECC_NIST_P384", "RSA_2048")


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dummy credentials, and no file of the user's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


def account(aws: AwsLab, number: str = "123456789012") -> Environment:
    """An account of AWS that answers on loopback."""
    return aws.environment(name="staging", kind="aws", account=number)


def new_key(aws: AwsLab, kind: str = "ECC_NIST_P256", usage: str = "SIGN_VERIFY") -> str:
    """The ARN of a key that the served KMS makes."""
    params: Any = {"KeySpec": kind, "KeyUsage": usage}
    answer = ask(aws.caller(), AwsCall(service="kms", operation="CreateKey", region="eu-west-1", params=params))
    assert isinstance(answer, dict)
    metadata = answer["KeyMetadata"]
    assert isinstance(metadata, dict)
    return str(metadata["Arn"])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return sample_run(tmp_path_factory.mktemp("reports"))


def signed(run: RunFolder, aws: AwsLab, shelf: Path, arn: str) -> Path:
    return build(run, shelf, Given(), left=(), now=NOW, signer=kms_signer(arn, account(aws), NOW))


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_signed_by_the_key_and_checked_without_a_network(
    run: RunFolder, aws: AwsLab, tmp_path: Path, kind: str
) -> None:
    arn = new_key(aws, kind)
    record = signed(run, aws, tmp_path / "evidence", arn)
    shutil.copy(record / PUBLIC_KEY, tmp_path / "mine.pem")
    alone = verify_shelf(tmp_path / "evidence", None)
    assert (alone.exit_code, alone.records[0].signer) == (SOUND, None)
    assert alone.records[0].signed.startswith(f"signed by KMS key {arn}, no --allowed-kms-key")
    known = verify_shelf(tmp_path / "evidence", None, [tmp_path / "mine.pem"])
    assert (known.exit_code, known.records[0].signed) == (SOUND, f"signed by KMS key {arn}")


def test_openssl_checks_the_same_files(run: RunFolder, aws: AwsLab, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    record = signed(run, aws, tmp_path / "evidence", new_key(aws))
    words = ["openssl", "dgst", "-sha256", "-verify", PUBLIC_KEY, "-signature", SIGNED, STATEMENT]
    done = subprocess.run(words, cwd=record, capture_output=True, text=True, check=False, timeout=20)
    assert done.stdout == "Verified OK\n", done.stderr


def test_a_signature_of_another_key_is_told_also_where_an_ssh_signature_is_asked_for(
    run: RunFolder, aws: AwsLab, tmp_path: Path
) -> None:
    record = signed(run, aws, tmp_path / "evidence", new_key(aws))
    other = signed(run, aws, tmp_path / "other", new_key(aws))
    (tmp_path / "allowed").write_text("nobody ssh-ed25519 AAAA\n")
    for found in (
        verify_shelf(record.parent, None, [other / PUBLIC_KEY]),
        verify_shelf(record.parent, tmp_path / "allowed"),
    ):
        assert found.exit_code == DAMAGED
        assert [one.file for one in found.records[0].problems] == [SIGNED]


def test_one_bit_of_each_file_of_a_signature_is_found(run: RunFolder, aws: AwsLab, tmp_path: Path) -> None:
    record = signed(run, aws, tmp_path / "evidence", new_key(aws))
    rng = random.Random(7)
    for name in FILES:
        for _ in range(12):
            whole = (record / name).read_bytes()
            (record / name).chmod(0o644)
            flip_a_bit(record / name, rng)
            assert any(one.file in FILES for one in verify_shelf(record.parent, None).records[0].problems), name
            rewrite(record / name, whole)
    assert verify_shelf(record.parent, None).exit_code == SOUND


def test_a_file_of_it_that_is_missing_and_a_manifest_that_was_changed_are_told(
    run: RunFolder, aws: AwsLab, tmp_path: Path
) -> None:
    record = signed(run, aws, tmp_path / "evidence", new_key(aws))
    manifest = (record / MANIFEST).read_bytes()
    rewrite(record / MANIFEST, manifest.replace(b"report.md", b"report.mx"))
    assert list(damage_of(record)) == [(SIGNED, f"does not fit {MANIFEST}")]
    rewrite(record / MANIFEST, manifest)
    (record / PUBLIC_KEY).unlink()
    assert [one.what for one in verify_shelf(record.parent, None).records[0].problems] == ["is missing"]


def test_a_signature_stands_for_the_records_before_it(run: RunFolder, aws: AwsLab, tmp_path: Path) -> None:
    build(run, tmp_path / "evidence", Given(), left=(), now=NOW)
    record = signed(run, aws, tmp_path / "evidence", new_key(aws))
    found = verify_shelf(tmp_path / "evidence", None, [record / PUBLIC_KEY])
    assert found.exit_code == SOUND
    assert found.records[0].signed == f"not signed; the signature of 0002-{RUN_ID} stands for it by the chain"
    for name in FILES:
        (record / name).unlink()
    assert verify_shelf(tmp_path / "evidence", None).exit_code == SOUND
    (tmp_path / "key.pem").write_bytes(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    assert verify_shelf(tmp_path / "evidence", None, [tmp_path / "key.pem"]).exit_code == DAMAGED


def test_what_cannot_be_signed_leaves_no_record(run: RunFolder, aws: AwsLab, tmp_path: Path) -> None:
    shelf = tmp_path / "evidence"
    make = partial(build, run, shelf, Given(), left=(), now=NOW)
    with pytest.raises(InvalidInput, match="this key cannot sign"):
        make(signer=kms_signer(new_key(aws, "RSA_2048", "ENCRYPT_DECRYPT"), account(aws), NOW))
    with pytest.raises(CallFailed, match="NotFoundException"):
        make(signer=kms_signer(f"arn:aws:kms:eu-west-1:123456789012:key/{'0' * 8}", account(aws), NOW))
    with pytest.raises(WrongAccount, match="belong to account 123456789012"):
        make(signer=kms_signer(new_key(aws), account(aws, "999999999999"), NOW))
    with pytest.raises(InvalidInput, match="is no ARN of a KMS key"):
        kms_signer("alias/audit", account(aws), NOW)
    assert [path.name for path in shelf.iterdir()] == [".lock"]


def test_a_file_that_is_no_public_key_is_an_error_and_no_damage(run: RunFolder, aws: AwsLab, tmp_path: Path) -> None:
    record = signed(run, aws, tmp_path / "evidence", new_key(aws))
    (tmp_path / "key.pem").write_bytes(base64.b64encode(b"no key"))
    with pytest.raises(InvalidInput, match="is no public key"):
        verify_shelf(record.parent, None, [tmp_path / "key.pem"])
