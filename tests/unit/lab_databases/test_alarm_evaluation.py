"""Alarm states, row by row after "Configuring how CloudWatch alarms treat missing data"."""

from __future__ import annotations

from typing import Any

import pytest

from drillrunner.lab.databases.cloudwatch.evaluation import Rule, evaluate


def states(text: str, to_alarm: int, current: Any = "OK") -> list[str]:
    """What `missing`, `ignore`, `breaching` and `notBreaching` make of points like `0 - X` (3 periods)."""
    points = [{"0": 0.0, "X": 9.0, "-": None}[mark] for mark in text.split()]
    kinds: tuple[Any, ...] = ("missing", "ignore", "breaching", "notBreaching")
    return [evaluate(Rule("GreaterThanThreshold", 5.0, 3, to_alarm, kind), points, current) for kind in kinds]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ("0 - X - X", ["OK", "OK", "OK", "OK"]),
        ("0 - - - -", ["OK", "OK", "OK", "OK"]),
        ("- - - - -", ["INSUFFICIENT_DATA", "KEPT", "ALARM", "OK"]),
        ("0 X X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        ("- - X - -", ["ALARM", "KEPT", "ALARM", "OK"]),
    ],
)
def test_three_out_of_three(points: str, expected: list[str]) -> None:
    assert states(points, 3, current="KEPT") == expected


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ("0 - X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        ("0 0 X 0 X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        ("0 - X - -", ["OK", "OK", "ALARM", "OK"]),
        ("- - - - 0", ["OK", "OK", "ALARM", "OK"]),
        ("- - - - X", ["ALARM", "KEPT", "ALARM", "OK"]),
    ],
)
def test_two_out_of_three(points: str, expected: list[str]) -> None:
    assert states(points, 2, current="KEPT") == expected


@pytest.mark.parametrize(
    ("comparison", "value", "expected"),
    [
        ("GreaterThanThreshold", 5.0, "OK"),
        ("GreaterThanOrEqualToThreshold", 5.0, "ALARM"),
        ("LessThanThreshold", 5.0, "OK"),
        ("LessThanOrEqualToThreshold", 5.0, "ALARM"),
    ],
)
def test_comparisons_at_the_threshold(comparison: str, value: float, expected: str) -> None:
    assert evaluate(Rule(comparison, 5.0, 1, 1, "missing"), [value], "OK") == expected
