"""Recurrence rules: what is refused where, and that what is taken comes out of dateutil as the RFC's examples say."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from drillrunner.model.recurrence import flaw_of_rule, rule_walls, until_of

STARTS = datetime(1997, 9, 2, 9)  # as in the examples of RFC 5545, section 3.8.5.3


def first(text: str, count: int) -> list[str]:
    assert flaw_of_rule(text, STARTS) is None
    return [f"{wall:%Y-%m-%d}" for wall in islice(rule_walls(text, STARTS), count)]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=MONTHLY;COUNT=3;BYDAY=1FR", ["1997-09-05", "1997-10-03", "1997-11-07"]),
        ("FREQ=MONTHLY;COUNT=3;BYMONTHDAY=-3", ["1997-09-28", "1997-10-29", "1997-11-28"]),
        ("FREQ=YEARLY;INTERVAL=3;COUNT=3;BYYEARDAY=1,100,200", ["2000-01-01", "2000-04-09", "2000-07-18"]),
        ("FREQ=YEARLY;BYDAY=20MO", ["1998-05-18", "1999-05-17", "2000-05-15"]),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", ["1998-05-11", "1999-05-17", "2000-05-15"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", ["1998-02-13", "1998-03-13", "1998-11-13"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", ["1997-09-29", "1997-10-30", "1997-11-27"]),
        ("freq=weekly;interval=2;wkst=SU;byday=TU", ["1997-09-02", "1997-09-16", "1997-09-30"]),
    ],
)
def test_the_examples_of_the_rfc_come_out_as_it_says(rule: str, days: list[str]) -> None:
    assert first(rule, 3) == days


@pytest.mark.parametrize(
    ("rule", "code", "marked"),
    [
        ("RRULE:FREQ=DAILY", "D146", "RRULE:FREQ"),
        ("FREQ=FORTNIGHTLY", "D146", "FORTNIGHTLY"),
        ("FREQ=DAILY;", "D146", ""),
        ("FREQ=DAILY;INTERVAL=0", "D146", "0"),
        ("FREQ=DAILY;COUNT=-1", "D146", "-1"),
        ("FREQ=DAILY;COUNT=2;UNTIL=19971224T000000Z", "D146", "UNTIL"),
        ("FREQ=DAILY;UNTIL=19971324T000000Z", "D146", "19971324T000000Z"),
        ("FREQ=DAILY;BYSECOND=1", "D150", "BYSECOND=1"),
        ("FREQ=MINUTELY", "D150", "FREQ=MINUTELY"),
        ("FREQ=DAILY;BYMINUTE=0,30", "D150", "BYMINUTE=0,30"),
        ("FREQ=MONTHLY;BYDAY=6MO", "D146", "6MO"),
        ("FREQ=MONTHLY;BYDAY=0MO", "D146", "0MO"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=2MO", "D146", "2MO"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "D146", "32"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,", "D146", "1,"),
        ("FREQ=DAILY;BYHOUR=-1", "D146", "-1"),
        ("FREQ=MONTHLY;BYWEEKNO=2", "D146", "BYWEEKNO"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "D149", "FREQ=DAILY;INTERVAL=7;BYDAY=MO"),
        ("FREQ=DAILY;UNTIL=19960101T000000Z", "D149", "FREQ=DAILY;UNTIL=19960101T000000Z"),
    ],
)
def test_what_cannot_be_read_is_marked_where_it_stands(rule: str, code: str, marked: str) -> None:
    flaw = flaw_of_rule(rule, STARTS)
    assert flaw is not None
    assert flaw.code == code
    assert rule[flaw.at : flaw.at + flaw.length] == marked


def test_the_last_moment_of_a_rule_is_in_utc() -> None:
    assert until_of("FREQ=DAILY;UNTIL=20271231T235959Z") == datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert until_of("FREQ=DAILY") is None
