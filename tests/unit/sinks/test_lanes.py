"""Lanes: a sink that fails, hangs or falls behind keeps nobody from anything, and is warned of once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest

from drillrunner.clock import run_virtual
from drillrunner.errors import CallFailed, Refused
from drillrunner.model.journal import Entry
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import Verdict
from drillrunner.sinks.lanes import DRAIN_REAL_SECONDS, MOST_WITH_READINGS, QUEUE_LENGTH, Lanes, open_lanes
from drillrunner.sinks.post import TIMED_OUT
from drillrunner.sinks.sink import Sink
from fabricated_run import fabricated_run
from made_up_verdict import verdict

_, ENTRIES, READINGS = fabricated_run()
LEFT = ENTRIES[-1].model_copy(update={"kind": "revert.done", "data": {"left": ["lambda.throttle on checkout"]}})


class Attentive(Sink):
    def __init__(self, name: str = "attentive", *, wants_readings: bool = False) -> None:
        super().__init__(name)
        self.wants_readings = wants_readings
        self.heard: list[Entry | Reading | Verdict | None] = []

    async def entry(self, entry: Entry) -> None:
        self.heard.append(entry)

    async def reading(self, reading: Reading) -> None:
        self.heard.append(reading)

    async def ended(self, verdict: Verdict | None) -> None:
        self.heard.append(verdict)


class Hanging(Sink):
    async def entry(self, entry: Entry) -> None:
        await anyio.sleep_forever()


class Slow(Attentive):
    """Takes so long for what does not matter most that each post of it is given up."""

    def __init__(self, code: str = TIMED_OUT) -> None:
        super().__init__("slow")
        self.code = code
        self.noted: list[Entry | Reading] = []

    def note(self, news: Entry | Reading) -> None:
        self.noted.append(news)

    async def entry(self, entry: Entry) -> None:
        await super().entry(entry)
        await anyio.sleep(4.0)
        raise CallFailed("no answer within 4 s", code=self.code, unknown=True)


class Failing(Sink):
    def __init__(self, error: Exception) -> None:
        super().__init__("failing")
        self.error = error

    async def entry(self, entry: Entry) -> None:
        raise self.error


@dataclass
class Told:
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds_in_the_run: float = 0.0
    seconds_after: float = 0.0


def tell(sinks: Sequence[Sink], entries: Sequence[Entry] = ENTRIES, readings: Sequence[Reading] = ()) -> Told:
    """What is noted and warned of when these sinks hear of a run, and what that costs, on virtual time."""

    async def run() -> Told:
        told = Told()
        began = anyio.current_time()
        async with open_lanes(sinks, told.notes.append, told.warnings.append) as lanes:
            await _conducted(lanes, entries, readings)
            told.seconds_in_the_run = anyio.current_time() - began
        told.seconds_after = anyio.current_time() - began - told.seconds_in_the_run
        return told

    result: Told = run_virtual(run)
    return result


async def _conducted(lanes: Lanes, entries: Sequence[Entry], readings: Sequence[Reading]) -> None:
    for entry in entries:
        lanes.entry(entry)
    for reading in readings:
        lanes.reading(reading)
    await anyio.sleep(1.0)
    lanes.ended(verdict())


def test_a_sink_hears_everything_in_order_and_the_verdict_last() -> None:
    sink = Attentive()
    told = tell([sink], readings=READINGS[:10])
    assert sink.heard == [*ENTRIES, verdict()]
    assert told.warnings == []
    assert told.notes == [f"attentive: {len(ENTRIES) + 1} heard, 0 failed, 0 lost"]


def test_readings_are_for_those_who_want_them() -> None:
    sink = Attentive(wants_readings=True)
    tell([sink], entries=(), readings=READINGS[:10])
    assert sink.heard == [*READINGS[:10], verdict()]


def test_a_sink_that_hangs_costs_the_run_nothing_and_its_end_a_few_seconds() -> None:
    attentive = Attentive()
    told = tell([Hanging("hanging"), attentive])
    assert told.seconds_in_the_run == pytest.approx(1.0)
    assert told.seconds_after <= DRAIN_REAL_SECONDS + 0.001
    assert len(attentive.heard) == len(ENTRIES) + 1
    assert told.warnings == ["signals: hanging: took longer than 9 s"]


def test_a_sink_that_always_fails_is_warned_of_once_and_noted_each_time() -> None:
    refused = CallFailed("answered 500", code="Status500", unknown=True)
    told = tell([Failing(refused)])
    assert told.warnings == ["signals: failing: answered 500"]
    assert told.notes.count("failing: answered 500") == len(ENTRIES)
    assert told.notes[-1] == f"failing: 1 heard, {len(ENTRIES)} failed, 0 lost"
    assert told.seconds_after == 0


def test_an_error_nobody_expected_is_named_by_its_type_alone() -> None:
    told = tell([Failing(RuntimeError("https://hooks.example.test/secret"))])
    assert told.warnings == ["signals: failing: RuntimeError"]


def test_what_a_full_queue_does_not_take_is_counted_and_nobody_waits() -> None:
    told = tell([Hanging("hanging")], entries=[ENTRIES[0]] * (QUEUE_LENGTH + 50))
    assert told.seconds_in_the_run == pytest.approx(1.0)
    lost = int(told.notes[-1].split(" failed, ")[1].split()[0])
    assert lost >= QUEUE_LENGTH


def test_after_a_time_out_only_what_is_urgent_is_told_and_the_rest_is_known() -> None:
    slow = Slow()
    told = tell([slow], entries=[*ENTRIES[:40], LEFT])
    assert slow.heard == [ENTRIES[0], LEFT, verdict()]
    assert slow.noted == list(ENTRIES[1:40])
    assert told.seconds_after < DRAIN_REAL_SECONDS
    assert told.notes[-1] == "slow: 1 heard, 2 failed, 39 lost"


def test_a_failure_that_took_no_time_skips_nothing() -> None:
    slow = Slow(code="Status500")
    tell([slow], entries=ENTRIES[:2])
    assert slow.heard == [*ENTRIES[:2], verdict()]


def test_a_queue_that_is_full_still_takes_what_is_urgent() -> None:
    slow = Slow()
    tell([slow], entries=[*[ENTRIES[1]] * (QUEUE_LENGTH + 50), LEFT])
    assert slow.heard == [ENTRIES[1], LEFT, verdict()]


def test_readings_are_dropped_once_the_queue_is_half_full() -> None:
    sink = Attentive(wants_readings=True)
    tell([sink], entries=(), readings=[READINGS[0]] * QUEUE_LENGTH)
    assert sink.heard.count(READINGS[0]) == MOST_WITH_READINGS
    sink = Attentive(wants_readings=True)
    tell([sink], entries=[ENTRIES[1]] * MOST_WITH_READINGS, readings=READINGS[:1])
    assert READINGS[0] not in sink.heard


def test_a_lane_that_cannot_even_note_its_failure_ends_alone() -> None:
    def no_room(text: str) -> None:
        raise RuntimeError("the disk is full")

    warnings: list[str] = []

    async def run() -> None:
        async with open_lanes([Failing(RuntimeError())], no_room, warnings.append) as lanes:
            lanes.entry(ENTRIES[0])
            await anyio.sleep(1.0)
            lanes.ended(None)
            warnings.append("the run went on")

    with pytest.raises(RuntimeError, match="the disk is full"):  # of the account, when the run is over
        run_virtual(run)
    assert warnings == ["signals: failing: RuntimeError", "the run went on"]


def test_an_error_of_the_run_passes_as_it_is() -> None:
    async def run() -> None:
        async with open_lanes([Attentive()], lambda _: None, lambda _: None):
            raise Refused("a guard said no")

    with pytest.raises(Refused, match="a guard said no"):
        run_virtual(run)


def test_a_run_that_is_cancelled_takes_its_lanes_with_it() -> None:
    async def run() -> float:
        with anyio.move_on_after(2.0):
            async with open_lanes([Hanging("hanging")], lambda _: None, lambda _: None) as lanes:
                lanes.entry(ENTRIES[0])
                await anyio.sleep_forever()
        return anyio.current_time()

    ended: Any = run_virtual(run)
    assert ended == pytest.approx(2.0)
