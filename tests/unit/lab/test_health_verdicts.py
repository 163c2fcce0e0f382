"""The pure rules of a health check's verdict."""

from __future__ import annotations

import pytest

from drillrunner.lab.dataplane.checks import (
    Finding,
    Opinion,
    alarm_healthy,
    calculated_healthy,
    endpoint_healthy,
    final_verdict,
    judge_http,
)
from drillrunner.lab.dataplane.controlstate import CheckConfig

GOOD, BAD = Finding(True, "Success"), Finding(False, "Failure")


def after(*findings: Finding, threshold: int = 3) -> bool:
    opinion = Opinion("us-east-1", "15.177.0.1", 0.0)
    for finding in findings:
        opinion.observe(finding, threshold, 0.0)
    return opinion.healthy


@pytest.mark.parametrize(("healthy", "verdict"), [(16, True), (3, True), (2, False), (0, False)])
def test_an_endpoint_is_healthy_while_more_than_18_percent_of_16_checkers_say_so(healthy: int, verdict: bool) -> None:
    assert endpoint_healthy([True] * healthy + [False] * (16 - healthy)) is verdict


def test_exactly_18_percent_is_not_more_than_18_percent() -> None:
    assert endpoint_healthy([True] * 9 + [False] * 41) is False
    assert endpoint_healthy([True] * 10 + [False] * 40) is True


def test_a_checker_turns_after_as_many_consecutive_failures_as_the_threshold_says() -> None:
    assert after(BAD, BAD) is True
    assert after(BAD, BAD, BAD) is False
    assert after(BAD, threshold=1) is False


def test_one_success_between_failures_starts_the_count_again() -> None:
    assert after(BAD, BAD, GOOD, BAD, BAD) is True


def test_a_checker_needs_as_many_successes_to_turn_back() -> None:
    assert after(BAD, BAD, BAD, GOOD, GOOD) is False
    assert after(BAD, BAD, BAD, GOOD, GOOD, GOOD) is True


@pytest.mark.parametrize(
    ("disabled", "inverted", "seen", "verdict"),
    [
        (False, False, True, True),
        (False, False, False, False),
        (False, True, True, False),
        (False, True, False, True),
        (True, False, False, True),
        (True, True, False, False),
    ],
)
def test_inverted_turns_the_verdict_and_disabled_ignores_what_was_seen(
    disabled: bool, inverted: bool, seen: bool, verdict: bool
) -> None:
    assert final_verdict(CheckConfig("c", disabled=disabled, inverted=inverted), seen) is verdict


@pytest.mark.parametrize(
    ("children", "threshold", "verdict"),
    [([True, True, False], 2, True), ([True, False, False], 2, False), ([False], 0, True), ([True, True], 3, False)],
)
def test_a_calculated_check_counts_its_healthy_children(children: list[bool], threshold: int, verdict: bool) -> None:
    assert calculated_healthy(children, threshold) is verdict


def test_an_alarm_without_data_follows_its_insufficient_data_setting() -> None:
    assert alarm_healthy("INSUFFICIENT_DATA", "Healthy", last_known=False) is True
    assert alarm_healthy("INSUFFICIENT_DATA", "Unhealthy", last_known=True) is False
    assert alarm_healthy("INSUFFICIENT_DATA", "LastKnownStatus", last_known=False) is False
    assert alarm_healthy("ALARM", "Healthy", last_known=True) is False
    assert alarm_healthy("OK", "Unhealthy", last_known=False) is True


@pytest.mark.parametrize(("status", "ok"), [(200, True), (301, True), (399, True), (404, False), (429, False)])
def test_2xx_and_3xx_are_healthy(status: int, ok: bool) -> None:
    assert judge_http(CheckConfig("c"), status, b"").ok is ok


def test_a_string_must_stand_in_the_first_5120_bytes_of_the_body() -> None:
    config = CheckConfig("c", type="HTTPS_STR_MATCH", search_string="ok")
    assert judge_http(config, 200, b"x" * 5118 + b"ok").ok is True
    assert judge_http(config, 200, b"x" * 5119 + b"ok").ok is False
    assert judge_http(config, 500, b"ok").ok is False
