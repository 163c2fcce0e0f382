"""One lab process, at twenty drill seconds a real one, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drillrunner.lab import lifecycle
from running_lab import RunningLab


@pytest.fixture(scope="module")
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder of the tests' own, so that no lab of the user's is found or ended."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRILLRUNNER_STATE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def checkout(state_home: Path) -> Iterator[RunningLab]:
    running = lifecycle.up("checkout", time_scale=20.0, seed=3, idle_timeout_seconds=120.0)
    yield RunningLab(running)
    lifecycle.down("checkout")
