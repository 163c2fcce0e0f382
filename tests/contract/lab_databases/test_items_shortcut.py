"""PutItem and GetItem by the short way and by the long way: the same effects, the same answers."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from database_lab import Lab
from drillrunner.lab.control.app import build_app
from drillrunner.lab.control.in_process import client
from drillrunner.lab.databases.dynamodb.shortcut import shortcut

EAST, WEST = "us-east-1", "eu-west-1"
ITEMS = [
    {"pk": {"S": "text"}, "n": {"N": "7"}, "yes": {"BOOL": True}},
    {"pk": {"S": "bytes"}, "raw": {"B": b"\x00\xff"}},
    {"pk": {"S": "nested"}, "map": {"M": {"list": {"L": [{"N": "1"}, {"S": "two"}]}}}},
]


@pytest.fixture(scope="module")
def ways(lab: Lab) -> tuple[Any, Any]:
    handle = build_app(lab.world).answer
    short, long = client(handle, "dynamodb", EAST, shortcut(lab.world, EAST)), client(handle, "dynamodb", EAST)
    long.create_table(
        TableName="ways",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with lab.databases.tables.at_once():
        long.update_table(TableName="ways", ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    return short, long


def read(way: Any, key: str) -> Any:
    return way.get_item(TableName="ways", Key={"pk": {"S": key}}, ConsistentRead=True).get("Item")


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: str(item["pk"]["S"]))
@pytest.mark.parametrize(("writer", "reader"), [(0, 0), (0, 1), (1, 0)])
def test_what_is_written_one_way_is_read_the_other(
    ways: tuple[Any, Any], item: dict[str, Any], writer: int, reader: int
) -> None:
    ways[writer].put_item(TableName="ways", Item=item)
    assert read(ways[reader], item["pk"]["S"]) == item


def test_an_item_that_is_not_there_is_none_either_way(ways: tuple[Any, Any]) -> None:
    assert [read(way, "absent") for way in ways] == [None, None]


def test_what_is_written_the_short_way_is_replicated(lab: Lab, ways: tuple[Any, Any]) -> None:
    ways[0].put_item(TableName="ways", Item={"pk": {"S": "replicated"}})
    west = lab.client("dynamodb", WEST)
    lab.until(lambda: "Item" in west.get_item(TableName="ways", Key={"pk": {"S": "replicated"}}), "it is replicated")


@pytest.mark.parametrize(
    "asked",
    [
        {"TableName": "missing", "Item": {"pk": {"S": "x"}}},
        {"TableName": "ways", "Item": {"pk": {"S": ""}}},
        {"TableName": "ways", "Item": {"n": {"N": "1"}}},
        {"TableName": "ways", "Item": {"pk": {"S": "text"}}, "ConditionExpression": "attribute_not_exists(pk)"},
    ],
)
def test_what_is_refused_is_refused_either_way(ways: tuple[Any, Any], asked: dict[str, Any]) -> None:
    ways[1].put_item(TableName="ways", Item=ITEMS[0])
    codes = []
    for way in ways:
        with pytest.raises(ClientError) as refused:
            way.put_item(**asked)
        codes.append((refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]))
    assert codes[0] == codes[1]


def test_both_ways_are_told_in_the_truth_log(lab: Lab, ways: tuple[Any, Any]) -> None:
    def puts() -> int:
        return sum(
            event.name == "api.called" and event.subject == "dynamodb:PutItem" for event in lab.world.truth.events()
        )

    before = puts()
    for way in ways:
        way.put_item(TableName="ways", Item=ITEMS[0])
    assert puts() == before + 2
