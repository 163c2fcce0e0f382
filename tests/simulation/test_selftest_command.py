"""`drill selftest` as a user calls it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from drillrunner.cli import cli
from drillrunner.errors import InvalidInput
from drillrunner.simulation.selftest import selftest


def test_it_says_what_was_played_and_that_everything_was_put_back() -> None:
    ran = CliRunner().invoke(cli, ["selftest", "--seeds", "5"])
    assert ran.exit_code == 0, ran.output
    assert ran.output.startswith("5 seeds · ")
    assert "everything was put back, or what was left was named" in ran.output


def test_a_story_tells_what_happened_in_one_seed() -> None:
    ran = CliRunner().invoke(cli, ["selftest", "--first-seed", "2", "--seeds", "1", "-v"])
    assert "seed 2: " in ran.output
    assert "the runner starts" in ran.output
    assert "PutFunctionConcurrency (k1, apply)" in ran.output


def test_as_json_it_names_the_failed_seeds() -> None:
    told = json.loads(CliRunner().invoke(cli, ["selftest", "--seeds", "3", "--json"]).output)
    assert (told["seeds"], told["first_seed"], told["failed"]) == (3, 1, [])


def test_a_part_that_no_seed_has_is_refused() -> None:
    ran = CliRunner().invoke(cli, ["selftest", "--without", "gravity"])
    assert isinstance(ran.exception, InvalidInput)


@pytest.mark.parametrize("jobs", [1, 2])
def test_as_many_processes_as_one_likes_find_the_same(jobs: int) -> None:
    tally = selftest(range(1, 11), jobs=jobs)
    assert (tally.seeds, tally.failures) == (10, [])
    assert tally.changes == selftest(range(1, 11)).changes
