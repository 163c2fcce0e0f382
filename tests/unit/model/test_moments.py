"""Stamps of past runs as moments."""

from __future__ import annotations

import pytest

from drillrunner.model.history import moment
from past_reports import day


def test_a_stamp_is_a_moment_in_utc_whatever_its_zone() -> None:
    assert moment("2026-11-10T13:00:00+01:00") == day(2026, 11, 10) == moment("2026-11-10T12:00:00Z")
    assert moment("2026-11-10T12:00:00") == day(2026, 11, 10)


@pytest.mark.parametrize("stamp", ["", "yesterday", "2026-13-01T00:00", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_stamp_is_no_moment(stamp: str) -> None:
    assert moment(stamp) is None
