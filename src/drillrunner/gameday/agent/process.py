"""Processes of the agent: started through the same command line, each in a session of its own, and found again.

Linux tells of them in /proc. A process is the one that was started if its id, its start (in clock ticks since boot)
and the boot are the same: an id alone comes back.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio

from drillrunner.gameday.agent.loop import Child
from drillrunner.model.noun import JsonValue

POLL_REAL_SECONDS = 0.3
# Becomes the command when it is told to, with nothing to read any more; ends when nobody is there to tell it.
_GATE = (
    "import os, sys\n"
    "os.read(0, 1) == b'g' or sys.exit(1)\n"
    "os.dup2(os.open(os.devnull, os.O_RDONLY), 0)\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)
_GONE = ("Z", "X", "x")
_CLOCK_SLACK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Stat:
    """What /proc says of a process: its state, its group, and when it began."""

    state: str
    group: int
    ticks: int


class _Started:
    """A child of this process."""

    def __init__(self, process: subprocess.Popen[bytes], gate: int) -> None:
        self._process, self._gate = process, gate
        stat = stat_of(process.pid)
        self.mark: dict[str, JsonValue] = {
            "pid": process.pid,
            "ticks": stat.ticks if stat else 0,
            "boot": boot_id(),
        }

    def go(self) -> None:
        try:
            os.write(self._gate, b"g")
        except BrokenPipeError:  # it was killed meanwhile, which its exit code says
            pass
        finally:
            os.close(self._gate)

    async def wait(self) -> int | None:
        code = await _exit_code(self._process)
        await _while(lambda: _group_lives(self._process.pid))
        return code

    def ask_to_stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)


class _FoundAgain:
    """A child of an agent that died. Nobody sees its exit code."""

    def __init__(self, pid: int, mark: dict[str, JsonValue]) -> None:
        self._pid, self.mark = pid, mark

    def go(self) -> None:
        """It had its go long ago."""

    async def wait(self) -> int | None:
        await _while(lambda: _is_the_one(self._pid, self.mark))
        await _while(lambda: _group_lives(self._pid))
        return None

    def ask_to_stop(self) -> None:
        if _is_the_one(self._pid, self.mark):
            os.kill(self._pid, signal.SIGTERM)
        elif _group_lives(self._pid):
            os.killpg(self._pid, signal.SIGTERM)


class ProcessMachine:
    """This machine. `left_by` and `has_run` look into the reports folder."""

    def __init__(
        self,
        reports: Path,
        logs: Path,
        left_by: Callable[[datetime], tuple[str, ...]],
        has_run: Callable[[datetime], bool],
    ) -> None:
        self._reports, self._logs = reports, logs
        self.left_by, self.has_run = left_by, has_run

    def prepare(self, words: Sequence[str], log: Path) -> Child:
        reading, writing = os.pipe()  # neither is inherited by anything but as the child's standard input
        command = [sys.executable, "-I", "-S", "-c", _GATE, sys.executable, "-m", "drillrunner", *words]
        try:
            return _Started(_spawned(command, log, reading), writing)
        except OSError:
            os.close(writing)
            raise
        finally:
            os.close(reading)

    def find(self, mark: dict[str, JsonValue]) -> Child | None:
        """None where its boot is over, or neither it nor anything that it started lives."""
        pid = mark.get("pid")
        if not isinstance(pid, int) or pid <= 1 or mark.get("boot") != boot_id():
            return None
        stat = stat_of(pid)
        orphaned = (stat is None or stat.ticks == mark.get("ticks")) and _group_lives(pid)
        return _FoundAgain(pid, mark) if orphaned or _is_the_one(pid, mark) else None

    async def revert(self, run: str) -> int:
        command = [sys.executable, "-m", "drillrunner", "revert", run, "--reports", str(self._reports)]
        return await _exit_code(_spawned(command, self._logs / f"revert-{run}.log", subprocess.DEVNULL))


def boot_id() -> str:
    """A text that is another one after each boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def is_alive_since(pid: int, moment: datetime) -> bool:
    """Whether the process with that id lives and had begun by then: one that began later only has the same id."""
    stat = stat_of(pid)
    if stat is None or _is_gone(pid, stat):
        return False
    up_seconds = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    age_seconds = up_seconds - stat.ticks / os.sysconf("SC_CLK_TCK")
    return datetime.now(UTC) - timedelta(seconds=age_seconds) <= moment + _CLOCK_SLACK


def stat_of(pid: int) -> Stat | None:
    """None where there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text[text.rfind(")") + 2 :].split()  # what is in brackets is a name, and may hold anything
    return Stat(state=fields[0], group=int(fields[2]), ticks=int(fields[19]))


def _spawned(command: Sequence[str], log: Path, standard_input: int) -> subprocess.Popen[bytes]:
    """In a session of its own: what ends the agent, or its terminal, does not end it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        return subprocess.Popen(command, stdin=standard_input, stdout=out, stderr=out, start_new_session=True)


def _is_the_one(pid: int, mark: dict[str, JsonValue]) -> bool:
    stat = stat_of(pid)
    return stat is not None and not _is_gone(pid, stat) and stat.ticks == mark.get("ticks")


def _is_gone(pid: int, stat: Stat) -> bool:
    """Whether nothing of it runs any more. A process that is killed may be a zombie in name while threads of it still
    end: until they have, it holds its locks, and nobody can say what it left.
    """
    if stat.state not in _GONE:
        return False
    try:
        return all(int(task.name) == pid for task in Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return True


async def _exit_code(process: subprocess.Popen[bytes]) -> int:
    await _while(lambda: process.poll() is None)
    return process.returncode


async def _while(lives: Callable[[], bool]) -> None:
    while lives():  # noqa: ASYNC110  the end of another's child tells no event
        await anyio.sleep(POLL_REAL_SECONDS)


def _group_lives(group: int) -> bool:
    """What a process started and left behind (a game day its drill) belongs to it. A lab has a session of its own."""
    return any(stat.group == group and not _is_gone(pid, stat) for pid, stat in _every_stat())


def _every_stat() -> Iterator[tuple[int, Stat]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (stat := stat_of(int(folder.name))) is not None:
            yield int(folder.name), stat
