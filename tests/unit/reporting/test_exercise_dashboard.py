"""A dashboard at one moment of a drill: well-formed, and without a trace of what comes later."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from drillrunner.reporting.exercise.dashboard import dashboard_svg, scenario_moment
from fabricated_run import BEGAN_AT, EFFECT_AT, fabricated_run

PLAN, _, READINGS = fabricated_run()
EFFECT = BEGAN_AT + EFFECT_AT


def drawn(moment: float, readings: list[object] | None = None) -> str:
    return dashboard_svg(
        PLAN,
        READINGS if readings is None else readings,  # type: ignore[arg-type]
        effect_at=EFFECT,
        moment_seconds=moment,
        title="checkout: dashboard",
        source="made up",
    )


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("}text")]


@pytest.mark.parametrize("moment", [5.0, 60.0, 130.0])
def test_nothing_of_what_comes_later_is_in_the_picture(moment: float) -> None:
    known = [one for one in READINGS if one.answered <= EFFECT + moment]
    later = [replace(one, ok=False, why="SPOILER") for one in READINGS if one.answered > EFFECT + moment]
    assert drawn(moment) == drawn(moment, [*known, *later]) == drawn(moment, list(known))
    assert "SPOILER" not in drawn(moment, [*known, *later])


def test_what_became_of_a_record_is_knowledge_of_afterwards() -> None:
    assert not any("Records of" in text or "lost" in text for text in texts(drawn(130.0)))


def test_its_axis_counts_from_the_moment_of_the_fault() -> None:
    shown = texts(drawn(60.0))
    assert "T+0" in shown
    assert "T+1m" in shown  # in the corner
    assert any(text.startswith("T-") for text in shown)
    assert "Requests by serving region" in shown
    assert "Errors by kind" in shown


def test_it_says_where_there_is_nothing_to_show_yet() -> None:
    assert "No reading is there yet." in texts(drawn(60.0, []))


def test_names_from_outside_are_escaped() -> None:
    hostile = [replace(one, why="<script>alert(1)</script>") if one.ok is False else one for one in READINGS]
    svg = drawn(60.0, list(hostile))
    assert "<script" not in svg
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"


def test_moments_read_well() -> None:
    assert [scenario_moment(seconds) for seconds in (-30.0, 0.0, 130.0)] == ["T-30s", "T+0", "T+2m10s"]
