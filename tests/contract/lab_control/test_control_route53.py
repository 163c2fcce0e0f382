"""Route 53 through real boto3: what moto lacks or gets wrong, and the lab mends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.route53.models import HealthCheck, RecordSet

from drillrunner.lab.control.hooks import DnsAnswer, Hooks, Observation

Clients = Callable[..., Any]


@pytest.fixture(scope="module")
def route53(clients: Clients) -> Any:
    return clients("route53")


@pytest.fixture(scope="module")
def new_zone(route53: Any) -> Callable[[str], str]:
    def make(name: str) -> str:
        return str(route53.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]["Id"])

    return make


def record(name: str, value: str = "10.0.0.1", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}], **more}


def change(route53: Any, zone: str, *changes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    batch = [{"Action": action, "ResourceRecordSet": wanted} for action, wanted in changes]
    answer = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": batch})
    info: dict[str, Any] = answer["ChangeInfo"]
    return info


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def records_of(route53: Any, zone: str, name: str) -> list[dict[str, Any]]:
    listed = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return [item for item in listed if item["Name"] == name]


def new_check(route53: Any, reference: str, **config: Any) -> dict[str, Any]:
    wanted = {"Type": "HTTPS", "FullyQualifiedDomainName": "a.example.test", "ResourcePath": "/health", **config}
    made = route53.create_health_check(CallerReference=reference, HealthCheckConfig=wanted)
    check: dict[str, Any] = made["HealthCheck"]
    return check


def test_creating_a_record_that_exists_is_refused(route53: Any, new_zone: Callable[[str], str]) -> None:
    zone = new_zone("create.test")
    change(route53, zone, ("CREATE", record("www.create.test")))
    code, message = refusal(lambda: change(route53, zone, ("CREATE", record("www.create.test", "10.0.0.2"))))
    assert code == "InvalidChangeBatch"
    assert message == (
        "[Tried to create resource record set [name='www.create.test.', type='A'] but it already exists]"
    )
    assert len(records_of(route53, zone, "www.create.test.")) == 1


def test_a_batch_takes_effect_whole_or_not_at_all(route53: Any, new_zone: Callable[[str], str]) -> None:
    zone = new_zone("whole.test")
    wrong = (("UPSERT", record("a.whole.test")), ("DELETE", record("b.whole.test")), ("CREATE", record("c.other.test")))
    code, message = refusal(lambda: change(route53, zone, *wrong))
    assert code == "InvalidChangeBatch"
    assert "Tried to delete resource record set [name='b.whole.test.', type='A'] but it was not found" in message
    assert "RRSet with DNS name c.other.test. is not permitted in zone whole.test." in message
    assert records_of(route53, zone, "a.whole.test.") == []


def test_a_delete_must_name_the_current_values(route53: Any, new_zone: Callable[[str], str]) -> None:
    zone = new_zone("delete.test")
    change(route53, zone, ("UPSERT", record("www.delete.test", "10.0.0.1")))
    change(route53, zone, ("UPSERT", record("www.delete.test", "10.0.0.2")))
    code, message = refusal(lambda: change(route53, zone, ("DELETE", record("www.delete.test", "10.0.0.1"))))
    assert (code, "do not match the current values" in message) == ("InvalidChangeBatch", True)
    change(route53, zone, ("DELETE", record("www.delete.test", "10.0.0.2")))
    assert records_of(route53, zone, "www.delete.test.") == []


def test_deleting_one_set_identifier_leaves_its_namesakes(route53: Any, new_zone: Callable[[str], str]) -> None:
    zone = new_zone("ids.test")
    one = record("one.ids.test", SetIdentifier="us", Weight=1)
    two = record("two.ids.test", SetIdentifier="us", Weight=1)
    change(route53, zone, ("CREATE", one), ("CREATE", two))
    change(route53, zone, ("DELETE", one))
    assert records_of(route53, zone, "one.ids.test.") == []
    assert [item["SetIdentifier"] for item in records_of(route53, zone, "two.ids.test.")] == ["us"]


def test_a_simple_record_cannot_stand_beside_a_weighted_one(route53: Any, new_zone: Callable[[str], str]) -> None:
    zone = new_zone("mixed.test")
    change(route53, zone, ("CREATE", record("www.mixed.test", SetIdentifier="us", Weight=1)))
    code, message = refusal(lambda: change(route53, zone, ("CREATE", record("www.mixed.test"))))
    assert code == "InvalidChangeBatch"
    assert "other RRSets exist with the same name and type" in message


def test_a_record_may_not_name_an_unknown_health_check(route53: Any, new_zone: Callable[[str], str]) -> None:
    zone = new_zone("unknown.test")
    wanted = record("www.unknown.test", SetIdentifier="a", Failover="PRIMARY", HealthCheckId="no-such-check")
    code, _ = refusal(lambda: change(route53, zone, ("CREATE", wanted)))
    assert code == "NoSuchHealthCheck"


def test_every_field_of_a_record_comes_back(route53: Any, new_zone: Callable[[str], str]) -> None:
    zone = new_zone("fields.test")
    check = new_check(route53, "fields")
    alias = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d.cloudfront.net.", "EvaluateTargetHealth": False}
    cidr = {"CollectionId": "c8c02a84-aaaa-bbbb-e0d8-bbbbbbbbbbbb", "LocationName": "home"}
    wanted = [
        record("a.fields.test.", SetIdentifier="us", Weight=10, HealthCheckId=check["Id"]),
        record("b.fields.test.", SetIdentifier="home", CidrRoutingConfig=cidr),
        {"Name": "c.fields.test.", "Type": "A", "AliasTarget": alias},
        record("d.fields.test.", SetIdentifier="x", MultiValueAnswer=True),
    ]
    change(route53, zone, *(("CREATE", item) for item in wanted))
    listed = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [item for item in listed if item["Type"] == "A"] == wanted


def test_a_listing_goes_on_in_the_middle_of_a_group(route53: Any, new_zone: Callable[[str], str]) -> None:
    zone = new_zone("pages.test")
    names = [record("www.pages.test", SetIdentifier=f"id-{number}", Weight=number) for number in range(5)]
    change(route53, zone, *(("CREATE", item) for item in names))
    pages = route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone, PaginationConfig={"PageSize": 2}
    )
    seen = [item.get("SetIdentifier") for page in pages for item in page["ResourceRecordSets"]]
    assert [identifier for identifier in seen if identifier] == [f"id-{number}" for number in range(5)]
    assert len(seen) == 7


def test_each_change_has_its_own_id_and_is_pending_before_it_is_in_sync(
    route53: Any, new_zone: Callable[[str], str], advance: Callable[[float], None]
) -> None:
    zone = new_zone("sync.test")
    first = change(route53, zone, ("UPSERT", record("www.sync.test")))
    second = change(route53, zone, ("UPSERT", record("www.sync.test")))
    assert first["Id"] != second["Id"]
    assert second["Status"] == "PENDING"
    assert route53.get_change(Id=second["Id"])["ChangeInfo"]["Status"] == "PENDING"
    advance(2.0)
    assert route53.get_change(Id=second["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    assert refusal(lambda: route53.get_change(Id="CUNKNOWN"))[0] == "NoSuchChange"


def test_the_data_plane_hears_which_names_changed(route53: Any, new_zone: Callable[[str], str], hooks: Hooks) -> None:
    zone = new_zone("heard.test")
    heard: list[tuple[str, ...]] = []
    hooks.on_record_change = heard.append
    change(route53, zone, ("CREATE", record("B.heard.test")), ("CREATE", record("a.heard.test")))
    hooks.on_record_change = lambda names: None
    assert heard == [("b.heard.test.", "a.heard.test.")]


def test_a_health_check_keeps_its_alarm(route53: Any) -> None:
    alarm = {"Region": "eu-west-1", "Name": "checkout-5xx"}
    config = {
        "Type": "CLOUDWATCH_METRIC",
        "AlarmIdentifier": alarm,
        "InsufficientDataHealthStatus": "Unhealthy",
    }
    made = route53.create_health_check(CallerReference="alarm", HealthCheckConfig=config)["HealthCheck"]
    read = route53.get_health_check(HealthCheckId=made["Id"])["HealthCheck"]["HealthCheckConfig"]
    assert read == {**config, "Inverted": False, "Disabled": False}
    moved = {"Region": "us-east-1", "Name": "checkout-4xx"}
    updated = route53.update_health_check(HealthCheckId=made["Id"], AlarmIdentifier=moved)["HealthCheck"]
    assert updated["HealthCheckConfig"]["AlarmIdentifier"] == moved


def test_an_update_changes_only_what_it_names(route53: Any) -> None:
    regions = ["us-east-1", "eu-west-1", "ap-southeast-1"]
    made = new_check(route53, "only", Regions=regions, FailureThreshold=5, RequestInterval=10)
    updated = route53.update_health_check(HealthCheckId=made["Id"], Inverted=True)["HealthCheck"]
    assert updated["HealthCheckConfig"] == {**made["HealthCheckConfig"], "Inverted": True}
    assert updated["HealthCheckConfig"]["Regions"] == regions
    back = route53.update_health_check(HealthCheckId=made["Id"], Inverted=False)["HealthCheck"]
    assert back["HealthCheckConfig"] == made["HealthCheckConfig"]


def test_versions_count_up_and_a_stale_one_is_refused(route53: Any) -> None:
    made = new_check(route53, "version")
    assert made["HealthCheckVersion"] == 1
    updated = route53.update_health_check(HealthCheckId=made["Id"], HealthCheckVersion=1, Port=8443)["HealthCheck"]
    assert updated["HealthCheckVersion"] == 2
    with pytest.raises(ClientError) as caught:
        route53.update_health_check(HealthCheckId=made["Id"], HealthCheckVersion=1, Port=8444)
    assert caught.value.response["Error"]["Code"] == "HealthCheckVersionMismatch"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert route53.get_health_check(HealthCheckId=made["Id"])["HealthCheck"]["HealthCheckConfig"]["Port"] == 8443


def test_reset_elements_are_reset(route53: Any) -> None:
    made = new_check(route53, "reset", IPAddress="192.0.2.1")
    updated = route53.update_health_check(HealthCheckId=made["Id"], ResetElements=["ResourcePath"])["HealthCheck"]
    assert "ResourcePath" not in updated["HealthCheckConfig"]
    assert updated["HealthCheckConfig"]["FullyQualifiedDomainName"] == "a.example.test"
    reset_port = {"HealthCheckId": made["Id"], "ResetElements": ["Port"]}
    assert refusal(lambda: route53.update_health_check(**reset_port))[0] == "InvalidInput"


def test_the_same_reference_answers_the_same_check_or_refuses_another(route53: Any) -> None:
    assert new_check(route53, "twice")["Id"] == new_check(route53, "twice")["Id"]
    assert refusal(lambda: new_check(route53, "twice", Port=8443))[0] == "HealthCheckAlreadyExists"


def test_the_status_is_what_the_checkers_saw(route53: Any, hooks: Hooks) -> None:
    made = new_check(route53, "status")
    assert route53.get_health_check_status(HealthCheckId=made["Id"])["HealthCheckObservations"] == []
    seen = Observation("eu-west-1", "15.177.10.1", "Failure: HTTP Status Code 429", datetime(2026, 1, 2, tzinfo=UTC))
    hooks.health_status = lambda check_id: [seen] if check_id == made["Id"] else []
    hooks.last_failure_reason = hooks.health_status
    for answer in (
        route53.get_health_check_status(HealthCheckId=made["Id"]),
        route53.get_health_check_last_failure_reason(HealthCheckId=made["Id"]),
    ):
        (observation,) = answer["HealthCheckObservations"]
        assert observation["Region"] == "eu-west-1"
        assert observation["IPAddress"] == "15.177.10.1"
        assert observation["StatusReport"]["Status"] == "Failure: HTTP Status Code 429"
        assert observation["StatusReport"]["CheckedTime"] == datetime(2026, 1, 2, tzinfo=UTC)
    assert refusal(lambda: route53.get_health_check_status(HealthCheckId="none"))[0] == "NoSuchHealthCheck"


def test_a_calculated_check_keeps_its_children_and_has_no_status(route53: Any) -> None:
    child = new_check(route53, "child")["Id"]
    config = {"Type": "CALCULATED", "ChildHealthChecks": [child], "HealthThreshold": 1}
    made = route53.create_health_check(CallerReference="calculated", HealthCheckConfig=config)["HealthCheck"]
    assert made["HealthCheckConfig"] == {**config, "Inverted": False, "Disabled": False}
    inverted = route53.update_health_check(HealthCheckId=made["Id"], Inverted=True)["HealthCheck"]
    assert inverted["HealthCheckConfig"]["ChildHealthChecks"] == [child]
    assert refusal(lambda: route53.get_health_check_status(HealthCheckId=made["Id"]))[0] == "InvalidInput"


def test_health_checks_are_counted_paged_and_deleted_once(route53: Any) -> None:
    made = [new_check(route53, f"page-{number}")["Id"] for number in range(3)]
    count = route53.get_health_check_count()["HealthCheckCount"]
    pages = route53.get_paginator("list_health_checks").paginate(PaginationConfig={"PageSize": 2})
    listed = [check["Id"] for page in pages for check in page["HealthChecks"]]
    assert (len(listed), len(set(listed))) == (count, count)
    assert set(made) <= set(listed)
    route53.delete_health_check(HealthCheckId=made[0])
    assert route53.get_health_check_count()["HealthCheckCount"] == count - 1
    assert refusal(lambda: route53.delete_health_check(HealthCheckId=made[0]))[0] == "NoSuchHealthCheck"


def test_a_dns_answer_is_the_data_planes_or_not_implemented(
    route53: Any, new_zone: Callable[[str], str], hooks: Hooks
) -> None:
    zone = new_zone("answer.test").removeprefix("/hostedzone/")
    asked = {"HostedZoneId": zone, "RecordName": "www.answer.test", "RecordType": "A"}
    assert refusal(lambda: route53.test_dns_answer(**asked))[0] == "NotImplemented"
    hooks.test_dns_answer = lambda name, record_type, resolver: DnsAnswer("NOERROR", (name, record_type, resolver))
    answer = route53.test_dns_answer(**asked, ResolverIP="192.0.2.53")
    hooks.test_dns_answer = None
    assert answer["ResponseCode"] == "NOERROR"
    assert answer["RecordData"] == ["www.answer.test", "A", "192.0.2.53"]


def test_moto_still_keeps_records_and_checks_under_these_names() -> None:
    kept = vars(RecordSet({"Name": "a.", "Type": "A"}))
    assert {"name", "type", "ttl", "records", "set_identifier", "health_check_id", "alias_target"} <= set(kept)
    check = vars(HealthCheck("id", "reference", {"type": "HTTP"}))
    wanted = {"ip_address", "port", "fqdn", "inverted", "disabled", "children", "regions", "health_check_version"}
    assert wanted <= set(check)
