"""What keeps the agent from starting something: refusals, files that are broken, people that are needed, signals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import anyio
import pytest

from agent_world import Run, World, at
from drillrunner.clock import run_virtual
from drillrunner.errors import ExitCode
from drillrunner.model.schedule import Every

NOON = "0 12 * * *"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, at("2028-01-01T11:00"))


def spoken(world: World, part: str = "") -> list[str]:
    """The lines that hold the part, without their stamps; what comes next is left out."""
    return [line.split(" ", 2)[2] for line in world.lines if part in line and " next: " not in line]


def meanwhile(world: World, until: str, story: Callable[[], Awaitable[None]]) -> None:
    """Have an agent at work until then, and something happen meanwhile."""

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(world.attend, at(until))
            await story()

    run_virtual(both)


def test_what_is_refused_is_tried_again_with_longer_and_longer_pauses(world: World) -> None:
    world.add("alpha", cron=NOON, grace_hours=2)
    world.codes["alpha"] = [ExitCode.REFUSED] * 3
    run_virtual(world.attend, at("2028-01-02T00:00"))
    # a refusal takes 36 seconds here; then come 1, 2 and 4 minutes
    assert world.started() == [f"2028-01-01T12:{minute} alpha" for minute in ("00", "01", "04", "08")]


def test_what_is_refused_until_its_grace_is_over_is_missed(world: World) -> None:
    world.add("alpha", cron=NOON, grace_hours=1)
    world.add("late", every=Every(days=2), starts=datetime(2027, 12, 30, 12), grace_hours=1, missed="run_once")
    world.codes = {name: [ExitCode.REFUSED] * 99 for name in ("alpha", "late")}
    run_virtual(world.attend, at("2028-01-01T20:00"))
    # "late" is refused from 11:00 on for 30 December, and for 1 January from 12:00 on: an hour each
    hours = {name: {f"{run.began:%H}" for run in world.runs if run.name == name} for name in ("alpha", "late")}
    assert hours == {"alpha": {"12"}, "late": {"11", "12"}}
    assert "missed: drill alpha of 2028-01-01 12:00Z; its grace is over, and it is not run for it" in spoken(world)
    assert spoken(world, "missed: drill late") == [
        "missed: drill late, 2 dates from 2027-12-30 12:00Z to 2028-01-01 12:00Z; their grace is over, and it is not "
        "run for them"
    ]


def test_another_thing_does_not_wait_for_one_that_is_refused(world: World) -> None:
    world.add("alpha", cron=NOON, grace_hours=2)
    world.add("bravo", cron=NOON, grace_hours=2)
    world.codes["alpha"] = [ExitCode.REFUSED]
    run_virtual(world.attend, at("2028-01-01T13:00"))
    assert [run.name for run in world.runs] == ["alpha", "bravo", "alpha"]


def test_a_game_day_that_was_refused_after_a_drill_of_its_own_does_not_begin_again(world: World) -> None:
    world.add("quarterly", kind="gameday", cron=NOON, grace_hours=6)
    world.codes["quarterly"] = [ExitCode.REFUSED]

    async def its_drill() -> None:
        await world.pass_until(at("2028-01-01T12:00:10"))
        world.runs.append(Run("its first drill", world.wall(), 0.0, ExitCode.MISSED))

    meanwhile(world, "2028-01-01T20:00", its_drill)
    assert world.started("quarterly") == ["2028-01-01T12:00 quarterly"]


def test_a_date_that_people_answered_by_hand_is_not_run_again(world: World) -> None:
    world.add("alpha", cron=NOON, grace_hours=48)

    async def story() -> None:
        await world.attend(at("2028-01-01T11:30"))
        await world.pass_until(at("2028-01-01T12:30"))
        world.runs.append(Run("alpha", world.wall(), anyio.current_time(), ExitCode.MISSED))
        await world.pass_until(at("2028-01-01T13:00"))
        await world.attend(at("2028-01-02T11:00"))

    run_virtual(story)
    assert world.started() == ["2028-01-01T12:30 alpha"]


def test_a_broken_file_is_said_once_stops_no_other_and_counts_again_once_it_is_mended(world: World) -> None:
    world.look_seconds = 60.0
    world.add("alpha", cron=NOON, grace_hours=2)
    world.add("bravo", cron=NOON, grace_hours=2)

    async def broken_and_mended() -> None:
        await world.pass_until(at("2028-01-01T11:30"))
        world.unreadable["alpha"] = "left out with 2 problems"
        await world.pass_until(at("2028-01-01T13:30"))
        world.unreadable.clear()

    meanwhile(world, "2028-01-01T15:00", broken_and_mended)
    assert [run.name for run in world.runs] == ["bravo", "alpha"]
    assert spoken(world, "alpha")[:2] == ["! alpha: left out with 2 problems", "alpha: all right again"]


def test_a_schedule_that_changes_counts_from_when_that_was_seen(world: World) -> None:
    world.look_seconds = 3600.0
    world.add("alpha", cron="0 9 1 * *", missed="run_once")

    async def changed() -> None:
        await world.pass_until(at("2028-01-20T15:00"))
        world.add("alpha", cron="0 9 * * *", missed="run_once")

    meanwhile(world, "2028-01-22T00:00", changed)
    # nothing for the mornings from 2 to 20 January, which the new schedule would have named
    assert world.started() == ["2028-01-21T09:00 alpha"]
    assert spoken(world, "another schedule")


def test_more_grace_is_no_other_schedule(world: World) -> None:
    world.add("alpha", cron=NOON, held="it needs a person")

    async def changed() -> None:
        await world.pass_until(at("2028-01-01T12:00:30"))
        world.add("alpha", cron=NOON, grace_hours=9)
        assert world.agent is not None
        world.agent.look()  # as SIGHUP does

    meanwhile(world, "2028-01-01T13:00", changed)
    assert [run.began for run in world.runs] == [at("2028-01-01T12:00:30")]


def test_what_needs_a_person_is_said_once_and_is_missed_at_the_end_of_its_grace(world: World) -> None:
    world.look_seconds = 60.0
    world.add("alpha", cron=NOON, grace_hours=1, held="environment staging wants to be confirmed")
    run_virtual(world.attend, at("2028-01-01T15:00"))
    assert world.runs == []
    assert spoken(world, "alpha") == [
        "drill alpha is due (2028-01-01 12:00Z) and not started: environment staging wants to be confirmed",
        "missed: drill alpha of 2028-01-01 12:00Z; its grace is over, and it is not run for it",
    ]


def test_an_exercise_is_announced_and_left_to_people(world: World) -> None:
    world.look_seconds = 60.0
    world.add("outage-tabletop", kind="exercise", cron=NOON, grace_hours=9)
    run_virtual(world.attend, at("2028-01-01T15:00"))
    assert world.runs == []
    announced = "exercise outage-tabletop is due (2028-01-01 12:00Z): people hold it, the agent does not"
    assert spoken(world, "tabletop") == [announced]


def test_sigterm_lets_what_runs_stop_and_revert_and_starts_nothing_more(world: World) -> None:
    world.add("alpha", cron=NOON, grace_hours=6, lasts=3)
    world.add("bravo", cron=NOON, grace_hours=6)

    async def story() -> int | None:
        async def stop() -> None:
            await world.pass_until(at("2028-01-01T12:30"))
            assert world.agent is not None
            world.agent.stop("SIGTERM")

        async with anyio.create_task_group() as group:
            group.start_soon(stop)
            code = await world.attend()
        assert world.wall() < at("2028-01-01T12:45")
        return code

    assert run_virtual(story) == ExitCode.ALL_MET
    assert [(run.name, run.stopped, run.code) for run in world.runs] == [("alpha", True, ExitCode.ABORTED)]
    assert world.entries()[-1].kind == "agent.ended"


def test_nothing_is_started_before_what_a_run_left_is_back(world: World) -> None:
    world.add("alpha", cron=NOON, grace_hours=6, lasts=1)
    world.add("bravo", cron=NOON, grace_hours=6)
    world.revert_codes = [ExitCode.STILL_INJECTED] * 3

    async def power_cut() -> None:
        await world.pass_until(at("2028-01-01T12:30"))
        world.cut_power()

    meanwhile(world, "2028-01-01T20:00", power_cut)
    # found at 12:30; reverts take 30 seconds each, with 1, 2 and 4 minutes between: four make 9 minutes
    assert [f"{run.began:%H:%M}" for run in world.runs] == ["12:00", "12:39"]
    assert len(spoken(world, "NOT PUT BACK YET: exit code 6, SOMETHING IS STILL INJECTED")) == 3


def test_an_agent_that_ends_with_something_left_says_so_and_the_next_one_goes_on_with_it(world: World) -> None:
    world.add("alpha", cron=NOON, grace_hours=6, lasts=1)
    world.revert_codes = [ExitCode.STILL_INJECTED]

    async def story() -> tuple[int | None, int | None]:
        await world.attend(at("2028-01-01T12:30"))
        world.cut_power()
        first = await world.attend(once=True)
        return first, await world.attend(once=True)

    assert run_virtual(story) == (ExitCode.STILL_INJECTED, ExitCode.ALL_MET)
    assert "ending with something left; mend it with: drill revert alpha" in spoken(world)
    assert (world.left, world.reverts, len(world.runs)) == ([], ["alpha"], 1)


@pytest.mark.parametrize(
    ("codes", "code"),
    [([0, 0], 0), ([0, 3], 3), ([1, 3], 1), ([5, 1], 5), ([4, 4], 4), ([-9, 0], ExitCode.ABORTED), ([2, 5], 2)],
)
def test_once_runs_what_is_due_and_ends_with_the_worst_exit_code(world: World, codes: list[int], code: int) -> None:
    for name, one in zip(("alpha", "bravo"), codes, strict=True):
        world.add(name, every=Every(days=1), starts=datetime(2028, 1, 1, 10), grace_hours=6)
        world.codes[name] = [one]

    async def once() -> int | None:
        return await world.attend(once=True)

    assert run_virtual(once) == code
    assert [run.name for run in world.runs] == ["alpha", "bravo"]


def test_once_with_a_file_that_cannot_be_read_ends_with_2(world: World) -> None:
    world.add("alpha", every=Every(days=1), starts=datetime(2028, 1, 1, 10), grace_hours=6)
    world.unreadable["broken"] = "left out with 1 problem"

    async def once() -> int | None:
        return await world.attend(once=True)

    assert run_virtual(once) == ExitCode.INVALID
    assert [run.name for run in world.runs] == ["alpha"]


def test_once_tries_again_what_was_refused_and_what_came_of_that_counts(world: World) -> None:
    for name in ("alpha", "bravo"):
        world.add(name, every=Every(days=1), starts=datetime(2028, 1, 1, 10), grace_hours=6)
    world.codes["alpha"] = [ExitCode.REFUSED]

    async def once() -> int | None:
        return await world.attend(once=True)

    assert run_virtual(once) == ExitCode.ALL_MET
    assert [run.name for run in world.runs] == ["alpha", "bravo", "alpha"]  # bravo takes longer than the pause


def test_what_comes_next_is_said_when_it_is_another(world: World) -> None:
    world.add("alpha", cron=NOON, grace_hours=1)
    world.add("bravo", cron="0 18 * * *", grace_hours=1)
    run_virtual(world.attend, at("2028-01-02T11:00"))
    assert [line.split(" ", 2)[2] for line in world.lines if " next: " in line] == [
        "next: drill alpha, 2028-01-01 12:00Z",
        "next: drill bravo, 2028-01-01 18:00Z",
        "next: drill alpha, 2028-01-02 12:00Z",
    ]


def test_a_full_disk_keeps_nothing_from_being_put_back(world: World) -> None:
    world.add("alpha", cron=NOON)
    world.disk_full = True

    async def story() -> None:
        await world.pass_until(at("2028-01-01T12:01"))
        world.cut_power()

    meanwhile(world, "2028-01-01T14:00", story)
    assert (world.left, world.reverts) == ([], ["alpha"])
    assert spoken(world, "NOT PUT BACK YET") == [
        "run alpha: NOT PUT BACK YET: drill revert could not be started: [Errno 28] No space left on device"
    ]
