"""`kill -9` while a call is on its way: it lands when the process is dead, even after its revert."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from drillrunner.lab.lifecycle import LabStatus
from running_lab import RunningLab
from scenario_waits import wait_for
from stages import Stage, stage_in

# Two drill seconds in a real one: slow enough that a call which lands after 8 drill seconds does so when the
# revert is through, and before it looks once more for late effects (10 drill seconds later).
TIME_SCALE = 2
LANDS_AFTER_SECONDS = 8
# In which a busy machine's first answers come in time.
LONGER_BASELINE = {"baseline: {for: 30s,": "baseline: {for: 20s,"}


@pytest.fixture(scope="module")
def slow_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = stage_in(tmp_path_factory.mktemp("in-flight") / "work")
    up = stage.drill("lab", "up", "--time-scale", str(TIME_SCALE))
    assert up.returncode == 0, up.stderr
    yield stage
    stage.drill("lab", "down", "--topology", "checkout")


def kill_with_a_call_on_its_way(stage: Stage, service: str, operation: str) -> None:
    """Run the regional outage until the lab has received that call, which it will carry out later; then kill it."""
    rule = {"kind": "delay", "service": service, "operation": operation, "seconds": LANDS_AFTER_SECONDS, "times": 1}
    stage.ask("faults", put=[rule])
    process = stage.start("run", str(stage.drill_file("in-flight")))
    wait_for(lambda: bool(stage.ask("faults")[0]["hits"]))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


def last_deed(stage: Stage) -> str:
    """The kind of the journal's last entry, but for the undos that a ledger may put on disk at any time."""
    return [str(entry["kind"]) for entry in stage.entries() if entry["kind"] != "undo.recorded"][-1]


def calls_of(stage: Stage, operation: str, since: int) -> list[str]:
    """The calls of that operation in the order in which they took effect: `delay` for the late one."""
    return [call.get("fault", "") for call in stage.ask("calls")[since:] if call["operation"] == operation]


def wait_until_landed(stage: Stage, operation: str, since: int) -> None:
    wait_for(lambda: "delay" in calls_of(stage, operation, since))


def test_a_fault_that_lands_after_its_revert_is_put_back_once_more(slow_stage: Stage) -> None:
    before, since = slow_stage.state(), len(slow_stage.ask("calls"))
    kill_with_a_call_on_its_way(slow_stage, "lambda", "PutFunctionConcurrency")
    assert last_deed(slow_stage) == "call.intent"
    reverted = slow_stage.drill("revert", "last")
    assert reverted.returncode == 0, reverted.stderr
    assert calls_of(slow_stage, "PutFunctionConcurrency", since) == ["", "delay", ""]
    assert slow_stage.state() == before


def test_a_ledger_record_that_is_written_after_the_clean_up_is_removed_too(slow_stage: Stage) -> None:
    since = len(slow_stage.ask("calls"))
    kill_with_a_call_on_its_way(slow_stage, "dynamodb", "PutItem")
    reverted = slow_stage.drill("revert", "last")
    assert reverted.returncode == 0, reverted.stderr
    wait_until_landed(slow_stage, "PutItem", since)
    lab = RunningLab(LabStatus(**slow_stage.lab()))
    wait_for(lambda: records(lab) == [], within_seconds=5)


def records(lab: RunningLab) -> list[Any]:
    regions = ("us-east-1", "eu-west-1")
    return [item for region in regions for item in lab.client("dynamodb", region).scan(TableName="orders")["Items"]]


def test_a_fault_that_took_effect_unanswered_is_put_back(stage: Stage) -> None:
    before = stage.state()
    rule = {"kind": "timeout", "service": "lambda", "operation": "PutFunctionConcurrency", "seconds": 20, "times": 1}
    stage.ask("faults", put=[rule])
    process = stage.start("run", str(stage.drill_file("unanswered", LONGER_BASELINE)))
    wait_for(lambda: stage.state() != before)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert last_deed(stage) == "call.intent"
    reverted = stage.drill("revert", "last")
    assert reverted.returncode == 0, reverted.stderr
    assert stage.state() == before
