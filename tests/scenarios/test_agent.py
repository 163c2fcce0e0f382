"""The agent as a process: what it starts outlives it, is found again, stops with it when asked, and is put back."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from drillrunner.errors import ExitCode
from scenario_waits import wait_for
from stages import Stage, entries_of


def due_now(stage: Stage, name: str) -> list[str]:
    """The words for an agent of a folder with one drill, that was due five minutes ago."""
    began = datetime.now(UTC) - timedelta(minutes=5)
    written = stage.drill_file(name)
    folder = stage.folder / name
    folder.mkdir()
    schedule = f"schedule: {{every: 1d, starts: {began:%Y-%m-%dT%H:%M}, grace: 1h}}\n"
    (folder / f"{name}.yaml").write_text(written.read_text(encoding="utf-8") + schedule, encoding="utf-8")
    written.unlink()
    return ["agent", "--drills", name, "--reports", str(folder / "reports")]


def journal(reports: Path) -> list[dict[str, Any]]:
    """What the agent has written so far."""
    path = reports / "agent.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def child_of(reports: Path) -> int:
    """The process of the run that the agent has started last; 0 while there is none."""
    children = [entry["data"]["pid"] for entry in journal(reports) if entry["kind"] == "run.child"]
    return int(children[-1]) if children else 0


def in_phase(reports: Path, phase: str) -> bool:
    """Whether the agent's run has begun that phase."""
    entries = entries_of(reports, child_of(reports))
    return any(entry["kind"] == "phase.began" and entry["data"]["phase"] == phase for entry in entries)


def test_a_run_outlives_its_agent_and_one_that_dies_is_reverted_and_not_run_again(stage: Stage) -> None:
    words = due_now(stage, "outliving")
    reports = Path(words[-1])
    first = stage.start(*words)
    wait_for(lambda: in_phase(reports, "detect"))
    first.kill()
    first.communicate(timeout=60)
    run = child_of(reports)
    os.kill(run, 0)  # it lives
    second = stage.start(*words, "--once")
    wait_for(lambda: sum(entry["kind"] == "agent.began" for entry in journal(reports)) == 2)
    os.kill(run, signal.SIGKILL)
    _, said = second.communicate(timeout=100)
    assert second.returncode == ExitCode.ALL_MET, said
    assert "died or left something behind: reverting it (it is never resumed)" in said
    assert [entry["kind"] for entry in journal(reports)] == [
        *("agent.began", "thing.seen", "run.starting", "run.child"),
        *("agent.began", "run.reverted", "run.over", "agent.ended"),
    ]
    folders = [path for path in reports.iterdir() if path.name.startswith("20")]
    assert len(folders) == 1
    assert json.loads((folders[0] / "verdict.json").read_text(encoding="utf-8"))["revert"]["left"] == []


def test_sigterm_lets_the_run_put_everything_back_before_the_agent_ends(stage: Stage) -> None:
    words = due_now(stage, "ending")
    reports = Path(words[-1])
    agent = stage.start(*words)
    wait_for(lambda: in_phase(reports, "detect"))
    another = stage.drill("agent", "--reports", str(reports))
    assert (another.returncode, "another agent is at work" in another.stderr) == (ExitCode.REFUSED, True)
    agent.terminate()
    _, said = agent.communicate(timeout=100)
    assert agent.returncode == ExitCode.ALL_MET, said
    assert "exit code 5, aborted and fully reverted" in said
    assert [entry["kind"] for entry in journal(reports)][-2:] == ["run.over", "agent.ended"]
