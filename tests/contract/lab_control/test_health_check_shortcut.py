"""Health checks by the short way and by the long way: the same answers, told in the truth log alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from drillrunner.lab.control.app import ControlPlane
from drillrunner.lab.control.aws_request import Environ, Reply
from drillrunner.lab.control.hooks import Hooks, Observation
from drillrunner.lab.control.in_process import client
from drillrunner.lab.control.route53.shortcut import health_checks_shortcut

REGION = "us-east-1"
CONFIGS: dict[str, dict[str, Any]] = {
    "https": {
        "Type": "HTTPS",
        "FullyQualifiedDomainName": "a.example.test",
        "ResourcePath": "/health?a=1&b=<2>",
        "RequestInterval": 10,
        "Regions": ["us-east-1", "eu-west-1", "us-west-2"],
        "FailureThreshold": 2,
    },
    "a string is searched": {"Type": "HTTP_STR_MATCH", "IPAddress": "192.0.2.1", "SearchString": "all's <well>"},
    "tcp, inverted": {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 5432, "Inverted": True, "Disabled": True},
    "calculated": {"Type": "CALCULATED", "ChildHealthChecks": [], "HealthThreshold": 1},
    "an alarm": {
        "Type": "CLOUDWATCH_METRIC",
        "AlarmIdentifier": {"Region": "us-east-1", "Name": "lag"},
        "InsufficientDataHealthStatus": "LastKnownStatus",
    },
}
LOOKS = {
    "none": (),
    "some": (
        Observation("us-east-1", "15.177.0.1", "Success: HTTP Status Code 200, OK", datetime(2026, 1, 1, tzinfo=UTC)),
        Observation("eu-west-1", "15.177.2.1", "Failure: <503> & none.", datetime(2026, 1, 1, 0, 0, 7, 123456, UTC)),
    ),
}


@pytest.fixture(scope="module")
def ways(control: ControlPlane, hooks: Hooks) -> tuple[Any, Any]:
    shortcut = health_checks_shortcut(control.world, hooks, REGION)
    return client(control.answer, "route53", REGION, shortcut), client(control.answer, "route53", REGION)


def made(way: Any, name: str) -> str:
    return str(way.create_health_check(CallerReference=name, HealthCheckConfig=CONFIGS[name])["HealthCheck"]["Id"])


def answer(way: Any, operation: str, check_id: str) -> Any:
    """What the call answers or refuses, without the request's id."""
    try:
        told = getattr(way, operation)(HealthCheckId=check_id)
    except ClientError as refused:
        return refused.response["Error"]
    return {name: value for name, value in told.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_check_is_the_same_either_way(ways: tuple[Any, Any], name: str) -> None:
    check_id = made(ways[1], name)
    short, long = (answer(way, "get_health_check", check_id) for way in ways)
    assert short == long


def test_what_is_changed_is_seen_either_way(ways: tuple[Any, Any]) -> None:
    check_id = made(ways[1], "https")
    ways[1].update_health_check(HealthCheckId=check_id, Inverted=True, Port=8443, ResetElements=["ResourcePath"])
    short, long = (answer(way, "get_health_check", check_id) for way in ways)
    assert (short, short["HealthCheck"]["HealthCheckConfig"]["Inverted"]) == (long, True)


@pytest.mark.parametrize("looks", LOOKS)
@pytest.mark.parametrize("name", ["https", "calculated", "an alarm"])
def test_what_checkers_saw_is_the_same_either_way(ways: tuple[Any, Any], hooks: Hooks, looks: str, name: str) -> None:
    hooks.health_status = lambda check_id: LOOKS[looks]
    check_id = made(ways[1], name)
    short, long = (answer(way, "get_health_check_status", check_id) for way in ways)
    assert short == long


def test_a_look_is_told_at_the_same_microsecond_either_way(ways: tuple[Any, Any], hooks: Hooks) -> None:
    hooks.health_status = lambda check_id: LOOKS["some"]
    told = [answer(way, "get_health_check_status", made(ways[1], "https")) for way in ways]
    stamps = [
        [seen["StatusReport"]["CheckedTime"].isoformat() for seen in one["HealthCheckObservations"]] for one in told
    ]
    assert stamps == [["2026-01-01T00:00:00+00:00", "2026-01-01T00:00:07.123456+00:00"]] * 2


@pytest.mark.parametrize("operation", ["get_health_check", "get_health_check_status"])
def test_a_check_that_is_not_there_is_refused_either_way(ways: tuple[Any, Any], operation: str) -> None:
    absent = "00000000-0000-0000-0000-000000000000"
    short, long = (answer(way, operation, absent) for way in ways)
    assert (short["Code"], short) == ("NoSuchHealthCheck", long)


def test_what_a_probe_asks_for_never_takes_the_long_way(
    ways: tuple[Any, Any], control: ControlPlane, hooks: Hooks
) -> None:
    def handle(environ: Environ) -> Reply:
        raise AssertionError("it took the long way")

    way = client(handle, "route53", REGION, health_checks_shortcut(control.world, hooks, REGION))
    check_id = made(ways[1], "https")
    assert way.get_health_check(HealthCheckId=check_id)["HealthCheck"]["Id"] == check_id
    assert "HealthCheckObservations" in way.get_health_check_status(HealthCheckId=check_id)


def test_both_ways_are_told_in_the_truth_log(ways: tuple[Any, Any], control: ControlPlane) -> None:
    check_id = made(ways[1], "https")
    before = len(control.world.truth.events())
    for way in ways:
        answer(way, "get_health_check", check_id)
    short, long = control.world.truth.events()[before:]
    assert (short.name, short.subject, short.detail) == (long.name, long.subject, long.detail)
