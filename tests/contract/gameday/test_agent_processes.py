"""Processes of the agent, with real ones: the gate, their ends, and how they are found again."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from drillrunner.errors import Refused
from drillrunner.gameday.agent.lock import alone
from drillrunner.gameday.agent.process import ProcessMachine, boot_id, is_alive_since, stat_of
from drillrunner.model.noun import JsonValue
from scenario_waits import wait_for

# An agent that is killed between having a process and letting it go.
DIES_AT_THE_GATE = """
import json, os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from drillrunner.gameday.agent.process import ProcessMachine
folder = Path(sys.argv[1])
machine = ProcessMachine(folder, folder, lambda since: (), lambda since: False)
child = machine.prepare(["--version"], folder / "child.log")
print(json.dumps(child.mark), flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def machine(tmp_path: Path) -> ProcessMachine:
    return ProcessMachine(tmp_path, tmp_path, lambda since: (), lambda since: False)


def test_a_child_that_gets_its_go_runs_the_command_and_its_exit_code_is_seen(
    machine: ProcessMachine, tmp_path: Path
) -> None:
    child = machine.prepare(["--version"], tmp_path / "logs" / "child.log")
    child.go()
    assert anyio.run(child.wait) == 0
    assert (tmp_path / "logs" / "child.log").read_text(encoding="utf-8").startswith("drill, version")


def test_a_child_whose_agent_dies_before_its_go_never_begins(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", DIES_AT_THE_GATE, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    mark = json.loads(ran.stdout)
    wait_for(lambda: (stat := stat_of(mark["pid"])) is None or stat.state == "Z")
    assert (tmp_path / "child.log").read_text(encoding="utf-8") == ""


def test_a_process_is_found_again_by_its_id_its_start_and_the_boot(machine: ProcessMachine, tmp_path: Path) -> None:
    child = machine.prepare(["--version"], tmp_path / "child.log")
    assert machine.find(child.mark) is not None
    assert machine.find({**child.mark, "ticks": 1}) is None
    assert machine.find({**child.mark, "boot": "another"}) is None
    assert machine.find({"pid": 0, "ticks": 0, "boot": boot_id()}) is None
    child.go()
    anyio.run(child.wait)
    assert machine.find(child.mark) is None


def test_one_that_is_found_again_is_waited_for_and_stops_when_asked(machine: ProcessMachine, tmp_path: Path) -> None:
    child = machine.prepare(["--version"], tmp_path / "child.log")  # it waits for its go
    found = machine.find(child.mark)
    assert found is not None
    found.ask_to_stop()

    async def both() -> tuple[int | None, int | None]:
        return await child.wait(), await found.wait()

    assert anyio.run(both) == (-15, None)


def test_what_a_dead_process_has_started_counts_as_alive(machine: ProcessMachine) -> None:
    command = "sleep 60 & echo $!"
    leader = subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE, start_new_session=True, text=True)
    assert leader.stdout is not None
    sleeper = int(leader.stdout.readline())
    leader.wait(timeout=60)
    mark: dict[str, JsonValue] = {"pid": leader.pid, "ticks": 1, "boot": boot_id()}
    found = machine.find(mark)
    assert found is not None
    found.ask_to_stop()
    anyio.run(found.wait)
    wait_for(lambda: (stat := stat_of(sleeper)) is None or stat.state == "Z")
    assert machine.find(mark) is None


def test_a_name_with_brackets_and_spaces_hides_nothing_of_a_process() -> None:
    mine = stat_of(os.getpid())
    assert mine is not None
    assert mine.group == os.getpgrp()
    assert mine.ticks > 0
    assert stat_of(2**22 + 1) is None


def test_two_agents_are_never_at_work(tmp_path: Path) -> None:
    refused = pytest.raises(Refused, match=rf"another agent is at work \(process {os.getpid()}\)")
    with alone(tmp_path / "agent.lock"), refused, alone(tmp_path / "agent.lock"):
        pass
    with alone(tmp_path / "agent.lock"):
        pass


HOLDS_A_LOCK = """
import fcntl, sys, threading, time
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
for _ in range(8):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print("held", flush=True)
time.sleep(60)
"""


def test_a_process_that_was_killed_lives_for_as_long_as_it_holds_its_locks(
    machine: ProcessMachine, tmp_path: Path
) -> None:
    path = tmp_path / "lock"
    process = subprocess.Popen([sys.executable, "-c", HOLDS_A_LOCK, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    stat = stat_of(process.pid)
    assert stat is not None
    mark: dict[str, JsonValue] = {"pid": process.pid, "ticks": stat.ticks, "boot": boot_id()}
    began = datetime.now(UTC)
    assert (is_alive_since(process.pid, began), is_alive_since(process.pid, began - timedelta(days=1))) == (True, False)
    process.kill()
    wait_for(lambda: machine.find(mark) is None)
    with path.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not is_alive_since(process.pid, began)
    process.wait(timeout=20)
    process.stdout.close()
