"""A whole account as AWS would list it, over several pages, and the topology and the file that it becomes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from drillrunner.clock import VIRTUAL_EPOCH, run_virtual
from drillrunner.lab.topology import EndpointSpec, HealthCheckSpec, RecordSpec, Topology, ZoneSpec, load_topology
from drillrunner.model.call import AwsCall, Call
from drillrunner.model.environment import Environment
from drillrunner.model.noun import JsonValue
from drillrunner.snapshot.notes import Note
from drillrunner.snapshot.permissions import policy
from drillrunner.snapshot.route53 import Dns
from drillrunner.snapshot.take import Snapshot, calls, host_names, take_snapshot, topology_name
from drillrunner.snapshot.write import render
from fake_outside import FakeCaller, Script, fake_outside

EAST, WEST = "us-east-1", "eu-west-1"
STAGING = Environment(name="Staging_1", kind="aws", account="123456789012", regions=(EAST, WEST))
CHECK = "11111111-2222-3333-4444-555555555555"
HOST = "checkout.example.test"


def own_name(region: str) -> str:
    return f"api1.execute-api.{region}.amazonaws.com"


def record(region: str, failover: str, **more: JsonValue) -> dict[str, JsonValue]:
    target: JsonValue = {"DNSName": f"{own_name(region)}.", "EvaluateTargetHealth": False, "HostedZoneId": "Z1"}
    return {
        "Name": f"{HOST}.", "Type": "A", "SetIdentifier": region, "Failover": failover, "AliasTarget": target, **more
    }  # fmt: skip


def params(call: Call) -> dict[str, JsonValue]:
    assert isinstance(call, AwsCall)
    return call.params


def records(call: Call) -> JsonValue:
    """Two pages of Z1; the other zones hold nothing."""
    asked = params(call)
    if asked["HostedZoneId"] != "Z1":
        return {"ResourceRecordSets": [], "IsTruncated": False}
    if "StartRecordName" not in asked:
        there: list[JsonValue] = [record(EAST, "PRIMARY", HealthCheckId=CHECK)]
        return {
            "ResourceRecordSets": there,
            "IsTruncated": True,
            "NextRecordName": f"{HOST}.",
            "NextRecordType": "A",
            "NextRecordIdentifier": WEST,
        }
    assert asked["StartRecordIdentifier"] == WEST
    return {"ResourceRecordSets": [record(WEST, "SECONDARY")], "IsTruncated": False}


def zones(call: Call) -> JsonValue:
    if "Marker" not in params(call):
        first: JsonValue = {"Id": "/hostedzone/Z1", "Name": "example.test.", "Config": {"PrivateZone": False}}
        return {"HostedZones": [first], "IsTruncated": True, "NextMarker": "Z2"}
    private: JsonValue = {"Id": "/hostedzone/Z2", "Name": "internal.", "Config": {"PrivateZone": True}}
    twin: JsonValue = {"Id": "/hostedzone/Z3", "Name": "example.test."}
    return {"HostedZones": [private, twin], "IsTruncated": False}


def account() -> FakeCaller:
    config: JsonValue = {"Type": "HTTPS", "FullyQualifiedDomainName": own_name(EAST), "RequestInterval": 10}
    check: JsonValue = {"Id": CHECK, "CallerReference": "x", "HealthCheckConfig": config}
    tags: JsonValue = [{"Key": "team", "Value": "shop"}, {"Key": "Name", "Value": "checkout"}]
    arn = "arn:aws:lambda:us-east-1:123456789012:function:checkout"
    scripts: dict[str, Script] = {f"{call.service}:{call.operation}": {} for call in calls((EAST, WEST))}
    scripts |= {
        "route53:ListHostedZones": zones,
        "route53:ListResourceRecordSets": records,
        "route53:ListHealthChecks": {"HealthChecks": [check], "IsTruncated": False},
        "route53:ListTagsForResources": {"ResourceTagSets": [{"ResourceId": CHECK, "Tags": tags}]},
        "lambda:ListFunctions": {"Functions": [{"FunctionName": "checkout"}, {"FunctionName": "other"}]},
        "apigatewayv2:GetIntegrations": {"Items": [{"IntegrationUri": arn}]},
    }
    return FakeCaller(scripts)


def taken(caller: FakeCaller) -> Snapshot:
    async def main() -> Snapshot:
        return await take_snapshot(fake_outside(caller, environment=STAGING))

    snapshot: Snapshot = run_virtual(main)
    return snapshot


def test_an_account_over_several_pages_becomes_a_topology() -> None:
    topology = taken(account()).topology
    assert (topology.topology, topology.regions) == ("staging-1", (EAST, WEST))
    assert topology.health_checks == (
        HealthCheckSpec(name="checkout", fqdn=own_name(EAST), path="/", interval_seconds=10),
    )
    assert topology.zones[0] == ZoneSpec(
        name="example.test",
        records=(
            RecordSpec(name=HOST, address_of=EAST, identifier=EAST, failover="PRIMARY", health_check="checkout"),
            RecordSpec(name=HOST, address_of=WEST, identifier=WEST, failover="SECONDARY"),
        ),
    )
    assert [(function.name, function.region) for function in topology.functions] == [
        ("checkout", EAST),
        ("other", EAST),
        ("checkout", WEST),
        ("other", WEST),
    ]


def test_a_health_check_of_an_api_s_own_name_is_answered_in_the_lab() -> None:
    topology = taken(account()).topology
    assert topology.zones[1:] == (
        ZoneSpec(name=own_name(EAST), records=(RecordSpec(name=own_name(EAST), address_of=EAST),)),
    )
    assert EndpointSpec(host=own_name(EAST), region=EAST, function="checkout") in topology.endpoints


def test_zones_that_a_lab_cannot_have_are_left_out_by_name() -> None:
    left = [(note.subject, note.why) for note in taken(account()).notes if "hosted zone" in note.subject]
    assert left == [
        ("hosted zone internal", "it is private, and the lab has public zones alone"),
        ("hosted zone example.test", "another zone of that name was read"),
    ]


def test_a_snapshot_only_reads_and_makes_no_call_that_its_permissions_do_not_name() -> None:
    caller = account()
    taken(caller)
    made = {(call.service, call.operation) for call in caller.calls if isinstance(call, AwsCall)}
    assert made <= {(call.service, call.operation) for call in calls((EAST, WEST))}
    assert {operation for _, operation in made if not operation.startswith(("List", "Get", "Describe"))} == set()
    assert set(caller.retried) == {True}


def test_the_policy_names_every_action_once_and_no_change() -> None:
    statements = policy((EAST,), "123456789012")["Statement"]
    assert isinstance(statements, list)
    granted = {
        action: statement["Resource"]
        for statement in statements
        if isinstance(statement, dict) and isinstance(statement["Action"], list)
        for action in statement["Action"]
        if isinstance(action, str)
    }
    assert granted["apigateway:GET"] == ["arn:aws:apigateway:us-east-1::/*"]
    assert granted["lambda:GetFunctionConcurrency"] == ["arn:aws:lambda:us-east-1:123456789012:function:*"]
    assert granted["dynamodb:DescribeTable"] == ["arn:aws:dynamodb:us-east-1:123456789012:table/*"]
    assert granted["rds:DescribeGlobalClusters"] == ["*"]
    verbs = {action.partition(":")[2] for action in granted} - {"GET"}
    assert all(verb.startswith(("List", "Get", "Describe")) for verb in verbs)


def test_an_address_of_a_region_that_is_not_read_stands_for_no_region() -> None:
    dns = Dns({"example.test": ({"Name": "a.example.test.", "Type": "A", "TTL": 60, **answering("127.0.10.2")},)})
    hosts = host_names(dns, [], [], (EAST,), {"127.0.10.1": EAST, "127.0.10.2": WEST})
    assert hosts.zones.specs[0].records == (RecordSpec(name="a.example.test", values=("127.0.10.2",)),)


def answering(address: str) -> dict[str, list[dict[str, str]]]:
    return {"ResourceRecords": [{"Value": address}]}


def test_an_empty_account_is_an_empty_topology() -> None:
    caller = FakeCaller({f"{call.service}:{call.operation}": {} for call in calls((EAST, WEST))})
    snapshot = taken(caller)
    assert (snapshot.topology.records(), snapshot.topology.functions, snapshot.notes) == ([], (), ())


@pytest.mark.parametrize(
    ("environment", "name"),
    [("staging", "staging"), ("checkout", "checkout-copy"), ("ÜÜ", "account"), ("A" * 60, "a" * 32)],
)
def test_a_topology_is_called_like_its_environment_but_never_like_one_that_ships(environment: str, name: str) -> None:
    assert topology_name(environment) == name


def test_the_file_reads_back_as_the_same_topology(tmp_path: Path) -> None:
    snapshot = taken(account())
    path = tmp_path / "topology.yaml"
    path.write_text(render(snapshot), encoding="utf-8")
    assert load_topology(str(path)) == snapshot.topology


def test_shipped_topologies_read_back_the_same_too(tmp_path: Path) -> None:
    for name in ("checkout", "postgres"):
        topology = load_topology(name)
        path = tmp_path / f"{name}.yaml"
        path.write_text(render(Snapshot(topology, (), "lab", VIRTUAL_EPOCH)), encoding="utf-8")
        assert load_topology(str(path)) == topology


def test_the_file_says_on_top_what_it_does_not_hold_and_every_note() -> None:
    snapshot = taken(account())
    top = render(snapshot).partition("\n\n")[0]
    assert all(line.startswith("#") for line in top.splitlines())
    told = " ".join(line.removeprefix("#").strip() for line in top.splitlines())
    assert "What a snapshot does not read:" in told
    for note in snapshot.notes:
        assert f"{note.subject}: {note.why}" in told


def test_no_name_from_aws_gets_out_of_a_comment_or_out_of_its_text() -> None:
    hostile = "x\nregions: [evil]\r\n\u202e# - !!python/object"
    note = Note(kind="left out", subject=hostile, why=hostile)
    topology = Topology(topology="t", description=hostile, regions=(EAST,))
    text = render(Snapshot(topology, (note,), hostile, VIRTUAL_EPOCH))
    document = yaml.safe_load(text)
    assert document == {"topology": "t", "description": hostile, "regions": [EAST]}
    assert "\u202e" not in text
