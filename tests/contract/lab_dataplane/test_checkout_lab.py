"""The checkout lab through real sockets: what a run's boto3, resolver and HTTPS client see of it."""

from __future__ import annotations

import aiohttp
import pytest
import trustme

from running_lab import RunningLab

NAME = "checkout.example.test"
EAST, WEST = "127.0.10.1", "127.0.10.2"


def check_id(lab: RunningLab, name: str) -> str:
    route53 = lab.client("route53")
    for check in route53.list_health_checks()["HealthChecks"]:
        tags = route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=check["Id"])
        if {"Key": "Name", "Value": name} in tags["ResourceTagSet"]["Tags"]:
            return str(check["Id"])
    raise AssertionError(f"no health check is called {name}")


def test_the_topology_is_there_for_boto3(checkout: RunningLab) -> None:
    east, west = checkout.client("lambda"), checkout.client("lambda", "eu-west-1")
    assert east.get_function_concurrency(FunctionName="checkout")["ReservedConcurrentExecutions"] == 40
    assert "ReservedConcurrentExecutions" not in west.get_function_concurrency(FunctionName="checkout")
    table = checkout.client("dynamodb").describe_table(TableName="orders")["Table"]
    assert {replica["RegionName"] for replica in table["Replicas"]} == {"eu-west-1"}
    (ledger,) = checkout.client("rds").describe_global_clusters()["GlobalClusters"]
    assert ledger["GlobalClusterIdentifier"] == "ledger"
    roles = {member["DBClusterArn"].split(":")[3]: member["IsWriter"] for member in ledger["GlobalClusterMembers"]}
    assert roles == {"us-east-1": True, "eu-west-1": False}
    alarms = checkout.client("cloudwatch", "eu-west-1").describe_alarms()["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in alarms] == ["checkout-5xx"]
    config = checkout.client("route53").get_health_check(HealthCheckId=check_id(checkout, "checkout-us-east-1"))
    wanted = {"Type": "HTTPS", "RequestInterval": 10, "FailureThreshold": 3, "ResourcePath": "/health"}
    assert wanted.items() <= config["HealthCheck"]["HealthCheckConfig"].items()


@pytest.mark.parametrize("tcp", [False, True])
def test_dns_answers_the_primary_with_a_ttl_of_60_over_udp_and_tcp(checkout: RunningLab, tcp: bool) -> None:
    (rrset,) = checkout.resolve(NAME, tcp=tcp).answer
    assert (rrset.ttl, [value.to_text() for value in rrset]) == (60, [EAST])


def test_each_regions_address_serves_https_under_the_labs_ca(checkout: RunningLab) -> None:
    assert checkout.get(EAST, NAME)[:2] == (200, "us-east-1")
    status, region, body = checkout.get(WEST, f"eu-west-1.{NAME}")
    assert (status, region, body["region"], body["path"]) == (200, "eu-west-1", "eu-west-1", "/health")


def test_another_ca_does_not_trust_the_lab(checkout: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("ca") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        checkout.get(EAST, NAME, ca_file=str(other))


def test_the_clusters_writer_endpoint_has_an_address_in_the_labs_dns(checkout: RunningLab) -> None:
    (ledger,) = checkout.client("rds").describe_global_clusters()["GlobalClusters"]
    (address,) = checkout.addresses(ledger["Endpoint"])
    assert address.startswith("127.0.20.")


def test_an_unknown_name_is_nxdomain(checkout: RunningLab) -> None:
    assert checkout.resolve("nothing.example.test").rcode().name == "NXDOMAIN"


def test_sixteen_checkers_report_through_get_health_check_status(checkout: RunningLab) -> None:
    route53, asked = checkout.client("route53"), check_id(checkout, "checkout-eu-west-1")

    def reports() -> list[str]:
        observations = route53.get_health_check_status(HealthCheckId=asked)["HealthCheckObservations"]
        return [observation["StatusReport"]["Status"] for observation in observations]

    checkout.wait_until(lambda: len(reports()) == 16, drill_seconds=60)
    assert set(reports()) == {"Success: HTTP Status Code 200."}


def test_invoke_reaches_the_data_plane(checkout: RunningLab) -> None:
    answered = checkout.client("lambda", "eu-west-1").invoke(FunctionName="checkout", Payload=b"{}")
    assert b'"region": "eu-west-1"' in answered["Payload"].read()


def test_a_changed_record_is_answered_after_its_propagation(checkout: RunningLab) -> None:
    route53 = checkout.client("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    record = {"Name": "new.example.test", "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "10.1.2.3"}]}
    change = {"Action": "UPSERT", "ResourceRecordSet": record}
    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": [change]})
    checkout.wait_until(lambda: checkout.addresses("new.example.test") == ["10.1.2.3"], drill_seconds=20)


def test_inverting_a_health_check_by_boto3_moves_the_failover_record_and_back(checkout: RunningLab) -> None:
    route53, primary = checkout.client("route53"), check_id(checkout, "checkout-us-east-1")
    route53.update_health_check(HealthCheckId=primary, Inverted=True)
    checkout.wait_until(lambda: checkout.addresses(NAME) == [WEST], drill_seconds=20)
    route53.update_health_check(HealthCheckId=primary, Inverted=False)
    checkout.wait_until(lambda: checkout.addresses(NAME) == [EAST], drill_seconds=20)


def test_throttling_by_boto3_is_seen_by_users_then_by_checkers_then_in_dns(checkout: RunningLab) -> None:
    client, primary = checkout.client("lambda"), check_id(checkout, "checkout-us-east-1")
    client.put_function_concurrency(FunctionName="checkout", ReservedConcurrentExecutions=0)
    try:
        status, region, body = checkout.get(EAST, NAME)
        assert (status, region) == (429, "us-east-1")
        assert body["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
        checkout.wait_until(lambda: checkout.addresses(NAME) == [WEST], drill_seconds=60)
    finally:
        client.put_function_concurrency(FunctionName="checkout", ReservedConcurrentExecutions=40)
    (stopped, *_) = checkout.truth("function.stopped")
    flips = [event for event in checkout.truth("health_check.flipped") if event["at"] > stopped["at"]]
    assert (flips[0]["subject"], flips[0]["detail"]) == (primary, {"healthy": False})
    # three intervals of ten seconds, less the phase; and some real time on a busy machine, times twenty
    assert 20 <= flips[0]["at"] - stopped["at"] <= 45
    moved = [event for event in checkout.truth("dns.changed") if event["at"] >= flips[0]["at"]]
    assert (moved[0]["subject"], moved[0]["detail"]) == (NAME, {"values": [WEST], "ttl": 60.0})
    checkout.wait_until(lambda: checkout.addresses(NAME) == [EAST], drill_seconds=60)
    assert checkout.get(EAST, NAME)[0] == 200


def test_requests_are_counted_as_api_gateways_metrics(checkout: RunningLab) -> None:
    from datetime import UTC, datetime, timedelta

    cloudwatch = checkout.client("cloudwatch")
    found = cloudwatch.list_metrics(Namespace="AWS/ApiGateway", MetricName="5XXError")["Metrics"]
    assert [{"Name": "ApiName", "Value": "checkout"}] in [metric["Dimensions"] for metric in found]
    now = datetime.now(UTC)
    statistics = cloudwatch.get_metric_statistics(
        Namespace="AWS/ApiGateway",
        MetricName="Count",
        Dimensions=[{"Name": "ApiName", "Value": "checkout"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert sum(point["Sum"] for point in statistics) > 10
