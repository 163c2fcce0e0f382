"""What every sink is: somebody who hears of a run's entries and readings, and of its verdict at the end."""

from __future__ import annotations

from collections.abc import Sequence

from drillrunner.model.journal import Entry
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import Verdict


class Sink:
    """Hears everything in order, in a task of its own, and may raise: its lane notes it and goes on.

    `name` is for people and holds no secret. Readings are many: only who `wants_readings` hears them.
    """

    wants_readings = False

    def __init__(self, name: str) -> None:
        self.name = name

    def recall(self, entries: Sequence[Entry]) -> None:
        """What the journal held before: a revert goes on with a run that others have told of."""

    def note(self, news: Entry | Reading) -> None:
        """Know of it without telling: the receiver is too slow to be told of everything."""

    async def entry(self, entry: Entry) -> None:
        """Hear one entry of the journal."""

    async def reading(self, reading: Reading) -> None:
        """Hear one reading of a probe."""

    async def ended(self, verdict: Verdict | None) -> None:
        """Hear the verdict: the last that comes. None where the run could not be judged."""
