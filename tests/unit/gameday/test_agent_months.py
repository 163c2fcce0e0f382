"""The agent over months of virtual time: which runs it started, against tables that were worked out by hand in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import anyio

from agent_world import World, at
from drillrunner.clock import run_virtual
from drillrunner.model.schedule import Every


def test_both_changes_of_clocks_in_berlin_and_new_york(tmp_path: Path) -> None:
    world = World(tmp_path, at("2028-02-01T00:00"))
    rule = "FREQ=MONTHLY;BYDAY={day};BYHOUR={hour};BYMINUTE=30"
    for name, day, hour, zone in (
        ("berlin", "-1SU", 2, "Europe/Berlin"),
        ("new-york-early", "1SU", 1, "America/New_York"),
        ("new-york-late", "2SU", 2, "America/New_York"),
    ):
        cadence = rule.format(day=day, hour=hour)
        world.add(name, rrule=cadence, starts=datetime(2028, 2, 1), time_zone=zone, grace_hours=1)
    run_virtual(world.attend, at("2028-12-01T00:00"))
    # Berlin: CET is UTC+1, CEST UTC+2 from 26 March 01:00Z to 29 October 01:00Z (last Sundays of 2028).
    assert world.started("berlin") == [
        "2028-02-27T01:30 berlin",  # 02:30 CET
        "2028-03-26T01:00 berlin",  # 02:30 does not exist: clocks go from 02:00 to 03:00 CEST at 01:00Z
        "2028-04-30T00:30 berlin",  # 02:30 CEST, and so on
        "2028-05-28T00:30 berlin",
        "2028-06-25T00:30 berlin",
        "2028-07-30T00:30 berlin",
        "2028-08-27T00:30 berlin",
        "2028-09-24T00:30 berlin",
        "2028-10-29T00:30 berlin",  # 02:30 comes twice, at 00:30Z and 01:30Z: the first, and not again
        "2028-11-26T01:30 berlin",  # 02:30 CET
    ]
    # New York: EST is UTC-5, EDT UTC-4 from 12 March 07:00Z to 5 November 06:00Z.
    assert world.started("new-york-early") == [
        "2028-02-06T06:30 new-york-early",  # 01:30 EST
        "2028-03-05T06:30 new-york-early",
        "2028-04-02T05:30 new-york-early",  # 01:30 EDT
        "2028-05-07T05:30 new-york-early",
        "2028-06-04T05:30 new-york-early",
        "2028-07-02T05:30 new-york-early",
        "2028-08-06T05:30 new-york-early",
        "2028-09-03T05:30 new-york-early",
        "2028-10-01T05:30 new-york-early",
        "2028-11-05T05:30 new-york-early",  # 01:30 comes twice, at 05:30Z (EDT) and 06:30Z (EST): the first
    ]
    assert world.started("new-york-late") == [
        "2028-02-13T07:30 new-york-late",  # 02:30 EST
        "2028-03-12T07:00 new-york-late",  # 02:30 does not exist: clocks go from 02:00 EST to 03:00 EDT at 07:00Z
        "2028-04-09T06:30 new-york-late",  # 02:30 EDT
        "2028-05-14T06:30 new-york-late",
        "2028-06-11T06:30 new-york-late",
        "2028-07-09T06:30 new-york-late",
        "2028-08-13T06:30 new-york-late",
        "2028-09-10T06:30 new-york-late",
        "2028-10-08T06:30 new-york-late",
        "2028-11-12T07:30 new-york-late",  # 02:30 EST again
    ]


def test_a_leap_day_and_the_ends_of_short_months(tmp_path: Path) -> None:
    world = World(tmp_path, at("2028-01-15T00:00"))
    world.add("leap", cron="0 10 29 2 *", time_zone="Europe/Berlin")
    world.add("month-end", every=Every(months=1), starts=datetime(2027, 12, 31, 7))
    world.add("quarterly", every=Every(months=3), starts=datetime(2027, 11, 30, 12))
    run_virtual(world.attend, at("2029-03-02T00:00"))
    assert world.started("leap") == ["2028-02-29T09:00 leap"]  # 10:00 CET; 2029 has no 29 February
    assert world.started("month-end") == [
        "2028-01-31T07:00 month-end",
        "2028-02-29T07:00 month-end",  # the last day of a leap year's February
        "2028-03-31T07:00 month-end",  # counted from 31 December: the 31st is back
        "2028-04-30T07:00 month-end",
        "2028-05-31T07:00 month-end",
        "2028-06-30T07:00 month-end",
        "2028-07-31T07:00 month-end",
        "2028-08-31T07:00 month-end",
        "2028-09-30T07:00 month-end",
        "2028-10-31T07:00 month-end",
        "2028-11-30T07:00 month-end",
        "2028-12-31T07:00 month-end",
        "2029-01-31T07:00 month-end",
        "2029-02-28T07:00 month-end",  # no leap year
    ]
    assert world.started("quarterly") == [
        "2028-02-29T12:00 quarterly",  # 30 November and three months; 30 February is its last day
        "2028-05-30T12:00 quarterly",
        "2028-08-30T12:00 quarterly",
        "2028-11-30T12:00 quarterly",
        "2029-02-28T12:00 quarterly",
    ]


def test_what_an_agent_that_was_away_missed_is_left_or_made_good_as_each_schedule_says(tmp_path: Path) -> None:
    world = World(tmp_path, at("2028-04-28T00:00"))
    mondays = "0 8 * * 1"
    world.add("left", cron=mondays, grace_hours=4)
    world.add("graced", cron=mondays, grace_hours=14 * 24)
    world.add("once", cron=mondays, missed="run_once", lasts=1)
    world.add("each", cron=mondays, missed="run", lasts=1)

    async def story() -> None:
        await world.attend(at("2028-05-03T00:00"))
        # away for four Mondays: 8, 15, 22 and 29 May
        await world.pass_until(at("2028-05-31T12:00"))
        await world.attend(at("2028-06-06T00:00"))

    run_virtual(story)
    assert world.started() == [
        # Monday 1 May 08:00Z: one after the other by name, each an hour or 6 minutes long; "left" is on time at 10:06
        "2028-05-01T08:00 each",
        "2028-05-01T09:00 graced",
        "2028-05-01T09:06 left",
        "2028-05-01T09:12 once",
        # Wednesday 31 May 12:00Z, the earliest moment first: "each" for 8, 15 and 22 May, an hour each. Then 29 May is
        # the moment of all that is open: by name "each", then "graced" (22 and 29 May lie in its grace: one run
        # answers both) and "once" (one run for all four). "left" had until Monday 12:00Z, and is not run.
        "2028-05-31T12:00 each",
        "2028-05-31T13:00 each",
        "2028-05-31T14:00 each",
        "2028-05-31T15:00 each",
        "2028-05-31T16:00 graced",
        "2028-05-31T16:06 once",
        # Monday 5 June 08:00Z as ever
        "2028-06-05T08:00 each",
        "2028-06-05T09:00 graced",
        "2028-06-05T09:06 left",
        "2028-06-05T09:12 once",
    ]
    missed = [line.split(" ", 2)[2] for line in world.lines if "missed:" in line]
    assert missed == [
        # 8 and 15 May are more than 14 days ago at 12:00Z on 31 May
        "missed: drill graced, 2 dates from 2028-05-08 08:00Z to 2028-05-15 08:00Z; their grace is over, and it is "
        "not run for them",
        "missed: drill left, 4 dates from 2028-05-08 08:00Z to 2028-05-29 08:00Z; their grace is over, and it is not "
        "run for them",
    ]


def test_drills_that_overlap_wait_in_the_order_of_their_moments_and_names_as_long_as_their_grace(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, at("2028-01-10T00:00"))
    for name, when, grace in (
        ("alpha", "0 12 15 * *", 1),
        ("bravo", "0 12 15 * *", 1),  # waits for three hours, and has one
        ("charlie", "0 12 15 * *", 6),
        ("delta", "30 11 15 * *", 6),  # the earliest, though last by name
        ("early", "30 13 15 * *", 12),  # later than charlie, though its turn may come in the same hour
    ):
        world.add(name, cron=when, grace_hours=grace, lasts=2.0)
    world.lasts["delta"] = 0.75
    run_virtual(world.attend, at("2028-04-01T00:00"))
    day = [
        "T11:30 delta",  # until 12:15
        "T12:15 alpha",  # 15 minutes late; until 14:15. bravo's hour is over at 13:00
        "T14:15 charlie",  # 2:15 late of 6; until 16:15
        "T16:15 early",  # 2:45 late of 12
    ]
    assert world.started() == [f"2028-{month}-15{start}" for month in ("01", "02", "03") for start in day]
    assert sum("missed: drill bravo" in line for line in world.lines) == 3


def test_a_restart_in_mid_run_waits_for_a_run_that_lives_and_reverts_one_that_died(tmp_path: Path) -> None:
    world = World(tmp_path, at("2028-06-10T00:00"))
    world.add("alpha", cron="0 12 15 * *", grace_hours=6, lasts=3)
    world.add("bravo", cron="0 12 15 * *", grace_hours=6, lasts=1)

    async def story() -> None:
        await world.attend(at("2028-06-15T13:00"))  # killed an hour into alpha, which goes on
        await world.pass_until(at("2028-06-15T13:30"))
        await world.attend(at("2028-07-15T13:00"))
        world.cut_power()  # alpha dies an hour in, and leaves its faults
        await world.pass_until(at("2028-07-15T14:00"))
        await world.attend(at("2028-08-15T15:30"))  # killed half an hour into bravo
        await world.pass_until(at("2028-08-15T20:00"))  # bravo has ended by itself meanwhile
        await world.attend(at("2028-09-16T00:00"))

    run_virtual(story)
    assert world.started() == [
        "2028-06-15T12:00 alpha",
        "2028-06-15T15:00 bravo",  # when alpha, found again, has ended
        "2028-07-15T12:00 alpha",  # dies at 13:00, is reverted at 14:00, and is not run for that date again
        "2028-07-15T14:00 bravo",  # 30 seconds after the restart: the revert comes first
        "2028-08-15T12:00 alpha",
        "2028-08-15T15:00 bravo",
        "2028-09-15T12:00 alpha",
        "2028-09-15T15:00 bravo",
    ]
    assert world.reverts == ["alpha"]
    assert world.runs[3].began == at("2028-07-15T14:00:30")


def test_a_wall_clock_that_is_set_makes_no_moment_come_twice_and_loses_none(tmp_path: Path) -> None:
    world = World(tmp_path, at("2028-01-01T00:00"), look_seconds=300.0)
    world.add("daily", cron="0 9 * * *", grace_hours=2)

    async def story() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(world.attend)
            await world.pass_until(at("2028-01-02T09:30"))
            world.offset = -timedelta(hours=1)  # set back to 08:30: 09:00 comes again
            await world.pass_until(at("2028-01-03T08:00"))
            world.offset += timedelta(days=400)  # a wrong year, for ten minutes
            await world.pass_until(at("2029-02-06T08:10"))
            world.offset -= timedelta(days=400)
            await world.pass_until(at("2028-01-04T12:00"))
            group.cancel_scope.cancel()

    run_virtual(story)
    assert world.started() == [
        "2028-01-01T09:00 daily",
        "2028-01-02T09:00 daily",
        # 6 February 2029 08:00 by the wrong clock is an hour before its moment: nothing is run
        "2028-01-03T09:00 daily",
        "2028-01-04T09:00 daily",
    ]
