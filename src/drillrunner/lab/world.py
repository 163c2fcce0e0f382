"""What every part of one lab shares: its clock, its lock, its randomness, its ground truth."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field

from drillrunner.clock import Clock
from drillrunner.lab.truth import TruthLog

ACCOUNT = "123456789012"


@dataclass(frozen=True)
class World:
    """`lock` guards moto's backends, which are not thread-safe: hold it around every look at them.

    The data plane's tasks run on one event loop, AWS calls on server threads (or, on virtual time,
    on the loop itself), so the lock is re-entrant and nobody awaits while holding it.
    """

    clock: Clock
    seed: int
    lock: threading.RLock = field(default_factory=threading.RLock)
    random: random.Random = field(init=False)
    truth: TruthLog = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "random", random.Random(self.seed))
        object.__setattr__(self, "truth", TruthLog(self.clock))
