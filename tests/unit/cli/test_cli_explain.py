"""`drill explain`: one code, all of them, and one that is not there."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from drillrunner.cli.explain import explain
from drillrunner.errors import InvalidInput


def told(*arguments: str) -> str:
    result = CliRunner().invoke(explain, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_a_code_is_explained_with_a_wrong_example_and_the_same_mended() -> None:
    text = told("d105")
    assert text.startswith("D105: a percentage cannot be read or is out of range\n\n")
    assert "Wrong:\n\n    objectives: {rto: 3m, availability: 0.97}\n" in text
    assert "Mended:\n\n    objectives: {rto: 3m, availability: 97%}\n" in text


def test_where_there_is_no_example_it_says_why() -> None:
    assert told("F109").endswith("There is no example: a finding is about a run, and not about what a file holds.\n")


def test_without_a_code_all_are_listed_by_what_they_are_about() -> None:
    lines = told().splitlines()
    assert lines[0] == "the file itself"
    assert "  W102  nothing stops the drill when it goes wrong" in lines
    assert "  F112  something is still injected" in lines


def test_programs_get_json() -> None:
    assert json.loads(told("D104", "--json"))["mended"] == "recovery: {within: 10m}\n"
    assert {"D104", "F101"} <= {explanation["code"] for explanation in json.loads(told("--json"))}


def test_an_unknown_code_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidInput) as refused:
        told("D10Z7")
    assert (refused.value.exit_code, refused.value.advice) == (2, 'did you mean "D107"?')
