"""One page in a browser, and what it did that no page of ours does: ask the network, complain, open a dialog."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
HINT = "make browser-deps installs what it can"
PATIENCE_MS = 15_000
# Every text that is drawn within the window, from top to bottom, without scrolling.
FIRST_SCREEN = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const box = range.getBoundingClientRect();
    if (box.height > 0 && box.width > 0 && box.top < innerHeight) found.push(walker.currentNode.textContent);
  }
  return found.join(" ").replace(/\\s+/g, " ");
}"""


def chromium_path() -> str | None:
    """The browser that is installed; `DRILLRUNNER_CHROMIUM` names another."""
    named = os.environ.get("DRILLRUNNER_CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass(frozen=True)
class Look:
    """How somebody looks at a page: the colours that they prefer, whether scripts run, and the window in pixels."""

    dark: bool = False
    scripts: bool = True
    width: int = 1280
    height: int = 1000


LIGHT, DARK, NO_SCRIPTS, PHONE = Look(), Look(dark=True), Look(scripts=False), Look(width=390, height=844)
LOOKS = {"light": LIGHT, "dark": DARK, "no-scripts": NO_SCRIPTS}


@dataclass
class Sheet:
    """A page that is open. `strayed` are addresses that it asked for and was not given."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def first_screen(self) -> str:
        """What can be read without scrolling."""
        return str(self.page.evaluate(FIRST_SCREEN))

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).first.inner_text())

    def headings(self, level: int) -> list[str]:
        return [str(one) for one in self.page.locator(f"h{level}").all_inner_texts()]

    def assert_harmless(self) -> None:
        assert not self.dialogs
        assert not self.strayed
        assert not self.complaints, self.complaints
        assert self.page.evaluate("window.__xss === undefined"), "a text from outside was run"

    def _listen(self) -> None:
        def dialog(shown: Any) -> None:
            self.dialogs.append(str(shown.message))
            shown.dismiss()

        def console(message: Any) -> None:
            if message.type == "error":
                self.complaints.append(str(message.text))

        self.page.on("dialog", dialog)
        self.page.on("console", console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.set_default_timeout(PATIENCE_MS)


@contextmanager
def opened(browser: Browser, address: str, look: Look = LIGHT, *, within: str | None = None) -> Iterator[Sheet]:
    """A page, alone in a browser without a past; nothing beyond `within` (else: the file itself) is let through.

    Whatever a page did that none of ours does fails the test at the end.
    """
    allowed = within or address.partition("#")[0]
    context = browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme="dark" if look.dark else "light",
        java_script_enabled=look.scripts,
        reduced_motion="reduce",
    )
    try:
        sheet = Sheet(context.new_page())

        def refuse(route: Any) -> None:
            sheet.strayed.append(str(route.request.url))
            route.abort()

        context.route(lambda url: not url.startswith((allowed, "data:")), refuse)
        sheet._listen()
        sheet.page.goto(address)
        yield sheet
        sheet.assert_harmless()
    finally:
        context.close()


def faults(sheet: Sheet) -> list[str]:
    """The serious and critical faults that axe-core finds: the rule, where, and what it says."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(sheet.page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}) {node['target']}: {node['failureSummary']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
