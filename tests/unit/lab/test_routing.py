"""Which records the lab's DNS answers with, policy by policy."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from drillrunner.lab.dataplane.controlstate import AliasTarget, RecordSet
from drillrunner.lab.dataplane.routing import Answer, Client, Zones, answer, distance_km, effective

NAME = "a.test"


def record(value: str, **fields: object) -> RecordSet:
    return RecordSet(**{"name": NAME, "type": "A", "ttl_seconds": 60.0, "values": (value,), **fields})  # type: ignore[arg-type]


def unhealthy(*check_ids: str) -> Callable[[str], bool]:
    return lambda check_id: check_id not in check_ids


ALL_HEALTHY = unhealthy()
PAIR = (
    record("10.0.0.1", failover="PRIMARY", identifier="p", check_id="one"),
    record("10.0.0.2", failover="SECONDARY", identifier="s", check_id="two"),
)


def ask(
    records: tuple[RecordSet, ...],
    healthy: Callable[[str], bool] = ALL_HEALTHY,
    name: str = NAME,
    rtype: str = "A",
    client: Client | None = None,
    seed: int = 1,
) -> Answer:
    return answer(Zones.of(records), name, rtype, healthy, client or Client(), random.Random(seed))


def values(told: Answer) -> tuple[str, ...]:
    return told.rrsets[-1].values if told.rrsets else ()


@pytest.mark.parametrize(
    ("healthy", "expected"),
    [
        (ALL_HEALTHY, "10.0.0.1"),
        (unhealthy("one"), "10.0.0.2"),
        (unhealthy("two"), "10.0.0.1"),
        (unhealthy("one", "two"), "10.0.0.1"),
    ],
)
def test_a_failover_pair_answers_the_primary_unless_only_it_is_unhealthy(
    healthy: Callable[[str], bool], expected: str
) -> None:
    assert values(ask(PAIR, healthy)) == (expected,)
    assert values(ask(PAIR[::-1], healthy)) == (expected,)


def test_the_answer_carries_the_records_ttl() -> None:
    assert ask(PAIR).rrsets[0].ttl_seconds == 60.0
    assert ask((record("10.0.0.1", ttl_seconds=5.0),)).rrsets[0].ttl_seconds == 5.0


def drawn(records: tuple[RecordSet, ...], healthy: Callable[[str], bool] = ALL_HEALTHY) -> Counter[str]:
    dice = random.Random(7)
    zones = Zones.of(records)
    return Counter(values(answer(zones, NAME, "A", healthy, Client(), dice))[0] for _ in range(1000))


def weighted(value: str, weight: int) -> RecordSet:
    return record(value, weight=weight, identifier=value, check_id=value)


def test_weights_share_the_answers_out() -> None:
    counted = drawn((weighted("10.0.0.1", 90), weighted("10.0.0.2", 10)))
    assert counted["10.0.0.1"] == pytest.approx(900, abs=40)
    assert counted["10.0.0.2"] == pytest.approx(100, abs=40)


def test_weight_0_is_answered_only_when_every_other_is_unhealthy() -> None:
    records = (weighted("10.0.0.1", 100), weighted("10.0.0.2", 0))
    assert drawn(records) == {"10.0.0.1": 1000}
    assert drawn(records, unhealthy("10.0.0.1")) == {"10.0.0.2": 1000}


def test_weights_with_every_record_unhealthy_are_all_treated_as_healthy() -> None:
    records = (weighted("10.0.0.1", 50), weighted("10.0.0.2", 50))
    assert set(drawn(records, unhealthy("10.0.0.1", "10.0.0.2"))) == {"10.0.0.1", "10.0.0.2"}


def test_all_weights_0_are_answered_evenly() -> None:
    counted = drawn((weighted("10.0.0.1", 0), weighted("10.0.0.2", 0)))
    assert counted["10.0.0.1"] == pytest.approx(500, abs=60)


def test_latency_records_answer_the_healthy_region_nearest_to_the_client() -> None:
    records = tuple(
        record(value, latency_region=region, identifier=region, check_id=region)
        for value, region in (("10.0.0.1", "us-east-1"), ("10.0.0.2", "eu-west-1"), ("10.0.0.3", "ap-southeast-2"))
    )
    assert values(ask(records, client=Client("eu-central-1"))) == ("10.0.0.2",)
    assert values(ask(records, unhealthy("eu-west-1"), client=Client("eu-central-1"))) == ("10.0.0.1",)
    assert values(ask(records, client=Client("ap-northeast-1"))) == ("10.0.0.3",)


def test_geolocation_prefers_the_clients_place_and_falls_back_to_the_default() -> None:
    records = (record("10.0.0.1", location="DE", identifier="de"), record("10.0.0.2", location="*", identifier="any"))
    assert values(ask(records, client=Client(location="DE"))) == ("10.0.0.1",)
    assert values(ask(records, client=Client(location="FR"))) == ("10.0.0.2",)
    assert ask(records[:1], client=Client(location="FR")) == Answer((), exists=True)


def test_multivalue_answers_up_to_eight_healthy_records() -> None:
    records = tuple(record(f"10.0.0.{n}", multivalue=True, identifier=str(n), check_id=str(n)) for n in range(10))
    assert len(values(ask(records))) == 8
    few = unhealthy(*(str(n) for n in range(2, 10)))
    assert sorted(values(ask(records, few))) == ["10.0.0.0", "10.0.0.1"]
    assert len(values(ask(records, unhealthy(*(str(n) for n in range(10)))))) == 8


def test_a_cname_is_followed_within_the_zone() -> None:
    alias = RecordSet("www.test", "CNAME", 30.0, ("a.test.",))
    told = ask((alias, record("10.0.0.1")), name="WWW.test.")
    assert [(rrset.name, rrset.type, rrset.values) for rrset in told.rrsets] == [
        ("www.test", "CNAME", ("a.test.",)),
        ("a.test", "A", ("10.0.0.1",)),
    ]


def test_a_cname_that_leads_nowhere_is_answered_as_far_as_it_goes() -> None:
    told = ask((RecordSet("www.test", "CNAME", 30.0, ("gone.test",)),), name="www.test")
    assert [rrset.type for rrset in told.rrsets] == ["CNAME"]


def test_a_cname_loop_ends() -> None:
    loop = (RecordSet("a.test", "CNAME", 1.0, ("b.test",)), RecordSet("b.test", "CNAME", 1.0, ("a.test",)))
    assert {rrset.type for rrset in ask(loop).rrsets} == {"CNAME"}


def test_an_alias_answers_its_targets_value_under_its_own_name() -> None:
    alias = RecordSet("app.test", "A", alias=AliasTarget("a.test"))
    told = ask((alias, record("10.0.0.1", ttl_seconds=20.0)), name="app.test")
    assert [(rrset.name, rrset.ttl_seconds, rrset.values) for rrset in told.rrsets] == [
        ("app.test", 20.0, ("10.0.0.1",))
    ]


def test_an_alias_that_evaluates_its_targets_health_fails_over_with_it() -> None:
    tree = (
        RecordSet("app.test", "A", failover="PRIMARY", identifier="p", alias=AliasTarget("east.test", True)),
        record("10.0.0.2", name="app.test", failover="SECONDARY", identifier="s"),
        record("10.0.0.1", name="east.test", weight=1, identifier="e", check_id="one"),
    )
    assert values(ask(tree, name="app.test")) == ("10.0.0.1",)
    assert values(ask(tree, unhealthy("one"), name="app.test")) == ("10.0.0.2",)


def test_an_alias_loop_ends_without_an_answer() -> None:
    loop = (RecordSet(NAME, "A", alias=AliasTarget("b.test")), RecordSet("b.test", "A", alias=AliasTarget(NAME)))
    assert ask(loop).rrsets == ()


def test_an_unknown_name_does_not_exist_and_a_known_one_without_that_type_does() -> None:
    assert ask(PAIR, name="b.test") == Answer((), exists=False)
    assert ask(PAIR, rtype="AAAA") == Answer((), exists=True)
    assert ask(PAIR, name="test") == Answer((), exists=True)


def test_the_effective_answer_holds_every_value_that_may_be_drawn() -> None:
    records = (weighted("10.0.0.1", 90), weighted("10.0.0.2", 10), weighted("10.0.0.3", 0))
    assert effective(Zones.of(records), NAME, "A", ALL_HEALTHY, Client()) == (("10.0.0.1", "10.0.0.2"), 60.0)
    assert effective(Zones.of(PAIR), NAME, "A", unhealthy("one"), Client()) == (("10.0.0.2",), 60.0)


def test_regions_off_the_map_are_farthest() -> None:
    assert distance_km("us-east-1", "us-east-1") == 0
    assert 5000 < distance_km("us-east-1", "eu-west-1") < 6000
    assert distance_km("us-east-1", "mars-north-1") > distance_km("us-east-1", "ap-southeast-2")
