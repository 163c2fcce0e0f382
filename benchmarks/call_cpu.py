"""What one AWS call costs the client in CPU, beside a plain boto3 loop and the peer."""

from __future__ import annotations

from figures import Aim, Row, Samples, Setting, compared
from lambda_endpoint import function_names, reserves_before, serving
from processes import work
from throttle_drill import ThrottleDrill
from throttles import THREADS, run_peer

# Waiting costs no CPU, so the endpoint answers soon and the measurement is short.
ANSWER_SECONDS = 0.005
FEW = 2


def measure(setting: Setting) -> Row:
    """CPU milliseconds of the process for each call: a loop, the executor, the whole engine, and the peer."""
    functions = setting.pick(40, 200)
    with serving(functions, ANSWER_SECONDS) as endpoint:
        there = ThrottleDrill(setting.folder, endpoint, functions)
        _peer_milliseconds(there, setting)  # the first of all compiles what the others find compiled
        rounds = [_round(there, setting) for _ in range(setting.pick(1, 3))]
    loop, threads = _samples(rounds, "loop"), _samples(rounds, "threads")
    most = Aim("at most", 1.5)
    return Row(
        "CPU of one AWS call",
        (
            compared(
                "the executor, one call after another, to a plain boto3 loop", _samples(rounds, "ours"), loop, most
            ),
            compared(
                "the executor, 16 at once, to 16 threads on boto3", _samples(rounds, "ours at once"), threads, None
            ),
            compared(
                "a whole run (journal, read-backs, probes), to a plain boto3 loop", _samples(rounds, "run"), loop, None
            ),
            compared("a whole run, to `chaos run`", _samples(rounds, "run"), _samples(rounds, "peer"), None),
        ),
        (
            "User and system time of the process over the calls, without its start and without making the client; "
            "of `chaos run` the difference between a long experiment and a short one, over the calls that the long "
            "one makes more.",
        ),
    )


def _samples(rounds: list[dict[str, float]], contender: str) -> Samples:
    return Samples(tuple(one[contender] for one in rounds), "ms")


def _round(there: ThrottleDrill, setting: Setting) -> dict[str, float]:
    names, before = function_names(there.functions), reserves_before(there.functions)
    url, folder = there.endpoint.url, setting.folder
    plain = {"url": url, "names": names, "before": before, "looks": False}
    told = {
        "loop": work("boto3_throttles", folder, **plain, threads=1),
        "ours": work("executor_throttles", folder, url=url, names=names, at_once=1),
        "threads": work("boto3_throttles", folder, **plain, threads=THREADS),
        "ours at once": work("executor_throttles", folder, url=url, names=names, at_once=THREADS),
    }
    there.endpoint.reset()
    told["run"] = work("conducted_run", folder, drill=str(there.drill_file()), reports=str(there.reports))
    costs = {name: one["cpu_seconds"] * 1000 / one["calls"] for name, one in told.items()}
    return {**costs, "peer": _peer_milliseconds(there, setting)}


def _peer_milliseconds(there: ThrottleDrill, setting: Setting) -> float:
    journal = setting.folder / "peer-journal.json"
    short, long = (run_peer(there, setting, journal, count).cpu_seconds for count in (FEW, there.functions))
    there.endpoint.reset()
    return (long - short) * 1000 / (2 * (there.functions - FEW))
