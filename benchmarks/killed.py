"""`kill -9` in the middle of many throttles: what is left, and what is left after one command of the tool."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

from figures import Aim, Line, Row, Setting, held, shown
from lambda_endpoint import serving
from peer import chaos
from processes import drill, run, start
from throttle_drill import ANSWER_SECONDS, ThrottleDrill

LOOK_EVERY_SECONDS = 0.02
LONGEST_SECONDS = 300.0


def measure(setting: Setting) -> Row:
    """Both tools, killed when the endpoint has seen half of the throttles."""
    functions = setting.pick(24, 200)
    with serving(functions, ANSWER_SECONDS) as endpoint:
        there = ThrottleDrill(setting.folder, endpoint, functions)
        peer = _kill_peer(there, setting)
        endpoint.reset()
        ours = _kill_ours(there, setting)
        seconds = _revert(there, setting)
        left = endpoint.told()
    none = Aim("at most", 0)
    return Row(
        f"`kill -9` in the middle of {functions} throttles",
        (
            Line("functions throttled when it was dead", str(ours), str(peer)),
            held("throttled after one command of the tool", left["throttled"], "", none, peer=f"{peer} (it has none)"),
            held(
                "not as before (a reserve of 40, or none) after it", left["changed"], "", none, peer=f"{peer} or more"
            ),
            Line("what `drill revert last` took", f"{shown(seconds)} s"),
        ),
        (
            "`drill run` as a user runs it, within 15 calls a second. `drill revert` works from the journal alone; it "
            "puts back what was intended too, looks again 15 s later at what may have landed late, and so takes longer "
            "than the throttles did.",
        ),
    )


def _kill_peer(there: ThrottleDrill, setting: Setting) -> int:
    command = chaos(setting.peer, "run", "--rollback-strategy", "always", str(there.experiment_file()))
    return _killed(start(command, setting.folder, there.peer_surroundings()), there)


def _kill_ours(there: ThrottleDrill, setting: Setting) -> int:
    command = drill("run", str(there.drill_file()), "--reports", str(there.reports), "--no-input")
    return _killed(start(command, setting.folder), there)


def _killed(process: subprocess.Popen[str], there: ThrottleDrill) -> int:
    """Kill it when half of the throttles were seen. How many functions are throttled when all that it sent landed."""
    try:
        _wait_until(lambda: there.endpoint.throttles_seen() >= there.functions // 2, process)
    finally:
        process.kill()
        process.wait()
    time.sleep(4 * ANSWER_SECONDS)
    return int(there.endpoint.told()["throttled"])


def _wait_until(seen: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not seen():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the tool ended or hung before half of the throttles were made")
        time.sleep(LOOK_EVERY_SECONDS)


def _revert(there: ThrottleDrill, setting: Setting) -> float:
    return run(drill("revert", "last", "--reports", str(there.reports)), setting.folder).wall_seconds
