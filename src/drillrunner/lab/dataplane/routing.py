"""Which records Route 53 would answer with: routing policies, health and alias targets. Pure.

Source: "Choosing a routing policy" and "How Amazon Route 53 chooses records when health checking is configured".
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from drillrunner.lab.dataplane.controlstate import RecordSet, plain_name

MAX_CHASE = 8
MULTIVALUE_LIMIT = 8

Healthy = Callable[[str], bool]
IsHealthy = Callable[[RecordSet], bool]

# Latitude and longitude, roughly: distance stands for latency.
_PLACES = {
    "us-east-1": (39.0, -77.5),
    "us-east-2": (40.0, -83.0),
    "us-west-1": (37.4, -122.0),
    "us-west-2": (45.8, -119.7),
    "ca-central-1": (45.5, -73.6),
    "sa-east-1": (-23.5, -46.6),
    "eu-west-1": (53.3, -6.3),
    "eu-west-2": (51.5, -0.1),
    "eu-west-3": (48.9, 2.4),
    "eu-central-1": (50.1, 8.7),
    "eu-north-1": (59.3, 18.1),
    "eu-south-1": (45.5, 9.2),
    "af-south-1": (-33.9, 18.4),
    "me-south-1": (26.2, 50.6),
    "ap-south-1": (19.1, 72.9),
    "ap-southeast-1": (1.4, 103.8),
    "ap-southeast-2": (-33.9, 151.2),
    "ap-northeast-1": (35.7, 139.7),
    "ap-northeast-2": (37.6, 127.0),
    "ap-northeast-3": (34.7, 135.5),
    "ap-east-1": (22.3, 114.2),
}


@dataclass(frozen=True, slots=True)
class Client:
    """Where questions come from: the nearest region, and a country or continent code if one is stated."""

    region: str = "us-east-1"
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The records that may be answered, with weights. One of them is drawn, or with `all_of_them` all are given."""

    records: tuple[RecordSet, ...]
    weights: tuple[float, ...] = ()
    all_of_them: bool = False

    def draw(self, dice: random.Random) -> tuple[RecordSet, ...]:
        if self.all_of_them:
            return tuple(dice.sample(self.records, min(MULTIVALUE_LIMIT, len(self.records))))
        if len(self.records) <= 1:
            return self.records
        return tuple(dice.choices(self.records, self.weights or None))


@dataclass(frozen=True, slots=True)
class Zones:
    """All record sets that the lab's DNS knows, by name and type."""

    groups: dict[tuple[str, str], list[RecordSet]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, records: Iterable[RecordSet]) -> Zones:
        groups: dict[tuple[str, str], list[RecordSet]] = {}
        for record in records:
            groups.setdefault((record.name, record.type), []).append(record)
        return cls(groups, frozenset(_with_parents(name for name, _ in groups)))

    def group(self, name: str, rtype: str) -> Sequence[RecordSet]:
        return self.groups.get((name, rtype), ())


def _with_parents(names: Iterable[str]) -> Iterable[str]:
    """A name above an existing one exists, though it may be empty (RFC 8020)."""
    for name in names:
        labels = name.split(".")
        yield from (".".join(labels[n:]) for n in range(len(labels)))


@dataclass(frozen=True, slots=True)
class RRset:
    """One part of an answer."""

    name: str
    type: str
    ttl_seconds: float
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """`rrsets` from the asked name along its CNAMEs to the end; empty with `exists` means: no data of that type."""

    rrsets: tuple[RRset, ...] = ()
    exists: bool = True


def answer(zones: Zones, name: str, rtype: str, healthy: Healthy, client: Client, dice: random.Random) -> Answer:
    """What a resolver that asks now is told. `healthy(check_id)` is each health check's verdict."""
    chain: list[RRset] = []
    asked = plain_name(name)
    for _ in range(MAX_CHASE):
        if found := _rrset(zones, asked, rtype, healthy, client, dice):
            return Answer((*chain, found))
        cname = _rrset(zones, asked, "CNAME", healthy, client, dice) if rtype != "CNAME" else None
        if cname is None:
            return Answer(tuple(chain), exists=bool(chain) or asked in zones.names)
        chain.append(cname)
        asked = plain_name(cname.values[0])
    return Answer(tuple(chain))


def effective(zones: Zones, name: str, rtype: str, healthy: Healthy, client: Client) -> tuple[tuple[str, ...], float]:
    """Every value that may be answered now for a record name of its own type, sorted, and the longest TTL."""
    found = list(_possible(zones, name, rtype, healthy, client, MAX_CHASE))
    values = sorted({value for record in found for value in record.values})
    return tuple(values), max((record.ttl_seconds for record in found), default=0.0)


def _possible(zones: Zones, name: str, rtype: str, healthy: Healthy, client: Client, depth: int) -> Iterable[RecordSet]:
    for record in choose(zones, zones.group(name, rtype), healthy, client, depth).records:
        if record.alias is None:
            yield record
        elif depth:
            yield from _possible(zones, record.alias.name, rtype, healthy, client, depth - 1)


def _rrset(
    zones: Zones, name: str, rtype: str, healthy: Healthy, client: Client, dice: random.Random, depth: int = MAX_CHASE
) -> RRset | None:
    drawn = choose(zones, zones.group(name, rtype), healthy, client).draw(dice)
    if not drawn:
        return None
    target = drawn[0].alias
    if target is not None:
        found = _rrset(zones, target.name, rtype, healthy, client, dice, depth - 1) if depth else None
        return found and RRset(name, rtype, found.ttl_seconds, found.values)
    values = tuple(value for record in drawn for value in record.values)
    return RRset(name, rtype, min(record.ttl_seconds for record in drawn), values)


def choose(
    zones: Zones, group: Sequence[RecordSet], healthy: Healthy, client: Client, depth: int = MAX_CHASE
) -> Choice:
    """Apply a group's routing policy. Where every record is unhealthy, all count as healthy."""
    if not group:
        return Choice(())

    def is_healthy(record: RecordSet) -> bool:
        return record_healthy(zones, record, healthy, client, depth)

    policy = next((policy for applies, policy in _POLICIES if applies(group[0])), None)
    return policy(group, is_healthy, client) if policy else Choice((group[0],))


def record_healthy(zones: Zones, record: RecordSet, healthy: Healthy, client: Client, depth: int = MAX_CHASE) -> bool:
    """Its own health check, and with EvaluateTargetHealth at least one healthy record behind the alias."""
    if record.check_id and not healthy(record.check_id):
        return False
    alias = record.alias
    if alias is None or not alias.evaluate_target_health or not depth:
        return True
    group = zones.group(alias.name, record.type)
    return not group or any(record_healthy(zones, target, healthy, client, depth - 1) for target in group)


def _those(group: Sequence[RecordSet], is_healthy: IsHealthy) -> list[RecordSet]:
    return [record for record in group if is_healthy(record)] or list(group)


def _failover(group: Sequence[RecordSet], is_healthy: IsHealthy, client: Client) -> Choice:
    """The primary, unless it is unhealthy and the secondary is not; both unhealthy → the primary."""
    ordered = sorted(group, key=lambda record: record.failover != "PRIMARY")
    return Choice((_those(ordered, is_healthy)[0],))


def _weighted(group: Sequence[RecordSet], is_healthy: IsHealthy, client: Client) -> Choice:
    """By weight among the healthy; weight 0 is used only where no other is healthy; all of weight 0 → evenly."""
    heavy = [record for record in group if record.weight]
    light = [record for record in group if not record.weight]
    for tier in (heavy, light):
        usable = [record for record in tier if is_healthy(record)]
        if usable:
            return _by_weight(usable)
    return _by_weight(heavy or light)


def _by_weight(records: Sequence[RecordSet]) -> Choice:
    return Choice(tuple(records), tuple(float(record.weight or 1) for record in records))


def _nearest(group: Sequence[RecordSet], is_healthy: IsHealthy, client: Client) -> Choice:
    by_distance = sorted(group, key=lambda record: distance_km(client.region, record.latency_region or ""))
    return Choice((_those(by_distance, is_healthy)[0],))


def _located(group: Sequence[RecordSet], is_healthy: IsHealthy, client: Client) -> Choice:
    """The client's own location first, then the default ("*"); neither → no answer."""
    wanted = [client.location, "*"]
    matching = [record for record in group if record.location in wanted]
    ordered = sorted(matching, key=lambda record: wanted.index(record.location))
    return Choice((_those(ordered, is_healthy)[0],)) if ordered else Choice(())


def distance_km(one: str, other: str) -> float:
    """Great-circle distance between two regions; a region that is not on the map is farthest."""
    if one == other:
        return 0.0
    if one not in _PLACES or other not in _PLACES:
        return 20_038.0
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, _PLACES[region])) for region in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 12_742.0 * math.asin(math.sqrt(half))


def _several(group: Sequence[RecordSet], is_healthy: IsHealthy, client: Client) -> Choice:
    return Choice(tuple(_those(group, is_healthy)), all_of_them=True)


# A group's records share one policy; which one shows in the fields that they carry. None of these: a simple record.
_POLICIES: tuple[tuple[IsHealthy, Callable[[Sequence[RecordSet], IsHealthy, Client], Choice]], ...] = (
    (lambda record: record.failover is not None, _failover),
    (lambda record: record.weight is not None, _weighted),
    (lambda record: record.latency_region is not None, _nearest),
    (lambda record: record.location is not None, _located),
    (lambda record: record.multivalue, _several),
)
