"""The PostgreSQL service on scripted answers: what it captures, and how its probes read what comes back."""

from __future__ import annotations

import anyio
import pytest

from drillrunner.clock import run_virtual
from drillrunner.errors import FaultInEffect, Refused
from drillrunner.model.call import Call, Change, SqlCall
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer, Survivors
from drillrunner.registry import find
from drillrunner.services.postgres import (
    Lag,
    LagParams,
    Ledger,
    LedgerParams,
    PauseReplayParams,
    PromoteParams,
    count_reordered,
    ledger_table,
    parse_lsn,
    pause_replay,
    promote,
)
from fake_outside import FakeCaller, fake_outside, refusal


def cell(value: JsonValue) -> JsonValue:
    return {"rows": [[value]]}


def captured(script: JsonValue) -> Change:
    async def main() -> Change:
        outside = fake_outside(FakeCaller({"sql:west": script}))
        (change,) = await pause_replay(PauseReplayParams(database="west"), outside)
        return change

    change: Change = run_virtual(main)
    return change


def test_pausing_records_what_was_there_and_how_to_let_it_go_on() -> None:
    change = captured(cell("not paused"))
    assert change.target == "postgres west replay"
    assert change.prior == {"replay": "not paused"}
    assert [call.statement for call in change.apply if isinstance(call, SqlCall)] == ["SELECT pg_wal_replay_pause()"]
    (revert,) = change.revert
    assert isinstance(revert, SqlCall)
    assert revert.statement == "SELECT pg_wal_replay_resume() WHERE pg_is_in_recovery()"
    assert revert.read_back is not None
    assert revert.read_back.expected is False


@pytest.mark.parametrize("state", ["paused", "pause requested"])
def test_a_pause_of_somebody_elses_is_refused(state: str) -> None:
    with pytest.raises(FaultInEffect, match="already paused"):
        captured(cell(state))


def test_pausing_a_primary_is_refused() -> None:
    with pytest.raises(Refused, match="is a primary"):
        captured(cell(None))


def test_a_promotion_is_irreversible_and_left_out_when_it_happened_already() -> None:
    async def main(in_recovery: bool) -> Change:
        outside = fake_outside(FakeCaller({"sql:west": cell(in_recovery)}))
        (change,) = await promote(PromoteParams(database="west"), outside)
        return change

    change: Change = run_virtual(main, True)
    assert (change.irreversible, change.revert, change.apply[0].skip_if_held) == (True, (), True)
    with pytest.raises(Refused) as caught:
        run_virtual(main, False)
    assert caught.value.advice is not None
    assert "drill lab down" in caught.value.advice


def params(**more: str) -> LedgerParams:
    return LedgerParams.model_validate({"write_database": "east", "read_database": "west", **more})


def test_writes_go_to_the_other_database_after_each_failure_and_stay_where_they_succeed() -> None:
    refusals = [refusal("ConnectionFailed"), refusal("25006"), refusal("Timeout", unknown=True), None, None]

    def answer(_: Call) -> JsonValue:
        failed = refusals.pop(0)
        if failed is not None:
            raise failed
        return {"rows": []}

    caller = FakeCaller({"sql:east": answer, "sql:west": answer})

    async def main() -> list[Answer]:
        ledger, outside = Ledger(params(after_failover_database="west")), fake_outside(caller)
        return [await ledger.poll(outside, seq, 2.0) for seq in range(1, 6)]

    answers: list[Answer] = run_virtual(main)
    assert [call.database for call in caller.calls if isinstance(call, SqlCall)] == [
        "east",
        "west",
        "east",
        "west",
        "west",
    ]
    assert [answer.why for answer in answers] == ["connect failed", "sql 25006", "timeout", None, None]
    assert [answer.region for answer in answers] == [None, None, None, "west", "west"]
    assert caller.retried == [False] * 5


def test_a_poll_that_is_cut_from_outside_also_turns_to_the_other_database() -> None:
    caller = FakeCaller({"sql:east": {"rows": []}, "sql:west": {"rows": []}}, seconds={"sql:east": 60.0})

    async def main() -> Answer:
        ledger, outside = Ledger(params(after_failover_database="west")), fake_outside(caller)
        with anyio.move_on_after(1.0):
            await ledger.poll(outside, 1, 120.0)
        return await ledger.poll(outside, 2, 2.0)

    answer: Answer = run_virtual(main)
    assert (answer.ok, answer.region) == (True, "west")


def test_without_another_database_every_write_goes_to_the_one() -> None:
    caller = FakeCaller({"sql:east": refusal("ConnectionFailed")})

    async def main() -> None:
        ledger, outside = Ledger(params()), fake_outside(caller)
        await ledger.poll(outside, 1, 2.0)
        await ledger.poll(outside, 2, 2.0)

    run_virtual(main)
    assert len(caller.named("sql:east")) == 2


def test_a_database_that_cannot_be_asked_at_all_proves_nothing() -> None:
    async def main() -> Answer:
        return await Ledger(params()).poll(fake_outside(FakeCaller({"sql:east": refusal("Unsupported")})), 1, 2.0)

    answer: Answer = run_virtual(main)
    assert (answer.ok, answer.why) == (None, "refused with Unsupported")


def test_the_first_extent_makes_the_table_and_drops_it_everywhere() -> None:
    async def main() -> tuple[Change, Change]:
        ledger, outside = Ledger(params(after_failover_database="west")), fake_outside(run_id="2026-Nov")
        return ledger.extent(outside, 1, 25), ledger.extent(outside, 26, 50)

    first, later = run_virtual(main)
    assert [call.database for call in first.apply] == ["east"]
    assert [call.database for call in first.revert] == ["west", "east"]
    assert "CREATE TABLE IF NOT EXISTS drillrunner_ledger_2026_nov" in first.apply[0].statement
    assert "DROP TABLE IF EXISTS drillrunner_ledger_2026_nov;" in first.revert[0].statement
    assert (later.apply, later.revert) == ((), ())


def test_survivors_are_counted_once_doubled_and_out_of_order() -> None:
    def stand(call: Call) -> JsonValue:
        assert isinstance(call, SqlCall)
        return {"rows": [[1], [3], [2], [4], [4]] if call.statement.startswith("SELECT") else []}

    async def main() -> Survivors:
        ledger, outside = Ledger(params()), fake_outside(FakeCaller({"sql:east": stand, "sql:west": stand}))
        for seq in (1, 2, 3, 4):
            await ledger.poll(outside, seq, 2.0)
        return await ledger.survivors(outside, 1, 4)

    assert run_virtual(main) == Survivors(present=(1, 2, 3, 4), duplicated=(4,), reordered=1)


@pytest.mark.parametrize(
    ("places", "count"), [([], 0), ([0, 1, 2], 0), ([1, 0], 1), ([2, 1, 0], 2), ([1, 2, 0, 3], 2), ([0, 0], 0)]
)
def test_records_before_one_acknowledged_earlier_are_reordered(places: list[int], count: int) -> None:
    assert count_reordered(places) == count


def test_a_ledgers_table_needs_no_quotes_whatever_the_run_is_called() -> None:
    assert ledger_table('Run-7F3A"; DROP') == "drillrunner_ledger_run_7f3a___drop"
    assert len(ledger_table("x" * 200)) <= 63


def test_every_call_of_the_ledger_is_known_before_it_runs() -> None:
    calls = Ledger(params(after_failover_database="west")).calls()
    assert [(call.database, call.statement.split()[0]) for call in calls if isinstance(call, SqlCall)] == [
        ("east", "INSERT"),
        ("west", "INSERT"),
        ("west", "SELECT"),
    ]


def lags(positions: list[tuple[str, str | None]], every_seconds: float = 5.0) -> list[Answer]:
    """What the lag probe answers, polled at an interval, for pairs of written and replayed positions."""
    written = [pair[0] for pair in positions]
    replayed = [pair[1] for pair in positions]
    caller = FakeCaller(
        {"sql:east": lambda _: cell(written.pop(0)), "sql:west": lambda _: cell(replayed.pop(0))},
        seconds={"sql:east": 0.5, "sql:west": 0.25},
    )

    async def main() -> list[Answer]:
        probe = Lag(LagParams.model_validate({"from": "east", "to": "west"}))
        outside = fake_outside(caller)
        answers = []
        for turn in range(len(positions)):
            await outside.clock.sleep_until(turn * every_seconds)
            answers.append(await probe.poll(outside, turn + 1, 2.0))
        return answers

    answers: list[Answer] = run_virtual(main)
    return answers


def test_lag_is_the_age_of_the_newest_moment_whose_writes_are_all_replayed() -> None:
    answers = lags([("0/100", "0/100"), ("0/200", "0/100"), ("0/300", "0/1FF"), ("0/300", "0/250"), ("0/300", "0/300")])
    assert [answer.value for answer in answers] == [0.75, 5.75, 10.75, 10.75, 0.75]
    assert all(answer.ok for answer in answers)


def test_an_idle_primary_has_no_lag_however_long_it_idles() -> None:
    assert [answer.value for answer in lags([("0/100", "0/100")] * 4)] == [0.75] * 4


def test_a_standby_behind_since_before_the_first_poll_has_a_lag_that_nobody_knows() -> None:
    first, second = lags([("0/200", "0/100"), ("0/300", "0/250")])
    assert (first.ok, first.value) == (None, None)
    assert (second.ok, second.value) == (True, 5.75)


def test_a_promoted_standby_has_no_lag_to_tell() -> None:
    assert (lags([("0/200", None)])[0].ok, lags([("0/200", None)])[0].why) == (False, "not a standby")


def test_wal_positions_compare_as_numbers_and_a_pages_header_is_no_distance() -> None:
    assert parse_lsn("16/B374D848") == 0x16_B374_D848
    assert parse_lsn("10/0") > parse_lsn("9/FFFFFFFF")
    assert parse_lsn("0/4000028") == parse_lsn("0/4000000")
    assert parse_lsn("0/4002018") == parse_lsn("0/4002000")


def test_the_kinds_are_in_the_catalogue_with_what_they_measure() -> None:
    ledger, lag, step = (
        find("probe", "postgres.ledger"),
        find("probe", "postgres.lag"),
        find("step", "postgres.promote"),
    )
    assert ledger is not None
    assert ledger.ledger
    assert lag is not None
    assert lag.estimates_rpo
    assert step is not None
    assert step.irreversible
