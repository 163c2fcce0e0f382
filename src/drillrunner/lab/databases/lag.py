"""How long replication takes: a log-normal distribution, told by its median and its 99th percentile."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

# the 99th percentile of the standard normal distribution
_Z99 = 2.3263478740408408


@dataclass(frozen=True, slots=True)
class LagModel:
    """Drill seconds. The defaults follow AWS's "typically within a second" for global tables and global databases."""

    median_seconds: float = 0.4
    p99_seconds: float = 2.5

    def __post_init__(self) -> None:
        if not 0 < self.median_seconds <= self.p99_seconds:
            raise ValueError("a lag has 0 < median_seconds <= p99_seconds")

    def draw(self, rng: random.Random) -> float:
        """One delay, in drill seconds."""
        sigma = math.log(self.p99_seconds / self.median_seconds) / _Z99
        return self.median_seconds * math.exp(sigma * rng.gauss(0.0, 1.0))
