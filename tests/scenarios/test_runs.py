"""Whole runs in the lab, as a user starts and ends them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from drillrunner.errors import ExitCode
from scenario_waits import wait_for
from stages import Stage, entries_of

PHASES = ["preflight", "baseline", "inject", "detect", "failover", "recover", "failback", "revert", "restored"]


@pytest.fixture(scope="module")
def whole_run(shared_stage: Stage) -> dict[str, Any]:
    """One regional outage from start to end, and the AWS calls that the lab received meanwhile."""
    before = shared_stage.state()
    calls_before = len(shared_stage.ask("calls"))
    path = shared_stage.drill_file("whole")
    ran = shared_stage.drill("run", str(path), "--json")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    calls = shared_stage.ask("calls")[calls_before:]
    return {
        "verdict": json.loads(ran.stdout),
        "stderr": ran.stderr,
        "calls": calls,
        "folder": shared_stage.run_folder(),
        "same": shared_stage.state() == before,
    }


def test_a_regional_outage_is_survived_measured_and_put_back(whole_run: dict[str, Any]) -> None:
    verdict = whole_run["verdict"]
    assert verdict["outcome"] == "met"
    assert verdict["revert"]["reverted"] == verdict["revert"]["of"] > 0
    assert verdict["revert"]["left"] == []
    assert verdict["steady_after"] is True
    assert whole_run["same"]
    rto = next(one for one in verdict["objectives"] if one["name"] == "rto")
    assert 5 < rto["low"] < rto["high"] < 180


def test_its_folder_holds_every_report(whole_run: dict[str, Any]) -> None:
    folder: Path = whole_run["folder"]
    names = {path.name for path in folder.iterdir()}
    reports = {"report.html", "report.md", "junit.xml", "verdict.json"}
    assert {"plan.json", "journal.jsonl", "readings.sqlite"} | reports == names
    assert "RTO" in (folder / "report.html").read_text(encoding="utf-8")


def test_the_same_verdict_is_reached_again_from_its_files(shared_stage: Stage, whole_run: dict[str, Any]) -> None:
    again = shared_stage.drill("judge", str(whole_run["folder"]), "--json")
    assert json.loads(again.stdout) == whole_run["verdict"]


def test_its_permissions_are_the_calls_that_it_made(shared_stage: Stage, whole_run: dict[str, Any]) -> None:
    policy = json.loads(shared_stage.drill("permissions", "drills/whole.yaml").stdout)
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    exceptions = {"Invoke": "InvokeFunction"}
    made = {f"{call['service']}:{exceptions.get(call['operation'], call['operation'])}" for call in whole_run["calls"]}
    assert made - allowed == set()
    assert {action for action in allowed - made if not action.startswith("rds:")} == set()


@pytest.mark.parametrize("phase", PHASES)
def test_ctrl_c_in_any_phase_reverts_and_exits_5(stage: Stage, phase: str) -> None:
    path = stage.drill_file("interrupted")
    process = stage.start("run", str(path))
    wait_for(lambda: _in_phase(stage, process.pid, phase))
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == ExitCode.ABORTED, err
    assert "Traceback" not in err


def test_sigterm_is_like_ctrl_c(stage: Stage) -> None:
    process = stage.start("run", str(stage.drill_file("terminated")))
    wait_for(lambda: _in_phase(stage, process.pid, "detect"))
    os.kill(process.pid, signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == ExitCode.ABORTED, err


def test_a_second_ctrl_c_leaves_at_once_and_says_what_is_left(stage: Stage) -> None:
    process = stage.start("run", str(stage.drill_file("forced")))
    wait_for(lambda: _in_phase(stage, process.pid, "detect"))
    # reverts hang, so that the second Ctrl-C comes before they are through
    rule = {"kind": "delay", "service": "lambda", "operation": "PutFunctionConcurrency", "seconds": 50}
    stage.ask("faults", put=[rule])
    os.kill(process.pid, signal.SIGINT)
    wait_for(lambda: _in_phase(stage, process.pid, "revert"))
    wait_for(lambda: _gone_after_another_ctrl_c(process))
    _, err = process.communicate(timeout=60)
    assert process.returncode == ExitCode.FORCED
    assert "STILL INJECTED" in err
    assert "lambda.throttle on lambda us-east-1 checkout" in err
    assert f"drill revert {stage.run_folder().name}" in err
    stage.ask("faults", put=[])
    reverted = stage.drill("revert", "last")
    assert reverted.returncode == 0, reverted.stderr


def _gone_after_another_ctrl_c(process: subprocess.Popen[str]) -> bool:
    """Pressed again and again: one that follows the first within an instant counts as the same."""
    if process.poll() is None:
        os.kill(process.pid, signal.SIGINT)
    return process.poll() is not None


def test_a_terminal_that_closes_is_like_ctrl_c(stage: Stage) -> None:
    process = stage.start("run", str(stage.drill_file("hung-up")))
    wait_for(lambda: _in_phase(stage, process.pid, "detect"))
    os.kill(process.pid, signal.SIGHUP)
    _, err = process.communicate(timeout=60)
    assert process.returncode == ExitCode.ABORTED, err


def test_drill_stop_from_another_terminal_reverts(stage: Stage) -> None:
    process = stage.start("run", str(stage.drill_file("stopped")))
    wait_for(lambda: _in_phase(stage, process.pid, "detect"))
    stopped = stage.drill("stop", "last")
    _, err = process.communicate(timeout=60)
    assert stopped.returncode == 0, stopped.stderr
    assert process.returncode == ExitCode.ABORTED
    assert "drill stop" in err


def test_a_stop_condition_reverts_exits_5_and_the_report_says_which(stage: Stage) -> None:
    url = 'http.get: {url: "https://${standby}.checkout.example.test/health", expect: {status: 200}}'
    broken = 'http.get: {url: "https://${primary}.checkout.example.test/health", expect: {status: 200}}'
    path = stage.drill_file("tripping", {url: broken, "fails_for: 30s": "fails_for: 5s"})
    ran = stage.drill("run", str(path))
    assert ran.returncode == ExitCode.ABORTED, ran.stderr
    report = (stage.run_folder() / "report.md").read_text(encoding="utf-8")
    assert "standby" in report
    assert "stop condition" in report


def test_the_next_run_reverts_what_a_dead_one_left_and_says_so(stage: Stage) -> None:
    path = stage.drill_file("leaving")
    dead = stage.drill("run", str(path), dies_after="effect.observed#1")
    assert dead.returncode == -signal.SIGKILL
    name = stage.run_folder().name
    assert stage.drill("status").returncode == ExitCode.STILL_INJECTED
    process = stage.start("run", str(path))
    wait_for(lambda: stage.run_folder().name != name and _in_phase(stage, process.pid, "baseline"))
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert f"run {name} died and left something behind: reverting it first" in err
    assert process.returncode == ExitCode.ABORTED


def test_of_many_runs_at_once_one_runs_and_the_others_are_refused(stage: Stage) -> None:
    # twenty programs that start at once keep the machine busy: that must not pass for a broken system
    path = stage.drill_file("crowded", {"timeout: 5s": "timeout: 25s", "baseline: {for: 30s,": "baseline: {for: 200s,"})
    before = set(stage.reports.glob("20*"))
    processes = [stage.start("run", str(path)) for _ in range(20)]
    wait_for(lambda: sum(process.poll() is not None for process in processes) == 19)
    refused = [process for process in processes if process.poll() is not None]
    (running,) = [process for process in processes if process not in refused]
    assert {process.returncode for process in refused} == {ExitCode.REFUSED}
    assert all("is held by" in process.communicate()[1] for process in refused)
    wait_for(lambda: _in_phase(stage, running.pid, "baseline"))
    os.kill(running.pid, signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == ExitCode.ABORTED
    assert len(set(stage.reports.glob("20*")) - before) == 1


def test_reverts_complete_though_aws_throttles_half_of_the_calls_and_drops_some(stage: Stage) -> None:
    process = stage.start("run", str(stage.drill_file("troubled")))
    wait_for(lambda: _in_phase(stage, process.pid, "detect"))
    stage.ask(
        "faults",
        put=[
            {"kind": "error", "error": "throttle", "probability": 0.5},
            {"kind": "timeout", "seconds": 200, "takes_effect": True, "probability": 0.05},
            {"kind": "timeout", "seconds": 200, "takes_effect": False, "probability": 0.05},
        ],
    )
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=110)
    assert process.returncode == ExitCode.ABORTED, err
    done = [entry for entry in stage.entries() if entry["kind"] == "revert.done"]
    assert done[-1]["data"]["left"] == []


def test_a_full_disk_means_that_nothing_is_injected(stage: Stage) -> None:
    calls_before = len(stage.ask("calls"))
    ran = stage.drill("run", str(stage.drill_file("full")), "--reports", "full-reports", file_limit_bytes=100_000)
    assert ran.returncode == ExitCode.REFUSED, ran.stderr
    assert "cannot be written" in ran.stderr
    assert "Traceback" not in ran.stderr
    operations = {call["operation"] for call in stage.ask("calls")[calls_before:]}
    assert "PutFunctionConcurrency" not in operations


def _in_phase(stage: Stage, pid: int, phase: str) -> bool:
    """Whether the run of that process has begun a phase."""
    began = [entry["data"]["phase"] for entry in entries_of(stage.reports, pid) if entry["kind"] == "phase.began"]
    return phase in began


def test_a_run_is_listed_with_how_it_ended(shared_stage: Stage, whole_run: dict[str, Any]) -> None:
    rows = json.loads(shared_stage.drill("status", "--json", "--most", "200").stdout)
    row = next(row for row in rows if row["run"] == whole_run["folder"].name)
    assert (row["drill"], row["state"], row["left"]) == ("regional-outage", "met", [])


def test_a_dead_run_is_put_back_though_the_disk_is_full(stage: Stage) -> None:
    before = stage.state()
    dead = stage.drill("run", str(stage.drill_file("filled")), dies_after="effect.observed#1")
    assert dead.returncode == -signal.SIGKILL
    assert stage.state() != before
    journal = stage.run_folder() / "journal.jsonl"
    full = stage.drill("revert", "last", file_limit_bytes=journal.stat().st_size)
    assert "Traceback" not in full.stderr
    assert stage.state() == before
    again = stage.drill("revert", "last")
    assert again.returncode == 0, again.stderr
    assert stage.state() == before
