"""The pair that has no database."""

from __future__ import annotations

import random

import pytest

from drillrunner.clock import run_virtual, virtual_clock
from drillrunner.errors import LabFailed
from drillrunner.lab.databases.lag import LagModel
from drillrunner.lab.databases.pair import Place
from drillrunner.lab.databases.simulated import SimulatedPair


def make_pair(lag_seconds: float = 1.0) -> SimulatedPair:
    places = {"a": Place("127.0.20.1", 0), "b": Place("127.0.20.2", 0)}
    return SimulatedPair(virtual_clock(), LagModel(lag_seconds, lag_seconds), random.Random(1), places)  # type: ignore[arg-type]


def test_a_crash_loses_exactly_what_the_standby_had_not_received() -> None:
    async def drill() -> None:
        pair = make_pair(lag_seconds=1.0)
        for number in range(100):
            pair.write(str(number), "x")
            await pair.clock.sleep(0.1)
        await pair.clock.sleep(0.05)
        pair.crash("a")
        await pair.clock.sleep(30)
        pair.promote()
        survived = set(pair.read("b"))
        # crashed at 10.05, and number 90, written at 9.0, was the last to arrive
        assert survived == {str(number) for number in range(91)}
        assert pair.writer == "b"

    run_virtual(drill)


def test_a_switchover_loses_nothing_and_the_old_writer_follows() -> None:
    async def drill() -> None:
        pair = make_pair(lag_seconds=60.0)
        pair.write("k", "v")
        pair.switch()
        assert pair.read("b") == {"k": "v"}
        pair.write("later", "v")
        assert pair.read("a") == {"k": "v"}
        await pair.clock.sleep(61)
        assert pair.read("a") == {"k": "v", "later": "v"}

    run_virtual(drill)


def test_a_clean_stop_sends_everything_first() -> None:
    async def drill() -> None:
        pair = make_pair(lag_seconds=60.0)
        pair.write("k", "v")
        pair.stop_side("a")
        pair.promote()
        assert pair.read("b") == {"k": "v"}

    run_virtual(drill)


def test_rebuilding_drops_what_the_old_writer_alone_had() -> None:
    async def drill() -> None:
        pair = make_pair(lag_seconds=60.0)
        pair.write("only here", "v")
        pair.crash("a")
        pair.promote()
        pair.write("new", "v")
        pair.rebuild()
        assert pair.running("a")
        assert pair.read("a") == {"new": "v"}

    run_virtual(drill)


def test_a_paused_replay_shows_an_old_state_and_a_growing_lag() -> None:
    async def drill() -> None:
        pair = make_pair(lag_seconds=0.5)
        pair.pause_replay(True)
        pair.write("k", "v")
        await pair.clock.sleep(10)
        assert pair.read("b") == {}
        assert pair.lag_seconds() == pytest.approx(10.0)
        assert pair.lag_bytes() == 2
        pair.pause_replay(False)
        assert pair.read("b") == {"k": "v"}
        assert pair.lag_seconds() == 0.0

    run_virtual(drill)


def test_a_dead_side_takes_no_writes_and_tells_no_lag() -> None:
    async def drill() -> None:
        pair = make_pair()
        pair.crash("a")
        with pytest.raises(LabFailed):
            pair.write("k", "v")
        assert pair.lag_seconds() is None
        assert pair.lag_bytes() is None

    run_virtual(drill)
