"""What stands in the fake world before anything is done to it: regions, functions, names, checks, databases."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
ZONE = "Z0SIMULATION"
ACCOUNT = "123456789012"


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function with its reserved concurrency (None: no reserve)."""

    region: str
    name: str
    reserve: int | None


@dataclass(frozen=True, slots=True)
class Check:
    """A Route 53 health check of one region of a host. `phases` has one for each of its checkers, in seconds."""

    check_id: str
    name: str
    region: str
    host: str
    interval_seconds: float
    threshold: int
    phases: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """A name that users ask: served by a function of the same name in each region, home first.

    A resolver's cache fetches the name anew every `ttl_seconds`, `phase_seconds` after the start.
    """

    name: str
    function: str
    regions: tuple[str, ...]
    routing: Literal["failover", "weighted"]
    ttl_seconds: float
    phase_seconds: float
    weights: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GlobalCluster:
    """An Aurora global database; the first region writes. Moving and rebuilding take so many seconds."""

    name: str
    regions: tuple[str, ...]
    move_seconds: float
    rebuild_seconds: float

    def arn(self, region: str) -> str:
        return f"arn:aws:rds:{region}:{ACCOUNT}:cluster:{self.name}-{region}"


@dataclass(frozen=True, slots=True)
class Instance:
    """An RDS instance; `replica_of` names what it replicates, if anything."""

    region: str
    name: str
    replica_of: str | None
    change_seconds: float


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB global table whose replicas lag by so many seconds."""

    name: str
    regions: tuple[str, ...]
    lag_seconds: float


@dataclass(frozen=True, slots=True)
class Topology:
    regions: tuple[str, ...]
    functions: tuple[Function, ...]
    hosts: tuple[Host, ...]
    checks: tuple[Check, ...]
    clusters: tuple[GlobalCluster, ...]
    instances: tuple[Instance, ...]
    tables: tuple[Table, ...]


def random_topology(dice: random.Random) -> Topology:
    """One to three regions, one to six functions in each, one or two hosts, and what databases there are."""
    regions = REGIONS[: dice.choice((1, 2, 2, 2, 2, 2, 3, 3))]
    hosts = tuple(_host(f"{name}.test", name, regions, dice) for name in ("checkout", "search")[: dice.choice((1, 2))])
    names = [host.function for host in hosts] + [f"worker-{number}" for number in range(dice.randint(0, 4))]
    functions = tuple(Function(region, name, _reserve(dice)) for region in regions for name in names)
    checks = tuple(_check(host, region, index, dice) for index, host in enumerate(hosts) for region in regions)
    several = len(regions) > 1
    return Topology(
        regions,
        functions,
        hosts,
        checks,
        clusters=(_cluster(regions, dice),) if several and dice.random() < 0.5 else (),
        instances=_instances(regions, dice),
        tables=(Table("orders", regions, round(dice.uniform(0.2, 3.0), 3)),) if dice.random() < 0.6 else (),
    )


def _reserve(dice: random.Random) -> int | None:
    return dice.choice((None, None, 1, 5, 40))


def _host(name: str, function: str, regions: tuple[str, ...], dice: random.Random) -> Host:
    ttl = dice.choice((2.0, 5.0, 10.0))
    return Host(
        name,
        function,
        regions,
        routing="weighted" if dice.random() < 0.6 else "failover",
        ttl_seconds=ttl,
        phase_seconds=round(dice.uniform(0.01, ttl), 3),
        weights=(100, *(0 for _ in regions[1:])) if dice.random() < 0.7 else tuple(dice.randint(1, 9) for _ in regions),
    )


def _check(host: Host, region: str, index: int, dice: random.Random) -> Check:
    interval = dice.choice((5.0, 10.0))
    place = REGIONS.index(region)
    return Check(
        check_id=f"00000000-0000-0000-000{index}-00000000000{place}",
        name=f"{host.function}-{region}",
        region=region,
        host=host.name,
        interval_seconds=interval,
        threshold=dice.choice((1, 2)),
        phases=tuple(round(dice.uniform(0.0, interval), 3) for _ in range(3)),
    )


def _cluster(regions: tuple[str, ...], dice: random.Random) -> GlobalCluster:
    return GlobalCluster("ledger", regions, round(dice.uniform(2.0, 15.0), 3), round(dice.uniform(3.0, 25.0), 3))


def _instances(regions: tuple[str, ...], dice: random.Random) -> tuple[Instance, ...]:
    if dice.random() < 0.6:
        return ()
    seconds = round(dice.uniform(1.0, 12.0), 3)
    replica = Instance(regions[-1], "archive-replica", "archive", seconds)
    return (Instance(regions[0], "archive", None, seconds), *((replica,) if dice.random() < 0.5 else ()))
