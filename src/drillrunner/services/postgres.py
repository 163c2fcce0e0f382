"""PostgreSQL with a streaming standby: hold its replay back, promote it, and count what a promotion loses.

Statements and functions follow the PostgreSQL manual, section 9.27.4 (recovery control), for version 14 and later.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field, JsonValue

from drillrunner.errors import CallFailed, FaultInEffect, Refused
from drillrunner.model.call import Call, Change, ReadBack, SqlCall
from drillrunner.model.reading import Answer, Survivors
from drillrunner.ports import Outside
from drillrunner.registry import Params, fault, probe, step

_FIRST_CELL = "rows[0][0]"
_REPLAY_STATE = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() END"
_PAUSE = "SELECT pg_wal_replay_pause()"
# Without the WHERE, a standby that was promoted meanwhile would answer with an error for ever.
_RESUME = "SELECT pg_wal_replay_resume() WHERE pg_is_in_recovery()"
_HELD_BACK = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END"
_IN_RECOVERY = "SELECT pg_is_in_recovery()"
_PROMOTE = "SELECT pg_promote(true, 60)"


async def _first_cell(outside: Outside, database: str, statement: str) -> JsonValue:
    return _cell(await outside.read(SqlCall(database=database, statement=statement)))


def _rows(answer: JsonValue) -> list[list[JsonValue]]:
    rows = answer.get("rows") if isinstance(answer, dict) else None
    return [row for row in rows if isinstance(row, list)] if isinstance(rows, list) else []


def _cell(answer: JsonValue, column: int = 0) -> JsonValue:
    rows = _rows(answer)
    return rows[0][column] if rows else None


def _failure(error: CallFailed) -> Answer:
    """A failed poll: `timeout`, `connect failed`, `sql 25006`; what could not be asked at all proves nothing."""
    if error.code == "Unsupported":
        return Answer(ok=None, why=error.message)
    if error.code == "Timeout":
        return Answer(ok=False, why="timeout")
    # a server that goes down may say so (08..., 57P0...) or may not, and it is the same failure
    gone = error.code.startswith(("ConnectionFailed", "08", "57P0"))
    return Answer(ok=False, why="connect failed" if gone else f"sql {error.code}")


class PauseReplayParams(Params):
    """Parameters of `postgres.pause_replay`."""

    database: str = Field(description="The standby, by its name in the environment's databases.")


@fault("postgres.pause_replay", params=PauseReplayParams)
async def pause_replay(params: PauseReplayParams, outside: Outside) -> Sequence[Change]:
    """Hold a standby's replay back, so that it falls behind its primary.

    WAL still arrives and is kept; reads on the standby grow stale, and nothing is lost by the fault
    itself. A promotion ends the pause. `replay_lag` of pg_stat_replication stays small meanwhile.
    Needs EXECUTE on pg_wal_replay_pause() and pg_wal_replay_resume().
    """
    database = params.database
    state = await _first_cell(outside, database, _REPLAY_STATE)
    if state is None:
        raise Refused(
            "replay can only be paused on a standby, and this database is a primary",
            where=f"database {database}",
            advice="name the standby; if it was promoted by an earlier drill, rebuild it first",
        )
    if state != "not paused":
        raise FaultInEffect(
            f"replay is already paused ({state})",
            where=f"database {database}",
            advice="find out who paused it; SELECT pg_wal_replay_resume() lets it go on",
        )
    return [
        Change(
            target=f"postgres {database} replay",
            prior={"replay": state},
            apply=(SqlCall(database=database, statement=_PAUSE, read_back=_sees(database, _REPLAY_STATE, "paused")),),
            revert=(SqlCall(database=database, statement=_RESUME, read_back=_sees(database, _HELD_BACK, False)),),
        )
    ]


def _sees(database: str, statement: str, expected: JsonValue, within_seconds: float = 30.0) -> ReadBack:
    read = SqlCall(database=database, statement=statement)
    return ReadBack(read=read, path=_FIRST_CELL, expected=expected, within_seconds=within_seconds)


class PromoteParams(Params):
    """Parameters of `postgres.promote`."""

    database: str = Field(description="The standby, by its name in the environment's databases.")


@step("postgres.promote", params=PromoteParams, irreversible=True)
async def promote(params: PromoteParams, outside: Outside) -> Sequence[Change]:
    """Promote a standby to primary. Irreversible: the old primary must be rebuilt as its standby.

    What the primary had acknowledged and the standby had not received is lost.
    Needs EXECUTE on pg_promote().
    """
    database = params.database
    if await _first_cell(outside, database, _IN_RECOVERY) is not True:
        raise Refused(
            "this database is a primary already, so there is nothing to promote",
            where=f"database {database}",
            advice="rebuild it as a standby (pg_rewind or pg_basebackup; in the lab: drill lab down, drill lab up)",
        )
    call = SqlCall(
        database=database,
        statement=_PROMOTE,
        read_back=_sees(database, _IN_RECOVERY, False, within_seconds=60.0),
        skip_if_held=True,
    )
    note = "the old primary must not take writes any more, and is rebuilt as a standby by pg_rewind or pg_basebackup"
    return [
        Change(
            target=f"postgres {database} role", prior={"role": "standby"}, apply=(call,), irreversible=True, note=note
        )
    ]


class LedgerParams(Params):
    """Parameters of `postgres.ledger`."""

    write_database: str = Field(description="Where records are written: the primary, by its name in the environment.")
    after_failover_database: str | None = Field(
        default=None,
        description="Where the next record goes when one could not be written; and back again when that fails too, "
        "as a client does that has a list of hosts.",
    )
    read_database: str = Field(description="Where users read after the failover: the standby that gets promoted.")


class Ledger:
    """Write one numbered record per poll, and read back which survived.

    The value is the latency of the write in milliseconds (drill time), the region the name of the
    database that took it. A failure's reason is `timeout`, `connect failed` or `sql SQLSTATE`.
    """

    def __init__(self, params: LedgerParams) -> None:
        self._params = params
        self._writer = params.write_database
        self._tag: str | None = None
        self._acknowledged: dict[int, int] = {}

    def calls(self) -> Sequence[Call]:
        writers = dict.fromkeys((self._params.write_database, self._params.after_failover_database))
        writes = [_insert(writer, ledger_table("RUN"), 1, "TAG") for writer in writers if writer]
        return [*writes, _select(self._params.read_database, ledger_table("RUN"), "TAG", 1, 1)]

    async def poll(self, outside: Outside, seq: int, timeout_seconds: float) -> Answer:
        writer = self._writer
        began = outside.clock.monotonic()
        acknowledged = False
        call = _insert(writer, ledger_table(outside.run_id), seq, self._tag_of(outside))
        try:
            await outside.ask(call, timeout_seconds=timeout_seconds)
            acknowledged = True
        except CallFailed as error:
            return _failure(error)
        finally:  # also when the poll is cut from outside
            if not acknowledged:
                self._turn_away_from(writer)
        self._acknowledged[seq] = len(self._acknowledged)
        return Answer(ok=True, value=(outside.clock.monotonic() - began) * 1000, region=writer)

    def extent(self, outside: Outside, first: int, last: int) -> Change:
        """The first extent makes the table, and its revert drops it with all the records of the later ones."""
        table = ledger_table(outside.run_id)
        target = f"postgres {self._params.write_database} {table}"
        if first > 1:
            return Change(target=target, note=f"records {first} to {last} go when the first extent's table is dropped")
        return Change(
            target=target,
            prior={"table": None},
            apply=(_create(self._params.write_database, table),),
            revert=tuple(_drop(database, table) for database in self._databases()),
        )

    async def survivors(self, outside: Outside, first: int, last: int) -> Survivors:
        table = ledger_table(outside.run_id)
        call = _select(self._params.read_database, table, self._tag_of(outside), first, last)
        found = [int(str(row[0])) for row in _rows(await outside.read(call))]
        times = Counter(found)
        return Survivors(
            present=tuple(sorted(times)),
            duplicated=tuple(sorted(number for number, count in times.items() if count > 1)),
            reordered=count_reordered([self._acknowledged[number] for number in found if number in self._acknowledged]),
        )

    def _turn_away_from(self, writer: str) -> None:
        other = self._params.after_failover_database
        if other is not None:
            self._writer = other if writer == self._params.write_database else self._params.write_database

    def _databases(self) -> list[str]:
        """The first writer last: after a failover it may be gone, and must not keep the others from being cleaned."""
        named = (self._params.read_database, self._params.after_failover_database, self._params.write_database)
        return list(dict.fromkeys(database for database in named if database))

    def _tag_of(self, outside: Outside) -> str:
        """What tells this probe's records from another ledger's in the same table."""
        if self._tag is None:
            self._tag = f"{outside.random.getrandbits(32):08x}"
        return self._tag


@probe("postgres.ledger", params=LedgerParams, ledger=True)
def ledger(params: LedgerParams) -> Ledger:
    """Write numbered records to a primary, and count which of them survive on the standby that takes over.

    Makes the table drillrunner_ledger_RUN (RUN is the run's name) and drops it when the run is put
    back, on every one of its databases that is a primary then (a standby follows its primary).
    Needs CREATE on the schema.
    """
    return Ledger(params)


def ledger_table(run_id: str) -> str:
    """The ledger's table of a run: an SQL identifier that needs no quotes (at most 63 bytes)."""
    return "drillrunner_ledger_" + re.sub(r"[^a-z0-9]", "_", run_id.lower())[-40:]


def count_reordered(acknowledged: Sequence[int]) -> int:
    """How many records stand before one that was acknowledged earlier.

    Takes each record's place in the order of acknowledgement, in the order in which the records stand.
    """
    count = 0
    earliest_after: int | None = None
    for place in reversed(acknowledged):
        if earliest_after is not None and place > earliest_after:
            count += 1
        else:
            earliest_after = place
    return count


def _create(database: str, table: str) -> SqlCall:
    columns = (
        "id bigserial PRIMARY KEY, n bigint NOT NULL, probe text NOT NULL, "
        "at timestamptz NOT NULL DEFAULT clock_timestamp()"
    )
    there = f"SELECT to_regclass('{table}') IS NOT NULL"
    return SqlCall(
        database=database,
        statement=f"CREATE TABLE IF NOT EXISTS {table} ({columns})",
        read_back=_sees(database, there, True),
    )


def _drop(database: str, table: str) -> SqlCall:
    """Drops the table where it may be dropped; a standby loses it with its primary."""
    gone = f"SELECT pg_is_in_recovery() OR to_regclass('{table}') IS NULL"
    block = f"DO $$ BEGIN IF NOT pg_is_in_recovery() THEN DROP TABLE IF EXISTS {table}; END IF; END $$"
    return SqlCall(database=database, statement=block, read_back=_sees(database, gone, True))


def _insert(database: str, table: str, number: int, tag: str) -> SqlCall:
    statement = f"INSERT INTO {table} (n, probe) VALUES (%s, %s)"
    return SqlCall(database=database, statement=statement, params=(number, tag))


def _select(database: str, table: str, tag: str, first: int, last: int) -> SqlCall:
    statement = f"SELECT n FROM {table} WHERE probe = %s AND n BETWEEN %s AND %s ORDER BY id"
    return SqlCall(database=database, statement=statement, params=(tag, first, last))


class LagParams(Params):
    """Parameters of `postgres.lag`."""

    source: str = Field(alias="from", description="The primary, by its name in the environment's databases.")
    to: str = Field(description="The standby, by its name in the environment's databases.")


@dataclass(frozen=True, slots=True)
class _Position:
    """Everything that was written before the drill-clock moment `at` ends before WAL position `bytes`."""

    at: float
    bytes: int


class Lag:
    """How far a standby's replay is behind, as the age of the newest moment whose writes it has all replayed.

    Each poll notes the primary's WAL position, then asks the standby how far it has replayed; the
    value is the time since the newest noted position that is replayed, in seconds. So it is an upper
    bound (by at most the polling interval), needs one clock only, and is small on an idle primary,
    where `now() - pg_last_xact_replay_timestamp()` would grow; `replay_lag` would stay small while
    replay is paused. A failure's reason is `not a primary`, `not a standby`, or as the ledger's.
    """

    def __init__(self, params: LagParams) -> None:
        self._params = params
        self._positions: list[_Position] = []

    def calls(self) -> Sequence[Call]:
        return (_written(self._params.source), _replayed(self._params.to))

    async def poll(self, outside: Outside, seq: int, timeout_seconds: float) -> Answer:
        clock = outside.clock
        began = clock.monotonic()
        try:
            written = _cell(await outside.ask(_written(self._params.source), timeout_seconds=timeout_seconds))
            if written is None:
                return Answer(ok=False, why="not a primary")
            self._positions.append(_Position(began, parse_lsn(str(written))))
            left_seconds = timeout_seconds - (clock.monotonic() - began)
            replayed = _cell(await outside.ask(_replayed(self._params.to), timeout_seconds=left_seconds))
        except CallFailed as error:
            return _failure(error)
        if replayed is None:
            return Answer(ok=False, why="not a standby")
        return self._judge(parse_lsn(str(replayed)), clock.monotonic())

    def _judge(self, replayed: int, now: float) -> Answer:
        newest = max((position.at for position in self._positions if position.bytes <= replayed), default=None)
        if newest is None:
            return Answer(ok=None, why="behind since before the first poll")
        self._positions = [position for position in self._positions if position.at >= newest]
        return Answer(ok=True, value=now - newest)


@probe("postgres.lag", params=LagParams, estimates_rpo=True)
def lag(params: LagParams) -> Lag:
    """Measure how many seconds a standby's replay is behind its primary. Value: an upper bound in seconds.

    Compares WAL positions over time, writes nothing. Needs no more than CONNECT.
    """
    return Lag(params)


def parse_lsn(text: str) -> int:
    """The byte position in `16/B374D848`; one just past a page's header counts as the page's begin.

    A primary names the next record's begin and a standby the last record's end, which on a page's
    border differ by the header (24 bytes, or 40 on a segment's first page; xlog_internal.h).
    """
    high, low = text.split("/")
    position = (int(high, 16) << 32) + int(low, 16)
    return position - position % 8192 if position % 8192 in (24, 40) else position


def _written(database: str) -> SqlCall:
    """The insert position, not the write position: with synchronous_commit off a commit is acknowledged before."""
    statement = "SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn()::text END"
    return SqlCall(database=database, statement=statement)


def _replayed(database: str) -> SqlCall:
    statement = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text END"
    return SqlCall(database=database, statement=statement)
