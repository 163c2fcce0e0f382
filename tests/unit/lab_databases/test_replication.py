"""Replication between the regions of a global table, without moto."""

from __future__ import annotations

import random
import statistics
from typing import Any

import pytest

from drillrunner.lab.databases.dynamodb.replication import Replication
from drillrunner.lab.databases.lag import LagModel

STEADY = LagModel(1.0, 1.0)


class Regions:
    """Where records arrive."""

    def __init__(self, lag: LagModel = STEADY, seed: int = 1) -> None:
        self.items: dict[tuple[str, str], Any] = {}
        self.replication = Replication(random.Random(seed), self._put)
        self.replication.set_lag("orders", lag)

    def _put(self, table: str, region: str, key: Any, item: Any) -> None:
        self.items[region, key] = item

    def write(self, source: str, key: str, item: Any, now: float) -> None:
        self.items[source, key] = item
        targets = tuple(region for region in ("east", "west") if region != source)
        self.replication.written("orders", source, targets, key, item, now)


def test_a_record_is_there_from_its_due_time_on_and_not_before() -> None:
    regions = Regions()
    regions.write("east", "k", "v", now=10.0)
    regions.replication.settle(10.999)
    assert ("west", "k") not in regions.items
    regions.replication.settle(11.0)
    assert regions.items["west", "k"] == "v"


def test_the_last_writer_wins_in_both_regions() -> None:
    regions = Regions()
    regions.write("east", "k", "first", now=0.0)
    regions.write("west", "k", "last", now=0.5)
    regions.replication.settle(5.0)
    assert regions.items == {("east", "k"): "last", ("west", "k"): "last"}


def test_a_deletion_that_is_newer_beats_a_write_that_comes_later() -> None:
    regions = Regions()
    regions.write("west", "k", "old", now=0.0)
    regions.write("east", "k", None, now=0.2)
    regions.replication.settle(5.0)
    assert regions.items == {("east", "k"): None, ("west", "k"): None}


def test_two_writes_of_one_instant_keep_their_order() -> None:
    regions = Regions(LagModel(1.0, 20.0))
    for number in range(50):
        regions.write("east", "k", number, now=0.0)
    regions.replication.settle(10_000.0)
    assert regions.items["west", "k"] == 49


@pytest.mark.parametrize("paused", ["east", "west"])
def test_a_pause_of_either_side_holds_records_until_it_ends(paused: str) -> None:
    regions = Regions()
    regions.replication.pause("orders", paused, now=0.0)
    regions.write("east", "k", "v", now=1.0)
    regions.replication.settle(100.0)
    assert ("west", "k") not in regions.items
    assert regions.replication.pending("orders", "west") == 1
    regions.replication.resume("orders", paused, now=100.0)
    regions.replication.settle(101.0)
    assert regions.items["west", "k"] == "v"


def test_what_arrived_before_a_pause_stays() -> None:
    regions = Regions()
    regions.write("east", "k", "v", now=0.0)
    regions.replication.pause("orders", "west", now=5.0)
    assert regions.items["west", "k"] == "v"


def test_delays_are_told_once_and_include_the_pause() -> None:
    regions = Regions()
    regions.replication.pause("orders", "west", now=0.0)
    regions.write("east", "k", "v", now=0.0)
    regions.replication.settle(50.0)
    regions.replication.resume("orders", "west", now=50.0)
    regions.replication.settle(60.0)
    assert regions.replication.take_delays() == {("orders", "east", "west"): [51.0]}
    assert regions.replication.take_delays() == {}


def test_a_forgotten_replica_gets_nothing_any_more() -> None:
    regions = Regions()
    regions.write("east", "k", "v", now=0.0)
    regions.replication.forget("orders", "west")
    regions.replication.settle(10.0)
    assert ("west", "k") not in regions.items


def test_the_lag_has_the_median_and_the_tail_that_were_asked_for() -> None:
    lag, rng = LagModel(0.4, 2.5), random.Random(3)
    drawn = sorted(lag.draw(rng) for _ in range(20_000))
    assert statistics.median(drawn) == pytest.approx(0.4, rel=0.03)
    assert drawn[19_800] == pytest.approx(2.5, rel=0.1)


def test_the_same_seed_draws_the_same_lags() -> None:
    one, two = (random.Random(5) for _ in range(2))
    assert [LagModel().draw(one) for _ in range(5)] == [LagModel().draw(two) for _ in range(5)]
