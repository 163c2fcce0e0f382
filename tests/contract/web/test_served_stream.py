"""A run as it goes on, over server-sent events."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from aiohttp import ClientResponse

from drillrunner.clock import Clock
from drillrunner.errors import InvalidInput
from drillrunner.files.run_folder import RunFolder
from drillrunner.web.answers import FOLLOWINGS
from drillrunner.web.following import STREAMS_MOST, Followings
from fabricated_run import BEGAN_AT, fabricated_run
from served_pages import Served, served
from served_runs import GOING_ON, OVER, over, write_journal

pytestmark = pytest.mark.anyio

Event = tuple[str, int | None, Any]


async def next_event(stream: ClientResponse) -> Event:
    """The next event with data: its name, its id and its data."""
    name, number = "", None
    with anyio.fail_after(20):
        while True:
            line = (await stream.content.readline()).decode().rstrip("\n")
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "id":
                number = int(value)
            elif field == "data":
                return name, number, json.loads(value)


async def opened(pages: Served, after: int | None = None, run: str = GOING_ON) -> ClientResponse:
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    stream = await pages.client.get(f"/runs/{run}/events", headers=headers)
    assert stream.status == 200
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    return stream


async def events_until(stream: ClientResponse, name: str) -> list[Event]:
    found: list[Event] = []
    while not found or found[-1][0] != name:
        found.append(await next_event(stream))
    return found


async def test_a_page_is_told_everything_then_what_is_new(tmp_path: Path, going: RunFolder) -> None:
    entries = fabricated_run()[1]
    async with served(tmp_path) as pages:
        stream = await opened(pages)
        first = await events_until(stream, "parts")
        assert first[0][2]["words"] == "regional-outage on lab at 10×, run 7f3a"
        assert "INJECTED (2)" in first[-1][2]["injected"]
        more = [entry for entry in entries if 100.0 < entry.at - BEGAN_AT <= 172.0]
        write_journal(going, more, mode="ab")
        later = await events_until(stream, "parts")
        assert [event[2]["what"] for event in later[:-1]] == ["recover", "ledger", "phase"]
        stream.close()


async def test_a_burst_of_pages_is_counted_before_any_of_them_has_read_the_plan(tmp_path: Path) -> None:
    followings = Followings(Clock())

    async def one_page() -> None:
        with pytest.raises(InvalidInput, match="no plan"):
            async with followings.of(RunFolder(tmp_path / GOING_ON)):
                pytest.fail("there is nothing to follow")

    async with anyio.create_task_group() as pages:
        for _ in range(STREAMS_MOST):
            assert not followings.is_full
            pages.start_soon(one_page)
        await anyio.lowlevel.checkpoint()
        assert followings.is_full
    assert not followings.is_full


async def test_a_page_that_comes_back_is_told_what_it_has_missed(tmp_path: Path, going: RunFolder) -> None:
    async with served(tmp_path) as pages:
        whole = await events_until(await opened(pages), "parts")
        ids = [event[1] for event in whole if event[0] == "told"]
        again = await events_until(await opened(pages, after=ids[-3]), "parts")
        assert [event[1] for event in again if event[0] == "told"] == ids[-2:]
        assert set(again[-1][2]) == set(whole[-1][2])


async def test_a_run_that_is_over_ends_the_stream(tmp_path: Path) -> None:
    over(tmp_path / "reports")
    async with served(tmp_path) as pages:
        stream = await opened(pages, run=OVER)
        assert (await events_until(stream, "over"))[-1][2] == {}
        assert (await stream.content.read()).strip() == b""


async def test_pages_share_one_reading_of_a_run_and_leave_nothing_behind(tmp_path: Path, going: RunFolder) -> None:
    followings = Followings(Clock())
    async with followings.of(going) as first:
        async with followings.of(going) as second:
            assert first is second
        assert len(followings._running) == 1
    assert not followings._running
    assert not followings.is_full


async def test_more_pages_than_can_be_served_are_told_so(tmp_path: Path, going: RunFolder) -> None:
    async with served(tmp_path) as pages, AsyncExitStack() as opened_pages:
        app = pages.client.app
        assert app is not None
        for _ in range(STREAMS_MOST):
            await opened_pages.enter_async_context(app[FOLLOWINGS].of(going))
        answer = await pages.get(f"/runs/{GOING_ON}/events")
        assert answer.status == 503
        assert "Too many pages are open" in await answer.text()


async def test_ending_the_server_ends_open_streams_at_once(tmp_path: Path, going: RunFolder) -> None:
    async with served(tmp_path) as pages:
        stream = await opened(pages)
        await events_until(stream, "parts")
        with anyio.fail_after(5):
            await pages.client.server.close()
