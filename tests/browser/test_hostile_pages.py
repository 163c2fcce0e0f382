"""Whatever comes from outside is shown and never run: every page that is written, with scripts on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hostile import ARMED, hostile_rehearsal_page, hostile_trend_page, write_hostile_run
from outside_strings import MARKUP
from sheets import LIGHT, NO_SCRIPTS, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

REPORT_HEADINGS = [
    "Timeline",
    "What to do next",
    "What was injected, and how it was put back",
    "What happened",
    "Proof",
]
NUMBERS = range(len(ARMED))


def test_the_corpus_can_run_something() -> None:
    assert sum("window.__xss=alert(1)" in text for text in ARMED) >= 1
    assert sum("alert(1)" in text for text in MARKUP) > 10


def test_a_page_that_escapes_nothing_is_noticed(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "naive.html"
    page.write_text("<!doctype html><title>x</title><body>" + ARMED[0], encoding="utf-8")
    seen = None

    def look() -> None:
        nonlocal seen
        with opened(browser, page.as_uri()) as seen:
            pass

    with pytest.raises(AssertionError):
        look()
    assert seen is not None
    assert seen.dialogs
    assert seen.strayed


@pytest.mark.parametrize("number", NUMBERS)
def test_a_report_runs_and_loads_nothing_from_outside(browser: Browser, tmp_path: Path, number: int) -> None:
    folder = write_hostile_run(tmp_path, number, ARMED[number])
    with opened(browser, (folder.path / "report.html").as_uri(), LIGHT) as sheet:
        headings = sheet.headings(2)
        assert [one for one in REPORT_HEADINGS if one not in headings] == []
        sheet.page.locator(".live canvas").first.scroll_into_view_if_needed()
        for chart in sheet.page.locator(".live .u-over").all():
            chart.hover(position={"x": 30, "y": 30})
        assert sheet.page.locator(".readout").first.inner_text()
        assert sheet.page.locator("script").count() == 3


@pytest.mark.parametrize("make", [hostile_rehearsal_page, hostile_trend_page], ids=["rehearsal", "trend"])
def test_a_rehearsal_and_a_trend_run_and_load_nothing_from_outside(
    browser: Browser, tmp_path: Path, make: Callable[[str], str]
) -> None:
    for number, evil in enumerate(ARMED):
        page = tmp_path / f"{number}.html"
        page.write_text(make(evil), encoding="utf-8")
        with opened(browser, page.as_uri(), LIGHT) as sheet:
            assert sheet.page.locator("script, img, iframe, form, base").count() == 0
            assert len(sheet.headings(2)) >= 1


def test_what_is_not_run_can_be_read(browser: Browser, tmp_path: Path) -> None:
    folder = write_hostile_run(tmp_path, 0, ARMED[0])
    with opened(browser, (folder.path / "report.html").as_uri(), NO_SCRIPTS) as sheet:
        assert "<script>window.__xss=alert(1)</script>" in sheet.first_screen()
