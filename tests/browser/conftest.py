"""A browser for the tests that need one, and the pages that they look at. Where there is no browser, they say so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from made_pages import Pages, write_pages
from sheets import HINT, chromium_path
from stages import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = chromium_path()
    if executable is None:
        pytest.skip(f"there is no Chromium on this machine ({HINT})")
    playwright = pytest.importorskip("playwright.sync_api", reason=f"playwright is not installed ({HINT})")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def kept() -> Path:
    """Where screenshots are kept after the tests."""
    folder = ROOT / "build" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Every kind of page that is written into a file."""
    return write_pages(tmp_path_factory.mktemp("pages"))
