"""Readings as CSV (RFC 4180), one at a time, so that a million take no more memory than one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from functools import lru_cache

from drillrunner.model.reading import Reading
from drillrunner.reporting.outside_text import visible

# of an HTTP poll; others have none of them
PHASES = ("dns", "connect", "tls", "first_byte", "body")
COLUMNS = (
    "probe",
    "vantage",
    "seq",
    "due_seconds",
    "asked_seconds",
    "answered_seconds",
    "took_ms",
    "ok",
    "value",
    "why",
    "region",
    *(f"{phase}_ms" for phase in PHASES),
)
ROWS_AT_ONCE = 500
# a spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection"); full-width forms too
_FORMULA = tuple("=+-@\t\r＝＋－＠")


def readings_csv(readings: Iterable[Reading], began_at: float) -> Iterator[str]:
    """A header, then a line for each reading, some hundred at a time. Lines end in CR LF.

    Moments are drill seconds after the run began (`began_at`, on the drill's clock). `value` is the probe's own
    figure, in the unit that its kind says: milliseconds of http.get and of a ledger's write, seconds of a lag or a
    TTL, a share of health checkers, a metric's own. `ok` is empty where nothing was proved.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, reading in enumerate(readings, start=1):
        writer.writerow(_row(reading, began_at))
        if number % ROWS_AT_ONCE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


@lru_cache(maxsize=1024)  # a run has few different texts, each a great many times
def harmless(text: str) -> str:
    """Outside text for a cell: control characters shown, and an apostrophe before what would be a formula."""
    shown = visible(text)
    return f"'{shown}" if text.startswith(_FORMULA) else shown


def _row(reading: Reading, began_at: float) -> Iterator[str | int]:
    yield harmless(reading.probe)
    yield harmless(reading.vantage)
    yield reading.seq
    yield from (f"{moment - began_at:.6f}" for moment in (reading.due, reading.asked, reading.answered))
    yield f"{(reading.answered - reading.asked) * 1000:.3f}"
    yield "" if reading.ok is None else "true" if reading.ok else "false"
    yield "" if reading.value is None else repr(reading.value).removesuffix(".0")
    yield harmless(reading.why or "")
    yield harmless(reading.region or "")
    for phase in PHASES:
        seconds = reading.phases.get(phase)
        yield "" if seconds is None else f"{seconds * 1000:.3f}"
