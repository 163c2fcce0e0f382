"""A place of its own for each test of the pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drillrunner.files.run_folder import RunFolder
from served_pages import held
from served_runs import going_on


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRILLRUNNER_STATE", str(tmp_path / "state"))


@pytest.fixture
def going(tmp_path: Path) -> Iterator[RunFolder]:
    """A run that a living process makes, 100 s after it began."""
    with held(going_on(tmp_path / "reports", 100.0)) as folder:
        yield folder
