"""Reading ledgers back: which of the records that a probe wrote survived."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import anyio
from pydantic import JsonValue

from drillrunner.engine.record import Record
from drillrunner.engine.watch import Watcher
from drillrunner.errors import DrillError
from drillrunner.model.journal import to_ranges
from drillrunner.model.reading import Survivors
from drillrunner.ports import LedgerProbe, Outside

READ_TIMEOUT_SECONDS = 60.0
# What was written last may still be on its way: `asked` is this long before the reading, and only what had
# been acknowledged by then can count as missing.
SETTLE_SECONDS = 5.0

Moment = Literal["recovered", "before_revert"]


async def read_ledgers(record: Record, outside: Outside, watchers: Mapping[str, Watcher], moment: Moment) -> None:
    """Read every ledger and journal what was found; one that cannot be read is journaled with its error."""
    for name, watcher in watchers.items():
        if isinstance(watcher.probe, LedgerProbe):
            await _read_ledger(record, outside, name, watcher, watcher.probe, moment)


async def _read_ledger(
    record: Record, outside: Outside, name: str, watcher: Watcher, probe: LedgerProbe, moment: Moment
) -> None:
    last = watcher.written
    asked = outside.clock.monotonic()
    data: dict[str, JsonValue] = {"probe": name, "moment": moment, "last": last, "asked": round(asked, 6)}
    await outside.clock.sleep(SETTLE_SECONDS)
    try:
        with anyio.fail_after(outside.clock.real(READ_TIMEOUT_SECONDS)):
            found = await probe.survivors(outside, 1, last)
    except DrillError as error:
        record.append("ledger.read", {**data, "error": error.message})
    except TimeoutError:
        record.append("ledger.read", {**data, "error": f"no answer within {READ_TIMEOUT_SECONDS:g}s"})
    else:
        answered = round(outside.clock.monotonic(), 6)
        record.append("ledger.read", {**data, "answered": answered, **_as_json(found)})


def _as_json(found: Survivors) -> dict[str, JsonValue]:
    return {
        "present": [list(pair) for pair in to_ranges(found.present)],
        "duplicated": list(found.duplicated),
        "overwritten": list(found.overwritten),
        "reordered": found.reordered,
    }
