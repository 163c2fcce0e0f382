"""One value has one text, and a text from outside cannot stop it from being written."""

from __future__ import annotations

import json

import pytest

from drillrunner.model.journal import line_of, next_entry
from drillrunner.model.noun import as_bytes, canonical_json, sha256_of


def test_one_value_has_one_text_whatever_the_order_of_its_keys() -> None:
    assert (
        canonical_json({"b": [1, 2.5], "a": "é"})
        == canonical_json({"a": "é", "b": [1, 2.5]})
        == '{"a":"é","b":[1,2.5]}'
    )


def test_what_is_no_number_has_no_text() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_half_a_surrogate_pair_can_be_hashed_and_read_back() -> None:
    said = {"error": "the body was \ud83d, cut"}
    assert json.loads(as_bytes(canonical_json(said))) == said
    assert sha256_of(said) != sha256_of({"error": "the body was ?, cut"})


def test_an_entry_with_half_a_surrogate_pair_is_one_line_that_can_be_read() -> None:
    line = line_of(next_entry(None, 1.0, "2026-11-21T00:00:00.000+00:00", "interrupted", {"why": "\udcff"}))
    assert line.count(b"\n") == 1
    assert json.loads(line)["data"] == {"why": "\udcff"}
