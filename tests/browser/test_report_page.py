"""report.html in a browser: readable at once, with scripts and without, and its charts answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from made_pages import STILL_THERE, Pages
from sheets import LIGHT, LOOKS, NO_SCRIPTS, PHONE, Sheet, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

WORDS = {"met": "PASS", "missed": "FAIL", "inconclusive": "INCONCLUSIVE"}
A4_PAGES_MOST = 2


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("outcome", WORDS)
def test_the_first_screen_says_verdict_rto_and_that_all_was_put_back(
    browser: Browser, pages: Pages, kept: Path, outcome: str, look: str
) -> None:
    with opened(browser, pages.address(outcome), LOOKS[look]) as sheet:
        seen = sheet.first_screen()
        sheet.page.screenshot(path=str(kept / f"report-{outcome}-{look}.png"))
        assert seen.lstrip().startswith(WORDS[outcome])
        assert re.search(r"RTO checkout .{0,4}48\.7s–50\.1s", seen)
        assert re.search(r"Reverted 3/3", seen)
        assert "regional-outage" in seen
        assert "STILL INJECTED" not in seen


@pytest.mark.parametrize("look", LOOKS)
def test_what_is_still_injected_comes_before_everything_else(browser: Browser, pages: Pages, look: str) -> None:
    with opened(browser, pages.address("left"), LOOKS[look]) as sheet:
        seen = sheet.first_screen().lstrip()
        assert seen.startswith(f"STILL INJECTED {STILL_THERE} Put it back with drill revert")


def test_without_styles_and_scripts_the_text_still_begins_with_the_verdict(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages.address("missed"), NO_SCRIPTS) as sheet:
        sheet.page.evaluate("document.querySelectorAll('style').forEach((one) => one.remove())")
        assert sheet.first_screen().lstrip().startswith("FAIL")
        assert sheet.page.locator("#timeline svg").is_visible()


def test_without_scripts_the_charts_are_drawings(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages.address("met"), NO_SCRIPTS) as sheet:
        assert sheet.page.locator(".still svg").count() >= 2
        assert all(one.is_visible() for one in sheet.page.locator(".still svg").all())
        assert not sheet.page.locator("#zoombar").is_visible()


@pytest.mark.parametrize("name", ["met", "rehearsal", "trend"])
def test_a_phone_shows_the_page_without_scrolling_sideways(
    browser: Browser, pages: Pages, kept: Path, name: str
) -> None:
    with opened(browser, pages.address(name), PHONE) as sheet:
        sheet.page.screenshot(path=str(kept / f"phone-{name}.png"))
        assert sheet.page.evaluate("document.documentElement.scrollWidth") <= PHONE.width


def test_it_prints_on_two_pages(browser: Browser, pages: Pages, kept: Path) -> None:
    with opened(browser, pages.address("met")) as sheet:
        printed = sheet.page.pdf(format="A4", path=str(kept / "report.pdf"))
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= A4_PAGES_MOST


def drag(sheet: Sheet, begin: float, end: float) -> None:
    """Across the first chart, from one share of its width to another."""
    box = sheet.page.locator(".live .u-over").first.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    sheet.page.mouse.move(box["x"] + begin * box["width"], middle)
    sheet.page.mouse.down()
    sheet.page.mouse.move(box["x"] + (begin + end) / 2 * box["width"], middle)
    sheet.page.mouse.move(box["x"] + end * box["width"], middle)
    sheet.page.mouse.up()


def charts_of(sheet: Sheet) -> None:
    """Scroll to the charts; they are drawn when the page's script is done."""
    sheet.page.locator(".live canvas").first.scroll_into_view_if_needed()


def test_a_drag_zooms_every_chart_and_a_double_click_shows_the_whole_run(
    browser: Browser, pages: Pages, kept: Path
) -> None:
    with opened(browser, pages.address("met")) as sheet:
        charts_of(sheet)
        assert sheet.text("#zoom-window") == "whole run"
        before = [one.inner_text() for one in sheet.page.locator(".column").all()]
        drag(sheet, 0.25, 0.5)
        assert re.fullmatch(r"shown: \+\S+ to \+\S+", sheet.text("#zoom-window"))
        after = [one.inner_text() for one in sheet.page.locator(".column").all()]
        assert len(after) >= 2
        assert all(one != other for one, other in zip(before, after, strict=True))
        sheet.page.screenshot(path=str(kept / "report-zoomed.png"))
        sheet.page.locator(".live .u-over").first.dblclick()
        assert sheet.text("#zoom-window") == "whole run"


def test_pointing_tells_what_was_measured_there_in_every_chart(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages.address("met")) as sheet:
        charts_of(sheet)
        sheet.page.locator(".live .u-over").first.hover(position={"x": 40, "y": 40})
        told = [str(one) for one in sheet.page.locator(".readout").all_inner_texts()]
        assert re.match(r"\+\S+ +us-east-1 [\d.]+/s", told[0])
        assert all(told)


def test_an_address_with_a_moment_marks_it_in_charts_timeline_and_events(
    browser: Browser, pages: Pages, kept: Path
) -> None:
    with opened(browser, pages.address("met") + "#t=62") as sheet:
        charts_of(sheet)
        assert sheet.text("#zoom-moment") == "marked: +1m02s"
        assert sheet.page.locator("#timeline svg .over-moment").count() == 1
        assert float(sheet.page.locator("tr.near").get_attribute("data-at")) <= 62.05
        sheet.page.screenshot(path=str(kept / "report-moment.png"))


def test_an_address_with_a_moment_scrolls_to_the_timeline(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages.address("met") + "#t=62") as sheet:
        sheet.page.locator("#timeline svg .over-moment").wait_for(state="attached")
        assert abs(sheet.page.evaluate("document.getElementById('timeline').getBoundingClientRect().top")) < 40


def test_a_click_in_a_chart_or_on_an_event_makes_the_address_of_that_moment(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages.address("met")) as sheet:
        charts_of(sheet)
        sheet.page.locator(".live .u-over").first.click(position={"x": 200, "y": 40})
        assert re.search(r"#t=\d", sheet.page.url)
        marked = sheet.text("#zoom-moment")
        sheet.page.locator("tr[data-at] a[href^='#t=']").last.click()
        sheet.page.wait_for_function("was => document.querySelector('#zoom-moment').textContent !== was", arg=marked)


def test_the_keyboard_moves_zooms_marks_and_resets(browser: Browser, pages: Pages) -> None:
    with opened(browser, pages.address("met")) as sheet:
        chart = sheet.page.locator(".live").first
        chart.focus()
        for key in ("ArrowRight", "ArrowRight", "+"):
            chart.press(key)
        assert chart.get_attribute("aria-valuetext").startswith("+")
        assert sheet.text("#zoom-window").startswith("shown: ")
        chart.press("Enter")
        assert sheet.text("#zoom-moment").startswith("marked: +")
        chart.press("Escape")
        assert sheet.text("#zoom-window") == "whole run"
        assert sheet.page.locator("#zoom-moment").inner_text() == ""


def test_without_inflation_in_the_browser_the_drawings_stay(browser: Browser, pages: Pages) -> None:
    with opened(browser, "about:blank", LIGHT, within=pages.address("met")) as sheet:
        sheet.page.add_init_script("delete window.DecompressionStream")
        sheet.page.goto(pages.address("met"))
        assert sheet.page.locator(".still svg").first.is_visible()
        assert not sheet.page.locator("#zoombar").is_visible()
