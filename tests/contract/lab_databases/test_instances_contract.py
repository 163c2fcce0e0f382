"""RDS instances and read replicas through boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from database_lab import Lab
from drillrunner.lab.databases.databases import Member


def make_pair(lab: Lab, name: str, stop: str = "clean") -> None:
    east, west = lab.client("rds", "us-east-1"), lab.client("rds", "eu-west-1")
    arn = east.create_db_instance(
        DBInstanceIdentifier=f"{name}-primary",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="postgres",
        MasterUserPassword="postgres",
    )["DBInstance"]["DBInstanceArn"]
    west.create_db_instance_read_replica(
        DBInstanceIdentifier=f"{name}-replica", SourceDBInstanceIdentifier=arn, DBInstanceClass="db.t3.micro"
    )
    primary, replica = Member("us-east-1", f"{name}-primary"), Member("eu-west-1", f"{name}-replica")
    lab.attach(lab.databases.attach_replica, primary, replica, "simulated", stop=stop)


def describe(lab: Lab, name: str) -> dict[str, Any]:
    region = "us-east-1" if name.endswith("primary") else "eu-west-1"
    (found,) = lab.client("rds", region).describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return dict(found)


def status(lab: Lab, name: str) -> str:
    return str(describe(lab, name)["DBInstanceStatus"])


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_promotion_unlinks_both_sides(lab: Lab) -> None:
    make_pair(lab, "sales")
    before = describe(lab, "sales-primary")
    assert before["ReadReplicaDBInstanceIdentifiers"] == [describe(lab, "sales-replica")["DBInstanceArn"]]
    west = lab.client("rds", "eu-west-1")
    begun = west.promote_read_replica(DBInstanceIdentifier="sales-replica")["DBInstance"]
    assert begun["DBInstanceStatus"] == "modifying"
    lab.until(lambda: status(lab, "sales-replica") == "available", "it is promoted")
    assert "ReadReplicaSourceDBInstanceIdentifier" not in describe(lab, "sales-replica")
    assert describe(lab, "sales-primary")["ReadReplicaDBInstanceIdentifiers"] == []
    with pytest.raises(ClientError) as refused:
        west.promote_read_replica(DBInstanceIdentifier="sales-replica")
    assert code(refused) == "InvalidDBInstanceState"


def test_promotion_is_refused_while_the_replica_is_backing_up(lab: Lab) -> None:
    make_pair(lab, "tape")
    lab.databases.instances.set_status("eu-west-1", "tape-replica", "backing-up")
    with pytest.raises(ClientError) as refused:
        lab.client("rds", "eu-west-1").promote_read_replica(DBInstanceIdentifier="tape-replica")
    assert code(refused) == "InvalidDBInstanceState"
    assert describe(lab, "tape-replica")["ReadReplicaSourceDBInstanceIdentifier"]


def test_what_is_no_replica_cannot_be_promoted(lab: Lab) -> None:
    make_pair(lab, "plain")
    with pytest.raises(ClientError) as refused:
        lab.client("rds", "us-east-1").promote_read_replica(DBInstanceIdentifier="plain-primary")
    assert code(refused) == "InvalidDBInstanceState"
    with pytest.raises(ClientError) as refused:
        lab.client("rds", "us-east-1").promote_read_replica(DBInstanceIdentifier="nobody")
    assert code(refused) == "DBInstanceNotFound"


def test_stop_and_start_pass_through_their_states_and_refuse_to_repeat(lab: Lab) -> None:
    make_pair(lab, "shop", stop="crash")
    rds = lab.client("rds", "us-east-1")
    with pytest.raises(ClientError) as refused:
        rds.start_db_instance(DBInstanceIdentifier="shop-primary")
    assert code(refused) == "InvalidDBInstanceState"
    stopped = rds.stop_db_instance(DBInstanceIdentifier="shop-primary")["DBInstance"]
    assert stopped["DBInstanceStatus"] == "stopping"
    with pytest.raises(ClientError) as refused:
        rds.stop_db_instance(DBInstanceIdentifier="shop-primary")
    assert code(refused) == "InvalidDBInstanceState"
    lab.until(lambda: status(lab, "shop-primary") == "stopped", "it is stopped")
    crashed = [event["subject"] for event in lab.world.truth.since(name="database.crashed")]
    assert "us-east-1/shop-primary" in crashed
    started = rds.start_db_instance(DBInstanceIdentifier="shop-primary")["DBInstance"]
    assert started["DBInstanceStatus"] == "starting"
    lab.until(lambda: status(lab, "shop-primary") == "available", "it is started")


def test_a_read_replica_cannot_be_stopped(lab: Lab) -> None:
    make_pair(lab, "mirror")
    with pytest.raises(ClientError) as refused:
        lab.client("rds", "eu-west-1").stop_db_instance(DBInstanceIdentifier="mirror-replica")
    assert code(refused) == "InvalidDBInstanceState"


def test_a_cross_region_replica_can_be_deleted(lab: Lab) -> None:
    make_pair(lab, "gone")
    lab.client("rds", "eu-west-1").delete_db_instance(DBInstanceIdentifier="gone-replica", SkipFinalSnapshot=True)
    assert describe(lab, "gone-primary")["ReadReplicaDBInstanceIdentifiers"] == []


def test_both_sides_have_a_name_in_dns(lab: Lab) -> None:
    make_pair(lab, "named")
    addresses = [lab.names[describe(lab, name)["Endpoint"]["Address"]] for name in ("named-primary", "named-replica")]
    assert len(set(addresses)) == 2
    assert all(address.startswith("127.0.20.") for address in addresses)
