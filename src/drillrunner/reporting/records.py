"""What became of each record that a ledger probe wrote, from the journal's readings back. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from drillrunner.model.journal import Entry
from drillrunner.model.reading import Reading
from drillrunner.reporting.story import Data, number_of, text_of

Fate = Literal["kept", "late", "lost", "gone", "not read back", "not acknowledged"]

# in the order in which they are stacked, and what each means
FATES: dict[Fate, str] = {
    "kept": "acknowledged, and found",
    "late": "missing after the recovery, and came later",
    "lost": "acknowledged, and lost",
    "gone": "found or written after the recovery, and gone before the revert",
    "not read back": "acknowledged, not read back",
    "not acknowledged": "not acknowledged",
}


@dataclass(frozen=True, slots=True)
class Found:
    """One reading back: when it was asked (drill-clock seconds), and the inclusive ranges of records that it found."""

    asked: float
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def has(self, seq: int) -> bool:
        index = bisect_right(self.starts, seq) - 1
        return index >= 0 and seq <= self.ends[index]


@dataclass(frozen=True, slots=True)
class ReadBacks:
    """A ledger's last usable readings back: at the recovery, and before the revert."""

    recovered: Found | None
    before_revert: Found | None

    def fate(self, reading: Reading) -> Fate:
        """What became of one record, by the rules that the verdict counts by (judge/ledger.py)."""
        first, second = self.recovered, self.before_revert
        read = first or second
        if reading.ok is not True:
            return "not acknowledged"
        if read is not None and reading.answered <= read.asked and not read.has(reading.seq):
            return "late" if first and second and second.has(reading.seq) else "lost"
        if first and second and reading.answered <= second.asked:
            return "kept" if second.has(reading.seq) else "gone"
        return "kept" if read is not None and reading.answered <= read.asked else "not read back"


def read_backs(entries: Sequence[Entry]) -> Mapping[str, ReadBacks]:
    """The readings back of every ledger in the journal, by probe."""
    usable: dict[tuple[str, str], Found] = {}
    probes: dict[str, None] = {}
    for entry in entries:
        if entry.kind == "ledger.read":
            probe = text_of(entry.data, "probe")
            probes[probe] = None
            found = _found(entry.data, entry.at)
            if found is not None:
                usable[probe, text_of(entry.data, "moment")] = found
    return {
        probe: ReadBacks(usable.get((probe, "recovered")), usable.get((probe, "before_revert"))) for probe in probes
    }


def _found(data: Data, at: float) -> Found | None:
    """None where the ledger could not be read."""
    ranges = data.get("present")
    if data.get("error") or not isinstance(ranges, list):
        return None
    pairs = sorted(pair for pair in map(_pair, ranges) if pair is not None)
    asked = number_of(data, "asked")
    return Found(
        asked=at if asked is None else asked,
        starts=tuple(low for low, _ in pairs),
        ends=tuple(high for _, high in pairs),
    )


def _pair(value: JsonValue) -> tuple[int, int] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    low, high = value
    return (low, high) if isinstance(low, int) and isinstance(high, int) else None
