"""Items by the short way and by the long way: the same effects, the same answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from database_lab import Lab
from drillrunner.lab.control.app import build_app
from drillrunner.lab.control.aws_request import Environ, Reply
from drillrunner.lab.control.in_process import client
from drillrunner.lab.databases.dynamodb.shortcut import items_shortcut

EAST, WEST = "us-east-1", "eu-west-1"
ITEMS = [
    {"pk": {"S": "text"}, "n": {"N": "7"}, "yes": {"BOOL": True}},
    {"pk": {"S": "bytes"}, "raw": {"B": b"\x00\xff"}},
    {"pk": {"S": "nested"}, "map": {"M": {"list": {"L": [{"N": "1"}, {"S": "two"}]}}}},
]
KEYS = {"ways": {"pk": "HASH"}, "pairs": {"pk": "HASH", "sk": "RANGE"}}


@pytest.fixture(scope="module")
def ways(lab: Lab) -> tuple[Any, Any]:
    handle = build_app(lab.world).answer
    short, long = client(handle, "dynamodb", EAST, items_shortcut(lab.world, EAST)), client(handle, "dynamodb", EAST)
    for table, keys in KEYS.items():
        long.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    with lab.databases.tables.at_once():
        long.update_table(TableName="ways", ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    return short, long


def read(way: Any, key: str) -> Any:
    return way.get_item(TableName="ways", Key={"pk": {"S": key}}, ConsistentRead=True).get("Item")


def answer(ask: Callable[..., Any], **asked: Any) -> Any:
    """What a call answers or refuses, without the request's id."""
    try:
        return {name: value for name, value in ask(**asked).items() if name != "ResponseMetadata"}
    except ClientError as refused:
        return refused.response["Error"]


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


def keys(*names: str) -> list[dict[str, Any]]:
    return [{"pk": {"S": name}} for name in names]


PAIR = {"pk": {"S": "one"}, "sk": {"S": "two"}}
READ_IN_BATCHES = {
    "some are there": {"ways": {"Keys": keys("text", "absent", "other"), "ConsistentRead": True}},
    "none is there": {"ways": {"Keys": keys("absent")}},
    "two tables": {"pairs": {"Keys": [PAIR]}, "ways": {"Keys": keys("other")}},
    "a nested item": {"ways": {"Keys": keys("nested", "text")}},
    "bytes": {"ways": {"Keys": keys("bytes")}},
    "a projection": {"ways": {"Keys": keys("text"), "ProjectionExpression": "n"}},
    "a key twice": {"ways": {"Keys": keys("text", "text")}},
    "half a key": {"pairs": {"Keys": keys("one")}},
    "no such table": {"missing": {"Keys": keys("text")}},
    "too many": {"ways": {"Keys": keys(*map(str, range(101)))}},
}


@pytest.fixture
def stocked(ways: tuple[Any, Any]) -> tuple[Any, Any]:
    for item in (*ITEMS, {"pk": {"S": "other"}, "n": {"N": "-1.50"}, "yes": {"BOOL": False}}):
        ways[1].put_item(TableName="ways", Item=item)
    ways[1].put_item(TableName="pairs", Item=PAIR)
    return ways


@pytest.mark.parametrize("wanted", READ_IN_BATCHES.values(), ids=READ_IN_BATCHES.keys())
def test_a_batch_is_read_the_same_either_way(stocked: tuple[Any, Any], wanted: dict[str, Any]) -> None:
    short, long = (answer(way.batch_get_item, RequestItems=wanted) for way in stocked)
    assert short == long


DELETED_IN_BATCHES = {
    "some are there": {"ways": [{"DeleteRequest": {"Key": key}} for key in keys("text", "absent")]},
    "two tables": {
        "pairs": [{"DeleteRequest": {"Key": PAIR}}],
        "ways": [{"DeleteRequest": {"Key": key}} for key in keys("text")],
    },
    "one is put": {"ways": [{"PutRequest": {"Item": ITEMS[0]}}, {"DeleteRequest": {"Key": keys("other")[0]}}]},
    "a key twice": {"ways": [{"DeleteRequest": {"Key": key}} for key in keys("text", "text")]},
    "half a key": {"pairs": [{"DeleteRequest": {"Key": key}} for key in keys("one")]},
    "no such table": {"missing": [{"DeleteRequest": {"Key": key}} for key in keys("text")]},
}


@pytest.mark.parametrize("wanted", DELETED_IN_BATCHES.values(), ids=DELETED_IN_BATCHES.keys())
def test_a_batch_is_deleted_the_same_either_way(stocked: tuple[Any, Any], wanted: dict[str, Any]) -> None:
    short, long = stocked

    def after(way: Any) -> Any:
        for item in ITEMS[0], {"pk": {"S": "other"}}:
            long.put_item(TableName="ways", Item=item)
        long.put_item(TableName="pairs", Item=PAIR)
        answered = answer(way.batch_write_item, RequestItems=wanted)
        return answered, long.scan(TableName="ways")["Items"], long.scan(TableName="pairs")["Items"]

    assert after(short) == after(long)


def test_what_is_deleted_the_short_way_is_deleted_in_the_other_region_too(lab: Lab, ways: tuple[Any, Any]) -> None:
    west, key = lab.client("dynamodb", WEST), {"pk": {"S": "passing"}}
    ways[0].put_item(TableName="ways", Item=key)
    lab.until(lambda: "Item" in west.get_item(TableName="ways", Key=key), "it is replicated")
    ways[0].batch_write_item(RequestItems={"ways": [{"DeleteRequest": {"Key": key}}]})
    lab.until(lambda: "Item" not in west.get_item(TableName="ways", Key=key), "its deletion is replicated")


@pytest.mark.parametrize("attributes", [{"pk": {"N": "1"}}, {"pk": {"S": "large"}, "text": {"S": "x" * 410_000}}])
def test_what_only_moto_can_refuse_is_refused_either_way(ways: tuple[Any, Any], attributes: dict[str, Any]) -> None:
    short, long = (answer(way.put_item, TableName="ways", Item=attributes) for way in ways)
    assert (short["Code"], short) == ("ValidationException", long)


def test_what_probes_ask_for_never_takes_the_long_way(lab: Lab, stocked: tuple[Any, Any]) -> None:
    def handle(environ: Environ) -> Reply:
        raise AssertionError("it took the long way")

    way, key = client(handle, "dynamodb", EAST, items_shortcut(lab.world, EAST)), keys("text")[0]
    way.put_item(TableName="ways", Item=ITEMS[0])
    assert way.get_item(TableName="ways", Key=key)["Item"] == ITEMS[0]
    assert way.batch_get_item(RequestItems={"ways": {"Keys": [key]}})["Responses"] == {"ways": [ITEMS[0]]}
    way.batch_write_item(RequestItems={"ways": [{"DeleteRequest": {"Key": key}}]})
    assert "Item" not in way.get_item(TableName="ways", Key=key)


def test_both_ways_are_told_in_the_truth_log(lab: Lab, ways: tuple[Any, Any]) -> None:
    def puts() -> int:
        return sum(
            event.name == "api.called" and event.subject == "dynamodb:PutItem" for event in lab.world.truth.events()
        )

    before = puts()
    for way in ways:
        way.put_item(TableName="ways", Item=ITEMS[0])
    assert puts() == before + 2
