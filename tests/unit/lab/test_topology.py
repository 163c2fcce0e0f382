"""Topologies: the shipped ones, a user's own, and what is refused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.lab.topology import OVERRIDES, load_topology, shipped_topologies


def test_two_topologies_ship() -> None:
    assert shipped_topologies() == ["checkout", "postgres"]


def test_checkout_has_a_reserve_in_one_region_and_none_in_the_other() -> None:
    topology = load_topology("checkout")
    assert topology.regions == ("us-east-1", "eu-west-1")
    assert [spec.reserved_concurrency for spec in topology.functions] == [40, None]
    assert topology.region_addresses() == {"us-east-1": "127.0.10.1", "eu-west-1": "127.0.10.2"}
    assert topology.hosts() == (
        "checkout.example.test",
        "us-east-1.checkout.example.test",
        "eu-west-1.checkout.example.test",
    )
    pair = [record for record in topology.records() if record.failover]
    assert [(record.failover, record.ttl_seconds, record.health_check) for record in pair] == [
        ("PRIMARY", 60, "checkout-us-east-1"),
        ("SECONDARY", 60, "checkout-eu-west-1"),
    ]
    assert {(spec.interval_seconds, spec.failure_threshold, spec.path) for spec in topology.health_checks} == {
        (10, 3, "/health")
    }


def test_postgres_is_a_primary_whose_stop_is_a_crash_and_a_replica_in_the_other_region() -> None:
    primary, replica = load_topology("postgres").instances
    assert (primary.name, primary.region, primary.stop) == ("orders-primary", "us-east-1", "crash")
    assert (replica.name, replica.region, replica.replica_of) == ("orders-replica", "eu-west-1", "orders-primary")


def test_overrides_change_every_place_that_they_name() -> None:
    topology = load_topology(
        "checkout",
        {"route53.ttl": "5", "route53.threshold": "1", "route53.interval": "30", "lambda.cold_start_ms": "1.5"},
    )
    assert {record.ttl_seconds for record in topology.records()} == {5}
    assert {(spec.failure_threshold, spec.interval_seconds) for spec in topology.health_checks} == {(1, 30)}
    assert {spec.cold_start.median_ms for spec in topology.functions} == {1.5}


@pytest.mark.parametrize("name", sorted(OVERRIDES))
def test_every_override_fits_a_shipped_topology(name: str) -> None:
    value = "30" if name == "route53.interval" else "7"
    changed = [load_topology(shipped, {name: value}) != load_topology(shipped) for shipped in shipped_topologies()]
    assert any(changed)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"route53.tll": "5"}, "--set does not know route53.tll"),
        ({"route53.ttl": "soon"}, '--set route53.ttl=soon: "soon" is not a number'),
        ({"route53.interval": "20"}, "interval_seconds: Input should be 10 or 30"),
        ({"route53.threshold": "11"}, "less than or equal to 10"),
    ],
)
def test_a_wrong_override_is_refused(overrides: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInput, match="(?s)" + message.replace("(", r"\(")):
        load_topology("checkout", overrides)


def test_an_unknown_name_is_refused_with_the_shipped_ones() -> None:
    with pytest.raises(InvalidInput) as refused:
        load_topology("chekout")
    assert refused.value.message == 'no topology is called "chekout"'
    assert refused.value.advice is not None
    assert "checkout, postgres" in refused.value.advice


def test_a_users_own_file_is_read_and_its_dangling_names_are_all_refused_at_once(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "topology: own\nregions: [us-east-1]\n"
        "functions: [{name: f, region: us-west-2}]\n"
        "endpoints: [{host: a.test, region: us-east-1, function: f}]\n"
    )
    with pytest.raises(InvalidInput) as refused:
        load_topology(str(own))
    assert [problem.message for problem in refused.value.problems] == [
        "function f is in us-west-2, which is not one of the regions",
        "endpoint a.test names function f, which us-east-1 does not have",
    ]
    assert {problem.code for problem in refused.value.problems} == {"L102"}
    own.write_text("topology: own\nregions: [us-east-1]\n")
    assert load_topology(str(own)).topology == "own"


@pytest.mark.parametrize("text", ["a: [", "- a list", "topology: x\nregions: [r]\nrecords: []"])
def test_what_is_no_topology_is_refused(tmp_path: Path, text: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(text)
    with pytest.raises(InvalidInput):
        load_topology(str(own))


def test_what_is_wrong_with_a_topology_is_said_with_its_places(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "topology: own\nregions: [us-east-1]\nfunctions:\n  - name: f\n    region: us-east-1\n    memory: 128\n"
        "health_checks:\n  - {name: a, interval_seconds: 20}\n"
    )
    with pytest.raises(InvalidInput) as refused:
        load_topology(str(own))
    assert [(problem.code, problem.line, problem.column, problem.message) for problem in refused.value.problems] == [
        ("L101", 6, 5, "functions.0.memory: extra inputs are not permitted"),
        ("L101", 8, 15, "health_checks.0.interval_seconds: input should be 10 or 30"),
    ]


def test_very_many_problems_are_collected_in_no_time(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("topology: own\nregions: [us-east-1]\nfunctions:\n" + "  - {name: f, region: r, x: 1}\n" * 3_000)
    began = time.process_time()
    with pytest.raises(InvalidInput) as refused:
        load_topology(str(own))
    assert len(refused.value.problems) == 3_000
    assert time.process_time() - began < 5
