"""A mergeable histogram with buckets that widen by the logarithm: percentiles in a few kilobytes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

RELATIVE_ERROR = 0.005
_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_PER_BUCKET = 1 / math.log(_GAMMA)
# nothing measured here is known to a nanosecond, so all that is smaller counts as zero
_SMALLEST = 1e-9


@dataclass(slots=True)
class Histogram:
    """Counts of values >= 0. A percentile is off by at most RELATIVE_ERROR of itself (DDSketch's bucket rule)."""

    count: int = 0
    zeros: int = 0
    buckets: dict[int, int] = field(default_factory=dict)

    def add(self, value: float) -> None:
        self.count += 1
        if value < _SMALLEST:
            self.zeros += 1
            return
        index = math.ceil(math.log(value) * _PER_BUCKET)
        self.buckets[index] = self.buckets.get(index, 0) + 1

    def merge(self, other: Histogram) -> None:
        self.count += other.count
        self.zeros += other.zeros
        for index, count in other.buckets.items():
            self.buckets[index] = self.buckets.get(index, 0) + count

    def percentile(self, fraction: float) -> float:
        """The value at the nearest rank: the smallest one that `fraction` of all do not exceed. ValueError if empty."""
        if not self.count:
            raise ValueError("an empty histogram has no percentile")
        rank = max(1, math.ceil(fraction * self.count))
        seen = self.zeros
        for index in sorted(self.buckets):
            if seen >= rank:
                break
            seen += self.buckets[index]
            value = 2 * _GAMMA**index / (_GAMMA + 1)
        return 0.0 if self.zeros >= rank else value
