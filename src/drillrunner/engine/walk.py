"""What people say of the runbook's steps while a run lasts, put into its journal. It watches, and stops nothing."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from drillrunner.engine.desk import Desk
from drillrunner.errors import DrillError
from drillrunner.model.runbook_walk import STEP, StepRequest, Walk, request_data

LOOK_REAL_SECONDS = 0.2


class Walkthrough:
    """Records each request once, where it says anything new of a step that is people's; others are passed over.

    `fail(error)` is called where the journal cannot be written, as for any other entry.
    """

    def __init__(self, desk: Desk, fail: Callable[[Exception], None]) -> None:
        self._desk = desk
        self._fail = fail
        self._walk = Walk()
        self._seen = 0

    async def listen(self) -> None:
        """Until it is cancelled, through the revert to the very end. At once over where nobody is to be listened to."""
        while self._desk.asked_steps is not None:
            try:
                for request in self._desk.asked_steps():
                    self._take(request)
            except Exception:  # noqa: BLE001  who only watches must not stop a run: nobody is listened to any more
                return
            await anyio.sleep(LOOK_REAL_SECONDS)

    def _take(self, request: StepRequest) -> None:
        record = self._desk.record
        for entry in record.entries[self._seen :]:
            self._walk.note(entry)
        self._seen = len(record.entries)
        if self._walk.changes(request):
            try:
                record.write(STEP, request_data(request))
            except DrillError as error:
                self._fail(error)
