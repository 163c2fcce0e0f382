"""A probe's write that nobody waits for any more may still land, so the clean-up must know of it."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from drillrunner.clock import run_virtual
from drillrunner.engine.watch import Watcher
from drillrunner.model.call import Call, Change
from drillrunner.model.drill import ProbeSpec
from drillrunner.model.reading import Answer, Reading
from drillrunner.ports import Outside
from fake_outside import fake_outside


class SlowWriter:
    """Writes, and is answered much later."""

    def calls(self) -> Sequence[Call]:
        return ()

    async def poll(self, outside: Outside, seq: int, timeout_seconds: float) -> Answer:
        await anyio.sleep(timeout_seconds / 2)
        return Answer(ok=True)

    def extent(self, outside: Outside, first: int, last: int) -> Change:
        return Change(target=f"records {first}-{last}")


def test_a_write_that_is_cancelled_on_its_way_counts_as_unanswered() -> None:
    spec = ProbeSpec(name="ledger", kind="ledger", params={}, every_seconds=60.0, timeout_seconds=10.0)
    readings: list[Reading] = []

    async def reserve(probe: str, kind: str, extent: Change) -> None:
        """It is on disk at once."""

    async def main() -> None:
        watcher = Watcher(spec, SlowWriter(), fake_outside(), readings.append)
        with anyio.move_on_after(2.0):
            await watcher.run(reserve)
        assert watcher.unanswered_at == 2.0
        assert readings == []

    run_virtual(main)
