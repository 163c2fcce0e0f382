"""Many throttles and their reverts at an endpoint that answers after 50 ms, beside threads on boto3 and the peer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from figures import Aim, Line, Row, Samples, Setting, compared, shown
from lambda_endpoint import function_names, reserves_before, serving
from peer import chaos
from processes import Done, drill, run, work
from throttle_drill import ANSWER_SECONDS, ThrottleDrill

from drillrunner.calls.aws import THREADS as AS_MANY_THREADS

THREADS = 16
# What `drill run` keeps to for Lambda's control plane; AWS allows an account 15 requests a second.
ACCOUNT_CALLS_PER_SECOND = 15.0


@dataclass(frozen=True, slots=True)
class Round:
    """Wall seconds of one round of each contender, our calls in it, and how many functions it left changed."""

    ours: float
    calls: int
    looking: float
    looking_as_many: float
    blind: float
    peer: float
    peer_changed: int
    ours_changed: int


def measure(setting: Setting) -> Row:
    """Our engine without a rate limit, plain boto3 with threads, and `chaos run`, in turn; then `drill run` itself."""
    functions = setting.pick(32, 200)
    with serving(functions, ANSWER_SECONDS) as endpoint:
        there = ThrottleDrill(setting.folder, endpoint, functions)
        rounds = [_round(there, setting) for _ in range(setting.pick(1, 3))]
        limited = _limited(there, setting)
    ours, blind = _samples(rounds, "ours"), _samples(rounds, "blind")
    what = f"{functions} throttles and reverts"
    return Row(
        "Throttles",
        (
            compared(
                f"{what}, to 16 threads on boto3 that read back too",
                ours,
                _samples(rounds, "looking"),
                Aim("at most", 1.15),
            ),
            compared(
                f"{what}, to {AS_MANY_THREADS} threads that do, as many as ours",
                ours,
                _samples(rounds, "looking_as_many"),
                None,
            ),
            compared(f"{what}, to 16 threads on boto3 that look at nothing", ours, blind, None),
            compared(f"{what}, to `chaos run`", ours, _samples(rounds, "peer"), Aim("at least", 10), faster=True),
            _for_each_call(rounds, functions),
            _left_changed(rounds),
            limited,
        ),
        (
            "Ours is a whole run by the engine (undos and intents on disk before each call, every change read back, "
            f"probes beside it) without a rate limit, at most {AS_MANY_THREADS} calls at once; its time is from the "
            "first undo to the last effect seen, and from the beginning of the revert to its end. The peer's is "
            "from its first action's start to its last one's end, and the same of its rollbacks. boto3's is without "
            "making the client.",
            "`drill run` keeps below what AWS allows an account (Lambda's control plane: 15 requests a second), so "
            "on AWS the wall time of every tool that stays within it is calls / 15. The peer makes two calls for "
            "each function, one after another; ours makes four here, since it reads back each change (and one before "
            "that, outside of what is timed, to learn what is there).",
        ),
    )


def _samples(rounds: list[Round], contender: str) -> Samples:
    return Samples(tuple(getattr(one, contender) for one in rounds), "s")


def _for_each_call(rounds: list[Round], functions: int) -> Line:
    """The peer makes two calls for each function; we make more, and so each of ours must be held to each of its."""
    ours = Samples(tuple(one.ours * 1000 / one.calls for one in rounds), "ms")
    peer = Samples(tuple(one.peer * 1000 / (2 * functions) for one in rounds), "ms")
    return compared("the same for each AWS call, to `chaos run`", ours, peer, None, faster=True)


def _round(there: ThrottleDrill, setting: Setting) -> Round:
    names, before = function_names(there.functions), reserves_before(there.functions)
    plain = {"url": there.endpoint.url, "names": names, "before": before}
    blind = work("boto3_throttles", setting.folder, **plain, threads=THREADS, looks=False)
    there.endpoint.reset()
    conducted = work("conducted_run", setting.folder, drill=str(there.drill_file()), reports=str(there.reports))
    ours_changed = there.endpoint.told()["changed"]
    looking = work("boto3_throttles", setting.folder, **plain, threads=THREADS, looks=True)
    there.endpoint.reset()
    as_many = work("boto3_throttles", setting.folder, **plain, threads=AS_MANY_THREADS, looks=True)
    there.endpoint.reset()
    peer = _peer_seconds(there, setting)
    peer_changed = there.endpoint.told()["changed"]
    there.endpoint.reset()
    return Round(
        ours=conducted["apply_seconds"] + conducted["revert_seconds"],
        calls=conducted["calls"],
        looking=looking["seconds"],
        looking_as_many=as_many["seconds"],
        blind=blind["seconds"],
        peer=peer,
        peer_changed=peer_changed,
        ours_changed=ours_changed,
    )


def _peer_seconds(there: ThrottleDrill, setting: Setting) -> float:
    journal = setting.folder / "peer-journal.json"
    run_peer(there, setting, journal)
    told = json.loads(journal.read_text(encoding="utf-8"))
    return _span_seconds(told["run"]) + _span_seconds(told["rollbacks"])


def run_peer(there: ThrottleDrill, setting: Setting, journal: Path, functions: int | None = None) -> Done:
    """`chaos run` of the same throttles, with rollbacks always."""
    words = ("run", "--rollback-strategy", "always", "--journal-path", str(journal))
    command = chaos(setting.peer, *words, str(there.experiment_file(functions)))
    return run(command, setting.folder, there.peer_surroundings())


def _span_seconds(activities: list[dict[str, Any]]) -> float:
    """From the start of the first to the end of the last."""
    assert all(activity["status"] == "succeeded" for activity in activities)
    first, last = (datetime.fromisoformat(activities[at][name]) for at, name in ((0, "start"), (-1, "end")))
    return (last - first).total_seconds()


def _left_changed(rounds: list[Round]) -> Line:
    ours, peer = max(one.ours_changed for one in rounds), max(one.peer_changed for one in rounds)
    aim = Aim("at most", 0)
    what = "functions whose reserve is not what it was, afterwards"
    return Line(what, str(ours), f"{peer} (the reserves of 40 are lost)", "", aim.text(), aim.holds(ours))


def _limited(there: ThrottleDrill, setting: Setting) -> Line:
    """`drill run` as shipped, on fewer functions: it keeps to its calls a second."""
    fewer = ThrottleDrill(there.folder, there.endpoint, min(there.functions, 40))
    command = drill("run", str(fewer.drill_file()), "--reports", str(fewer.reports), "--no-input")
    run(command, setting.folder, expect=1)  # nothing fails over here, so its objective is missed
    assert fewer.endpoint.told()["changed"] == 0
    newest = max(fewer.reports.glob("*/journal.jsonl"), key=lambda path: path.stat().st_mtime)
    rate = _calls_per_second(newest)
    quota = f"AWS allows {shown(ACCOUNT_CALLS_PER_SECOND)} /s"
    return Line("Lambda calls a second of `drill run` as shipped", f"{shown(rate)} /s", quota)


def _calls_per_second(journal: Path) -> float:
    """Of the revert, which begins with what the pause before it let through at once."""
    entries = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    answered = [e["data"]["answered"] for e in entries if e["kind"] in {"call.outcome", "read_back"}]
    began = next(e["at"] for e in entries if e["kind"] == "revert.began")
    reverting = sorted(moment for moment in answered if moment >= began)[int(ACCOUNT_CALLS_PER_SECOND) :]
    span_seconds: float = reverting[-1] - reverting[0]
    return (len(reverting) - 1) / span_seconds
