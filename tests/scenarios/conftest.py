"""One lab for every scenario, and the promise that each leaves it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stages import QUICK, Stage, stage_in


@pytest.fixture(scope="session")
def shared_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One stage and one lab for all tests that leave it as they found it."""
    stage = stage_in(tmp_path_factory.mktemp("stage") / "work")
    up = stage.drill("lab", "up", *QUICK)
    assert up.returncode == 0, up.stderr
    yield stage
    stage.drill("lab", "down", "--topology", "checkout")


@pytest.fixture
def stage(shared_stage: Stage) -> Iterator[Stage]:
    """The shared stage, held to its promise: the lab is as it was before the test."""
    before = shared_stage.state()
    shared_stage.ask("faults", put=[])
    yield shared_stage
    shared_stage.ask("faults", put=[])
    assert shared_stage.state() == before
