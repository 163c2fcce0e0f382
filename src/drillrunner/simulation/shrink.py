"""Making a failing seed smaller: parts of its drill and its troubles are left out while it still fails."""

from __future__ import annotations

from collections.abc import Callable

from drillrunner.simulation.mutant import FAITHFUL, Mutant
from drillrunner.simulation.play import Played, play

Plays = Callable[[int, frozenset[str], Mutant], Played]


def shrunk(failed: Played, mutant: Mutant = FAITHFUL, plays: Plays = play) -> Played:
    """The smallest that still violates something, leaving out one part after another until none can be spared."""
    smallest = failed
    again = True
    while again:
        again = False
        for part in smallest.scenario.parts:
            if part in smallest.scenario.without:
                continue
            tried = plays(failed.scenario.seed, smallest.scenario.without | {part}, mutant)
            if tried.violations:
                smallest, again = tried, True
    return smallest
