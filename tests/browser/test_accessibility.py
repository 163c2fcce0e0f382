"""axe-core over every page that is written into a file. The served ones are looked at where they are served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from made_pages import Pages
from sheets import DARK, LIGHT, PHONE, Look, faults, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

SEEN = [
    ("met", LIGHT),
    ("met", DARK),
    ("met", PHONE),
    ("missed", DARK),
    ("inconclusive", LIGHT),
    ("left", DARK),
    ("rehearsal", LIGHT),
    ("rehearsal", DARK),
    ("rehearsal", PHONE),
    ("trend", LIGHT),
    ("trend", DARK),
]


@pytest.mark.parametrize(("name", "look"), SEEN)
def test_no_serious_fault_is_found(browser: Browser, pages: Pages, name: str, look: Look) -> None:
    with opened(browser, pages.address(name), look) as sheet:
        if name not in ("rehearsal", "trend"):
            sheet.page.locator(".live canvas").first.wait_for()
        assert faults(sheet) == []
