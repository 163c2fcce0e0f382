"""What CloudWatch computes from the values of one period: the five statistics and percentiles. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)\Z")


@dataclass(slots=True)
class Sample:
    """The values of one metric in one period.

    `values` are those that came one by one; statistic sets, which know no single values, add to the
    rest. A percentile of a period with a statistic set is unknown, as on AWS (unless the set is one value).
    """

    count: float = 0.0
    total: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")
    values: Counter[float] = field(default_factory=Counter)
    has_sets: bool = False
    unit: str | None = None

    def add(self, value: float, times: float = 1) -> None:
        """Add a value that was seen so many times."""
        self.values[value] += int(times)
        self._widen(times, value * times, value, value)

    def add_set(self, count: float, total: float, low: float, high: float) -> None:
        """Add a statistic set (StatisticValues of PutMetricData)."""
        if low == high:
            self.add(low, count)
            return
        self.has_sets = True
        self._widen(count, total, low, high)

    def merge(self, sample: Sample) -> None:
        """Add all that another sample holds."""
        self.values += sample.values
        self.has_sets = self.has_sets or sample.has_sets
        self._widen(sample.count, sample.total, sample.low, sample.high)

    def statistic(self, name: str) -> float | None:
        """`Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount` or a percentile `p0` to `p100`; None if unknown.

        Raises ValueError for a name that is none of these.
        """
        if match := _PERCENTILE.match(name):
            return None if self.has_sets else percentile(self.values.items(), float(match.group(1)) / 100)
        simple = {
            "Sum": self.total,
            "SampleCount": self.count,
            "Minimum": self.low,
            "Maximum": self.high,
            "Average": self.total / self.count if self.count else None,
        }
        if name not in simple:
            raise ValueError(f"{name} is not a statistic")
        return simple[name] if self.count else None

    def _widen(self, count: float, total: float, low: float, high: float) -> None:
        self.count += count
        self.total += total
        self.low = min(self.low, low)
        self.high = max(self.high, high)


def percentile(values: Iterable[tuple[float, int]], fraction: float) -> float | None:
    """The percentile of (value, times) pairs, linear between the two nearest ranks; None of nothing."""
    ordered = sorted((value, times) for value, times in values if times > 0)
    count = sum(times for _, times in ordered)
    if not count:
        return None
    rank = fraction * (count - 1)
    low = _at_rank(ordered, int(rank))
    high = _at_rank(ordered, min(int(rank) + 1, count - 1))
    return low + (high - low) * (rank - int(rank))


def _at_rank(ordered: list[tuple[float, int]], rank: int) -> float:
    passed = 0
    for value, times in ordered:
        passed += times
        if rank < passed:
            return value
    return ordered[-1][0]
