"""DynamoDB global tables through boto3."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from botocore.exceptions import ClientError

from database_lab import Lab
from drillrunner.lab.databases.lag import LagModel


@pytest.fixture(scope="module")
def tables(lab: Lab) -> tuple[Any, Any]:
    east, west = lab.client("dynamodb", "us-east-1"), lab.client("dynamodb", "eu-west-1")
    east.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    east.put_item(TableName="orders", Item=item("before", 1))
    created = east.update_table(TableName="orders", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    assert created["TableDescription"]["Replicas"] == [{"RegionName": "eu-west-1", "ReplicaStatus": "CREATING"}]
    assert created["TableDescription"]["TableStatus"] == "UPDATING"
    lab.until(lambda: replica_status(east) == "ACTIVE", "the replica is ACTIVE")
    return east, west


def item(key: str, number: int) -> dict[str, Any]:
    return {"pk": {"S": key}, "n": {"N": str(number)}}


def replica_status(client: Any) -> str:
    return str(client.describe_table(TableName="orders")["Table"]["Replicas"][0]["ReplicaStatus"])


def read(client: Any, key: str) -> Any:
    return client.get_item(TableName="orders", Key={"pk": {"S": key}}).get("Item")


def arrived(client: Any, key: str) -> bool:
    return read(client, key) is not None


def test_each_region_shows_the_other_as_an_active_replica(tables: tuple[Any, Any]) -> None:
    shown = [client.describe_table(TableName="orders")["Table"] for client in tables]
    assert [[replica["RegionName"] for replica in table["Replicas"]] for table in shown] == [
        ["eu-west-1"],
        ["us-east-1"],
    ]
    assert {table["GlobalTableVersion"] for table in shown} == {"2019.11.21"}
    assert {table["TableStatus"] for table in shown} == {"ACTIVE"}


def test_a_new_replica_holds_what_was_written_before(tables: tuple[Any, Any]) -> None:
    assert read(tables[1], "before") == item("before", 1)


def test_every_kind_of_write_appears_in_the_other_region(lab: Lab, tables: tuple[Any, Any]) -> None:
    east, west = tables
    east.put_item(TableName="orders", Item=item("put", 1))
    east.update_item(
        TableName="orders",
        Key={"pk": {"S": "updated"}},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "2"}},
    )
    east.batch_write_item(RequestItems={"orders": [{"PutRequest": {"Item": item("batch", 3)}}]})
    east.transact_write_items(TransactItems=[{"Put": {"TableName": "orders", "Item": item("transact", 4)}}])
    east.execute_statement(Statement="INSERT INTO orders VALUE {'pk': 'partiql', 'n': 5}")
    for number, key in enumerate(("put", "updated", "batch", "transact", "partiql"), start=1):
        lab.until(functools.partial(arrived, west, key), f"{key} arrives")
        assert read(west, key) == item(key, number)


def test_a_deletion_appears_in_the_other_region(lab: Lab, tables: tuple[Any, Any]) -> None:
    east, west = tables
    west.put_item(TableName="orders", Item=item("short-lived", 1))
    lab.until(lambda: read(east, "short-lived") is not None, "it arrives")
    west.delete_item(TableName="orders", Key={"pk": {"S": "short-lived"}})
    lab.until(lambda: read(east, "short-lived") is None, "its deletion arrives")


def test_a_transaction_that_was_cancelled_ships_nothing(lab: Lab, tables: tuple[Any, Any]) -> None:
    east, _ = tables
    refused = {"TableName": "orders", "Item": item("before", 9), "ConditionExpression": "attribute_not_exists(pk)"}
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        east.transact_write_items(
            TransactItems=[{"Put": {"TableName": "orders", "Item": item("half", 1)}}, {"Put": refused}]
        )
    assert read(east, "half") is None
    assert lab.databases.tables.replication.pending("orders", "eu-west-1") == 0


def test_what_is_written_during_a_pause_arrives_after_it(lab: Lab, tables: tuple[Any, Any]) -> None:
    east, west = tables
    lab.databases.tables.pause("orders", "eu-west-1")
    east.put_item(TableName="orders", Item=item("held", 1))
    began = lab.world.clock.monotonic()
    lab.until(lambda: lab.world.clock.monotonic() > began + 20, "twenty drill seconds pass")
    assert read(west, "held") is None
    with pytest.raises(ClientError, match="ResourceInUseException"):
        east.update_table(TableName="orders", ReplicaUpdates=[{"Delete": {"RegionName": "eu-west-1"}}])
    lab.databases.tables.resume("orders", "eu-west-1")
    lab.until(lambda: read(west, "held") == item("held", 1), "the held record arrives")


@pytest.mark.parametrize(
    ("update", "code"),
    [
        ({"Create": {"RegionName": "eu-west-1"}}, "ValidationException"),
        ({"Delete": {"RegionName": "ap-south-1"}}, "ValidationException"),
    ],
)
def test_an_impossible_replica_update_is_refused(tables: tuple[Any, Any], update: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        tables[0].update_table(TableName="orders", ReplicaUpdates=[update])
    assert refused.value.response["Error"]["Code"] == code


def test_strong_consistency_is_refused_rather_than_ignored(tables: tuple[Any, Any]) -> None:
    with pytest.raises(ClientError, match="EVENTUAL only"):
        tables[0].update_table(TableName="orders", MultiRegionConsistency="STRONG")


def test_a_removed_replica_is_gone_with_its_table(lab: Lab, tables: tuple[Any, Any]) -> None:
    east, _ = tables
    lab.databases.tables.set_lag("orders", LagModel(0.1, 0.2))
    east.update_table(TableName="orders", ReplicaUpdates=[{"Create": {"RegionName": "us-west-2"}}])
    lab.until(lambda: east.describe_table(TableName="orders")["Table"]["TableStatus"] == "ACTIVE", "it is there")
    west2 = lab.client("dynamodb", "us-west-2")
    assert "orders" in west2.list_tables()["TableNames"]
    removed = east.update_table(TableName="orders", ReplicaUpdates=[{"Delete": {"RegionName": "us-west-2"}}])
    statuses = {each["RegionName"]: each["ReplicaStatus"] for each in removed["TableDescription"]["Replicas"]}
    assert statuses == {"eu-west-1": "ACTIVE", "us-west-2": "DELETING"}
    lab.until(lambda: len(east.describe_table(TableName="orders")["Table"]["Replicas"]) == 1, "it is gone")
    assert "orders" not in west2.list_tables()["TableNames"]


def test_what_a_lab_creates_before_it_is_ready_is_active_at_once(lab: Lab) -> None:
    east = lab.client("dynamodb", "us-east-1")
    with lab.databases.tables.at_once():
        east.create_table(
            TableName="seeded",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        east.update_table(TableName="seeded", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    table = east.describe_table(TableName="seeded")["Table"]
    assert (table["TableStatus"], table["Replicas"][0]["ReplicaStatus"]) == ("ACTIVE", "ACTIVE")
