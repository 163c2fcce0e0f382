"""Switches that break the rules of safety in the simulation (never in the product), to see that they would be found."""

from __future__ import annotations

from dataclasses import dataclass

# An effect lands at the latest so long after its client stopped waiting: less than the engine's LATE_EFFECT_SECONDS.
LATEST_LANDING_SECONDS = 14.0


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is wrong with it: by default nothing.

    `lost_entries`: so many entries at the end of a journal die with its process, though they were fsynced.
    `skips_fsync`: nothing is ever fsynced.
    `forward_undos`: undos are read in forward order by whoever reverts.
    `unknown_is_failed`: a call of which nobody knows what became of it is reported as certainly not done.
    `latest_landing_seconds`: effects land after the last look for them is over.
    """

    lost_entries: int = 0
    skips_fsync: bool = False
    forward_undos: bool = False
    unknown_is_failed: bool = False
    latest_landing_seconds: float = LATEST_LANDING_SECONDS


FAITHFUL = Mutant()
