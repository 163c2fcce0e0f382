"""RPO: which acknowledged records did not survive, and how far back the loss reaches."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from drillrunner.judge.recovery import outward
from drillrunner.judge.story import Effect, Moment, number, of_kind, text
from drillrunner.judge.tracks import GOOD, Track
from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue
from drillrunner.model.verdict import Interval, LedgerResult


@dataclass(frozen=True, slots=True)
class Survived:
    """One reading back of a ledger: inclusive ranges of the records found, or the error that kept it from reading."""

    moment: str
    asked: float
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    duplicated: int = 0
    overwritten: int = 0
    reordered: int = 0
    error: str | None = None

    def has(self, seq: int) -> bool:
        index = bisect_right(self.starts, seq) - 1
        return index >= 0 and seq <= self.ends[index]


@dataclass(frozen=True, slots=True)
class Loss:
    """What a ledger lost. `gone` counts records that had outlived the failover, or came after it, and then vanished."""

    result: LedgerResult
    gone: int = 0
    unreadable: str | None = None


@dataclass(frozen=True, slots=True)
class _Record:
    """One acknowledged record that was missing."""

    seq: int
    asked: float
    answered: float


@dataclass(frozen=True, slots=True)
class _Failure:
    """What a loss is measured from: the fault's effect, and when the failback began (None: it did not)."""

    effect: Effect | None
    failback: float | None


def readings_back(entries: Sequence[Entry], probe: str) -> tuple[Survived, ...]:
    """Every reading back of that ledger, in the journal's order."""
    found = (entry for entry in of_kind(entries, "ledger.read") if entry.data.get("probe") == probe)
    return tuple(_survived(entry) for entry in found)


def _survived(entry: Entry) -> Survived:
    data = entry.data
    ranges = _ranges(data.get("present"))
    error = text(data.get("error"))
    if error is None and ranges is None:
        error = "the journal does not say which records were found"
    asked = number(data.get("asked"))
    return Survived(
        moment=str(data.get("moment")),
        asked=entry.at if asked is None else asked,
        starts=tuple(low for low, _ in ranges or ()),
        ends=tuple(high for _, high in ranges or ()),
        duplicated=_count(data.get("duplicated")),
        overwritten=_count(data.get("overwritten")),
        reordered=_count(data.get("reordered")),
        error=error,
    )


def _ranges(value: JsonValue) -> list[tuple[int, int]] | None:
    if not isinstance(value, list):
        return None
    pairs = [pair for pair in value if isinstance(pair, list) and len(pair) == 2]
    return sorted((int(pair[0]), int(pair[1])) for pair in pairs if all(isinstance(end, int) for end in pair))  # type: ignore[arg-type]


def _count(value: JsonValue) -> int:
    """A count, or the size of a list of numbers or ranges."""
    if isinstance(value, list):
        ranges = _ranges(value) or []
        return sum(high - low + 1 for low, high in ranges) + sum(isinstance(item, int) for item in value)
    return int(value) if isinstance(value, int | float) else 0


def judge_ledger(
    probe: str, tracks: Sequence[Track], reads: Sequence[Survived], effect: Effect | None, failback: float | None
) -> Loss:
    """Hold what was acknowledged against what was read back.

    The failover is judged by the reading at `recovered`: acknowledged before it was asked and missing
    in it means lost, and late where `before_revert` finds the record after all (late ones are among the
    lost: users did not have them). What was found, or written, after the recovery and is missing before
    the revert is lost too, to the failback. The RPO is the worse of the two.
    """
    first, second = _usable(reads, "recovered"), _usable(reads, "before_revert")
    read = first or second
    if read is None:
        return _unread(probe, tracks, reads)
    lost = [record for record in _missing(tracks, read) if record.answered <= read.asked]
    late = sum(second.has(record.seq) for record in lost) if first and second else 0
    gone = _gone(tracks, first, second)
    rpo, why = _rpo(lost, gone, tracks, read, _Failure(effect, failback))
    last = second or read
    result = LedgerResult(
        probe=probe,
        written=_written(tracks),
        acknowledged=_acknowledged(tracks),
        lost=len(lost) + len(gone),
        late=late,
        duplicated=max(read.duplicated, last.duplicated),
        reordered=max(read.reordered, last.reordered),
        overwritten=max(read.overwritten, last.overwritten),
        rpo=rpo,
        why=_tell(why, _acknowledged(tracks), len(lost), late, len(gone), _unacknowledged(tracks, last)),
    )
    return Loss(result, gone=len(gone), unreadable=_error(reads))


def _written(tracks: Sequence[Track]) -> int:
    return sum(len(track) for track in tracks)


def _acknowledged(tracks: Sequence[Track]) -> int:
    return sum(track.codes.count(GOOD) for track in tracks)


def _missing(tracks: Sequence[Track], read: Survived) -> list[_Record]:
    """The acknowledged records that the reading did not find, whenever they were written."""
    return [
        _Record(track.seqs[index], track.asked[index], track.answered[index])
        for track in tracks
        for index in range(len(track))
        if track.codes[index] == GOOD and not read.has(track.seqs[index])
    ]


def _usable(reads: Sequence[Survived], moment: str) -> Survived | None:
    usable = [read for read in reads if read.moment == moment and read.error is None]
    return usable[-1] if usable else None


def _error(reads: Sequence[Survived]) -> str | None:
    """Why a reading that was never made good failed."""
    return next((read.error for read in reads if read.error and _usable(reads, read.moment) is None), None)


def _unread(probe: str, tracks: Sequence[Track], reads: Sequence[Survived]) -> Loss:
    error = _error(reads)
    result = LedgerResult(
        probe=probe,
        written=_written(tracks),
        acknowledged=_acknowledged(tracks),
        lost=0,
        late=0,
        duplicated=0,
        reordered=0,
        overwritten=0,
        rpo=None,
        why=f"the ledger could not be read: {error}" if error else "the ledger was never read back",
    )
    return Loss(result, unreadable=error)


def _gone(tracks: Sequence[Track], first: Survived | None, second: Survived | None) -> list[_Record]:
    """Missing before the revert, though found at the recovery or written after it."""
    if first is None or second is None:
        return []
    return [
        record
        for record in _missing(tracks, second)
        if record.answered <= second.asked and (first.has(record.seq) or record.answered > first.asked)
    ]


def _rpo(
    lost: Sequence[_Record], gone: Sequence[_Record], tracks: Sequence[Track], read: Survived, failure: _Failure
) -> tuple[Interval | None, str | None]:
    effect = failure.effect
    if effect is None:
        return None, "no fault took effect, so there is no failure to measure from"
    if not lost and not _was_writing(tracks, effect):
        return None, "no record was acknowledged around the failure, so there was none to lose"
    spans = [Interval(low=0.0, high=0.0)]
    spans += [reach(event, Moment(effect.low, effect.high)) for event in _events(lost, tracks, read, effect) if event]
    if gone:
        failed = min(record.asked for record in gone) if failure.failback is None else failure.failback
        spans.append(reach(gone, Moment(failed, failed)))
    return Interval(low=max(span.low for span in spans), high=max(span.high for span in spans)), None


def reach(lost: Sequence[_Record], failure: Moment) -> Interval:
    """How far back a loss reaches: from the earliest lost acknowledgement to the failure.

    Until the failover is over, the side that is to be lost may go on acknowledging, so the failure that
    counts is the later of the fault's effect and the last acknowledgement that was lost.
    """
    earliest = Moment(min(record.asked for record in lost), min(record.answered for record in lost))
    latest = Moment(max(record.asked for record in lost), max(record.answered for record in lost))
    return outward(max(failure.low, latest.low) - earliest.high, max(failure.high, latest.high) - earliest.low)


def _events(
    lost: Sequence[_Record], tracks: Sequence[Track], read: Survived, effect: Effect
) -> tuple[Sequence[_Record], Sequence[_Record]]:
    """Split off a tail of missing records right before the reading, if records after the failure outlived it.

    Such a tail is replication under way while the ledger was read, not what the failure cost: measured
    as one loss the two would span the whole recovery.
    """
    newest_survivor = max(
        (
            track.answered[index]
            for track in tracks
            for index in track.within(effect.high, read.asked)
            if track.codes[index] == GOOD and read.has(track.seqs[index])
        ),
        default=math.inf,
    )
    tail = [record for record in lost if record.answered > newest_survivor]
    return [record for record in lost if record.answered <= newest_survivor], tail


def _was_writing(tracks: Sequence[Track], effect: Effect) -> bool:
    return any(
        track.codes[index] == GOOD
        for track in tracks
        for index in track.within(effect.low - track.gap_seconds, effect.high + track.gap_seconds)
    )


def _unacknowledged(tracks: Sequence[Track], read: Survived) -> int:
    return sum(
        track.codes[index] != GOOD and read.has(track.seqs[index]) for track in tracks for index in range(len(track))
    )


def _tell(why: str | None, acknowledged: int, lost: int, late: int, gone: int, unacknowledged: int) -> str:
    parts = [f"{lost} of {acknowledged} acknowledged records were missing after the recovery"]
    if late:
        parts.append(f"{late} of them came later")
    if gone:
        parts.append(f"{gone} more were gone before the revert")
    if unacknowledged:
        parts.append(f"{unacknowledged} are there that were never acknowledged (no loss)")
    return "; ".join(([why] if why else []) + parts)


def estimate(tracks: Sequence[Track], effect: Effect | None) -> LedgerResult | None:
    """An RPO estimated from a probe whose values are a replication lag in seconds.

    The lag last seen before the failure is what would be lost at least (a failed reading's value is the
    age of what has not arrived yet); it can have grown since by no more than the time that passed. None
    where there is no such figure.
    """
    seen = [
        (track.asked[index], track.answered[index], track.values[index], track.probe)
        for track in tracks
        if effect is not None
        for index in track.within(-math.inf, effect.low)
        if math.isfinite(track.values[index]) and track.values[index] >= 0
    ]
    if effect is None or not seen:
        return None
    asked, answered, lag, probe = max(seen)
    return LedgerResult(
        probe=probe,
        written=0,
        acknowledged=0,
        lost=0,
        late=0,
        duplicated=0,
        reordered=0,
        overwritten=0,
        rpo=outward(lag, lag + effect.high - asked),
        estimated=True,
        why=f"estimated: a lag of {lag:g} s was seen {max(0.0, effect.low - answered):.1f} s before the failure",
    )
