"""What the journal costs beyond the disk: an intent with fsync, beside the same bytes written and fsynced bare."""

from __future__ import annotations

import os
import time
from pathlib import Path

from figures import Aim, Line, Row, Samples, Setting, percentile, shown
from pydantic import JsonValue

from drillrunner.clock import Clock
from drillrunner.files.journal_file import JournalFile
from drillrunner.model.call import AwsCall


def measure(setting: Setting) -> Row:
    """Intents of a real Call, journaled and written bare in turn, in one folder."""
    journal = JournalFile(setting.folder / "journal.jsonl", Clock())
    bare = os.open(setting.folder / "bare.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    ours, disk = [], []
    for number in range(setting.pick(200, 1000)):
        before = journal.path.stat().st_size
        ours.append(_timed_append(journal, number))
        disk.append(_timed_write(bare, _since(journal.path, before)))
    journal.close()
    os.close(bare)
    return _row(Samples(tuple(ours), "ms"), Samples(tuple(disk), "ms"))


def _row(ours: Samples, disk: Samples) -> Row:
    more = ours.minus(disk)
    aim = Aim("at most", 1, "ms more")
    tail = percentile(ours.values, 0.99), percentile(disk.values, 0.99)
    return Row(
        "Journal: an intent on disk before its call",
        (
            Line(
                "an intent with fsync, to the same bytes written and fsynced bare (medians)",
                f"{shown(ours.median)} ms",
                f"{shown(disk.median)} ms",
                f"{shown(more.median)} ms more",
                aim.text(),
                aim.holds(more.median),
            ),
            Line("the same, p99", f"{shown(tail[0])} ms", f"{shown(tail[1])} ms"),
        ),
        (
            f"{len(ours.values)} of each in turn, on the disk that keeps reports. The rest is JSON and the hash chain. "
            "Intents of Changes side by side share one fsync; what tells of a call afterwards has none of its own.",
        ),
    )


def _intent(number: int) -> dict[str, JsonValue]:
    call = AwsCall(
        service="lambda",
        operation="PutFunctionConcurrency",
        region="us-east-1",
        params={"FunctionName": f"fn-{number:03}", "ReservedConcurrentExecutions": 0},
    )
    bare = call.model_dump(mode="json", exclude={"read_back"})
    return {"call_id": f"k{number}", "change_id": f"c{number}", "role": "apply", "call": bare}


def _timed_append(journal: JournalFile, number: int) -> float:
    intent = _intent(number)
    began = time.perf_counter()
    journal.append("call.intent", intent)
    journal.sync()
    return (time.perf_counter() - began) * 1000


def _since(path: Path, offset: int) -> bytes:
    with path.open("rb") as written:
        written.seek(offset)
        return written.read()


def _timed_write(descriptor: int, line: bytes) -> float:
    began = time.perf_counter()
    os.write(descriptor, line)
    os.fsync(descriptor)
    return (time.perf_counter() - began) * 1000
