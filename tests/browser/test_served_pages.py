"""Every page of `drill serve` in a browser: faults, hostile texts, and the report as it is served."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drillrunner.files.journal_file import read_journal
from drillrunner.files.lock_file import EnvironmentLock
from drillrunner.files.run_folder import RunFolder, read_plan
from drillrunner.model.journal import line_of, next_entry
from drillrunner.model.noun import JsonValue
from hostile import ARMED, write_hostile_run
from made_pages import SAMPLE
from outside_strings import MARKUP
from serving import Served, serving
from sheets import DARK, LIGHT, NO_SCRIPTS, PHONE, Look, faults, opened
from stages import ROOT, Stage, stage_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

RUN = "20261121-083011-8f636e"
PAGES = {
    "runs": "/",
    "run": f"/runs/{RUN}",
    "drills": "/drills",
    "trends": "/trends?by=run",
    "trend-page": "/trends/page?by=run",
    "catalogue": "/catalogue",
}
A_PERSONS_STEP: dict[str, JsonValue] = {"section": "failover", "index": 1, "kind": "manual", "by": "person"}
LATE = """\
drill: late
title: nobody has practised it
owner: team-checkout
objectives: {rto: 3m}
probes: {checkout: {http.get: {url: "https://checkout.example.test/health"}, user_facing: true}}
faults: [lambda.throttle: {region: us-east-1, functions: [checkout]}]
schedule: {every: month, starts: 2026-01-05T09:00, time_zone: Europe/Berlin, grace: 14d}
"""
TITLE = "".join(MARKUP[:2]) + "</td></table>"


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One run that is over, the shipped drills, game days and exercises, and a drill that is overdue."""
    stage = stage_in(tmp_path_factory.mktemp("quiet") / "work")
    shutil.copytree(SAMPLE, stage.reports / RUN)
    for drill in (ROOT / "drills").glob("*.yaml"):
        shutil.copy(drill, stage.folder / "drills")
    for kind in ("gamedays", "exercises"):
        shutil.copytree(ROOT / "drills" / kind, stage.folder / "drills" / kind)
    (stage.folder / "drills" / "late.yaml").write_text(LATE, encoding="utf-8")
    with serving(stage) as served:
        yield served


@pytest.fixture(scope="module")
def hostile_stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    stage = stage_in(tmp_path_factory.mktemp("hostile") / "work")
    text = (ROOT / "drills" / "regional-outage.yaml").read_text(encoding="utf-8")
    title = re.sub("(?m)^title:.*$", lambda _: f"title: {json.dumps(TITLE)}", text)
    (stage.folder / "drills" / "regional-outage.yaml").write_text(title, encoding="utf-8")
    for number, evil in enumerate(ARMED):
        write_hostile_run(stage.reports, number, evil)
    return stage


@pytest.fixture(scope="module")
def hostile(hostile_stage: Stage) -> Iterator[Served]:
    """Runs and a drill with hostile texts."""
    with serving(hostile_stage) as served:
        yield served


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_no_serious_fault_is_found_on_a_served_page(
    browser: Browser, quiet: Served, kept: Path, name: str, look: Look
) -> None:
    with opened(browser, quiet.origin + PAGES[name], look, within=quiet.origin) as sheet:
        assert sheet.page.locator("h1").count() == 1
        sheet.page.screenshot(path=str(kept / f"serve-{name}-{'dark' if look.dark else 'light'}.png"))
        assert faults(sheet) == []


def test_a_phone_shows_every_served_page_without_scrolling_sideways(browser: Browser, quiet: Served) -> None:
    with opened(browser, quiet.origin, PHONE, within=quiet.origin) as sheet:
        wide = {}
        for name, path in PAGES.items():
            sheet.page.goto(quiet.origin + path)
            wide[name] = sheet.page.evaluate("document.documentElement.scrollWidth")
        assert {name: width for name, width in wide.items() if width > PHONE.width} == {}


def test_a_drill_that_is_overdue_is_seen_at_once_and_not_by_its_colour_alone(browser: Browser, quiet: Served) -> None:
    with opened(browser, f"{quiet.origin}/drills", PHONE, within=quiet.origin) as sheet:
        assert re.search(r"✗ Overdue \(1 of \d+\): late", sheet.first_screen())
        words = sheet.text("#drills tr:has(a:text-is('late')) td:last-child")
        assert re.match(r"✗ OVERDUE by \d+d: was due on 2026-01-05 09:00 Europe/Berlin", words)


def test_an_address_with_nothing_is_a_page_that_says_so(browser: Browser, quiet: Served) -> None:
    with opened(browser, quiet.origin + "/nothing", within=quiet.origin) as sheet:
        assert sheet.page.locator("h1").count() == 1
        assert "nothing at this address" in sheet.text("main")
        assert faults(sheet) == []
        assert len(sheet.complaints) == 1
        assert "404" in sheet.complaints.pop()


def test_the_report_works_in_the_sandbox_that_it_is_served_in(browser: Browser, quiet: Served) -> None:
    with opened(browser, f"{quiet.origin}/runs/{RUN}", within=quiet.origin) as sheet:
        sheet.page.locator("#report").click()
        sheet.page.locator(".live").first.press("+")
        assert sheet.text("#zoom-window").startswith("shown: ")
        sheet.page.locator(".live").first.press("Enter")
        assert "#t=" in sheet.page.url
        assert sheet.page.evaluate("self.origin") == "null"


def test_without_scripts_the_lists_are_whole(browser: Browser, quiet: Served) -> None:
    with opened(browser, quiet.origin, NO_SCRIPTS, within=quiet.origin) as sheet:
        sheet.page.get_by_role("link", name=RUN).click()
        assert sheet.page.locator("h1").inner_text().startswith("PASS")
        sheet.page.get_by_role("link", name="Drills", exact=True).click()
        assert sheet.page.get_by_role("link", name="regional-outage", exact=True).is_visible()


@pytest.mark.parametrize("path", ["/", "/?all=1", "/drills", "/trends?by=run", "/trends/page?by=run"])
def test_a_list_of_hostile_runs_runs_and_loads_nothing_from_outside(
    browser: Browser, hostile: Served, path: str
) -> None:
    with opened(browser, hostile.origin + path, within=hostile.origin) as sheet:
        assert sheet.page.locator("h1").count() == 1
        assert sheet.page.locator("main script, main img, iframe, base, meta[http-equiv=refresh]").count() == 0
        if path == "/drills":
            assert TITLE in sheet.text("#drills")


def test_a_hostile_run_runs_and_loads_nothing_from_outside(
    browser: Browser, hostile: Served, hostile_stage: Stage
) -> None:
    with opened(browser, hostile.origin, within=hostile.origin) as sheet:
        for folder in sorted(path.name for path in hostile_stage.reports.iterdir()):
            sheet.page.goto(f"{hostile.origin}/runs/{folder}")
            assert sheet.headings(2)[1:] == ["Objectives", "Files"]
            assert sheet.page.locator("script, img, iframe, base").count() == 0
            sheet.assert_harmless()
        sheet.page.locator("#report").click()
        sheet.page.locator(".live canvas").first.wait_for()


@pytest.fixture(scope="module")
def hostile_under_way(hostile_stage: Stage) -> Iterator[RunFolder]:
    """A run in the midst of its outage, which this process seems to make: it holds the lock."""
    folder = write_hostile_run(hostile_stage.reports, len(ARMED), ARMED[0], under_way=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRILLRUNNER_STATE", hostile_stage.environment["DRILLRUNNER_STATE"])
        lock = EnvironmentLock(read_plan(folder).environment)
    lock.acquire()
    lock.name(folder.run_id, folder.path, "2026-11-20T14:00:00Z")
    yield folder
    lock.settle()
    lock.release()


def test_a_hostile_run_that_is_under_way_runs_and_loads_nothing_from_outside(
    browser: Browser, hostile: Served, hostile_under_way: RunFolder, kept: Path
) -> None:
    folder = hostile_under_way
    with opened(browser, f"{hostile.origin}/runs/{folder.run_id}", within=hostile.origin) as sheet:
        assert "INJECTED (" in sheet.text("#part-injected")
        last = read_journal(folder.journal)[-1]
        for text in ARMED:
            last = next_entry(last, last.at + 0.1, last.wall, "step.began", {**A_PERSONS_STEP, "text": text})
            with folder.journal.open("ab") as file:
                file.write(line_of(last))
        sheet.page.locator(f"#events li:nth-last-child({len(ARMED)})", has_text="window.__xss=alert(1)").wait_for()
        assert sheet.page.locator("#live script, #live img, #live svg script, iframe, base").count() == 0
        sheet.page.screenshot(path=str(kept / "serve-hostile-live.png"))


def test_without_the_token_there_is_no_stop_button(
    browser: Browser, hostile: Served, hostile_under_way: RunFolder
) -> None:
    address = f"{hostile.origin}/runs/{hostile_under_way.run_id}"
    with opened(browser, address, within=hostile.origin) as sheet:
        assert sheet.page.locator("form[method=post]").count() == 0
        assert f"drill stop {hostile_under_way.run_id}" in sheet.text("main")
    with opened(browser, address + hostile.signed_in[hostile.signed_in.index("?") :], within=hostile.origin) as sheet:
        assert sheet.page.locator("#stop-form").count() == 1


def test_a_long_name_makes_no_tall_row(browser: Browser, hostile: Served, hostile_under_way: RunFolder) -> None:
    """The names are as long as the hostile text that this run has added to them."""
    with opened(browser, f"{hostile.origin}/runs/{hostile_under_way.run_id}", PHONE, within=hostile.origin) as sheet:
        widths = sheet.page.evaluate(
            "[...document.querySelectorAll('.seen th[scope=row]')].map((one) => one.offsetWidth)"
        )
        assert widths
        assert min(widths) >= PHONE.width * 0.4


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_no_serious_fault_is_found_on_the_page_of_a_run_that_is_under_way(
    browser: Browser, hostile: Served, hostile_under_way: RunFolder, look: Look
) -> None:
    with opened(browser, f"{hostile.origin}/runs/{hostile_under_way.run_id}", look, within=hostile.origin) as sheet:
        assert faults(sheet) == []
