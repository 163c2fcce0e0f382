"""Processes whose owner is killed do not work on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

# Two workers: with one alone its pipe would break, with two each keeps the other's open.
OWNER = """
    import concurrent.futures, multiprocessing, os, time
    from drillrunner.orphans import end_with_the_parent

    def pid(number):
        time.sleep(0.2)
        return os.getpid()

    if __name__ == "__main__":
        context = multiprocessing.get_context("spawn")
        pool = concurrent.futures.ProcessPoolExecutor(2, mp_context=context, initializer=end_with_the_parent)
        print(*set(pool.map(pid, range(6))), flush=True)
        list(pool.map(time.sleep, [300] * 4))
"""
LONGEST_REAL_SECONDS = 20.0


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_worker_whose_owner_was_killed_ends_in_the_middle_of_its_task(tmp_path: Path) -> None:
    program = tmp_path / "owner.py"
    program.write_text(textwrap.dedent(OWNER), encoding="utf-8")
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        workers = [int(word) for word in owner.stdout.readline().split()]
        owner.kill()
        give_up_at = time.monotonic() + LONGEST_REAL_SECONDS
        while any(map(alive, workers)) and time.monotonic() < give_up_at:
            time.sleep(0.01)
    left = [pid for pid in workers if alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert (bool(workers), left) == (True, [])
