"""Performs SqlCalls on the databases that the environment names, by psycopg (the extra `postgres`)."""

from __future__ import annotations

import ipaddress
import logging
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import anyio
from pydantic import JsonValue

from drillrunner.clock import Clock
from drillrunner.errors import CallFailed
from drillrunner.model.call import SqlCall
from drillrunner.model.environment import Database
from drillrunner.ports import DnsFailed, Resolver

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Error

    Connection = AsyncConnection[tuple[Any, ...]]

RETRY_PAUSE_REAL_SECONDS = 0.2
# How much longer, at least, the server may work on a statement than we wait for it: a backstop, so that a
# statement that nobody waits for any more does not stay for ever.
SERVER_GRACE_REAL_SECONDS = 1.0
# SQLSTATEs after which the statement may have run: the connection's end (class 08, 57P01 to 57P05:
# a commit that waits for a standby ends so after it was made) and 40003 statement_completion_unknown.
_UNKNOWN_STATES = ("08", "57P", "40003")
# libpq warns on stderr of a password file that is there and is not plain, as /dev/null is
_NO_FILE = os.path.join(os.devnull, "none")


@dataclass(slots=True)
class _Attempt:
    """One call under way. Once `sent`, nobody can say that the statement did not run."""

    call: SqlCall
    database: Database
    timeout_real_seconds: float
    sent: bool = False
    last_failure: CallFailed | None = None

    @property
    def server_seconds(self) -> int:
        """The server's own time-out: a power of two, so that slightly different time-outs share connections."""
        return int(2 ** math.ceil(math.log2(max(0.0, self.timeout_real_seconds) + SERVER_GRACE_REAL_SECONDS)))

    @property
    def pool(self) -> tuple[str, int]:
        """Connections of one database and one server's time-out are alike."""
        return self.call.database, self.server_seconds

    def failed(self, code: str, message: str, advice: str | None = None, unknown: bool | None = None) -> CallFailed:
        return CallFailed(
            message,
            code=code,
            unknown=self.sent if unknown is None else unknown,
            where=f"database {self.call.database} ({self.database.host}:{self.database.port})",
            advice=advice,
        )


class SqlCaller:
    """Performs SqlCalls. `resolver` resolves the databases' host names (None: the system does).

    With `retry` False (a probe's poll) an idle connection is used again, as an application's pool
    would; when it turns out to be broken the call fails, and the next one connects anew. With
    `retry` True each call connects anew and tries again, within its time-out, while nothing is sent.
    Passwords come from the variable that `password_env` names in `environ`, and from nowhere else.
    """

    def __init__(
        self,
        databases: Mapping[str, Database],
        clock: Clock,
        *,
        resolver: Resolver | None = None,
        port_map: Mapping[int, int] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._databases = databases
        self._clock = clock
        self._resolver = resolver
        self._port_map = dict(port_map or {})
        self._environ = environ
        self._idle: dict[tuple[str, int], list[Connection]] = {}

    async def __aenter__(self) -> SqlCaller:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the idle connections; a later call opens anew."""
        for name in self._databases:
            await self._drop_idle(name)

    async def call(self, call: SqlCall, *, timeout_seconds: float, retry: bool = True) -> JsonValue:
        """`{"rows": [[...], ...]}` within so many drill seconds; a statement without a result has no rows.

        Placeholders are `%s`; a statement without params may hold a bare `%`. Raises CallFailed with
        the SQLSTATE, `ConnectionFailed`, `Timeout` or `Unsupported` as its code (after retries the last
        failure's); `unknown` is false
        only when the statement certainly did not take effect.
        """
        attempt = _Attempt(call, self._database(call), self._clock.real(timeout_seconds))
        try:
            with anyio.fail_after(attempt.timeout_real_seconds):
                return await self._perform(attempt, retry)
        except TimeoutError as error:
            await self._drop_idle(call.database)
            raise attempt.last_failure or attempt.failed(
                "Timeout", f"no answer within {timeout_seconds:g} s"
            ) from error

    def _database(self, call: SqlCall) -> Database:
        if call.database not in self._databases:
            known = ", ".join(sorted(self._databases)) or "none"
            raise CallFailed(
                "the environment names no such database",
                code="Unsupported",
                unknown=False,
                where=f"database {call.database}",
                advice=f"add it to the environment's databases (it has: {known})",
            )
        return self._databases[call.database]

    async def _perform(self, attempt: _Attempt, retry: bool) -> JsonValue:
        while True:
            try:
                return await self._once(attempt, reuse=not retry)
            except CallFailed as error:
                if not retry or attempt.sent or not _may_pass(error):
                    raise
                attempt.last_failure = error
            await anyio.sleep(RETRY_PAUSE_REAL_SECONDS)

    async def _once(self, attempt: _Attempt, reuse: bool) -> JsonValue:
        connection = await self._idle_or_new(attempt, reuse)
        sound = False
        try:
            attempt.sent = True
            answer = await _execute(connection, attempt)
            sound = True
        except CallFailed as error:
            sound = not error.unknown and not connection.broken
            raise
        finally:  # closing awaits nothing, so that it also happens when the time is up
            if not sound:
                await self._drop_idle(attempt.call.database)
            if sound and reuse:
                self._idle.setdefault(attempt.pool, []).append(connection)
            else:
                await connection.close()
        return answer

    async def _idle_or_new(self, attempt: _Attempt, reuse: bool) -> Connection:
        idle = self._idle.get(attempt.pool)
        if reuse and idle:
            return idle.pop()
        return await _connect(attempt, await self._parameters(attempt))

    async def _parameters(self, attempt: _Attempt) -> dict[str, Any]:
        """Everything that would otherwise come from PGPASSWORD, PGHOSTADDR, PGOPTIONS or ~/.pgpass is given."""
        database = attempt.database
        return {
            "host": database.host,
            "hostaddr": await self._address(attempt),
            "port": self._port_map.get(database.port, database.port),
            "dbname": database.dbname,
            "user": database.user,
            "password": self._password(attempt),
            "passfile": _NO_FILE,
            "options": "",
            "target_session_attrs": "any",
            "application_name": "drillrunner",
        }

    async def _address(self, attempt: _Attempt) -> str:
        host = attempt.database.host
        if self._resolver is None or host.startswith("/") or _is_address(host):
            return ""
        budget_seconds = attempt.timeout_real_seconds * self._clock.scale
        try:
            return (await self._resolver.resolve(host, "A", timeout_seconds=budget_seconds)).values[0]
        except DnsFailed as error:
            raise attempt.failed("ConnectionFailed", error.why) from error

    def _password(self, attempt: _Attempt) -> str:
        variable = attempt.database.password_env
        if variable is None:
            return ""
        if variable not in self._environ:
            raise attempt.failed("Unsupported", f"{variable} is not set", f"export {variable} with its password")
        return self._environ[variable]

    async def _drop_idle(self, database: str) -> None:
        for pool in [pool for pool in self._idle if pool[0] == database]:
            for connection in self._idle.pop(pool):
                await connection.close()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _connect(attempt: _Attempt, parameters: dict[str, Any]) -> Connection:
    try:
        import psycopg
    except ImportError as error:
        advice = "pip install drillrunner[postgres]"
        raise attempt.failed("Unsupported", f"SQL needs psycopg: {error}", advice) from error
    # psycopg warns there of each statement that is cut off, which CallFailed says already
    logging.getLogger("psycopg").addHandler(_SILENT)
    try:
        connection = await psycopg.AsyncConnection.connect(
            "", autocommit=True, prepare_threshold=None, row_factory=psycopg.rows.tuple_row, **parameters
        )
    except (psycopg.Error, OSError) as error:
        raise attempt.failed("ConnectionFailed", str(error).strip()) from error
    try:
        await connection.execute(f"SET statement_timeout = '{attempt.server_seconds}s'")
    except BaseException as error:
        await connection.close()
        if isinstance(error, psycopg.Error):
            raise attempt.failed("ConnectionFailed", str(error).strip()) from error
        raise
    return connection


_SILENT = logging.NullHandler()
# What waiting does not mend. libpq tells no SQLSTATE of a refused connection; a server that speaks
# another language than English is asked again until the time-out, which does no harm.
_LASTING = ("authentication failed", "no pg_hba.conf entry", "does not exist", "no password supplied")


def _may_pass(error: CallFailed) -> bool:
    return error.code == "ConnectionFailed" and not any(text in error.message for text in _LASTING)


async def _execute(connection: Connection, attempt: _Attempt) -> JsonValue:
    import psycopg

    parameters = [_to_sql(value) for value in attempt.call.params] or None
    try:
        cursor = await connection.execute(attempt.call.statement.encode(), parameters)
        rows = await cursor.fetchall() if cursor.description else []
    except psycopg.Error as error:
        raise _statement_failed(attempt, error) from error
    return {"rows": [[_to_json(value) for value in row] for row in rows]}


def _statement_failed(attempt: _Attempt, error: Error) -> CallFailed:
    import psycopg

    if error.sqlstate is None and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return attempt.failed("ConnectionFailed", str(error).strip())
    if error.sqlstate is None:  # psycopg itself refused to send it: a placeholder too few, a value of no SQL type
        return attempt.failed("Unsupported", str(error).strip(), unknown=False)
    unknown = error.sqlstate.startswith(_UNKNOWN_STATES)
    return attempt.failed(error.sqlstate, str(error).strip(), unknown=unknown)


def _to_sql(value: JsonValue) -> object:
    if not isinstance(value, dict):
        return value
    from psycopg.types.json import Jsonb

    return Jsonb(value)


def _to_json(value: Any) -> JsonValue:
    """What a column held, as JSON: times as ISO 8601 text, intervals as seconds, bytes as UTF-8, the rest as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list | tuple):
        return [_to_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _to_json(item) for key, item in value.items()}
    return _scalar_to_json(value)


def _scalar_to_json(value: Any) -> JsonValue:
    match value:
        case float() if math.isfinite(value):
            return value
        case bytes():
            return value.decode("utf-8", "replace")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case _:
            return str(value)
