"""Runs what is measured in a process of its own, and says what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LONGEST_SECONDS = 900.0
# Dummy credentials, and no file of the user's: nothing here can reach a real account.
AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True, slots=True)
class Done:
    """A process that has ended: wall and CPU seconds (its children's too), its exit code, and what it said."""

    wall_seconds: float
    cpu_seconds: float
    exit_code: int
    out: str


def surroundings(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a process: a home and a state folder of its own, dummy credentials.

    Bytecode is kept, in the same way for both tools, as where they are installed for use.
    """
    foreign = ("AWS_", "CHAOS", "PYTHON", "DRILLRUNNER")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    own = {"HOME": str(folder), "DRILLRUNNER_STATE": str(folder / "state"), "NO_COLOR": "1"}
    return {**kept, **AWS, **own, "PYTHONPYCACHEPREFIX": str(HERE / ".venv" / "bytecode"), **(more or {})}


def start(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start it in the folder. What it says goes to `output.txt` there, so that no pipe can hold it up."""
    with (folder / "output.txt").open("w", encoding="utf-8") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=surroundings(folder, more),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )


def run(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None, expect: int | None = 0) -> Done:
    """Run it to its end. Ends the benchmark where the exit code is not the expected one (None: any)."""
    began = time.perf_counter()
    process = start(command, folder, more)
    _, status, usage = os.wait4(process.pid, 0)
    wall_seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    out = (folder / "output.txt").read_text(encoding="utf-8")
    if expect is not None and process.returncode != expect:
        raise SystemExit(f"{' '.join(command[:3])} … ended with {process.returncode}:\n{out[-2000:]}")
    return Done(wall_seconds, usage.ru_utime + usage.ru_stime, process.returncode, out)


def work(name: str, folder: Path, **settings: Any) -> dict[str, Any]:
    """Run one of `workers/` with its settings as JSON; what it says last is its answer."""
    command = [sys.executable, str(HERE / "workers" / f"{name}.py"), json.dumps(settings)]
    answer: dict[str, Any] = json.loads(run(command, folder).out.splitlines()[-1])
    return answer


def drill(*words: str) -> list[str]:
    """The `drill` that stands beside this Python."""
    return [str(Path(sys.executable).with_name("drill")), *words]
