"""SqlCalls against a real PostgreSQL: what comes back, and what is said when nothing does."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import anyio
import pytest

from drillrunner.calls.sql import SqlCaller
from drillrunner.clock import Clock
from drillrunner.errors import CallFailed
from drillrunner.lab.databases.postgres.pair import PostgresPair
from drillrunner.model.call import SqlCall
from drillrunner.model.environment import Database
from drillrunner.model.noun import JsonValue
from drillrunner.ports import DnsAnswer, DnsFailed

pytestmark = pytest.mark.anyio


async def ask(caller: SqlCaller, statement: str, *params: JsonValue, database: str = "east") -> JsonValue:
    """One question, as a probe puts it."""
    call = SqlCall(database=database, statement=statement, params=params)
    answer = await caller.call(call, timeout_seconds=5.0, retry=False)
    assert isinstance(answer, dict)
    return answer["rows"]


async def failure(caller: SqlCaller, statement: str, timeout_seconds: float = 5.0, **options: bool) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        await caller.call(SqlCall(database="east", statement=statement), timeout_seconds=timeout_seconds, **options)
    return caught.value


async def until(caller: SqlCaller, statement: str, expected: JsonValue) -> None:
    for _ in range(200):
        if await ask(caller, statement) == expected:
            return
        await anyio.sleep(0.05)
    raise AssertionError(f"{statement} never answered {expected}")


class OneName:
    """A Resolver that knows `db.example.test`, as 127.0.0.1."""

    async def resolve(
        self, name: str, record_type: Literal["A", "AAAA", "CNAME", "TXT"] = "A", *, timeout_seconds: float
    ) -> DnsAnswer:
        if name != "db.example.test":
            raise DnsFailed("dns nxdomain")
        return DnsAnswer(("127.0.0.1",), 5.0)


class Wire:
    """A TCP relay to a server that can be frozen: connections stay up and nothing passes any more."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.connections = 0

    def freeze(self) -> None:
        self._flowing.clear()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            await asyncio.gather(self._relay(reader, far_writer), self._relay(far_reader, writer))
        except (ConnectionError, asyncio.CancelledError):
            pass  # an end is gone, or the test is over
        finally:
            writer.close()
            far_writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def wired(databases: dict[str, Database]) -> AsyncIterator[tuple[SqlCaller, Wire]]:
    wire = Wire(databases["east"].port)
    server = await asyncio.start_server(wire.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with SqlCaller({"east": Database(host="127.0.0.1", port=port)}, Clock()) as caller:
        yield caller, wire
    server.close()


async def test_every_kind_of_value_comes_back_as_json(databases: dict[str, Database]) -> None:
    statement = """SELECT 1, 2.5::float8, 'x', NULL, true, 1.10::numeric, '\\xc3a4'::bytea,
        '2026-01-02 03:04:05Z'::timestamptz, '90 s'::interval, ARRAY[1, 2], '{"a": [1]}'::jsonb,
        'NaN'::float8, '16/B374D848'::pg_lsn"""
    async with SqlCaller(databases, Clock()) as caller:
        await ask(caller, "SET timezone = 'UTC'")
        rows = await ask(caller, statement)
    first = [1, 2.5, "x", None, True, "1.10", "ä", "2026-01-02T03:04:05+00:00"]
    assert rows == [[*first, 90.0, [1, 2], {"a": [1]}, "nan", "16/B374D848"]]


async def test_parameters_are_bound_and_a_statement_without_result_has_no_rows(
    databases: dict[str, Database],
) -> None:
    async with SqlCaller(databases, Clock()) as caller:
        assert await ask(caller, "CREATE TABLE kept (n bigint, said text, data jsonb)") == []
        said = "'); DROP TABLE kept; --"
        assert await ask(caller, "INSERT INTO kept VALUES (%s, %s, %s)", 1, said, {"a": 1}) == []
        assert await ask(caller, "SELECT * FROM kept") == [[1, said, {"a": 1}]]
        assert await ask(caller, "SELECT 'a' LIKE '%'") == [[True]]


async def test_a_refusal_has_its_sqlstate_and_certainly_changed_nothing(databases: dict[str, Database]) -> None:
    async with SqlCaller(databases, Clock()) as caller:
        missing = await failure(caller, "SELECT * FROM nowhere", retry=False)
        with pytest.raises(CallFailed) as standby:
            await ask(caller, "CREATE TABLE t ()", database="west")
        unfilled = await failure(caller, "SELECT %s, %s")
    assert (missing.code, missing.unknown) == ("42P01", False)
    assert (standby.value.code, standby.value.unknown) == ("25006", False)
    assert (unfilled.code, unfilled.unknown) == ("42601", False)


async def test_polls_share_a_connection_until_it_breaks_and_the_poll_that_breaks_it_fails(
    pair: PostgresPair, fresh_databases: dict[str, Database]
) -> None:
    async with SqlCaller(fresh_databases, Clock()) as caller:
        first = await ask(caller, "SELECT pg_backend_pid()")
        assert await ask(caller, "SELECT pg_backend_pid()") == first
        await asyncio.to_thread(pair.crash, "a")
        broken = await failure(caller, "SELECT 1", retry=False)
        refused = await failure(caller, "SELECT 1", retry=False)
        await asyncio.to_thread(pair.start_side, "a")
        assert await ask(caller, "SELECT 1") == [[1]]
    assert broken.code in {"ConnectionFailed", "57P01"}  # a dying server may or may not get to say so
    assert broken.unknown
    assert (refused.code, refused.unknown) == ("ConnectionFailed", False)


async def test_a_call_that_may_be_retried_waits_for_a_database_that_comes_back(
    pair: PostgresPair, fresh_databases: dict[str, Database]
) -> None:
    await asyncio.to_thread(pair.stop_side, "a")
    async with SqlCaller(fresh_databases, Clock()) as caller, anyio.create_task_group() as tasks:
        tasks.start_soon(asyncio.to_thread, pair.start_side, "a")
        answer = await caller.call(SqlCall(database="east", statement="SELECT 1"), timeout_seconds=20)
    assert answer == {"rows": [[1]]}


async def test_nothing_is_retried_past_the_time_out(databases: dict[str, Database]) -> None:
    clock = Clock()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = {"east": Database(host="127.0.0.1", port=unused.getsockname()[1])}
        async with SqlCaller(nowhere, clock) as caller:
            began = clock.monotonic()
            failed = await failure(caller, "SELECT 1", timeout_seconds=0.5)
            assert 0.5 <= clock.monotonic() - began < 2.0
    assert (failed.code, failed.unknown) == ("ConnectionFailed", False)
    assert "refused" in failed.message


async def test_a_server_that_accepts_and_says_nothing_is_cut_at_the_time_out_with_nothing_sent() -> None:
    clock = Clock(scale=10.0)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        silent = {"east": Database(host="127.0.0.1", port=listener.getsockname()[1])}
        async with SqlCaller(silent, clock) as caller:
            began = clock.monotonic()
            failed = await failure(caller, "SELECT 1", timeout_seconds=4.0, retry=False)
            assert 4.0 <= clock.monotonic() - began < 14.0
            before = len(os.listdir("/dev/fd"))
            for _ in range(5):
                await failure(caller, "SELECT 1", timeout_seconds=0.5, retry=False)
            gc.collect()  # pytest.raises holds what it caught in a cycle
            assert len(os.listdir("/dev/fd")) <= before + 1
    assert (failed.code, failed.unknown) == ("Timeout", False)


async def test_a_database_that_does_not_exist_is_not_waited_for(databases: dict[str, Database]) -> None:
    clock = Clock()
    absent = {"east": databases["east"].model_copy(update={"dbname": "absent"})}
    async with SqlCaller(absent, clock) as caller:
        began = clock.monotonic()
        failed = await failure(caller, "SELECT 1", timeout_seconds=20.0)
        assert clock.monotonic() - began < 5.0
    assert (failed.code, failed.unknown) == ("ConnectionFailed", False)


async def test_a_statement_is_cut_at_the_time_out_and_the_server_ends_it_soon_after(
    databases: dict[str, Database],
) -> None:
    clock = Clock()
    async with SqlCaller(databases, clock) as caller:
        began = clock.monotonic()
        failed = await failure(caller, "SELECT pg_sleep(30)", timeout_seconds=0.3, retry=False)
        assert 0.3 <= clock.monotonic() - began < 1.0
        sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
        await until(caller, sleeping, [[0]])
    assert (failed.code, failed.unknown) == ("Timeout", True)


async def test_a_connection_on_which_nothing_passes_any_more_is_cut_at_the_time_out_and_left(
    databases: dict[str, Database], capfd: pytest.CaptureFixture[str]
) -> None:
    clock = Clock()
    async with wired(databases) as (caller, wire):
        call = SqlCall(database="east", statement="SELECT 1")
        assert await caller.call(call, timeout_seconds=0.4, retry=False) == {"rows": [[1]]}
        wire.freeze()
        began = clock.monotonic()
        frozen = await failure(caller, "SELECT 2", timeout_seconds=0.4, retry=False)
        assert 0.4 <= clock.monotonic() - began < 1.4
    assert (frozen.code, frozen.unknown, wire.connections) == ("Timeout", True, 1)
    assert capfd.readouterr().err == ""


async def test_two_polls_at_once_do_not_wait_for_each_other(databases: dict[str, Database]) -> None:
    async with SqlCaller(databases, Clock()) as caller:
        slow = asyncio.ensure_future(ask(caller, "SELECT pg_sleep(0.5)"))
        await ask(caller, "SELECT 1")
        assert not slow.done()
        assert await slow == [[""]]


async def test_a_host_name_is_resolved_by_the_environments_resolver_and_its_port_mapped(
    databases: dict[str, Database],
) -> None:
    port = databases["east"].port
    named = {"east": Database(host="db.example.test"), "gone": Database(host="gone.example.test")}
    async with SqlCaller(named, Clock(), resolver=OneName(), port_map={5432: port}) as caller:
        assert await ask(caller, "SELECT inet_server_port()") == [[port]]
        with pytest.raises(CallFailed, match="dns nxdomain") as caught:
            await ask(caller, "SELECT 1", database="gone")
    assert (caught.value.code, caught.value.unknown) == ("ConnectionFailed", False)


async def test_the_password_comes_from_the_variable_that_is_named_and_from_nowhere_else(
    fresh_databases: dict[str, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "secret")
    async with SqlCaller(fresh_databases, Clock()) as trusted:
        await ask(trusted, "CREATE ROLE probe LOGIN PASSWORD 'secret'")
        rules = "('host all postgres 127.0.0.0/8 trust'), ('host all probe 127.0.0.0/8 scram-sha-256')"
        file = await ask(trusted, "SHOW hba_file")
        assert isinstance(file, list)
        assert isinstance(file[0], list)
        await ask(trusted, f"COPY (VALUES {rules}) TO '{file[0][0]}'")
        await ask(trusted, "SELECT pg_reload_conf()")
        await until(trusted, "SELECT count(*) FROM pg_hba_file_rules", [[2]])
    unnamed = fresh_databases["east"].model_copy(update={"user": "probe"})
    named = {"east": unnamed.model_copy(update={"password_env": "ORDERS_PASSWORD"})}
    async with SqlCaller({"east": unnamed}, Clock()) as without:
        assert (await failure(without, "SELECT 1", retry=False)).code == "ConnectionFailed"
    async with SqlCaller(named, Clock(), environ={"ORDERS_PASSWORD": "secret"}) as with_password:
        assert await ask(with_password, "SELECT current_user") == [["probe"]]
    async with SqlCaller(named, Clock(), environ={}) as unset:
        missing = await failure(unset, "SELECT 1")
    assert (missing.code, missing.unknown) == ("Unsupported", False)
    assert missing.advice == "export ORDERS_PASSWORD with its password"


async def test_a_database_that_the_environment_does_not_name_is_unsupported() -> None:
    async with SqlCaller({"west": Database(host="127.0.0.1")}, Clock()) as caller:
        unknown = await failure(caller, "SELECT 1")
    assert (unknown.code, unknown.unknown) == ("Unsupported", False)
    assert unknown.advice == "add it to the environment's databases (it has: west)"
