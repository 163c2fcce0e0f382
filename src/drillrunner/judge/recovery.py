"""Outage and recovery of one track: intervals that hold whatever moment within a poll the answer tells of.

A reading saw the truth at one unknown instant between being asked and being answered, and polls may
overlap: a slow one can be answered after later ones were asked. So only this is known, provided that
no outage slipped between two polls:

* The outage ended after the last failed reading was asked (its instant is no earlier), and before the
  answer of any good reading that was asked once every failed one had been answered.
* It began before the first answer of a failed reading, and after the asking of any good reading that
  was answered before the first failed one was asked.

A reading that proves nothing (`ok` None) breaks no run of good ones, but does not extend it either.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from drillrunner.judge.story import Effect, Moment
from drillrunner.judge.tracks import BAD, GOOD, Track
from drillrunner.model.verdict import Interval, Recovery


@dataclass(frozen=True, slots=True)
class Outage:
    """What one track saw of the outage between the fault's effect and failback. Moments are drill-clock seconds.

    `began` and `recovered` are None where no failure, or no stable recovery, was seen. `last_failed`
    is when the last failed reading was asked. `first_good` is when the first good reading after the
    first failure was answered; `gaps` counts runs of good readings that a silence cut short.
    """

    probe: str
    vantage: str
    answers: int
    failures: int
    first_failed: float | None = None
    last_failed: float | None = None
    began: Moment | None = None
    recovered: Moment | None = None
    first_good: float | None = None
    relapses: int = 0
    gaps: int = 0
    waiting_since: float | None = None


@dataclass(slots=True)
class _Run:
    """An unbroken run of good readings since the last failure.

    `first_answer` is the earliest answer in it, from which its length is measured; `proof` the
    earliest answer of one asked after every failure had been answered.
    """

    first_answer: float = math.inf
    last_asked: float = -math.inf
    proof: float = math.inf

    def begun(self) -> bool:
        return self.last_asked > -math.inf


@dataclass(slots=True)
class _Scan:
    """The state of one walk through a track, in the order of asking."""

    stable_for: float
    gap: float
    answers: int = 0
    failures: int = 0
    first_asked: float = math.nan
    first_answered: float = math.inf
    last_asked: float = math.nan
    all_answered: float = -math.inf
    run: _Run = field(default_factory=_Run)
    recovered: Moment | None = None
    relapses: int = 0
    gaps: int = 0

    def bad(self, asked: float, answered: float) -> None:
        if not self.failures:
            self.first_asked = asked
        self.failures += 1
        self.last_asked = asked
        self.first_answered = min(self.first_answered, answered)
        self.all_answered = max(self.all_answered, answered)
        self.run = _Run()
        if self.recovered is not None:
            self.relapses += 1
            self.recovered = None

    def good(self, asked: float, answered: float) -> None:
        run = self.run
        if run.begun() and asked - run.last_asked > self.gap and self.recovered is None:
            self.gaps += 1
            run = self.run = _Run()
        run.last_asked = asked
        run.first_answer = min(run.first_answer, answered)
        if asked >= self.all_answered:
            run.proof = min(run.proof, answered)
        stable = asked - run.first_answer >= self.stable_for
        if self.recovered is None and stable and run.proof < math.inf:
            self.recovered = Moment(min(self.last_asked, run.proof), run.proof)


def observe(track: Track, opened: float, closed: float, stable_for_seconds: float) -> Outage:
    """Walk through a track once and tell its outage between two moments (effect's earliest, window's end)."""
    scan = _Scan(stable_for_seconds, track.gap_seconds)
    for index in _indexes(track, opened, closed):
        code = track.codes[index]
        if code == BAD:
            scan.bad(track.asked[index], track.answered[index])
        elif code == GOOD and scan.failures:
            scan.good(track.asked[index], track.answered[index])
        scan.answers += code in (GOOD, BAD)
    if not scan.failures:
        return Outage(track.probe, track.vantage, scan.answers, 0)
    return Outage(
        track.probe,
        track.vantage,
        scan.answers,
        scan.failures,
        first_failed=scan.first_asked,
        last_failed=scan.last_asked,
        began=_beginning(track, opened, scan),
        recovered=scan.recovered,
        first_good=_first_good(track, scan, closed),
        relapses=scan.relapses,
        gaps=scan.gaps,
        waiting_since=None if scan.recovered or not scan.run.begun() else scan.run.first_answer,
    )


def _indexes(track: Track, opened: float, closed: float) -> range | filter[int]:
    """The readings answered between the two moments; one under way when the fault took effect may tell of it."""
    return filter(
        lambda index: track.answered[index] >= opened,
        track.within(opened - _longest(track), closed),
    )


def _longest(track: Track) -> float:
    """How long before a moment a reading that was answered after it may have been asked, with room for lateness."""
    return 10 * (track.timeout_seconds + track.every_seconds)


def _beginning(track: Track, opened: float, scan: _Scan) -> Moment:
    low = opened
    for index in track.within(opened - track.gap_seconds - _longest(track), scan.first_asked):
        if track.codes[index] == GOOD:
            low = max(low, track.asked[index])
    return Moment(min(low, scan.first_answered), scan.first_answered)


def _first_good(track: Track, scan: _Scan, closed: float) -> float | None:
    answers = (
        track.answered[index]
        for index in track.within(scan.first_asked, closed)
        if track.codes[index] == GOOD and track.asked[index] >= scan.first_answered
    )
    return next(answers, None)


def rto(outage: Outage, effect: Effect) -> Interval | None:
    """From the fault's effect to the recovery; None where no stable recovery was seen."""
    if outage.recovered is None:
        return None
    return outward(outage.recovered.low - effect.high, outage.recovered.high - effect.low)


def outage_length(outage: Outage) -> Interval | None:
    """From the first failure that users saw to the recovery."""
    if outage.recovered is None or outage.began is None:
        return None
    return outward(outage.recovered.low - outage.began.high, outage.recovered.high - outage.began.low)


def outward(low: float, high: float) -> Interval:
    """A length never below zero, rounded away from its middle to microseconds, so that it still holds what it held."""
    floor = math.floor(max(0.0, low) * 1e6) / 1e6
    return Interval(low=floor, high=max(floor, math.ceil(high * 1e6) / 1e6))


def as_recovery(outage: Outage, effect: Effect | None, origin: float, stable_for_seconds: float) -> Recovery:
    """The outage as the verdict tells it; `origin` is the drill-clock second of `Verdict.began_at`."""
    return Recovery(
        probe=outage.probe,
        vantage=outage.vantage,
        rto=None if effect is None else rto(outage, effect),
        outage=outage_length(outage),
        first_failed_at=None if outage.first_failed is None else round(outage.first_failed - origin, 6),
        recovered_at=None if outage.recovered is None else round(outage.recovered.high - origin, 6),
        relapses=outage.relapses,
        why=explain(outage, stable_for_seconds),
    )


def explain(outage: Outage, stable_for_seconds: float) -> str | None:
    """Why there is no recovery to tell of, or None where there is one."""
    if outage.recovered is not None:
        return None
    if not outage.answers:
        return "no reading was answered after the fault took effect"
    if not outage.failures:
        return "the fault had no visible effect: no reading failed after it"
    again = " again" if outage.relapses else ""
    if outage.gaps:
        return f"no recovery was proven{again}: the probe fell silent while it was good"
    if outage.waiting_since is not None:
        return f"no stable recovery was seen{again}: the good readings did not last {stable_for_seconds:g} s"
    return f"no recovery was seen{again}: the last reading failed"
