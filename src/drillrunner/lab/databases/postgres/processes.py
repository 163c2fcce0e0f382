"""What the lab needs to know of processes: whether one lives, when it began, its children, its command line.

Read from /proc where there is one (slim containers have no `ps`), else asked of `ps`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self" / "stat").exists()


def alive(pid: int) -> bool:
    """Whether a process of that id exists and is more than a zombie."""
    state = _stat(pid)[0] if _HAS_PROC else _ask_ps(pid, "stat")
    return bool(state) and not state.startswith("Z")


def began(pid: int) -> str:
    """When it began, in words that only this process has for that id; empty when it is gone."""
    return _stat(pid)[2] if _HAS_PROC else _ask_ps(pid, "lstart")


def command_line(pid: int) -> str:
    """Its command line, arguments apart by spaces; empty when it is gone."""
    if not _HAS_PROC:
        return _ask_ps(pid, "args")
    return _read(_PROC / str(pid) / "cmdline").replace("\0", " ").strip()


def children_of(parent: int) -> tuple[int, ...]:
    """The ids of the processes that `parent` started."""
    if _HAS_PROC:
        pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
        return tuple(pid for pid in pids if _stat(pid)[1] == str(parent))
    pairs = (line.split() for line in _run_ps("-A", "-o", "pid=,ppid=").splitlines())
    return tuple(int(pid) for pid, of in pairs if int(of) == parent)


def _stat(pid: int) -> tuple[str, str, str]:
    """State, parent and start time (clock ticks since boot) from /proc/PID/stat; empty texts when it is gone.

    See proc(5): the name in parentheses may hold spaces, so fields are counted after the last parenthesis.
    """
    fields = _read(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    return (fields[0], fields[1], fields[19]) if len(fields) > 19 else ("", "", "")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:  # it ended meanwhile, which is an answer
        return ""


def _ask_ps(pid: int, what: str) -> str:
    return _run_ps("-ww", "-o", f"{what}=", "-p", str(pid))


def _run_ps(*arguments: str) -> str:
    """`ps` with the options that POSIX gives it."""
    environment = {**os.environ, "LC_ALL": "C", "COLUMNS": "2000"}
    answer = subprocess.run(["ps", *arguments], capture_output=True, text=True, env=environment, check=False)
    return answer.stdout.strip()
