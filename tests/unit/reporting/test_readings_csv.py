"""Readings as CSV: as RFC 4180 wants it, harmless to a spreadsheet, and one at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from drillrunner.model.reading import Reading
from drillrunner.reporting.readings_csv import COLUMNS, ROWS_AT_ONCE, harmless, readings_csv


def reading(seq: int = 1, **changes: object) -> Reading:
    fields: dict[str, object] = {"probe": "checkout", "seq": seq, "due": 5001.0, "asked": 5001.5, "answered": 5001.625}
    return Reading(**{"ok": True, **fields, **changes})  # type: ignore[arg-type]


def rows(*readings: Reading) -> list[dict[str, str]]:
    text = "".join(readings_csv(readings, 5000.0))
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_reading_is_a_line_with_units_in_its_columns_names() -> None:
    one = reading(value=200.0, region="us-east-1", phases={"dns": 0.012, "body": 0.5})
    assert "".join(readings_csv([one], 5000.0)).split("\r\n") == [
        "probe,vantage,seq,due_seconds,asked_seconds,answered_seconds,took_ms,ok,value,why,region,"
        "dns_ms,connect_ms,tls_ms,first_byte_ms,body_ms",
        "checkout,here,1,1.000000,1.500000,1.625000,125.000,true,200,,us-east-1,12.000,,,,500.000",
        "",
    ]


def test_what_is_not_known_is_empty_and_a_failure_has_its_reason() -> None:
    first, second = rows(reading(ok=None, why="no datapoint"), reading(ok=False, value=-1.25, why="status 429"))
    assert (first["ok"], first["value"], first["why"]) == ("", "", "no datapoint")
    assert (second["ok"], second["value"], second["why"]) == ("false", "-1.25", "status 429")


def test_no_reading_at_all_is_a_header() -> None:
    assert "".join(readings_csv([], 0.0)) == ",".join(COLUMNS) + "\r\n"


def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe() -> None:
    for evil in ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"):
        assert harmless(evil).startswith("'")
    assert [harmless(text) for text in ("", "status 429", "a=b")] == ["", "status 429", "a=b"]


@given(st.text(max_size=40))
def test_any_text_comes_back_as_one_cell_that_is_no_formula_and_shows_what_it_hides(text: str) -> None:
    (row,) = rows(reading(why=text, region=text))
    assert row["why"] == row["region"] == harmless(text)
    assert not row["why"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert not set(row["why"]) & set("\r\n\t\0\x1b\u202e")
    row["why"].encode("utf-8")


def test_a_million_readings_are_never_held_at_once() -> None:
    made = 0

    def endless() -> Iterator[Reading]:
        nonlocal made
        while True:
            made += 1
            yield reading(made)

    pieces = readings_csv(endless(), 5000.0)
    first, second = next(pieces), next(pieces)
    assert made == 2 * ROWS_AT_ONCE
    assert first.count("\r\n") == ROWS_AT_ONCE + 1
    assert second.count("\r\n") == ROWS_AT_ONCE
