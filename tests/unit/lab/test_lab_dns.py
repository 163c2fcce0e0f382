"""The lab's DNS: what is in force when, what the truth says of it, and the wire."""

from __future__ import annotations

import random

import anyio
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from drillrunner.clock import run_virtual, virtual_clock
from drillrunner.lab.dataplane.controlstate import RecordSet
from drillrunner.lab.dataplane.dns import Dns
from drillrunner.lab.dataplane.dnsserver import respond
from drillrunner.lab.dataplane.routing import Answer, Client, Zones, answer
from drillrunner.lab.world import World
from fake_control import FakeControl

PAIR = [
    RecordSet("a.test", "A", 60.0, ("10.0.0.1",), identifier="p", failover="PRIMARY", check_id="one"),
    RecordSet("a.test", "A", 60.0, ("10.0.0.2",), identifier="s", failover="SECONDARY"),
]


class Bench:
    def __init__(self) -> None:
        self.world = World(virtual_clock(), 1)
        self.control = FakeControl(record_sets=list(PAIR))
        self.sick: set[str] = set()
        self.dns = Dns(self.world, self.control, lambda check_id: check_id not in self.sick)
        self.dns.refresh()

    def told(self, name: str = "a.test") -> tuple[str, ...]:
        rrsets = self.dns.answer(name).rrsets
        return rrsets[-1].values if rrsets else ()

    def changes(self) -> list[tuple[float, str, list[str]]]:
        events = self.world.truth.since(0, "dns.changed")
        return [(event["at"], event["subject"], event["detail"]["values"]) for event in events]


def test_a_changed_record_comes_into_force_after_the_propagation_time_and_not_before() -> None:
    async def main() -> None:
        bench = Bench()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bench.dns.run)
            await bench.world.clock.sleep(10)
            bench.control.record_sets = [RecordSet("a.test", "A", 60.0, ("10.0.0.9",))]
            bench.dns.records_changed()
            await bench.world.clock.sleep(1.9)
            assert bench.told() == ("10.0.0.1",)
            await bench.world.clock.sleep(0.7)
            assert bench.told() == ("10.0.0.9",)
            tasks.cancel_scope.cancel()
        assert bench.changes() == [(0.0, "a.test", ["10.0.0.1"]), (12.0, "a.test", ["10.0.0.9"])]

    run_virtual(main)


def test_a_health_flip_changes_the_answer_at_once_without_anybody_asking() -> None:
    async def main() -> None:
        bench = Bench()
        await bench.world.clock.sleep(5)
        bench.sick.add("one")
        bench.dns.evaluate()
        bench.dns.evaluate()
        assert bench.changes()[1:] == [(5.0, "a.test", ["10.0.0.2"])]
        assert bench.world.truth.since(0, "dns.answered") == []

    run_virtual(main)


def test_registered_names_answer_move_and_vanish_at_once() -> None:
    async def main() -> None:
        bench = Bench()
        bench.dns.register("Writer.rds.test.", "127.0.20.1", 5)
        assert bench.told("writer.rds.test") == ("127.0.20.1",)
        bench.dns.register("writer.rds.test", "127.0.20.2", 5)
        assert bench.dns.address("writer.rds.test") == "127.0.20.2"
        bench.dns.refresh()
        assert bench.told("writer.rds.test") == ("127.0.20.2",)
        bench.dns.unregister("writer.rds.test")
        assert bench.dns.answer("writer.rds.test").exists is False
        assert [values for _, name, values in bench.changes() if name == "writer.rds.test"] == [
            ["127.0.20.1"],
            ["127.0.20.2"],
            [],
        ]

    run_virtual(main)


def test_every_answer_is_in_the_truth_with_its_ttl() -> None:
    async def main() -> None:
        bench = Bench()
        bench.told()
        (event,) = bench.world.truth.since(0, "dns.answered")
        assert (event["subject"], event["detail"]) == ("a.test", {"values": ["10.0.0.1"], "ttl": 60.0})

    run_virtual(main)


def exchange(query: dns.message.Message, *records: RecordSet, udp: bool = True) -> dns.message.Message:
    zones = Zones.of(records)

    def answering(name: str, rtype: str, recursive: bool) -> Answer:
        assert recursive
        return answer(zones, name, rtype, lambda check_id: True, Client(), random.Random(1))

    wire = respond(query.to_wire(), answering, udp=udp)
    assert wire is not None
    return dns.message.from_wire(wire)


def test_an_answer_on_the_wire_carries_name_value_ttl_and_the_questions_id() -> None:
    query = dns.message.make_query("a.test.", "A")
    told = exchange(query, *PAIR)
    assert told.id == query.id
    assert told.answer[0].to_text() == "a.test. 60 IN A 10.0.0.1"


def test_unknown_names_are_nxdomain_and_missing_types_are_empty() -> None:
    assert exchange(dns.message.make_query("b.test.", "A"), *PAIR).rcode() == dns.rcode.NXDOMAIN
    empty = exchange(dns.message.make_query("a.test.", "AAAA"), *PAIR)
    assert (empty.rcode(), list(empty.answer)) == (dns.rcode.NOERROR, [])


def test_a_cname_and_its_target_are_both_in_the_answer() -> None:
    told = exchange(dns.message.make_query("w.test.", "A"), RecordSet("w.test", "CNAME", 5.0, ("a.test",)), *PAIR)
    assert [rrset.to_text() for rrset in told.answer] == ["w.test. 5 IN CNAME a.test.", "a.test. 60 IN A 10.0.0.1"]


def test_what_does_not_fit_into_udp_is_truncated_and_whole_over_tcp() -> None:
    long = RecordSet("t.test", "TXT", 5.0, tuple(f'"{n:0200d}"' for n in range(5)))
    query = dns.message.make_query("t.test.", "TXT", use_edns=False)
    cut = exchange(query, long)
    assert cut.flags & dns.flags.TC
    assert list(cut.answer) == []
    assert len(exchange(query, long, udp=False).answer[0]) == 5


def test_an_update_is_not_implemented() -> None:
    query = dns.message.make_query("a.test.", "A")
    query.set_opcode(dns.opcode.STATUS)
    assert exchange(query, *PAIR).rcode() == dns.rcode.NOTIMP


@pytest.mark.parametrize("wire", [b"", b"\x00" * 5, b"\xff" * 40])
def test_bytes_that_are_no_question_get_no_answer(wire: bytes) -> None:
    assert respond(wire, lambda name, rtype, recursive: Answer(), udp=True) is None
