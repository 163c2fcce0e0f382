"""Cron's five fields: what they mean, and what is refused where."""

from __future__ import annotations

from datetime import date, time

import pytest

from drillrunner.model.cron import Cron, parse_cron
from drillrunner.model.schedule import Flaw


def cron(text: str) -> Cron:
    read = parse_cron(text)
    assert isinstance(read, Cron), read
    return read


def days_of_november_2026(text: str) -> list[int]:
    read = cron(text)
    return [day for day in range(1, 31) if read.fits(date(2026, 11, day))]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("0 9 * * 1", [2, 9, 16, 23, 30]),
        ("0 9 * * mon", [2, 9, 16, 23, 30]),
        ("0 9 * * 0", [1, 8, 15, 22, 29]),
        ("0 9 * * 7", [1, 8, 15, 22, 29]),
        ("0 9 * * Fri-Sun", [1, 6, 7, 8, 13, 14, 15, 20, 21, 22, 27, 28, 29]),
        ("0 9 13 * *", [13]),
        ("0 9 1-20/5 * *", [1, 6, 11, 16]),
        ("0 9 */10 nov *", [1, 11, 21]),
        ("0 9 31 * *", []),
        ("0 9 * jan-mar,DEC *", []),
        ("0 9 13 * 5", [6, 13, 20, 27]),  # both kinds of day are restricted: either will do
        ("0 9 1-7 * 2", [1, 2, 3, 4, 5, 6, 7, 10, 17, 24]),
        ("0 9 */2 * 1", [9, 23]),  # one begins with a star: both must fit
    ],
)
def test_the_days_that_an_expression_names(text: str, days: list[int]) -> None:
    assert days_of_november_2026(text) == days


def test_the_times_of_a_day_ascend() -> None:
    assert cron("30 22,6-8 * * *").times() == [time(6, 30), time(7, 30), time(8, 30), time(22, 30)]


@pytest.mark.parametrize(
    ("text", "code", "marked"),
    [
        ("", "D145", ""),
        ("@monthly", "D145", "@monthly"),
        ("0 9 * * 1 2026", "D145", "0 9 * * 1 2026"),
        ("60 9 * * 1", "D145", "60"),
        ("0 9,x * * 1", "D145", "x"),
        ("0 9, * * 1", "D145", " "),
        ("0 9 0 * 1", "D145", "0"),
        ("0 9 * * 8", "D145", "8"),
        ("0 9 * * 1#2", "D145", "1#2"),
        ("0 9 L * *", "D145", "L"),
        ("0 9 *-3 * *", "D145", "*-3"),
        ("0 9 */0 * *", "D145", "*/0"),
        ("0 9 * 12-1 *", "D145", "12-1"),
        ("0,30 9 * * 1", "D150", "0,30"),
        ("0 9 31 4,6,9,nov *", "D149", "31"),
        ("0 ٩ * * 1", "D145", "٩"),
    ],
)
def test_what_cannot_be_read_is_marked_where_it_stands(text: str, code: str, marked: str) -> None:
    read = parse_cron(text)
    assert isinstance(read, Flaw)
    assert (read.code, text[read.at : read.at + read.length]) == (code, marked)


def test_a_date_that_is_nowhere_does_no_harm_beside_a_day_of_the_week() -> None:
    assert cron("0 9 30 2 1").fits(date(2026, 2, 2))
