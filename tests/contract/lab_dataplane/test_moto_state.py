"""What the data plane reads from moto's backends: every field that it follows, written by boto3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from drillrunner.clock import Clock
from drillrunner.lab.control.app import install, serve
from drillrunner.lab.dataplane.controlstate import AliasTarget, CheckConfig, MotoState, RecordSet
from drillrunner.lab.world import World


@dataclass
class Bench:
    state: MotoState
    route53: Any
    cloudwatch: Any
    zone_id: str

    def check(self, reference: str, **config: Any) -> str:
        created = self.route53.create_health_check(CallerReference=reference, HealthCheckConfig=config)
        return str(created["HealthCheck"]["Id"])

    def upsert(self, **record: Any) -> None:
        whole = {"Type": "A", "TTL": 30, "ResourceRecords": [{"Value": "10.0.0.1"}], **record}
        if "AliasTarget" in record:
            del whole["TTL"], whole["ResourceRecords"]
        change = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": whole}]}
        self.route53.change_resource_record_sets(HostedZoneId=self.zone_id, ChangeBatch=change)

    def read(self, name: str) -> RecordSet:
        return next(record for record in self.state.records() if record.name == name)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    world = World(Clock(), 1)
    install(world)
    served = serve(world)
    session: Any = boto3.Session("testing", "testing", "testing", "us-east-1")
    route53 = session.client("route53", endpoint_url=served.url)
    cloudwatch = session.client("cloudwatch", endpoint_url=served.url)
    zone = route53.create_hosted_zone(Name="example.test", CallerReference="zone")
    yield Bench(MotoState(world), route53, cloudwatch, zone["HostedZone"]["Id"])
    served.close()


def test_an_endpoint_check_is_read_whole(bench: Bench) -> None:
    check_id = bench.check(
        "whole",
        Type="HTTPS_STR_MATCH",
        FullyQualifiedDomainName="a.example.test",
        IPAddress="10.0.0.1",
        Port=8443,
        ResourcePath="/up",
        SearchString="ok",
        RequestInterval=10,
        FailureThreshold=1,
        Regions=["us-east-1", "us-west-1", "eu-west-1"],
    )
    bench.route53.update_health_check(HealthCheckId=check_id, Inverted=True, Disabled=True)
    assert bench.state.checks()[check_id] == CheckConfig(
        check_id,
        type="HTTPS_STR_MATCH",
        ip_address="10.0.0.1",
        fqdn="a.example.test",
        port=8443,
        path="/up",
        search_string="ok",
        interval_seconds=10.0,
        failure_threshold=1,
        inverted=True,
        disabled=True,
        regions=("us-east-1", "us-west-1", "eu-west-1"),
    )


def test_a_check_without_settings_has_awss_defaults(bench: Bench) -> None:
    check_id = bench.check("plain", Type="HTTP", FullyQualifiedDomainName="a.example.test")
    check = bench.state.checks()[check_id]
    assert (check.port, check.interval_seconds, check.failure_threshold, check.path) == (80, 30.0, 3, "/")
    assert (check.inverted, check.disabled, check.regions) == (False, False, ())


def test_a_calculated_check_is_read_with_its_children(bench: Bench) -> None:
    child = bench.check("child", Type="TCP", IPAddress="10.0.0.1", Port=5432)
    parent = bench.check("parent", Type="CALCULATED", ChildHealthChecks=[child], HealthThreshold=1)
    check = bench.state.checks()[parent]
    assert (check.type, check.children, check.health_threshold) == ("CALCULATED", (child,), 1)


def test_an_alarm_check_is_read_with_its_alarm(bench: Bench) -> None:
    check_id = bench.check(
        "alarm",
        Type="CLOUDWATCH_METRIC",
        AlarmIdentifier={"Region": "us-east-1", "Name": "high"},
        InsufficientDataHealthStatus="Unhealthy",
    )
    check = bench.state.checks()[check_id]
    assert (check.alarm_region, check.alarm_name, check.insufficient_data) == ("us-east-1", "high", "Unhealthy")


def test_an_alarms_state_is_read(bench: Bench) -> None:
    assert bench.state.alarm_state("us-east-1", "high") == "INSUFFICIENT_DATA"
    bench.cloudwatch.put_metric_alarm(
        AlarmName="high",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    bench.cloudwatch.set_alarm_state(AlarmName="high", StateValue="ALARM", StateReason="test")
    assert bench.state.alarm_state("us-east-1", "high") == "ALARM"


def test_a_missing_function_is_none(bench: Bench) -> None:
    assert bench.state.function("us-east-1", "nothing") is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Weight": 0}, {"weight": 0}),
        ({"Weight": 200}, {"weight": 200}),
        ({"Region": "eu-west-1"}, {"latency_region": "eu-west-1"}),
        ({"Failover": "SECONDARY"}, {"failover": "SECONDARY"}),
        ({"GeoLocation": {"CountryCode": "*"}}, {"location": "*"}),
        ({"GeoLocation": {"ContinentCode": "EU"}}, {"location": "EU"}),
        ({"MultiValueAnswer": True}, {"multivalue": True}),
    ],
)
def test_each_routing_policy_is_read(bench: Bench, fields: dict[str, Any], expected: dict[str, Any]) -> None:
    check_id = bench.check(f"policy {fields}", Type="HTTP", FullyQualifiedDomainName="a.example.test")
    name = f"p{abs(hash(str(fields)))}.example.test"
    bench.upsert(Name=name, SetIdentifier="one", HealthCheckId=check_id, **fields)
    assert bench.read(name) == RecordSet(
        name, "A", 30.0, ("10.0.0.1",), identifier="one", check_id=check_id, **expected
    )


def test_an_alias_is_read_with_its_target(bench: Bench) -> None:
    target = {"HostedZoneId": bench.zone_id.split("/")[-1], "DNSName": "A.example.test.", "EvaluateTargetHealth": True}
    bench.upsert(Name="alias.example.test", AliasTarget=target)
    assert bench.read("alias.example.test").alias == AliasTarget("a.example.test", evaluate_target_health=True)
