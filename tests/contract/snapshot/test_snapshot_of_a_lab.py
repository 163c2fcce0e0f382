"""A lab read as if it were an account: the topology that comes back is the one it was made of."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drillrunner.errors import ExitCode
from drillrunner.lab.databases.databases import postgres_available
from drillrunner.lab.lifecycle import read_status
from drillrunner.lab.topology import ClusterSpec, EndpointSpec, Topology, load_topology
from drillrunner.snapshot.cloudwatch import PUBLISHED
from running_lab import RunningLab
from stages import Stage, stage_in

SECTIONS = ("functions", "endpoints", "health_checks", "tables", "clusters", "instances", "alarms")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = stage_in(tmp_path / "work")
    yield stage
    for state in sorted((stage.folder / "state" / "labs").glob("*.json")):
        topology = "topology.yaml" if state.stem.startswith("lab") else state.stem
        assert stage.drill("lab", "down", "--topology", topology).returncode == 0


def snapshot(stage: Stage, environment: str, output: str = "topology.yaml") -> tuple[Topology, dict[str, Any]]:
    """The topology that was written, and what was told of it."""
    ran = stage.drill("snapshot", "--environment", environment, "-o", output, "--json")
    assert ran.returncode == 0, ran.stderr
    return load_topology(str(stage.folder / output)), json.loads(ran.stdout)


def comparable(topology: Topology) -> dict[str, Any]:
    """AWS lists things in orders of its own, and a lab that has run for a minute has measured a lag."""
    as_made = ClusterSpec(global_cluster="any", writer="any").lag
    clusters = tuple(cluster.model_copy(update={"lag": as_made}) for cluster in topology.clusters)
    topology = topology.model_copy(update={"clusters": clusters})
    sections = {section: sorted(map(repr, getattr(topology, section))) for section in SECTIONS}
    zones = {zone.name: sorted(map(repr, zone.records)) for zone in topology.zones}
    return {"regions": topology.regions, "zones": zones, **sections}


def use_own_topology(stage: Stage) -> None:
    """Let the environment `lab` be made of the file that a snapshot has written."""
    path = stage.folder / "drills" / "environments.yaml"
    path.write_text(path.read_text("utf-8").replace("topology: checkout", "topology: topology.yaml"), "utf-8")


def running(stage: Stage, topology: str) -> RunningLab:
    status = read_status(stage.folder / "state" / "labs" / f"{topology}.json")
    assert status is not None
    return RunningLab(status)


def account_at(stage: Stage, account: str) -> None:
    """Let the environment `staging` be an account that answers where the stage's lab does."""
    up = stage.drill("lab", "up")
    assert up.returncode == 0, up.stderr
    lab = stage.lab()
    regions = [*lab["regions"], "ap-south-1"]
    staging = {"kind": "aws", "account": account, "regions": regions, "endpoint_url": lab["aws_endpoint_url"]}
    (stage.folder / "drills" / "environments.yaml").write_text(json.dumps({"staging": staging}), "utf-8")
    credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    stage.environment |= {**credentials, **nowhere}


def test_an_account_is_checked_first_and_its_addresses_are_nobody_s(stage: Stage) -> None:
    account_at(stage, "210987654321")
    refused = stage.drill("snapshot", "--environment", "staging", "-o", "topology.yaml")
    assert (refused.returncode, (stage.folder / "topology.yaml").exists()) == (ExitCode.REFUSED, False)
    assert "the credentials belong to account 123456789012" in refused.stderr

    account_at(stage, "123456789012")
    taken, told = snapshot(stage, "staging")
    assert (taken.topology, taken.regions) == ("staging", ("us-east-1", "eu-west-1", "ap-south-1"))
    assert {record.values for record in taken.records()} == {("127.0.10.1",), ("127.0.10.2",)}
    assert sum("none of the lab's" in note["why"] for note in told["notes"]) == len(taken.records()) == 4
    assert taken.endpoints == ()
    metrics = running(stage, "checkout").client("cloudwatch")
    assert {(each["Namespace"], each["MetricName"]) for each in metrics.list_metrics()["Metrics"]} <= PUBLISHED


def test_a_lab_of_a_snapshot_is_like_the_one_that_was_read_and_drills_run_there(stage: Stage) -> None:
    taken, told = snapshot(stage, "lab")
    assert comparable(taken) == comparable(load_topology("checkout"))
    assert (told["topology"], told["next"]) == ("lab", "drill lab up --topology topology.yaml")
    assert {note["kind"] for note in told["notes"]} == {"assumed", "inferred"}

    assert stage.drill("lab", "down", "--topology", "checkout").returncode == 0
    up = stage.drill("lab", "up", "--topology", "topology.yaml")
    assert up.returncode == 0, up.stderr
    use_own_topology(stage)
    again, _ = snapshot(stage, "lab", "again.yaml")
    assert comparable(again) == comparable(taken)

    drill = str(stage.drill_file("mine"))
    validated = stage.drill("validate", drill, "drills/environments.yaml")
    assert validated.returncode == 0, validated.stderr
    planned = stage.drill("plan", drill)
    assert planned.returncode == 0, planned.stdout + planned.stderr

    publish_an_api(running(stage, "lab"))
    published, told = snapshot(stage, "lab", "published.yaml")
    assert set(published.endpoints) - set(taken.endpoints) == {
        EndpointSpec(host="shop.example.test", region=region, function="checkout") for region in taken.regions
    }
    assert not [note for note in told["notes"] if "shop.example.test" in note["subject"]]


def publish_an_api(lab: RunningLab) -> None:
    """The host shop.example.test, by an HTTP API in us-east-1 and by a REST API in eu-west-1."""
    function = "arn:aws:lambda:{}:123456789012:function:checkout"
    newer = lab.client("apigatewayv2", "us-east-1")
    api = newer.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    newer.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function.format("us-east-1"))
    configuration = {"EndpointType": "REGIONAL", "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/x"}
    newer.create_domain_name(DomainName="shop.example.test", DomainNameConfigurations=[configuration])
    newer.create_api_mapping(ApiId=api, DomainName="shop.example.test", Stage="$default")

    older = lab.client("apigateway", "eu-west-1")
    api = older.create_rest_api(name="shop")["id"]
    root = older.get_resources(restApiId=api)["items"][0]["id"]
    method = {"restApiId": api, "resourceId": root, "httpMethod": "ANY"}
    older.put_method(**method, authorizationType="NONE")
    path = f"lambda:path/2015-03-31/functions/{function.format('eu-west-1')}/invocations"
    uri = f"arn:aws:apigateway:eu-west-1:{path}"
    older.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    older.create_deployment(restApiId=api, stageName="live")
    older.create_domain_name(domainName="shop.example.test", endpointConfiguration={"types": ["REGIONAL"]})
    older.create_base_path_mapping(domainName="shop.example.test", restApiId=api, stage="live")


@pytest.mark.long
@pytest.mark.skipif(not postgres_available(), reason="PostgreSQL is not installed")
def test_a_primary_and_its_replica_come_back_but_for_what_aws_does_not_tell(stage: Stage) -> None:
    taken, told = snapshot(stage, "lab-postgres")
    shipped = load_topology("postgres")
    untold = {"stop": "clean", "data": "simulated"}
    expected = tuple(spec.model_copy(update=untold) for spec in shipped.instances)
    assert comparable(taken) == comparable(shipped.model_copy(update={"instances": expected}))
    assert [note["subject"] for note in told["notes"]] == ["instance orders-replica, its lag"]
