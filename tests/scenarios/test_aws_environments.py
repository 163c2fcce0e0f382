"""Drills in environments of kind aws: the lab stands where AWS would, reached by its endpoint as a stranger."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drillrunner.errors import ExitCode
from drillrunner.lab.lifecycle import read_status
from running_lab import RunningLab
from scenario_waits import wait_for
from stages import QUICK, Stage, stage_in

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/drillrunner"

# One fault, one probe, nothing to fail over: a run that lasts as long as a real second does.
BRIEF = """
drill: brief
title: us-east-1 stops serving; nothing fails over but DNS
owner: team-checkout
environment: staging
objectives: {rto: 1m}
probes:
  checkout:
    http.get: {url: "https://checkout.example.test/health", expect: {status: 200}}
    every: 250ms
    timeout: 2s
    user_facing: true
baseline: {for: 1s}
faults:
  - lambda.throttle: {region: us-east-1, functions: [checkout], reserved_concurrency: 0}
recovery: {within: 2m, stable_for: 1s}
revert: {within: 10s}
stop_if:
  - {probe: checkout, fails_for: 2m}
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """An account that answers at an endpoint of its own, and its users' shell."""
    stage = stage_in(tmp_path_factory.mktemp("account") / "work")
    stage.environment |= {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    up = stage.drill("lab", "up", *QUICK)
    assert up.returncode == 0, up.stderr
    environments = _environments(stage.lab())
    (stage.folder / "drills" / "environments.yaml").write_text(json.dumps(environments, indent=2), encoding="utf-8")
    yield stage
    stage.drill("lab", "down", "--topology", "checkout")


def _environments(lab: dict[str, Any]) -> dict[str, Any]:
    """JSON is YAML: the same account under different guards."""
    staging = {
        "kind": "aws",
        "account": ACCOUNT,
        "regions": lab["regions"],
        "endpoint_url": lab["aws_endpoint_url"],
        "resolver": lab["dns_address"],
        "port_map": lab["port_map"],
        "ca_file": lab["ca_file"],
        "allow_irreversible": True,
        "confirm": False,
    }
    now = datetime.now(UTC)
    freeze = {
        "from": (now - timedelta(hours=1)).isoformat(),
        "to": (now + timedelta(hours=1)).isoformat(),
        "reason": "end of year",
    }
    return {
        "staging": staging,
        "by-role": {**staging, "role_arn": ROLE},
        "somebody-s": {**staging, "account": "210987654321"},
        "guarded": {key: value for key, value in staging.items() if key != "confirm"},
        "narrow": {**staging, "max_targets": 1},
        "one-region": {**staging, "regions": ["eu-west-1"]},
        "frozen": {**staging, "freeze": [freeze]},
        "reversible": {**staging, "allow_irreversible": False},
        "nowhere": {**staging, "endpoint_url": f"http://127.0.0.1:{_closed_port()}"},
        "no-profile": {**staging, "profile": "drills-staging"},
    }


def _closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.fixture
def staging(account: Stage) -> Iterator[Stage]:
    """The account, held to what every drill promises: it is afterwards as it was before."""
    account.ask("faults", put=[])
    before = account.state()
    wait_for(lambda: _primary_serves(account))
    yield account
    account.ask("faults", put=[])
    assert account.state() == before


def _primary_serves(stage: Stage) -> bool:
    """Whether DNS is back where a drill expects it: health checks lag behind what the last one put back."""
    status = read_status(stage.folder / "state" / "labs" / "checkout.json")
    assert status is not None
    lab = RunningLab(status)
    return lab.addresses("checkout.example.test") == lab.addresses("us-east-1.checkout.example.test")


def brief(stage: Stage, changes: dict[str, str] | None = None) -> str:
    """The brief drill's file, with texts replaced."""
    text = BRIEF
    for old, new in (changes or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    path = stage.folder / "drills" / "brief.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def refused(stage: Stage, environment: str, *words: str, changes: dict[str, str] | None = None) -> tuple[int, str]:
    """A run that is to be refused: its exit code, and what it said. Nothing may have been changed."""
    runs_before = _runs(stage)
    changing_before = len(_changing(stage))
    ran = stage.drill("run", brief(stage, changes), "--environment", environment, *words)
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr
    assert "internal error" not in ran.stderr
    assert len(_changing(stage)) == changing_before
    assert _runs(stage) == runs_before
    return ran.returncode, ran.stderr


def _runs(stage: Stage) -> list[str]:
    return sorted(path.name for path in stage.reports.glob("20*"))


def _changing(stage: Stage) -> list[dict[str, Any]]:
    """The AWS calls so far that were not reads."""
    reads = ("Get", "List", "Describe", "AssumeRole")
    return [call for call in stage.ask("calls") if not call["operation"].startswith(reads)]


# -- runs --------------------------------------------------------------------------------------------


@pytest.mark.timeout(180)
@pytest.mark.long
def test_the_shipped_regional_outage_runs_on_an_account(staging: Stage) -> None:
    path = staging.drill_file("whole", {"environment: lab": "environment: staging"})
    ran = staging.drill("run", str(path), "--json")
    assert ran.returncode == ExitCode.ALL_MET, ran.stderr + ran.stdout
    verdict = json.loads(ran.stdout)
    assert verdict["outcome"] == "met"
    assert verdict["revert"]["left"] == []
    assert verdict["steady_after"] is True
    plan = json.loads((staging.run_folder() / "plan.json").read_text(encoding="utf-8"))
    assert (plan["environment"]["kind"], plan["environment"]["account"]) == ("aws", ACCOUNT)


def test_a_brief_drill_by_an_assumed_role_is_met_and_put_back(staging: Stage) -> None:
    calls_before = len(staging.ask("calls"))
    ran = staging.drill("run", brief(staging), "--environment", "by-role")
    assert ran.returncode == ExitCode.ALL_MET, ran.stderr + ran.stdout
    made = [call["operation"] for call in staging.ask("calls")[calls_before:]]
    assert made[:2] == ["AssumeRole", "GetCallerIdentity"]
    assert made.count("AssumeRole") == 1
    assert made.count("PutFunctionConcurrency") == 2


# -- refused before anything is asked ------------------------------------------------------------------


def test_another_account_s_credentials_are_refused_and_nothing_else_is_asked(staging: Stage) -> None:
    calls_before = len(staging.ask("calls"))
    code, told = refused(staging, "somebody-s")
    assert code == ExitCode.REFUSED
    assert f"the credentials belong to account {ACCOUNT}, not to 210987654321" in told
    assert [call["operation"] for call in staging.ask("calls")[calls_before:]] == ["GetCallerIdentity"]


@pytest.mark.parametrize("words", [(), ("--confirm=staging",), ("--no-input",)], ids=["unsaid", "wrong", "no input"])
def test_an_account_wants_to_be_confirmed_by_its_name(staging: Stage, words: tuple[str, ...]) -> None:
    calls_before = len(staging.ask("calls"))
    code, told = refused(staging, "guarded", *words)
    assert code == ExitCode.REFUSED
    assert "--confirm=guarded" in told
    assert len(staging.ask("calls")) == calls_before


def test_an_account_that_is_confirmed_by_its_name_is_drilled(staging: Stage) -> None:
    ran = staging.drill("run", brief(staging), "--environment", "guarded", "--confirm=guarded")
    assert ran.returncode == ExitCode.ALL_MET, ran.stderr + ran.stdout


def test_a_region_outside_the_environment_is_invalid_before_anything_is_asked(staging: Stage) -> None:
    calls_before = len(staging.ask("calls"))
    code, told = refused(staging, "one-region")
    assert code == ExitCode.INVALID
    assert 'us-east-1 is not one of the regions of the environment "one-region"' in told
    assert len(staging.ask("calls")) == calls_before


def test_an_irreversible_step_is_invalid_where_none_is_allowed(staging: Stage) -> None:
    promotion = "failover:\n  - rds.promote_read_replica: {region: eu-west-1, instance: orders}\nrecovery:"
    code, told = refused(staging, "reversible", changes={"recovery:": promotion})
    assert code == ExitCode.INVALID
    assert "rds.promote_read_replica cannot be undone" in told
    assert "allow_irreversible" in told


# -- refused by what is there --------------------------------------------------------------------------


def test_more_targets_than_the_guard_allows_are_refused(staging: Stage) -> None:
    second = "\n  - route53.fail_health_check: {health_check: checkout-us-east-1}\nrecovery:"
    code, told = refused(staging, "narrow", changes={"\nrecovery:": second})
    assert code == ExitCode.REFUSED
    assert "2 targets are more than max_targets 1 allows" in told


def test_a_freeze_window_refuses_and_says_why(staging: Stage) -> None:
    code, told = refused(staging, "frozen")
    assert code == ExitCode.REFUSED
    assert "freeze window" in told
    assert "end of year" in told


def test_expired_credentials_are_refused_with_advice(staging: Stage) -> None:
    staging.ask("faults", put=[{"kind": "error", "error": "expired"}])
    code, told = refused(staging, "staging")
    assert code == ExitCode.REFUSED
    assert "the account could not be checked: ExpiredToken" in told
    assert "renew the environment's credentials and try again" in told


def test_a_profile_that_is_not_there_is_refused_by_name(staging: Stage) -> None:
    code, told = refused(staging, "no-profile")
    assert code == ExitCode.REFUSED
    assert "drills-staging" in told


@pytest.mark.parametrize(
    "command",
    ["run", pytest.param("plan", marks=pytest.mark.long), pytest.param("permissions", marks=pytest.mark.long)],
)
def test_an_endpoint_that_nobody_answers_is_told_soon(staging: Stage, command: str) -> None:
    began = time.monotonic()
    asked = staging.drill(command, brief(staging), "--environment", "nowhere")
    assert time.monotonic() - began < 30
    assert asked.returncode == ExitCode.REFUSED
    assert "Could not connect to the endpoint URL" in asked.stderr
    assert "endpoint_url" in asked.stderr
    assert "Traceback" not in asked.stderr


# -- permissions, and credentials that end -------------------------------------------------------------


def test_the_policy_names_the_account(staging: Stage) -> None:
    policy = json.loads(staging.drill("permissions", brief(staging)).stdout)
    resources = [
        resource
        for statement in policy["Statement"]
        if "lambda:PutFunctionConcurrency" in statement["Action"]
        for resource in statement["Resource"]
    ]
    assert resources == [f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:checkout"]


def test_credentials_that_expire_during_a_run_leave_it_injected_and_it_says_so(staging: Stage) -> None:
    process = staging.start("run", brief(staging))
    wait_for(lambda: process.poll() is not None or _is_in_effect(staging, process.pid))
    staging.ask("faults", put=[{"kind": "error", "error": "expired"}])
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == ExitCode.STILL_INJECTED, err
    assert "Traceback" not in err
    run = staging.run_folder().name
    status = staging.drill("status")
    assert status.returncode == ExitCode.STILL_INJECTED
    assert "lambda us-east-1 checkout" in status.stdout

    staging.ask("faults", put=[])
    reverted = staging.drill("revert", run)
    assert reverted.returncode == 0, reverted.stderr
    assert "reverted 1/1" in reverted.stdout


def _is_in_effect(stage: Stage, pid: int) -> bool:
    for folder in stage.reports.glob("20*"):
        lines = _whole_lines(folder / "journal.jsonl")
        if lines and lines[0]["data"].get("pid") == pid:
            return any(line["kind"] == "effect.observed" for line in lines)
    return False


def _whole_lines(journal: Path) -> list[dict[str, Any]]:
    if not journal.exists():
        return []
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]
