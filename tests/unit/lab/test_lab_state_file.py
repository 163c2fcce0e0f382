"""What is read back from a lab's state file, and what counts as no lab."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from drillrunner.lab import lifecycle
from drillrunner.lab.lifecycle import LabStatus
from drillrunner.model.environment import Database


@pytest.fixture
def labs(tmp_path: Path) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRILLRUNNER_STATE", str(tmp_path))
        (tmp_path / "labs").mkdir()
        yield tmp_path / "labs"


def written(folder: Path, pid: int) -> LabStatus:
    status = LabStatus(
        pid=pid,
        instance="one",
        topology="checkout",
        source="checkout",
        time_scale=10.0,
        seed=1,
        overrides={"route53.ttl": "5"},
        aws_endpoint_url="http://127.0.0.1:9",
        admin_url="http://127.0.0.1:9/drill-lab",
        dns_address="127.0.0.1:53535",
        http_port=8080,
        https_port=8443,
        ca_file="ca.pem",
        regions=("us-east-1", "eu-west-1"),
        port_map={80: 8080, 443: 8443},
        started_wall="2026-01-01T00:00:00+00:00",
        log_file="log",
        databases={"orders": Database(host="127.0.20.1", port=5555)},
    )
    lifecycle.write_status(status, folder / "checkout.json")
    return status


def test_a_state_file_is_read_back_as_it_was_written(labs: Path) -> None:
    status = written(labs, os.getpid())
    assert lifecycle.read_status(labs / "checkout.json") == status
    assert [path.name for path in labs.iterdir()] == ["checkout.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"pid": 1}'])
def test_a_torn_or_foreign_state_file_is_no_lab(labs: Path, text: str) -> None:
    (labs / "checkout.json").write_text(text)
    assert lifecycle.read_status(labs / "checkout.json") is None
    assert lifecycle.status("checkout") is None
    assert lifecycle.down("checkout") is None


def test_a_live_process_that_does_not_answer_as_that_lab_is_no_lab(labs: Path) -> None:
    written(labs, os.getpid())
    assert lifecycle.status("checkout") is None


def test_a_shell_is_given_the_endpoint_and_dummy_credentials_alone(labs: Path) -> None:
    variables = lifecycle.environment_variables(written(labs, os.getpid()))
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert variables["AWS_DEFAULT_REGION"] == "us-east-1"
    assert {variables[name] for name in variables if "KEY" in name or "TOKEN" in name} == {"testing"}
