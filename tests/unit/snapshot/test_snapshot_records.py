from __future__ import annotations

from typing import Any

from drillrunner.lab.topology import RecordSpec, ZoneSpec
from drillrunner.snapshot.notes import Part
from drillrunner.snapshot.places import Places
from drillrunner.snapshot.records import Translator, stand_ins

EAST, WEST = "us-east-1", "eu-west-1"
PLACES = Places((EAST, WEST), addresses={"127.0.10.1": EAST, "127.0.10.2": WEST})
API = "d-abc.execute-api.us-east-1.amazonaws.com"


def record(name: str, kind: str = "A", *values: str, **more: Any) -> dict[str, Any]:
    told = {"TTL": 60, "ResourceRecords": [{"Value": value} for value in values]} if values else {}
    return {"Name": f"{name}.", "Type": kind, **told, **more}


def alias(name: str, target: str, kind: str = "A", evaluates: bool = False, **more: Any) -> dict[str, Any]:
    return record(name, kind, AliasTarget={"DNSName": f"{target}.", "EvaluateTargetHealth": evaluates}, **more)


def translated(*records: dict[str, Any], checks: dict[str, str] | None = None) -> tuple[list[RecordSpec], list[str]]:
    part = Translator({"example.test": records}, PLACES, checks or {}).translated()
    (zone,) = part.specs
    assert zone.name == "example.test"
    return list(zone.records), said(part)


def said(part: Part[Any]) -> list[str]:
    return [f"{note.kind}: {note.subject}: {note.why}" for note in part.notes]


def test_an_address_of_the_lab_stands_for_its_region_and_routing_is_kept() -> None:
    primary = record(
        "checkout.example.test", "A", "127.0.10.1", SetIdentifier="east", Failover="PRIMARY", HealthCheckId="1"
    )
    weighted = record("w.example.test", "A", "127.0.10.2", SetIdentifier="w", Weight=0)
    nearest = record("n.example.test", "A", "127.0.10.2", SetIdentifier="n", Region=WEST)
    several = record("m.example.test", "A", "127.0.10.2", SetIdentifier="m", MultiValueAnswer=True)
    records, notes = translated(primary, weighted, nearest, several, checks={"1": "checkout"})
    assert records == [
        RecordSpec(
            name="checkout.example.test",
            address_of=EAST,
            identifier="east",
            failover="PRIMARY",
            health_check="checkout",
        ),
        RecordSpec(name="w.example.test", address_of=WEST, identifier="w", weight=0),
        RecordSpec(name="n.example.test", address_of=WEST, identifier="n", latency_region=WEST),
        RecordSpec(name="m.example.test", address_of=WEST, identifier="m", multivalue=True),
    ]
    assert notes == []


def test_addresses_that_are_nobodys_are_kept_and_said() -> None:
    records, notes = translated(record("www.example.test", "A", "192.0.2.1", "192.0.2.2"))
    assert records == [RecordSpec(name="www.example.test", values=("192.0.2.1", "192.0.2.2"))]
    assert notes == [
        "assumed: record www.example.test A: its addresses are kept and are none of the lab's: what asks them leaves"
        " this machine"
    ]


def test_texts_and_cnames_are_kept_as_they_are() -> None:
    records, notes = translated(
        record("t.example.test", "TXT", '"v=spf1 -all"'), record("c.example.test", "CNAME", API)
    )
    assert [spec.values for spec in records] == [('"v=spf1 -all"',), (API,)]
    assert notes == []


def test_an_alias_of_an_api_stands_for_its_region_for_sixty_seconds() -> None:
    records, notes = translated(alias("api.example.test", API, evaluates=True))
    assert records == [RecordSpec(name="api.example.test", ttl_seconds=60, address_of=EAST)]
    assert notes == [
        "assumed: record api.example.test A: Route 53 evaluates its target's own health, and the lab does not"
    ]


def test_an_alias_of_a_record_stands_for_what_that_one_answers_and_takes_its_health_over() -> None:
    target = record("east.example.test", "A", "127.0.10.1", HealthCheckId="1", TTL=15)
    followed = alias("a.example.test", "east.example.test", evaluates=True)
    blind = alias("b.example.test", "east.example.test")
    records, notes = translated(target, followed, blind, checks={"1": "east"})
    assert records[1:] == [
        RecordSpec(name="a.example.test", ttl_seconds=15, address_of=EAST, health_check="east"),
        RecordSpec(name="b.example.test", ttl_seconds=15, address_of=EAST),
    ]
    assert notes == []


def test_aliases_that_lead_nowhere_known_are_left_out() -> None:
    group = [record("g.example.test", "A", "127.0.10.1", SetIdentifier=one, Weight=1) for one in "ab"]
    records, notes = translated(
        alias("cdn.example.test", "d111111abcdef8.cloudfront.net"),
        alias("far.example.test", "x.execute-api.ap-south-1.amazonaws.com"),
        alias("six.example.test", API, kind="AAAA"),
        alias("loop.example.test", "loop.example.test"),
        alias("tree.example.test", "g.example.test"),
        *group,
    )
    assert [spec.name for spec in records] == ["g.example.test", "g.example.test"]
    assert notes == [
        "left out: record cdn.example.test A: it is an alias of d111111abcdef8.cloudfront.net, of which it is not known"
        " where it leads",
        "left out: record far.example.test A: it is an alias of x.execute-api.ap-south-1.amazonaws.com in ap-south-1,"
        " which is not one of the regions",
        "left out: record six.example.test AAAA: the lab's regions have no IPv6 addresses",
        "left out: record loop.example.test A: it is an alias of loop.example.test, of which it is not known where it"
        " leads",
        "left out: record tree.example.test A: it is an alias of g.example.test, whose records are chosen between; a"
        " topology has no such alias",
    ]


def test_what_a_topology_does_not_have_is_left_out_and_the_zones_own_records_go_unsaid() -> None:
    records, notes = translated(
        record("example.test", "NS", "ns-1.awsdns-1.org."),
        record("example.test", "SOA", "ns-1.awsdns-1.org. a. 1 2 3 4 5"),
        record("sub.example.test", "NS", "ns-2.awsdns-1.org."),
        record("example.test", "MX", "10 mail.example.test"),
        record("b.example.test", "MX", "10 mail.example.test"),
        record("\\052.example.test", "A", "127.0.10.1"),
        record("geo.example.test", "A", "127.0.10.1", SetIdentifier="x", GeoLocation={"CountryCode": "*"}),
    )
    assert records == []
    assert notes == [
        "left out: records of type MX in example.test (2): a topology has A, AAAA, CNAME and TXT records",
        "left out: records of type NS in example.test (1): a topology has A, AAAA, CNAME and TXT records",
        "left out: record *.example.test A: the lab answers whole names, not wildcards",
        "left out: record geo.example.test A (x): it is chosen by where users are, which a topology does not say",
    ]


def test_a_record_whose_health_check_is_left_out_says_that_it_counts_as_healthy() -> None:
    records, notes = translated(record("a.example.test", "A", "127.0.10.1", HealthCheckId="9"))
    assert [spec.health_check for spec in records] == [None]
    assert notes == [
        "assumed: record a.example.test A: its health check is not in the topology, so it counts as healthy in the lab"
    ]


def test_names_of_awss_own_that_something_leads_to_get_a_zone_that_stands_in() -> None:
    zone = ZoneSpec(
        name="example.test",
        records=(
            RecordSpec(name="c.example.test", type="CNAME", values=(API,)),
            RecordSpec(name="d.example.test", type="CNAME", values=("c.example.test",)),
            RecordSpec(name="e.example.test", type="CNAME", values=("shop.example.org.",)),
        ),
    )
    part = stand_ins([zone], [API, "c.example.test", "health.example.test"], PLACES)
    assert part.specs == (ZoneSpec(name=API, records=(RecordSpec(name=API, address_of=EAST),)),)
    assert [(note.kind, note.subject) for note in part.notes] == [
        ("assumed", f"zone {API}"),
        ("assumed", "name shop.example.org"),
        ("assumed", "name health.example.test"),
    ]
