"""Readings gathered in one pass: compact arrays for each probe and vantage, and latency histograms."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from drillrunner.judge.histogram import Histogram
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import Latency, PhaseSpan

GOOD, BAD, UNKNOWN = 1, 0, -1
_CODES = {True: GOOD, False: BAD, None: UNKNOWN}


@dataclass(slots=True)
class Track:
    """Every reading of one probe from one vantage, 33 bytes each: a million fit easily.

    `values` holds NaN where a reading had none. `late` counts polls asked more than half an interval after their time.
    """

    probe: str
    vantage: str
    every_seconds: float
    timeout_seconds: float
    seqs: array[int] = field(default_factory=lambda: array("q"))
    asked: array[float] = field(default_factory=lambda: array("d"))
    answered: array[float] = field(default_factory=lambda: array("d"))
    codes: array[int] = field(default_factory=lambda: array("b"))
    values: array[float] = field(default_factory=lambda: array("d"))
    late: int = 0
    in_order: bool = True

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def gap_seconds(self) -> float:
        """So long without an answer proves nothing any more."""
        return 3 * self.every_seconds + self.timeout_seconds

    def add(self, reading: Reading) -> None:
        if self.asked and reading.asked < self.asked[-1]:
            self.in_order = False
        if reading.asked - reading.due > self.every_seconds / 2:
            self.late += 1
        self.seqs.append(reading.seq)
        self.asked.append(reading.asked)
        self.answered.append(reading.answered)
        self.codes.append(_CODES[reading.ok])
        self.values.append(math.nan if reading.value is None else reading.value)

    def put_in_order(self) -> None:
        """Sort by the time of asking (then of the answer), which all that follows relies on."""
        if self.in_order:
            return
        order = sorted(range(len(self)), key=lambda index: (self.asked[index], self.answered[index], self.seqs[index]))
        self.seqs = array("q", (self.seqs[index] for index in order))
        self.asked = array("d", (self.asked[index] for index in order))
        self.answered = array("d", (self.answered[index] for index in order))
        self.codes = array("b", (self.codes[index] for index in order))
        self.values = array("d", (self.values[index] for index in order))
        self.in_order = True

    def within(self, low: float, high: float) -> Iterator[int]:
        """The indexes of the readings that lie whole between two moments."""
        for index in range(bisect_left(self.asked, low), bisect_right(self.asked, high)):
            if self.answered[index] <= high:
                yield index

    @property
    def good(self) -> int:
        return self.codes.count(GOOD)

    @property
    def bad(self) -> int:
        return self.codes.count(BAD)


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a probe asks, and how long it waits."""

    every_seconds: float
    timeout_seconds: float


@dataclass(slots=True)
class Gathered:
    """All that the judge keeps of the readings. `unusable` were answered before they were asked, or never timed."""

    tracks: dict[tuple[str, str], Track] = field(default_factory=dict)
    latencies: dict[tuple[str, str, str | None], Histogram] = field(default_factory=dict)
    count: int = 0
    unusable: int = 0

    def of(self, probe: str) -> list[Track]:
        """The probe's tracks, one for each vantage, by name of the vantage."""
        return [self.tracks[key] for key in sorted(self.tracks) if key[0] == probe]


class _PhaseOf:
    """Finds the phase of a moment; readings come nearly in order, so the last answer is tried first."""

    def __init__(self, spans: Sequence[PhaseSpan], origin: float) -> None:
        self._starts: list[float] = []
        self._names: list[str] = []
        for span in spans:
            start = span.began + origin
            # a later process may revert on another clock (after a reboot): its phases cannot be placed
            if not self._starts or start >= self._starts[-1]:
                self._starts.append(start)
                self._names.append(span.phase)
        self._low, self._high, self._name = math.inf, -math.inf, ""

    def __call__(self, moment: float) -> str:
        if not self._low <= moment < self._high:
            after = bisect_right(self._starts, moment)
            self._low = self._starts[after - 1] if after else -math.inf
            self._high = self._starts[after] if after < len(self._starts) else math.inf
            self._name = self._names[after - 1] if after else "preflight"
        return self._name


def gather(
    readings: Iterable[Reading], cadences: dict[str, Cadence], spans: Sequence[PhaseSpan], origin: float
) -> Gathered:
    """Read everything once. `origin` is the drill-clock second that the spans count from."""
    gathered = Gathered()
    phase_of = _PhaseOf(spans, origin)
    for reading in readings:
        gathered.count += 1
        if not (reading.asked <= reading.answered and math.isfinite(reading.answered - reading.asked)):
            gathered.unusable += 1
            continue
        _track_of(gathered, reading, cadences).add(reading)
        if reading.ok:
            key = (reading.probe, phase_of(reading.asked), reading.region)
            histogram = gathered.latencies.get(key)
            if histogram is None:
                histogram = gathered.latencies[key] = Histogram()
            histogram.add(reading.answered - reading.asked)
    for track in gathered.tracks.values():
        track.put_in_order()
    return gathered


def _track_of(gathered: Gathered, reading: Reading, cadences: dict[str, Cadence]) -> Track:
    key = (reading.probe, reading.vantage)
    track = gathered.tracks.get(key)
    if track is None:
        cadence = cadences.get(reading.probe, Cadence(1.0, 1.0))
        track = Track(reading.probe, reading.vantage, cadence.every_seconds, cadence.timeout_seconds)
        gathered.tracks[key] = track
    return track


def latencies(gathered: Gathered, phases: Sequence[str]) -> tuple[Latency, ...]:
    """Percentiles of the good readings' durations by probe, phase (in their order) and region."""
    rank = {phase: index for index, phase in reversed(list(enumerate(phases)))}
    keys = sorted(gathered.latencies, key=lambda key: (key[0], rank.get(key[1], -1), key[2] or ""))
    return tuple(_latency(key, gathered.latencies[key]) for key in keys)


def _latency(key: tuple[str, str, str | None], histogram: Histogram) -> Latency:
    def milliseconds(fraction: float) -> float:
        return round(histogram.percentile(fraction) * 1000, 3)

    return Latency(
        probe=key[0],
        phase=key[1],
        region=key[2],
        count=histogram.count,
        p50_ms=milliseconds(0.50),
        p95_ms=milliseconds(0.95),
        p99_ms=milliseconds(0.99),
    )
