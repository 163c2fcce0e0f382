"""What may still land on top of an undo, and looking again when nothing can land any more."""

from __future__ import annotations

from collections.abc import Sequence

from drillrunner.clock import Clock
from drillrunner.engine.debt import Owed, superseded
from drillrunner.engine.perform import Performer
from drillrunner.engine.record import Record
from drillrunner.errors import DrillError

# A call that timed out, or died with its process, may still land: look once more after this long, which is
# longer than a client waits for one answer.
LATE_EFFECT_SECONDS = 15.0


class Doubts:
    """The targets of which something may still land on top of what was put back, and until when.

    What a run or a dead process had under way lands within LATE_EFFECT_SECONDS of the revert's beginning;
    an undo whose own outcome is unknown, within as long of its time-out.
    """

    def __init__(self, record: Record, performer: Performer, clock: Clock, everything: Sequence[Owed]) -> None:
        self.counted = [one for one in everything if superseded(one, everything) is None]
        nothing_lands = clock.monotonic() + LATE_EFFECT_SECONDS
        self.until = {one.change.target: nothing_lands for one in everything if not one.certain}
        self._record = record
        self._performer = performer
        self._clock = clock
        self._too_late: set[str] = set()

    def take_in(self, *, until: float) -> None:
        """Undos that came back with an unknown outcome. For those after the deadline there is no more time to look."""
        for one in self.counted:
            since = self._performer.unsure_since.pop(one.change_id, None)
            if since is None:
                continue
            target = one.change.target
            if since <= until:
                self.until[target] = max(self.until.get(target, 0.0), since + LATE_EFFECT_SECONDS)
            elif sum(other.change.target == target for other in self.counted) > 1:
                self._too_late.add(target)

    def never_looked_at(self, left: Sequence[Owed]) -> list[Owed]:
        """What is left, with the targets of which an undo may still land on top of an earlier one."""
        kept = {one.change_id for one in left}
        for one in self.counted:
            if one.change.target in self._too_late and one.change_id not in kept:
                text = f"{one.describe()}: an undo that was not answered in time may still land"
                self._record.write("change.reverted", {"change_id": one.change_id, "ok": False, "left": text})
                kept.add(one.change_id)
        return [one for one in reversed(self.counted) if one.change_id in kept]

    def elsewhere(self, waiting: Sequence[Owed]) -> list[float]:
        """Until when something may land on targets that are put back already."""
        blocked = {one.change.target for one in waiting}
        return [moment for target, moment in self.until.items() if target not in blocked]

    def next_look(self, waiting: Sequence[Owed]) -> float:
        return min(self.elsewhere(waiting), default=self._clock.monotonic())

    async def look_again(self, waiting: Sequence[Owed]) -> list[Owed]:
        """Look at every target that is put back and on which nothing can land any more; what is owed with them.

        Where several undos overlap on a target, no look can tell a late effect from what the earlier undo left
        of the later: then all of its undos are made once more, in reverse order.
        """
        blocked = {one.change.target for one in waiting}
        due = [target for target, moment in self.until.items() if moment <= self._clock.monotonic()]
        again = set(blocked)
        for target in due:
            if target in blocked:
                continue
            del self.until[target]
            for one in self.counted:
                if one.change.target == target and not await _holds(self._record, self._performer, one):
                    again.add(target)
        kept = {one.change_id for one in waiting}
        fresh = again - blocked
        return [one for one in reversed(self.counted) if one.change_id in kept or one.change.target in fresh]


async def _holds(record: Record, performer: Performer, one: Owed) -> bool:
    """Whether what was put back is there; what cannot be looked at is put back once more."""
    try:
        return await performer.holds(one.change_id, one.change)
    except Exception as error:  # noqa: BLE001  an error of our own must not keep the others from being looked at
        record.write("change.reverted", {"change_id": one.change_id, "ok": False, "left": why_left(one, error)})
        return False


def why_left(one: Owed, error: Exception) -> str:
    reason = error.message if isinstance(error, DrillError) else f"{type(error).__name__}: {error}"
    return f"{one.describe()}: {reason}"
