"""Approvals on disk: found by the hash of what they approve, signed by OpenSSH, and worth nothing once changed."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput, RunNotFound
from drillrunner.files.approval_file import (
    NAMESPACE,
    KeptPlan,
    all_approvals,
    approvals_of,
    find_plan,
    keep_plan,
    kept_plan,
    write_approval,
)
from drillrunner.files.ssh_keygen import fingerprint_of, is_signed_by, signature_over
from drillrunner.model.approval import Approval
from fabricated_gameday import gameday, planned

needs_ssh_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
PLAN = KeptPlan(gameday=planned(gameday()))
APPROVAL = Approval(
    plan_hash=PLAN.hash,
    what=PLAN.name,
    approver="pilot",
    at=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
    words="CHG-4711",
    covers=PLAN.covers(),
)


def test_an_approval_is_found_by_its_plan_and_by_the_plan_of_each_drill_in_it(tmp_path: Path) -> None:
    write_approval(tmp_path, APPROVAL)
    assert approvals_of(tmp_path, PLAN.hash) == (APPROVAL,)
    assert approvals_of(tmp_path, planned(gameday()).plans[0].hash) == (APPROVAL,)
    assert approvals_of(tmp_path, "0" * 64) == ()


def test_there_are_none_where_nobody_approved_anything(tmp_path: Path) -> None:
    assert approvals_of(tmp_path / "nowhere", PLAN.hash) == ()


def test_a_torn_file_approves_nothing_and_is_named(tmp_path: Path) -> None:
    path = write_approval(tmp_path, APPROVAL)
    path.write_text(path.read_text()[:-20])
    assert all_approvals(tmp_path).unreadable == (path.name,)
    assert approvals_of(tmp_path, PLAN.hash) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"at": "2026-11-21T12:00:00"},
        {"approver": "pilot\0"},
        {"approver": "\x1b[2J"},
        {"approver": ""},
        {"plan_hash": "../../plan"},
        {"covers": ["*"]},
    ],
)
def test_a_file_that_says_what_drill_approve_cannot_have_said_approves_nothing(
    changes: dict[str, object], tmp_path: Path
) -> None:
    write_approval(tmp_path, APPROVAL)
    said = {**APPROVAL.model_dump(mode="json"), **changes}
    (tmp_path / "approvals" / "other.json").write_text(json.dumps(said))
    assert all_approvals(tmp_path) == ((APPROVAL,), ("other.json",))


def test_a_plan_is_found_by_the_beginning_of_its_hash_unless_somebody_changed_it(tmp_path: Path) -> None:
    path = keep_plan(tmp_path, PLAN)
    assert find_plan(tmp_path, PLAN.hash[:8]) == PLAN
    path.write_text(path.read_text().replace("every quarter", "every month"))
    assert kept_plan(tmp_path, PLAN.hash) is None
    with pytest.raises(InvalidInput):
        find_plan(tmp_path, PLAN.hash[:8])


def test_a_hash_that_no_plan_has_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunNotFound):
        find_plan(tmp_path, "abcdef12")


@needs_ssh_keygen
def test_a_signature_holds_for_its_approver_alone_and_for_nothing_else_that_is_said(tmp_path: Path) -> None:
    key, signers = tmp_path / "key", tmp_path / "signers"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=20)
    public = key.with_suffix(".pub").read_text().split()
    signers.write_text(f"pilot {public[0]} {public[1]}\n")
    signature = signature_over(APPROVAL.signed_bytes(), key, NAMESPACE)
    signed = APPROVAL.model_copy(update={"signature": signature, "key_fingerprint": fingerprint_of(key)})
    assert signed.signed_bytes() == APPROVAL.signed_bytes()
    assert signed.signing_key() == base64.b64decode(public[1])
    assert is_signed_by("pilot", signed.signed_bytes(), signature, NAMESPACE, signers)
    assert not is_signed_by("ops", signed.signed_bytes(), signature, NAMESPACE, signers)
    other = signed.model_copy(update={"words": "CHG-4712"})
    assert not is_signed_by("pilot", other.signed_bytes(), signature, NAMESPACE, signers)


@needs_ssh_keygen
def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    with pytest.raises(InvalidInput):
        signature_over(b"", tmp_path / "key", NAMESPACE)
