from __future__ import annotations

from typing import Any

import pytest

from drillrunner.clock import run_virtual
from drillrunner.errors import Refused
from drillrunner.model.call import AwsCall, Call
from drillrunner.model.noun import JsonValue
from drillrunner.snapshot.pages import MAX_PAGES, read_pages
from fake_outside import FakeCaller, Script, fake_outside

LISTING = AwsCall(service="lambda", operation="ListFunctions", region="us-east-1", params={"MaxItems": 2})


def asked_of(call: Call) -> dict[str, JsonValue]:
    assert isinstance(call, AwsCall)
    return call.params


def items(script: Script, following: dict[str, str]) -> tuple[list[Any], FakeCaller]:
    caller = FakeCaller({"lambda:ListFunctions": script})
    listed: list[Any] = run_virtual(lambda: read_pages(fake_outside(caller), LISTING, "Items", following))
    return listed, caller


def test_every_page_is_read_and_each_asks_from_where_the_last_one_ended() -> None:
    pages: dict[Any, JsonValue] = {
        None: {"Items": [1, 2], "NextMarker": "b"},
        "b": {"Items": [3], "NextMarker": "c"},
        "c": {"Items": [4], "NextMarker": ""},
    }
    listed, caller = items(lambda call: pages[asked_of(call).get("Marker")], {"Marker": "NextMarker"})
    assert listed == [1, 2, 3, 4]
    assert [asked_of(call) for call in caller.calls] == [
        {"MaxItems": 2},
        {"MaxItems": 2, "Marker": "b"},
        {"MaxItems": 2, "Marker": "c"},
    ]
    assert caller.retried == [True, True, True]


def test_a_marker_of_several_parts_is_handed_on_whole() -> None:
    first: JsonValue = {"Items": [1], "IsTruncated": True, "NextName": "a.", "NextType": "A"}
    following = {"StartName": "NextName", "StartType": "NextType", "StartIdentifier": "NextIdentifier"}
    listed, caller = items(lambda call: first if "StartName" not in asked_of(call) else {"Items": [2]}, following)
    assert listed == [1, 2]
    assert asked_of(caller.calls[1]) == {"MaxItems": 2, "StartName": "a.", "StartType": "A"}


def test_a_marker_of_a_listing_that_is_not_truncated_is_not_followed() -> None:
    listed, caller = items({"Items": [1], "IsTruncated": False, "NextMarker": "left over"}, {"Marker": "NextMarker"})
    assert (listed, len(caller.calls)) == ([1], 1)


def test_pages_that_do_not_end_are_refused() -> None:
    with pytest.raises(Refused, match=f"after {MAX_PAGES} pages"):
        items({"Items": [1], "NextMarker": "again"}, {"Marker": "NextMarker"})
