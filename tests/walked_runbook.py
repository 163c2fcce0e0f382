"""The runbook of the fabricated run, and what people and the drill did of it, entry by entry."""

from __future__ import annotations

from pathlib import Path

from drillrunner.files.runbook.file import read_runbook
from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue
from drillrunner.model.runbook_walk import READ, STEP, listed, read_data
from fabricated_run import BEGAN_AT, Scribe, fabricated_plan, fabricated_run

TEXT = """---
drill: regional-outage
owner: team
reviewed: 2026-11-01
contacts: [{role: on call, how: "#x"}]
---
## Fail over

1. Tell `support` by phone. They know the rest. <!-- not drilled: nobody is told; who: on-call engineer -->
2. Watch the health check. <!-- probe: health; expect: 20s; who: on-call engineer -->
3. Move the writer. <!-- step: failover 1; expect: 10s; who: incident commander -->
4. See users come back. <!-- probe: checkout; expect: 1m -->

## Put back

1. Lift the throttle. <!-- step: revert 1 -->
2. Go home. <!-- not drilled: it is late -->
"""


def runbook_entry(scribe: Scribe, folder: Path, text: str = TEXT) -> Entry:
    """The entry with which a walk begins."""
    file = folder / "regional-outage.md"
    file.write_text(text, encoding="utf-8")
    steps = listed(read_runbook(file), fabricated_plan().drill)
    return scribe.write(0.1, READ, **read_data("runbooks/regional-outage.md", steps))


def said(scribe: Scribe, at: float, step: str, state: str, by: str = "ana") -> Entry:
    """What somebody said of a step, so many seconds after the run began."""
    return scribe.write(at, STEP, step=step, state=state, by=by, via="shell")


def walked_run(folder: Path, *told: tuple[float, str, str], until: float = 1_000.0, text: str = TEXT) -> list[Entry]:
    """The fabricated run, in which people said of steps what `told` has: when, which, and what."""
    scribe, moments = Scribe(), list(told)
    for number, entry in enumerate(fabricated_run()[1]):
        at = entry.at - BEGAN_AT
        while moments and moments[0][0] <= at:
            said(scribe, *moments.pop(0))
        if at > until:
            break
        data: dict[str, JsonValue] = dict(entry.data)
        if entry.kind == "undo.recorded" and data["role"] == "fault":
            data["group"] = f"fault-{int(str(data['change_id'])[1:]) - 1}"  # f1, f2, as the engine groups them
        scribe.write(at, entry.kind, **data)
        if number == 0:
            runbook_entry(scribe, folder, text)
    return scribe.entries
