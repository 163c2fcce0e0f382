from __future__ import annotations

from typing import Any

from drillrunner.lab.topology import HealthCheckSpec
from drillrunner.snapshot.health_checks import Checks, health_checks


def check(check_id: str, reference: str = "", **config: Any) -> dict[str, Any]:
    named = {"Type": "HTTPS", "FullyQualifiedDomainName": "a.example.test", **config}
    return {"Id": check_id, "CallerReference": reference or f"ref-{check_id}", "HealthCheckConfig": named}


def notes_of(checks: Checks) -> list[tuple[str, str]]:
    return [(note.kind, note.why) for note in checks.part.notes]


def test_a_check_is_called_by_its_name_tag_and_aws_defaults_are_written_out() -> None:
    checks = health_checks([check("1")], {"1": "checkout"})
    assert checks.part.specs == (
        HealthCheckSpec(
            name="checkout",
            fqdn="a.example.test",
            type="HTTPS",
            port=443,
            path="/",
            interval_seconds=30,
            failure_threshold=3,
        ),
    )
    assert checks.names == {"1": "checkout"}
    assert checks.part.notes == ()


def test_a_check_without_a_tag_is_called_by_its_caller_reference_and_one_of_two_alike_by_its_id() -> None:
    checks = health_checks([check("1"), check("2"), check("3")], {"2": "twin", "3": "twin"})
    assert checks.names == {"1": "ref-1", "2": "2", "3": "3"}


def test_a_tcp_check_has_no_path() -> None:
    (spec,) = health_checks([check("1", Type="TCP", Port=5432)], {}).part.specs
    assert (spec.type, spec.port, spec.path) == ("TCP", 5432, None)


def test_a_check_that_looks_for_a_text_looks_at_the_status_alone() -> None:
    checks = health_checks([check("1", Type="HTTPS_STR_MATCH", SearchString="ok")], {})
    assert [spec.type for spec in checks.part.specs] == ["HTTPS"]
    assert notes_of(checks) == [("assumed", "AWS looks for a text in the answer, the lab at the status alone")]


def test_an_inverted_check_with_an_address_and_regions_of_its_own_says_so() -> None:
    checks = health_checks([check("1", Inverted=True, IPAddress="192.0.2.1", Regions=["us-east-1"])], {})
    assert notes_of(checks) == [
        ("assumed", "it is inverted in AWS"),
        ("assumed", "in AWS it asks the address 192.0.2.1, in the lab its name"),
        ("assumed", "in AWS it asks from chosen regions, in the lab from all"),
    ]


def test_checks_that_the_lab_cannot_run_are_left_out() -> None:
    there = [
        check("1", Type="CLOUDWATCH_METRIC"),
        check("2", Type="RECOVERY_CONTROL"),
        check("3", FullyQualifiedDomainName=None, IPAddress="192.0.2.1"),
    ]
    checks = health_checks(there, {})
    assert (checks.part.specs, checks.names) == ((), {})
    assert [note.subject for note in checks.part.notes] == [
        "health check ref-1",
        "health check ref-2",
        "health check ref-3",
    ]
    assert {note.kind for note in checks.part.notes} == {"left out"}


def test_a_calculated_check_adds_up_its_children_by_their_names() -> None:
    there = [
        check("9", Type="CALCULATED", FullyQualifiedDomainName=None, ChildHealthChecks=["1", "2"], HealthThreshold=1),
        check("1"),
        check("2", Type="CLOUDWATCH_METRIC"),
    ]
    checks = health_checks(there, {"1": "east", "9": "all"})
    assert checks.part.specs[-1] == HealthCheckSpec(
        name="all", type="CALCULATED", children=("east",), health_threshold=1
    )
    assert ("assumed", "1 of the 2 checks that it adds up are not in the topology; its threshold is what it was") in (
        notes_of(checks)
    )


def test_a_calculated_check_without_any_child_left_is_left_out() -> None:
    checks = health_checks([check("9", Type="CALCULATED", ChildHealthChecks=["1"], HealthThreshold=1)], {})
    assert (checks.part.specs, [kind for kind, _ in notes_of(checks)]) == ((), ["left out"])
