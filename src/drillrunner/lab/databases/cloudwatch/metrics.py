"""The metrics of one world: what the lab records and what callers put, on the lab's own time line.

A stamp is the wall time when the lab started plus the drill seconds since then, so a period is 60 drill
seconds at every time scale. Callers know wall time alone: the times they send (StartTime, EndTime,
Timestamp) are carried over to that line, and at scale 1 the two are the same.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drillrunner.lab.databases.cloudwatch.statistics import Sample
from drillrunner.lab.world import World

PERIOD_SECONDS = 60
# CloudWatch keeps one-minute data for 15 days; a lab that runs for days must not grow without end
KEPT_SECONDS = 6 * 3600

Dimensions = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class MetricKey:
    """Which metric, in which region. Two sets of dimensions are two metrics."""

    region: str
    namespace: str
    name: str
    dimensions: Dimensions


class Metrics:
    """Samples by minute of drill time. Call it under the world's lock, or by `record`, which takes it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._began_wall = world.clock.wall()
        self._began_at = world.clock.monotonic()
        self._samples: dict[MetricKey, dict[int, Sample]] = defaultdict(dict)

    def record(self, region: str, namespace: str, name: str, dimensions: Mapping[str, str], value: float) -> None:
        """Publish one value of a metric, now. From any thread."""
        with self._world.lock:
            self.sample(region, namespace, name, dimensions, self.now()).add(value)

    def sample(self, region: str, namespace: str, name: str, dimensions: Mapping[str, str], moment: datetime) -> Sample:
        """The sample of that metric in the minute of `moment` (a stamp of the lab), made if need be."""
        minutes = self._samples[MetricKey(region, namespace, name, frozenset(dimensions.items()))]
        minute = _minute(moment)
        if minute not in minutes:
            self._drop_old(minutes, minute)
            minutes[minute] = Sample()
        return minutes[minute]

    def now(self) -> datetime:
        """The lab's stamp of this moment."""
        return self._stamp(self._world.clock.monotonic() - self._began_at)

    def carried_over(self, wall: datetime) -> datetime:
        """The lab's stamp of a caller's wall time (naive means UTC)."""
        aware = wall if wall.tzinfo else wall.replace(tzinfo=UTC)
        return self._stamp((aware - self._began_wall).total_seconds() * self._world.clock.scale)

    def periods(
        self, key: MetricKey, start: datetime, end: datetime, period_seconds: int
    ) -> list[tuple[datetime, Sample]]:
        """What each period from start (inclusive) to end (exclusive) holds, empty ones left out, oldest first.

        Periods are aligned to multiples of their length, as CloudWatch aligns them. Stamps are the lab's.
        """
        length = max(PERIOD_SECONDS, period_seconds)
        found: dict[int, Sample] = {}
        first = math.floor(start.timestamp() / length) * length
        for minute, sample in sorted(self._samples.get(key, {}).items()):
            if first <= minute * PERIOD_SECONDS < end.timestamp():
                found.setdefault(minute * PERIOD_SECONDS // length, Sample()).merge(sample)
        return [(datetime.fromtimestamp(number * length, UTC), sample) for number, sample in sorted(found.items())]

    def keys(self, region: str) -> Iterator[MetricKey]:
        """The metrics of a region that have data."""
        return (key for key in list(self._samples) if key.region == region)

    def _stamp(self, drill_seconds: float) -> datetime:
        return self._began_wall + timedelta(seconds=drill_seconds)

    def _drop_old(self, minutes: dict[int, Sample], newest: int) -> None:
        for minute in [each for each in minutes if each < newest - KEPT_SECONDS // PERIOD_SECONDS]:
            del minutes[minute]


def _minute(moment: datetime) -> int:
    return math.floor(moment.timestamp() / PERIOD_SECONDS)
