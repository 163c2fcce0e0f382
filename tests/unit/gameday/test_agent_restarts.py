"""Whatever kills the agent, and whenever: no moment is run twice, and never two things at once (the fake machine says
so itself, and that nothing is started while something is left injected)."""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from agent_world import World, at
from drillrunner.clock import run_virtual
from drillrunner.gameday.agent.memory import NOTHING_BEGUN
from drillrunner.model.schedule import Missed

BEGIN = "2028-03-24T00:00"


def crowd(folder: Path, seed: int) -> World:
    """A few things that get into each other's way, over the night when clocks change in Berlin."""
    dice = random.Random(seed)
    world = World(folder, at(BEGIN), look_seconds=1800.0)
    policies: tuple[Missed, ...] = ("skip", "run_once", "run")
    for name in ("alpha", "bravo", "charlie"):
        world.add(
            name,
            cron=f"{dice.choice((0, 30))} {dice.choice(('2', '*/6', '1-4', '*/9'))} * * *",
            time_zone="Europe/Berlin",
            grace_hours=dice.choice((0, 1, 5, 30)),
            missed=dice.choice(policies),
            lasts=dice.choice((0.2, 1.5, 4.0)),
        )
        world.codes[name] = dice.choices((0, 1, 4, 5, -9), k=8)
    world.revert_codes = dice.choices((0, 4, 6), k=4)
    return world


def moments_run(world: World) -> Counter[tuple[str, str]]:
    """How often something may have been injected for each thing and moment, as the journal tells."""
    used: Counter[tuple[str, str]] = Counter()
    moment = ""
    for entry in world.entries():
        if entry.kind == "run.starting":
            moment = str(entry.data["moment"])
        elif entry.kind == "run.over" and entry.data["outcome"] not in NOTHING_BEGUN:
            used[str(entry.data["key"]), moment] += 1
    return used


@pytest.mark.parametrize("seed", range(int(os.environ.get("AGENT_SEEDS", "12"))))
def test_no_moment_is_run_twice_whatever_the_order_of_restarts(seed: int, tmp_path: Path) -> None:
    print(f"seed {seed}")
    dice = random.Random(f"story {seed}")
    world = crowd(tmp_path, seed)

    async def story() -> None:
        for _ in range(8):
            now = world.wall()
            if dice.random() < 0.4:
                await world.attend(dies_after=dice.randrange(1, 12), until=now + timedelta(hours=30))
            else:
                await world.attend(until=now + timedelta(hours=dice.uniform(0.1, 20)))
            if dice.random() < 0.4:
                world.cut_power()
            if dice.random() < 0.3:
                world.offset += timedelta(hours=dice.choice((-7, -1, 1, 5)))
            await world.pass_until(world.wall() + timedelta(hours=dice.choice((0.01, 0.3, 3, 15))))
        await world.attend(until=world.wall() + timedelta(hours=60))

    run_virtual(story)
    used = moments_run(world)
    assert used, "nothing was run at all"
    assert set(used.values()) == {1}
    assert world.left == []


def test_an_agent_that_is_killed_after_any_entry_of_its_journal_runs_each_moment_at_most_once(tmp_path: Path) -> None:
    """Two drills on two days, with a kill after each entry in turn: 12:00 is an hour, 12:00 of bravo waits for it."""
    outcomes = set()
    for entry in range(1, 24):
        folder = tmp_path / str(entry)
        folder.mkdir()
        world = World(folder, at("2028-01-01T00:00"))
        for name in ("alpha", "bravo"):
            world.add(name, cron="0 12 * * *", grace_hours=6, lasts=1)

        async def story(world: World = world, entry: int = entry) -> None:
            await world.attend(at("2028-01-03T00:00"), dies_after=entry)
            await world.attend(at("2028-01-03T00:00"))

        run_virtual(story)
        used = moments_run(world)
        assert set(used.values()) == {1}
        # killed at any entry but those between a start and its go, the moment is run all the same
        outcomes.add((len(used), len(world.runs)))
    # a process that never got its go is no run; one that was written down and had not begun costs its date
    assert outcomes == {(4, 4), (4, 3)}


def test_a_run_that_was_about_to_start_is_started_by_the_next_agent(tmp_path: Path) -> None:
    world = World(tmp_path, at("2028-01-01T11:00"))
    world.add("alpha", cron="0 12 * * *", grace_hours=6)

    async def story() -> None:
        await world.attend(at("2028-01-02T00:00"), dies_after=2)  # thing.seen, run.starting
        await world.pass_until(at("2028-01-01T13:00"))
        await world.attend(at("2028-01-02T00:00"))

    run_virtual(story)
    # the first agent dies at 12:00 before there is a process; the second tries again a minute after it came
    assert world.started() == ["2028-01-01T13:01 alpha"]
    assert "about to be started when the agent died" in "\n".join(world.lines)
