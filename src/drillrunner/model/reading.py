"""Readings: what a probe saw, and when it asked and was answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """What one poll saw, before the watcher stamps it. A failure is an answer with a reason, not an exception.

    `ok` is None when the question could not be put at all (then it proves nothing). `value` is the
    probe's figure, `unit` says of what. `why` is a short stable code for a failure (`status 429`,
    `timeout`, `connect refused`). `region` is the region that served. `phases` are seconds spent in
    each part of the request (dns, connect, tls, first_byte, body).
    """

    ok: bool | None
    value: float | None = None
    why: str | None = None
    region: str | None = None
    phases: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One poll of one probe. Times are drill-clock seconds (monotonic).

    `due` is when the schedule wanted it asked, `asked` and `answered` when it was; something true at
    one unknown instant between `asked` and `answered` was seen. `seq` counts from 1 within a probe;
    for a ledger it is the number of the record that was written, and `ok` means acknowledged.
    """

    probe: str
    seq: int
    due: float
    asked: float
    answered: float
    ok: bool | None
    value: float | None = None
    why: str | None = None
    region: str | None = None
    vantage: str = "here"
    phases: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Survivors:
    """What a ledger found when it read its records back.

    `present` holds the record numbers that were found, ascending. `duplicated` were found more than
    once, `overwritten` hold another's value, `reordered` counts records that stand before one that
    was acknowledged earlier.
    """

    present: tuple[int, ...]
    duplicated: tuple[int, ...] = ()
    overwritten: tuple[int, ...] = ()
    reordered: int = 0
