"""Whose credentials an environment's calls carry: a profile's, an assumed role's renewed in time, a lab's own."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from drillrunner.calls.aws import AwsCaller
from drillrunner.clock import Clock
from drillrunner.model.call import AwsCall
from drillrunner.model.environment import Environment
from served_aws import REGIONS, AwsLab, Gate, ask, failure

ROLE = "arn:aws:iam::123456789012:role/drillrunner"
WHO = AwsCall(service="sts", operation="GetCallerIdentity", region="us-east-1")
TABLES = AwsCall(service="dynamodb", operation="ListTables", region="us-east-1")


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's shell with credentials in it, and no file that says anything else."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


def account(url: str, *, role_arn: str | None = None, profile: str | None = None) -> AwsCaller:
    """The caller of an AWS account that answers at `url`."""
    environment = Environment(
        name="staging",
        kind="aws",
        account="123456789012",
        regions=REGIONS,
        endpoint_url=url,
        role_arn=role_arn,
        profile=profile,
    )
    return AwsCaller(environment, Clock())


def test_without_a_role_calls_carry_the_shell_s_credentials(aws: AwsLab, gate: Gate) -> None:
    ask(account(gate.url), WHO)
    assert gate.seen_keys == ["testing"]


def test_a_profile_s_credentials_are_used(
    aws: AwsLab, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    file.write_text("[drills]\naws_access_key_id = ofdrills\naws_secret_access_key = testing\n", encoding="utf-8")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    ask(account(gate.url, profile="drills"), WHO)
    assert gate.seen_keys == ["ofdrills"]


def test_a_role_is_assumed_once_and_its_credentials_serve_every_call(aws: AwsLab, gate: Gate) -> None:
    before = len(aws.calls("AssumeRole"))
    caller = account(gate.url, role_arn=ROLE)
    who = ask(caller, WHO)
    ask(caller, TABLES)
    ask(caller, TABLES.model_copy(update={"region": "eu-west-1"}))
    assert isinstance(who, dict)
    assert who["Arn"] == "arn:aws:sts::123456789012:assumed-role/drillrunner/drillrunner"
    assert len(aws.calls("AssumeRole")) == before + 1
    assert aws.calls("AssumeRole")[-1]["region"] == "us-east-1"
    assumer, *carried = gate.seen_keys
    assert assumer == "testing"
    assert len(carried) == 3
    assert len(set(carried)) == 1
    assert carried[0].startswith("ASIA")


def test_a_role_s_credentials_are_renewed_before_they_expire(aws: AwsLab, gate: Gate) -> None:
    gate.lives_for = timedelta(minutes=8)  # botocore renews what has less than ten minutes left
    before = len(aws.calls("AssumeRole"))
    caller = account(gate.url, role_arn=ROLE)
    ask(caller, TABLES)
    ask(caller, TABLES)
    ask(caller, TABLES)
    assert len(aws.calls("AssumeRole")) > before + 1
    gate.lives_for = timedelta(hours=1)
    ask(caller, TABLES)
    renewed = len(aws.calls("AssumeRole"))
    ask(caller, TABLES)
    assert len(aws.calls("AssumeRole")) == renewed


def test_credentials_that_are_expired_when_they_are_issued_are_a_failed_call(aws: AwsLab, gate: Gate) -> None:
    gate.lives_for = timedelta(minutes=-1)
    failed = failure(account(gate.url, role_arn=ROLE), TABLES, retry=False)
    assert "still expired" in failed.message


def test_a_role_that_may_not_be_assumed_says_what_to_mend(aws: AwsLab) -> None:
    message = "User drills is not authorized to perform: sts:AssumeRole"
    aws.faults({"kind": "error", "error": "AccessDenied", "status": 403, "message": message, "operation": "AssumeRole"})
    failed = failure(account(aws.lab.url, role_arn=ROLE), TABLES)
    assert (failed.code, failed.unknown) == ("AccessDenied", False)
    assert failed.message == f"AccessDenied: {message}"
    assert failed.advice is not None
    assert "trust policy" in failed.advice


@pytest.mark.parametrize("role_arn", [None, ROLE], ids=["directly", "for a role"])
def test_no_credentials_at_all_are_said_with_what_to_do(
    aws: AwsLab, monkeypatch: pytest.MonkeyPatch, role_arn: str | None
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    failed = failure(account(aws.lab.url, role_arn=role_arn), WHO)
    assert (failed.code, failed.unknown) == ("NoCredentials", False)
    assert failed.advice == "set the environment's profile or role_arn, or log in"


def test_a_profile_that_is_not_there_is_named(aws: AwsLab) -> None:
    failed = failure(account(aws.lab.url, profile="drills-staging"), WHO)
    assert (failed.code, failed.unknown) == ("NoCredentials", False)
    assert "drills-staging" in failed.message


def test_a_lab_is_asked_with_dummy_credentials_whatever_the_shell_says(
    aws: AwsLab, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ofproduction")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "ofproduction")
    monkeypatch.setenv("AWS_PROFILE", "one-that-is-not-here")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    ask(aws.caller(endpoint_url=gate.url), WHO)
    assert gate.seen_keys == ["testing"]
