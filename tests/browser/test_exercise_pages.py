"""Guide, handout and after-action report of an exercise in a real browser: axe-core, nothing cut off, no script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drillrunner.cli.tabletop.guide import guide_texts, read_artifacts
from drillrunner.cli.tabletop.report import after_action, write_after_action
from drillrunner.files.exercise.file import read_exercise
from filed_exercise import HOSTILE, played
from sheets import DARK, LIGHT, PHONE, Look, faults, opened
from stages import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

EXERCISE = ROOT / "drills" / "exercises" / "regional-outage.yaml"
PAGES = ("guide", "handout", "after-action")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three pages."""
    base = tmp_path_factory.mktemp("exercise")
    exercise = read_exercise(EXERCISE)
    for name, text in guide_texts(exercise, read_artifacts(exercise, EXERCISE.parent), "drill tabletop run").items():
        (base / name).write_text(text, encoding="utf-8")
    done = played(base)
    write_after_action(done, after_action(done, base / "reports"))
    (base / "after-action.html").write_bytes((done.path / "after-action.html").read_bytes())
    return base


@pytest.mark.parametrize("look", [LIGHT, DARK, PHONE])
@pytest.mark.parametrize("name", PAGES)
def test_no_serious_fault_is_found(browser: Browser, folder: Path, name: str, look: Look) -> None:
    with opened(browser, (folder / f"{name}.html").as_uri(), look) as sheet:
        assert faults(sheet) == []
        assert sheet.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_what_people_said_is_text_and_pictures_are_seen(browser: Browser, folder: Path) -> None:
    with opened(browser, (folder / "after-action.html").as_uri(), LIGHT) as sheet:
        assert HOSTILE.partition(" |")[0] in sheet.page.inner_text("body")
        assert sheet.page.locator("script").count() == 0
        sheet.page.locator("summary").first.click()
        assert sheet.page.locator("img").first.evaluate("image => image.naturalWidth") == 10


def test_every_picture_of_the_guide_is_drawn(browser: Browser, folder: Path) -> None:
    with opened(browser, (folder / "guide.html").as_uri(), LIGHT) as sheet:
        widths = sheet.page.locator("img").evaluate_all("images => images.map(image => image.naturalWidth)")
        assert len(widths) == 4
        assert min(widths) > 1000
