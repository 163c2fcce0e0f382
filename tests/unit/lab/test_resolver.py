"""The lab's recursive resolver on virtual time: answers are kept for their TTL, and change only then."""

from __future__ import annotations

from dataclasses import dataclass, field

from drillrunner.clock import run_virtual, virtual_clock
from drillrunner.lab.dataplane.controlstate import RecordSet
from drillrunner.lab.dataplane.dns import Dns
from drillrunner.lab.dataplane.resolver import RecursiveResolver
from drillrunner.lab.world import World


@dataclass
class Records:
    """A control plane with one record."""

    value: str = "10.0.0.1"
    names: list[str] = field(default_factory=lambda: ["a.test"])

    def records(self) -> list[RecordSet]:
        return [RecordSet(name, "A", 60.0, (self.value,)) for name in self.names]


def bench(seed: int) -> tuple[World, Records, Dns, RecursiveResolver]:
    world = World(virtual_clock(), seed)
    records = Records()
    dns = Dns(world, records, lambda check_id: True)  # type: ignore[arg-type]
    dns.refresh()
    return world, records, dns, RecursiveResolver(world, dns)


def told(resolver: RecursiveResolver, *, recursive: bool = True) -> tuple[str, float]:
    (rrset,) = resolver.answer("a.test", "A", recursive=recursive).rrsets
    return rrset.values[0], rrset.ttl_seconds


def test_what_was_told_once_is_told_until_its_ttl_has_passed() -> None:
    async def main() -> None:
        world, records, dns, resolver = bench(seed=3)
        _, first = told(resolver)
        records.value = "10.0.0.2"
        dns.refresh()
        assert told(resolver, recursive=False) == ("10.0.0.2", 60.0)
        assert told(resolver) == ("10.0.0.1", first)
        await world.clock.sleep(first + 1.0)
        assert told(resolver) == ("10.0.0.2", 60.0)
        await world.clock.sleep(45.0)
        assert told(resolver) == ("10.0.0.2", 15.0)

    run_virtual(main)


def test_runs_begin_at_any_part_of_the_ttl() -> None:
    async def main() -> list[float]:
        return [told(bench(seed)[3])[1] for seed in range(200)]

    left = run_virtual(main)
    assert all(0 <= one < 60 for one in left)
    assert 20 < sum(left) / len(left) < 40


def test_the_truth_says_until_when_an_answer_is_kept() -> None:
    async def main() -> None:
        world, _, _, resolver = bench(seed=3)
        await world.clock.sleep(5.0)
        _, left = told(resolver)
        (event,) = world.truth.since(0, "dns.answered")
        assert event["detail"]["values"] == ["10.0.0.1"]
        assert 5.0 + left <= event["detail"]["until"] < 5.0 + left + 1.0

    run_virtual(main)
