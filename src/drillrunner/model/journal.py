"""The journal's entries: the truth that revert and judgement work from.

Each entry carries the hash of the one before it. `data` by kind (times are drill-clock seconds):

| kind | data |
|---|---|
| run.began | run_id, drill, environment, plan_hash, seed, pid, host, time_scale, version |
| runbook.read | file, steps (`ListedStep`s): only where the drill names a runbook that could be read |
| runbook.step | step (its id), state (begun, done), by (a name, or empty), via (terminal, page, shell): what people said |
| phase.began | phase |
| undo.recorded | change_id, group (changes of one fault or step share it), role (fault, step, ledger), kind, change (a Change), section? (failover, failback), index? |
| call.intent | call_id, change_id, role (apply, revert), call |
| call.outcome | call_id, change_id, role, outcome (done, failed, unknown, already), asked, answered, error? |
| read_back | change_id, role, holds (true, false, null), value, asked, answered, error? |
| effect.observed | change_id, low, high: the fault took effect between these moments |
| step.began / step.done | section (failover, failback), index, kind, text?, by (automation, person), ok?, error? |
| detected | probe, low, high: the detection signal flipped between these moments |
| recovered | low, high |
| ledger.read | probe, moment (recovered, before_revert), last (the highest record written), asked (some time before the reading: only what was acknowledged by then can be missing), answered, present (ranges [[1, 40], [42, 60]]), duplicated, overwritten, reordered, error? |
| stop.tripped | condition, why |
| interrupted | by (SIGINT, SIGTERM, drill stop, deadline, error), why |
| change.reverted | change_id, ok, left?: text of what is left when not ok, by?: the earlier change_id whose undo covers it |
| baseline.retaken | why: the steady state did not hold yet, and the drill lets it be waited for |
| steady_state | moment (before, after), ok (true, false, null), why? |
| revert.began / revert.done | of, reverted, left (a list of texts), irreversible (a list of texts), seconds |
| cleanup.done | of, left: what the probes wrote has been removed, but for these |
| run.ended | outcome (completed, aborted, refused), exit_code, why? |
"""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from drillrunner.model.noun import Noun, as_bytes, canonical_json, sha256_of

GENESIS = "0" * 64

Phase = Literal[
    "preflight",
    "baseline",
    "inject",
    "detect",
    "failover",
    "recover",
    "failback",
    "revert",
    "restored",
    "judged",
]
PHASES: tuple[Phase, ...] = (
    "preflight",
    "baseline",
    "inject",
    "detect",
    "failover",
    "recover",
    "failback",
    "revert",
    "restored",
    "judged",
)


class Entry(Noun):
    """One line of journal.jsonl. `at` is drill-clock seconds, `wall` an ISO 8601 UTC stamp."""

    seq: int
    at: float
    wall: str
    kind: str
    data: dict[str, JsonValue]
    prev: str
    hash: str


def entry_hash(seq: int, at: float, wall: str, kind: str, data: JsonValue, prev: str) -> str:
    """The hash that chains an entry to the one before it (`prev`)."""
    return sha256_of([seq, at, wall, kind, data, prev])


def next_entry(last: Entry | None, at: float, wall: str, kind: str, data: dict[str, JsonValue]) -> Entry:
    """The entry that follows `last` (None: the first one) in the chain."""
    seq = last.seq + 1 if last else 1
    prev = last.hash if last else GENESIS
    return Entry(
        seq=seq, at=at, wall=wall, kind=kind, data=data, prev=prev, hash=entry_hash(seq, at, wall, kind, data, prev)
    )


def line_of(entry: Entry) -> bytes:
    """The entry as journal.jsonl holds it."""
    return as_bytes(canonical_json(entry.model_dump(mode="json")) + "\n")


def to_ranges(numbers: tuple[int, ...]) -> list[list[int]]:
    """Ascending numbers as inclusive ranges: (1, 2, 3, 7) becomes [[1, 3], [7, 7]]."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


def from_ranges(ranges: list[list[int]]) -> tuple[int, ...]:
    """The inverse of `to_ranges`."""
    return tuple(number for low, high in ranges for number in range(low, high + 1))
