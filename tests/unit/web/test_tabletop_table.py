"""An exercise that is played here: one doing at a time, what the clock does by itself, and what pages are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest

from drillrunner.cli.tabletop.serve import tables_of
from drillrunner.clock import Clock, run_virtual, virtual_clock
from drillrunner.errors import DrillError, ExerciseRefused, JournalUnwritable
from drillrunner.model.exercise_event import Actor, EventDraft, ExerciseEvent
from drillrunner.tabletop import commands, talk
from drillrunner.tabletop.desk import Desk
from drillrunner.web.tabletop.table import (
    HEARTBEAT_REAL_SECONDS,
    STREAMS_MOST,
    STREAMS_OF_A_SEAT_MOST,
    Doing,
    Table,
)
from drillrunner.web.tabletop.tables import read_state
from served_exercises import begun_in, events_in

KIM, BO = Actor(role="facilitator", person="Ops"), Actor(role="checkout on-call", person="Bo")


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILLRUNNER_STATE", str(tmp_path / "state"))


async def at_once(doing: Doing, desk: Desk) -> tuple[ExerciseEvent, ...]:
    """In the loop: virtual time would run on beside a thread."""
    return doing(desk)


def begun(folder: Path, publish: str = "manual") -> Table:
    """On the clock of the loop that runs."""
    session = begun_in(folder, virtual_clock(), publish=publish)
    return Table(session.desk, session.journal, at_once)


def kinds(table: Table) -> list[str]:
    return [event.kind for event in events_in(table.folder)]


async def next_of(updates: AsyncIterator[Mapping[str, str]]) -> Mapping[str, str]:
    return await anext(updates)


def test_what_is_due_is_published_by_itself_where_the_exercise_says_so(tmp_path: Path) -> None:
    async def scenario() -> Any:
        table = begun(tmp_path, publish="auto")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(table.keep_going)
            await anyio.sleep(30.0)
            assert kinds(table) == ["exercise_began", "drawn", "drawn"]
            await table.act(lambda desk: desk.do(commands.start_clock, KIM))
            await anyio.sleep(241.5)
            tasks.cancel_scope.cancel()
        table.close()
        return events_in(table.folder)

    events = run_virtual(scenario)
    published = [event for event in events if event.kind == "inject_published"]
    assert [(event.data["inject"], event.data["automatic"]) for event in published] == [
        ("alarm", True),
        ("customers", True),
    ]
    assert [event.scenario_seconds for event in published] == [1.0, 240.0]


def test_nothing_is_published_by_itself_where_the_facilitator_does_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        table = begun(tmp_path)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(table.keep_going)
            await table.act(lambda desk: desk.do(commands.start_clock, KIM))
            await anyio.sleep(600.0)
            tasks.cancel_scope.cancel()
        assert kinds(table)[-1] == "clock_started"
        assert table.folder.sign_of_life.read_text(encoding="utf-8").strip() != ""
        table.close()

    run_virtual(scenario)


def test_many_who_speak_at_once_are_all_written_down_one_after_the_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        session = begun_in(tmp_path)
        table = Table(session.desk, session.journal)
        await table.act(lambda desk: desk.do(commands.start_clock, KIM))

        def saying(number: int) -> Callable[[Desk], tuple[ExerciseEvent, ...]]:
            return lambda desk: desk.do(talk.act, BO, text=f"step {number}")

        async with anyio.create_task_group() as tasks:
            for number in range(25):
                tasks.start_soon(table.act, saying(number))
        table.close()
        events = events_in(table.folder)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        said = {str(event.data["text"]) for event in events if event.kind == "action"}
        assert said == {f"step {number}" for number in range(25)}
        assert read_state(table.folder) == table.state

    anyio.run(scenario)


def test_a_refusal_changes_nothing_and_after_the_end_of_the_server_nothing_is_taken(tmp_path: Path) -> None:
    async def scenario() -> None:
        table = begun(tmp_path)
        with pytest.raises(ExerciseRefused, match="the clock is not started"):
            await table.act(lambda desk: desk.do(commands.publish, KIM, inject_id="alarm"))
        table.end_streams()
        with pytest.raises(ExerciseRefused, match="drill serve is ending"):
            await table.act(lambda desk: desk.do(commands.start_clock, KIM))
        table.close()
        assert kinds(table) == ["exercise_began", "drawn", "drawn"]

    run_virtual(scenario)


def test_a_page_gets_everything_at_first_then_what_has_changed_then_a_sign_of_life(tmp_path: Path) -> None:
    async def scenario() -> None:
        table, parts = begun(tmp_path), {"one": "a", "two": "b"}
        updates = table.updates(lambda: dict(parts))
        assert await next_of(updates) == {"one": "a", "two": "b"}
        parts["two"] = "c"
        table.wake()
        assert await next_of(updates) == {"two": "c"}
        before = virtual_clock().monotonic()
        assert await next_of(updates) == {}
        assert virtual_clock().monotonic() - before == HEARTBEAT_REAL_SECONDS
        table.end_streams()
        assert [update async for update in updates] == []
        table.close()

    run_virtual(scenario)


def test_one_seat_s_pages_leave_room_for_the_others(tmp_path: Path) -> None:
    async def scenario() -> None:
        table = begun(tmp_path)
        with table.watched("one") as first:
            assert first
        held = [table.watched("greedy") for _ in range(STREAMS_OF_A_SEAT_MOST + 3)]
        assert [one.__enter__() for one in held].count(True) == STREAMS_OF_A_SEAT_MOST
        with table.watched("modest") as has_room:
            assert has_room
        for one in held:
            one.__exit__(None, None, None)
        with table.watched("greedy") as again:
            assert again
        others = [table.watched(f"seat {number}") for number in range(STREAMS_MOST + 1)]
        assert [one.__enter__() for one in others][-2:] == [True, False]
        table.close()

    run_virtual(scenario)


class FullDisk:
    """An event log on which nothing more can be written until there is room again."""

    def __init__(self, desk: Desk, log: Any) -> None:
        self.full, self._log = True, log

    def real_seconds(self) -> float:
        return float(self._log.real_seconds())

    def append(self, draft: EventDraft, real_seconds: float) -> ExerciseEvent:
        if self.full:
            raise JournalUnwritable("what happens cannot be written down: no space left")
        event: ExerciseEvent = self._log.append(draft, real_seconds)
        return event


def test_what_cannot_be_published_by_itself_is_told_and_tried_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        session = begun_in(tmp_path, virtual_clock(), publish="auto")
        session.desk.do(commands.start_clock, KIM)
        log = FullDisk(session.desk, session.journal)
        table = Table(Desk(session.desk.state.exercise, log, session.desk.state.events), session.journal, at_once)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(table.keep_going)
            await anyio.sleep(5.0)
            assert "no space left" in table.trouble
            assert "inject_published" not in kinds(table)
            log.full = False
            await anyio.sleep(3.0)
            tasks.cancel_scope.cancel()
        assert table.trouble == ""
        assert kinds(table)[-1] == "inject_published"
        table.close()

    run_virtual(scenario)


def test_players_of_one_role_are_drawn_once_a_second_for_all_of_them(tmp_path: Path) -> None:
    async def scenario() -> None:
        table, draws = begun(tmp_path), [0]

        def draw() -> Mapping[str, str]:
            draws[0] += 1
            return {"drawn": str(draws[0])}

        await table.act(lambda desk: desk.do(commands.start_clock, KIM))
        for _ in range(5):
            assert table.drawn_once("on-call", draw) == {"drawn": "1"}
        assert table.drawn_once("commander", draw) == {"drawn": "2"}
        await table.act(lambda desk: desk.do(talk.act, BO, text="We look"))
        assert table.drawn_once("on-call", draw) == {"drawn": "3"}
        await anyio.sleep(1.0)
        assert table.drawn_once("on-call", draw) == {"drawn": "4"}
        table.close()

    run_virtual(scenario)


def test_an_exercise_that_was_changed_after_it_began_is_not_gone_on_with(tmp_path: Path) -> None:
    session = begun_in(tmp_path)
    session.journal.close()
    changed = session.folder.exercise.read_text(encoding="utf-8").replace("T+5m", "T+9m")
    session.folder.exercise.write_text(changed, encoding="utf-8")
    tables = tables_of(tmp_path / "reports", Clock())
    (standing,) = tables.standings()
    assert (standing.stand, "changed after it began" in standing.why) == ("broken", True)

    async def scenario() -> None:
        with pytest.raises(DrillError, match="changed"):
            await tables.take_up(session.folder)

    anyio.run(scenario)
    assert len(events_in(session.folder)) == 3
