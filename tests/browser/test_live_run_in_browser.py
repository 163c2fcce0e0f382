"""A real run in the lab, watched and stopped from the browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from serving import Served, serving
from sheets import opened
from stages import QUICK, Stage, stage_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

ABORTED_AND_REVERTED = 5
A_RUN_MS, ASK_AGAIN_MS = 60_000, 200


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage with a lab of its own."""
    stage = stage_in(tmp_path_factory.mktemp("live") / "work")
    up = stage.drill("lab", "up", *QUICK)
    assert up.returncode == 0, up.stderr
    yield stage
    stage.drill("lab", "down", "--topology", "checkout")


@pytest.fixture(scope="module")
def served(stage: Stage) -> Iterator[Served]:
    stage.reports.mkdir()
    with serving(stage) as served:
        yield served


@contextmanager
def running(stage: Stage) -> Iterator[Any]:
    """A short regional outage. One that has not ended at the end of the block is stopped, and puts all back."""
    run = stage.start("run", str(stage.drill_file("quick")), "--reports", str(stage.reports))
    try:
        yield run
    finally:
        if run.poll() is None:
            run.terminate()
            run.communicate(timeout=60)


def open_the_run(page: Page, words: str = "") -> None:
    """Ask for the list until the run is in it, with those words, and choose it."""
    link = page.locator("#runs tbody tr", has_text=words).locator("a")
    while not link.count():
        page.wait_for_timeout(ASK_AGAIN_MS)
        page.reload()
    link.first.click()


def test_a_run_is_watched_and_stopped_with_its_button_and_its_report_opens(
    browser: Browser, stage: Stage, served: Served, kept: Path
) -> None:
    before = stage.state()
    with opened(browser, served.signed_in, within=served.origin) as sheet, running(stage) as run:
        page = sheet.page
        assert "token" not in page.url
        open_the_run(page)
        page.locator("#part-injected", has_text="INJECTED (").wait_for(timeout=A_RUN_MS)
        page.locator("#events li", has_text="effect").first.wait_for()
        page.screenshot(path=str(kept / "live-injected.png"), full_page=True)

        confirm = page.get_by_role("button", name="Yes, stop and put everything back")
        assert not confirm.is_visible()
        page.get_by_text("Stop this run…").click()
        page.screenshot(path=str(kept / "live-stop.png"), full_page=True)
        confirm.click()
        page.get_by_role("link", name="Show its result").click(timeout=A_RUN_MS)
        run.communicate(timeout=60)
        assert run.returncode == ABORTED_AND_REVERTED
        assert page.locator("h1").inner_text().startswith("ABORTED")
        page.screenshot(path=str(kept / "live-stopped.png"), full_page=True)
        page.locator("#report").click()
        assert sheet.first_screen().lstrip().startswith("ABORTED")
        page.screenshot(path=str(kept / "live-report.png"))
    assert stage.state() == before


def test_the_runbook_s_steps_are_begun_and_done_with_buttons_and_by_drill_step_from_a_shell(
    browser: Browser, stage: Stage, served: Served, kept: Path
) -> None:
    with opened(browser, served.signed_in, within=served.origin) as sheet, running(stage) as run:
        page = sheet.page
        open_the_run(page, "under way")
        page.get_by_label("Your name, for the record").fill("Ana <b>")
        page.get_by_role("button", name="Step 1.2: Begin").click()
        page.get_by_role("button", name="Step 1.2: Done").wait_for(timeout=A_RUN_MS)
        assert "Ana <b>" in page.locator("#part-steps tr[aria-current]").inner_text()
        page.locator("#part-step", has_text="1.2 begun").wait_for()
        assert page.get_by_label("Your name, for the record").input_value() == "Ana <b>"
        page.screenshot(path=str(kept / "live-steps.png"), full_page=True)

        told = stage.drill("step", "last", "1.1", "done", "--by", "Ben", "--reports", str(stage.reports))
        assert told.stdout.startswith("step 1.1 is done: Say so: tell the incident commander"), told.stderr
        page.locator("#part-steps tr", has_text="Ben").wait_for()  # the page hears of it without being asked
        button = page.get_by_role("button", name="Step 1.2: Done")
        button.focus()
        page.keyboard.press("Enter")
        page.locator("#part-steps tr", has_text="done in").filter(has_text="Ana").wait_for()
        page.locator("#part-steps tr", has_text="Move the ledger").filter(has_text="done in").wait_for(timeout=A_RUN_MS)
        page.get_by_role("link", name="Show its result").click(timeout=A_RUN_MS)
        run.communicate(timeout=60)
    report = (stage.run_folder() / "report.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in report.splitlines() if line.startswith("| <!-- -->")]
    by = {row[0].removeprefix("| <!-- -->"): (row[4], row[6].removesuffix(" |")) for row in rows}
    assert by["1.1"] == ("Ben", "done; when it was begun was not recorded")
    assert by["1.2"] == ("Ana &lt;b&gt;", "done")
    assert by["1.3"] == ("the drill", "done")
    assert by["1.5"][1] == "never begun"
