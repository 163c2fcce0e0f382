"""What replication does between the regions of global tables: queues, lags, pauses, last writer wins. Knows no moto."""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from drillrunner.lab.databases.lag import LagModel


class Version(NamedTuple):
    """When a record was written, in drill seconds; `seq` orders writes of one instant."""

    written_at: float
    seq: int


@dataclass(frozen=True, slots=True, order=True)
class Shipment:
    """One record on its way to one region. `item` None is a deletion."""

    due_at: float
    version: Version
    table: str = field(compare=False)
    source: str = field(compare=False)
    target: str = field(compare=False)
    key: Any = field(compare=False)
    item: Any = field(compare=False)


# puts one arrived record in place: (table, region, key, item or None)
Apply = Callable[[str, str, Any, Any], None]


class Replication:
    """The traffic of all global tables. Call it under the world's lock.

    Nothing moves by itself: `settle(now)` lets arrive all that is due, and whoever is about to look at
    a table calls it first, so a record is there exactly from its due time on.
    """

    def __init__(self, rng: random.Random, apply: Apply) -> None:
        self._random = rng
        self._apply = apply
        self._lags: dict[str, LagModel] = {}
        self._on_the_way: list[Shipment] = []
        self._held: list[Shipment] = []
        self._paused: set[tuple[str, str]] = set()
        self._versions: dict[tuple[str, str], dict[Any, Version]] = defaultdict(dict)
        self._delays: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        self._seq = 0

    def set_lag(self, table: str, lag: LagModel) -> None:
        """The delay of that table's replication from now on."""
        self._lags[table] = lag

    def written(self, table: str, source: str, targets: tuple[str, ...], key: Any, item: Any, now: float) -> None:
        """A record was written (item None: deleted) in `source`, and goes to `targets`."""
        self._seq += 1
        version = Version(now, self._seq)
        self._versions[table, source][key] = version
        for target in targets:
            due_at = now + self._lag(table).draw(self._random)
            heapq.heappush(self._on_the_way, Shipment(due_at, version, table, source, target, key, item))

    def settle(self, now: float) -> None:
        """Let everything arrive that is due; hold what a pause keeps back."""
        while self._on_the_way and self._on_the_way[0].due_at <= now:
            shipment = heapq.heappop(self._on_the_way)
            if self._is_paused(shipment):
                self._held.append(shipment)
            else:
                self._arrive(shipment, shipment.due_at)

    def pause(self, table: str, region: str, now: float) -> None:
        """Stop replication into and out of that region, as FIS `aws:dynamodb:global-table-pause-replication` does."""
        self.settle(now)
        self._paused.add((table, region))

    def resume(self, table: str, region: str, now: float) -> None:
        """Replication goes on where it stopped: what was held arrives after one more lag."""
        self.settle(now)
        self._paused.discard((table, region))
        for shipment in [each for each in self._held if not self._is_paused(each)]:
            self._held.remove(shipment)
            due_at = now + self._lag(table).draw(self._random)
            fresh = Shipment(
                due_at,
                shipment.version,
                shipment.table,
                shipment.source,
                shipment.target,
                shipment.key,
                shipment.item,
            )
            heapq.heappush(self._on_the_way, fresh)

    def paused(self, table: str) -> bool:
        """Whether any region of that table is paused: its settings cannot be changed meanwhile."""
        return any(name == table for name, _ in self._paused)

    def forget(self, table: str, region: str) -> None:
        """The replica is gone: drop what was going there or came from there."""
        self._versions.pop((table, region), None)
        self._paused.discard((table, region))

        def stays(shipment: Shipment) -> bool:
            return not (shipment.table == table and region in (shipment.source, shipment.target))

        self._held = [shipment for shipment in self._held if stays(shipment)]
        self._on_the_way = [shipment for shipment in self._on_the_way if stays(shipment)]
        heapq.heapify(self._on_the_way)

    def adopt(self, table: str, source: str, target: str) -> None:
        """A new replica was filled from `source`: its records have the versions of the source's."""
        self._versions[table, target] = dict(self._versions[table, source])

    def take_delays(self) -> dict[tuple[str, str, str], list[float]]:
        """Seconds from write to arrival by (table, source, target), of all arrivals since it was last asked."""
        taken, self._delays = self._delays, defaultdict(list)
        return dict(taken)

    def pending(self, table: str, target: str) -> int:
        """How many records are on their way to that region, or held."""
        return sum(1 for each in (*self._on_the_way, *self._held) if each.table == table and each.target == target)

    def _lag(self, table: str) -> LagModel:
        return self._lags.get(table) or LagModel()

    def _is_paused(self, shipment: Shipment) -> bool:
        return bool({(shipment.table, shipment.source), (shipment.table, shipment.target)} & self._paused)

    def _arrive(self, shipment: Shipment, at: float) -> None:
        versions = self._versions[shipment.table, shipment.target]
        there = versions.get(shipment.key)
        delays = self._delays[shipment.table, shipment.source, shipment.target]
        delays.append(at - shipment.version.written_at)
        if there is not None and there >= shipment.version:
            return
        versions[shipment.key] = shipment.version
        self._apply(shipment.table, shipment.target, shipment.key, shipment.item)
