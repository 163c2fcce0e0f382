"""The PostgreSQL fault, step and probes against a real primary and its standby."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import anyio
import jmespath
import pytest

from drillrunner.calls.dns import DnsResolver
from drillrunner.calls.http import SocketHttpClient
from drillrunner.calls.sql import SqlCaller
from drillrunner.clock import Clock
from drillrunner.errors import CallFailed, FaultInEffect, Refused
from drillrunner.lab.databases.postgres.pair import PostgresPair
from drillrunner.model.call import Call, Change, SqlCall
from drillrunner.model.environment import Database, Environment
from drillrunner.model.noun import JsonValue
from drillrunner.ports import Caller, LedgerProbe, Outside
from drillrunner.registry import find
from drillrunner.services.postgres import Lag, LagParams, Ledger, LedgerParams

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def outside(databases: dict[str, Database]) -> AsyncIterator[Outside]:
    clock = Clock()
    environment = Environment(name="test", kind="lab", regions=("us-east-1",), databases=databases)
    http = SocketHttpClient(clock)
    async with SqlCaller(databases, clock) as caller:
        resolver = DnsResolver(clock, "127.0.0.1:9")
        yield Outside("Run-7F3A", environment, clock, cast(Caller, caller), http, resolver, random.Random(1))


async def ask(world: Outside, database: str, statement: str) -> JsonValue:
    return cast(
        JsonValue, jmespath.search("rows[0][0]", await world.read(SqlCall(database=database, statement=statement)))
    )


async def perform(world: Outside, calls: Sequence[Call]) -> None:
    """As the executor would: the call, then its read-back until it holds."""
    for call in calls:
        await world.read(call)
        assert call.read_back is not None
        with anyio.fail_after(call.read_back.within_seconds):
            while (
                jmespath.search(call.read_back.path, await world.read(call.read_back.read)) != call.read_back.expected
            ):
                await world.clock.sleep(0.05)


async def capture(world: Outside, role: str, name: str, database: str) -> Change:
    kind = find("fault" if role == "fault" else "step", name)
    assert kind is not None
    assert kind.capture is not None
    (change,) = await kind.capture(kind.params.model_validate({"database": database}), world)
    return change


async def test_paused_replay_holds_the_standby_back_until_it_is_resumed(
    databases: dict[str, Database],
) -> None:
    async with outside(databases) as world:
        await ask(world, "east", "CREATE TABLE seen (n bigint)")
        change = await capture(world, "fault", "postgres.pause_replay", "west")
        await perform(world, change.apply)
        await ask(world, "east", "INSERT INTO seen VALUES (1)")
        await world.clock.sleep(0.3)
        assert await ask(world, "west", "SELECT pg_get_wal_replay_pause_state()") == "paused"
        assert await ask(world, "west", "SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()") is True
        with pytest.raises(FaultInEffect):
            await capture(world, "fault", "postgres.pause_replay", "west")
        await perform(world, change.revert)
        await perform(world, change.revert)
        with anyio.fail_after(5):
            while await ask(world, "west", "SELECT count(*) FROM seen") != 1:
                await world.clock.sleep(0.02)
        await ask(world, "east", "DROP TABLE seen")


async def test_a_pause_ended_by_a_promotion_is_still_reverted(fresh_databases: dict[str, Database]) -> None:
    async with outside(fresh_databases) as world:
        pause = await capture(world, "fault", "postgres.pause_replay", "west")
        promote = await capture(world, "step", "postgres.promote", "west")
        await perform(world, pause.apply)
        await perform(world, promote.apply)
        await perform(world, pause.revert)
        assert await ask(world, "west", "SELECT pg_is_in_recovery()") is False
        with pytest.raises(Refused, match="primary already"):
            await capture(world, "step", "postgres.promote", "west")
    assert promote.irreversible
    assert promote.revert == ()


async def test_replay_of_a_primary_cannot_be_paused(databases: dict[str, Database]) -> None:
    async with outside(databases) as world:
        with pytest.raises(Refused, match="on a standby"):
            await capture(world, "fault", "postgres.pause_replay", "east")


async def test_a_ledger_counts_what_the_promotion_lost_and_leaves_no_table(
    pair: PostgresPair, fresh_databases: dict[str, Database]
) -> None:
    params = LedgerParams(write_database="east", after_failover_database="west", read_database="west")
    ledger: LedgerProbe = Ledger(params)
    async with outside(fresh_databases) as world:
        extent = ledger.extent(world, 1, 25)
        await perform(world, extent.apply)
        before = [(await ledger.poll(world, seq, 2.0)).ok for seq in range(1, 11)]
        await caught_up(world)
        await perform(world, (await capture(world, "fault", "postgres.pause_replay", "west")).apply)
        await asyncio.to_thread(pair.stop_side, "b")  # from here on the standby receives nothing more
        doomed = [(await ledger.poll(world, seq, 2.0)).ok for seq in range(11, 16)]
        await asyncio.to_thread(pair.crash, "a")
        await asyncio.to_thread(pair.start_side, "b")
        outage = [await ledger.poll(world, seq, 2.0) for seq in (16, 17, 18)]
        await perform(world, (await capture(world, "step", "postgres.promote", "west")).apply)
        after = [await ledger.poll(world, seq, 2.0) for seq in (19, 20, 21)]
        survivors = await ledger.survivors(world, 1, 21)
        await asyncio.to_thread(pair.start_side, "a")
        await perform(world, extent.revert)
        for database in ("east", "west"):
            assert await ask(world, database, "SELECT to_regclass('drillrunner_ledger_run_7f3a')") is None
    assert before == [True] * 10
    assert doomed == [True] * 5
    assert [(answer.ok, answer.why) for answer in outage] == [
        (False, "connect failed"),
        (False, "sql 25006"),
        (False, "connect failed"),
    ]
    assert [answer.region for answer in after] == ["west"] * 3
    assert survivors.present == (*range(1, 11), 19, 20, 21)
    assert (survivors.duplicated, survivors.overwritten, survivors.reordered) == ((), (), 0)


async def caught_up(world: Outside) -> None:
    written = await ask(world, "east", "SELECT pg_current_wal_insert_lsn()")
    with anyio.fail_after(5):
        while not await ask(world, "west", f"SELECT pg_last_wal_replay_lsn() >= '{written}'"):
            await world.clock.sleep(0.02)


async def test_two_ledgers_of_one_run_share_a_table_and_not_their_records(databases: dict[str, Database]) -> None:
    params = LedgerParams(write_database="east", read_database="east")
    one, other = Ledger(params), Ledger(params)
    async with outside(databases) as world:
        for ledger in (one, other):
            await perform(world, ledger.extent(world, 1, 25).apply)
        await one.poll(world, 1, 2.0)
        await other.poll(world, 1, 2.0)
        await other.poll(world, 1, 2.0)
        assert (await one.survivors(world, 1, 25)).duplicated == ()
        assert (await other.survivors(world, 1, 25)).duplicated == (1,)
        for ledger in (other, one):
            await perform(world, ledger.extent(world, 1, 25).revert)
        with pytest.raises(CallFailed) as gone:
            await one.survivors(world, 1, 25)
    assert gone.value.code == "42P01"


async def test_lag_is_small_while_the_standby_follows_and_grows_while_its_replay_is_paused(
    databases: dict[str, Database],
) -> None:
    probe = Lag(LagParams.model_validate({"from": "east", "to": "west"}))
    async with outside(databases) as world:
        await ask(world, "east", "CREATE TABLE beat (n bigint)")
        await caught_up(world)
        following = await probe.poll(world, 1, 2.0)
        change = await capture(world, "fault", "postgres.pause_replay", "west")
        await perform(world, change.apply)
        paused_at = world.clock.monotonic()
        idle = await probe.poll(world, 2, 2.0)
        await ask(world, "east", "INSERT INTO beat VALUES (1)")
        wrote_at = world.clock.monotonic()
        await world.clock.sleep(0.5)
        behind = await probe.poll(world, 3, 2.0)
        now = world.clock.monotonic()
        await perform(world, change.revert)
        await caught_up(world)
        again = await probe.poll(world, 4, 2.0)
        for seq in range(5, 15):
            await probe.poll(world, seq, 2.0)
        ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'drillrunner'"
        connections = await ask(world, "west", ours)
        await ask(world, "east", "DROP TABLE beat")
        swapped = await Lag(LagParams.model_validate({"from": "west", "to": "east"})).poll(world, 1, 2.0)
    assert connections == 2  # the probe's, and the one that counts
    assert following.value is not None
    assert following.value < 0.3
    assert idle.value is not None
    assert behind.value is not None
    assert now - wrote_at <= behind.value + 0.05 <= now - paused_at + 0.4
    assert again.value is not None
    assert again.value < 0.3
    assert (swapped.ok, swapped.why) == (False, "not a primary")
