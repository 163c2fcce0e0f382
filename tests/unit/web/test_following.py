"""What a page that follows a run is sent, and when that ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drillrunner.clock import Clock, run_virtual
from drillrunner.web.following import HEARTBEAT_REAL_SECONDS, Following, Update
from drillrunner.web.live_parts import PARTS
from drillrunner.web.tail import RunTail
from fabricated_run import BEGAN_AT, ENDED_AT, EPOCH, fabricated_run
from served_runs import going_on, write_journal


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILLRUNNER_STATE", str(tmp_path / "state"))


def following_at(reports: Path, moment: float) -> Following:
    """Looked at twice already, so that it is known whether its process lives."""
    clock = Clock(wall_source=lambda: EPOCH + timedelta(seconds=moment))
    return Following(RunTail(going_on(reports, moment), fabricated_run()[0]), clock)


async def next_of(updates: AsyncIterator[Update]) -> Update:
    return await anext(updates)


def test_a_page_gets_everything_at_first_and_then_only_what_has_changed(tmp_path: Path) -> None:
    following = following_at(tmp_path, 60.0)
    entries = fabricated_run()[1]

    async def scenario() -> None:
        following.look()
        updates = following.updates(0)
        first = await next_of(updates)
        assert set(first.parts) == set(PARTS)
        assert [one.what for one in first.told][:2] == ["run", "phase"]
        fresh = [entry for entry in entries if 60.0 < entry.at - BEGAN_AT <= 62.0]
        write_journal(following.tail.folder, fresh, mode="ab")
        following.look()
        following.wake()
        second = await next_of(updates)
        assert "phases" in second.parts
        assert "state" not in second.parts
        assert [one.words for one in second.told][:1] == ["health gave the signal"]

    run_virtual(scenario)


def test_a_page_that_comes_back_is_told_only_what_it_has_missed(tmp_path: Path) -> None:
    following = following_at(tmp_path, 60.0)

    async def scenario() -> None:
        following.look()
        last = following.tail.told[-2].seq
        update = await next_of(following.updates(last))
        assert [one.seq for one in update.told] == [following.tail.told[-1].seq]
        assert set(update.parts) == set(PARTS)

    run_virtual(scenario)


def test_a_page_that_hears_nothing_is_sent_a_sign_of_life(tmp_path: Path) -> None:
    following = following_at(tmp_path, 60.0)

    async def scenario() -> Any:
        from drillrunner.clock import virtual_clock

        following.look()
        clock, updates = virtual_clock(), following.updates(0)
        await next_of(updates)
        before = clock.monotonic()
        update = await next_of(updates)
        assert clock.monotonic() - before == HEARTBEAT_REAL_SECONDS
        assert (update.parts, update.told) == ({}, ())

    run_virtual(scenario)


def test_a_run_that_has_ended_ends_the_stream(tmp_path: Path) -> None:
    following = following_at(tmp_path, ENDED_AT)

    async def scenario() -> None:
        following.look()
        updates = [update async for update in following.updates(0)]
        assert [update.over for update in updates] == [True]
        assert "ended: completed" in updates[0].parts["state"]

    run_virtual(scenario)


def test_a_run_without_a_process_is_over_at_the_second_look_at_its_lock(tmp_path: Path) -> None:
    following = following_at(tmp_path, 60.0)
    following.look()
    assert not following.alive
    assert not following.seen.over
    for _ in range(4):
        following.look()
    assert following.seen.over


def test_a_server_that_ends_does_not_say_that_the_run_is_over(tmp_path: Path) -> None:
    following = following_at(tmp_path, 60.0)

    async def scenario() -> None:
        following.look()
        following.close()
        assert [update.over async for update in following.updates(0)] == [False]

    run_virtual(scenario)
