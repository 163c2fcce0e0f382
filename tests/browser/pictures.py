"""Makes docs/images: the first screens of a met, a missed and an inconclusive run, and the live views of a real one.

`make pictures` runs it. The reports are the run in reports/sample judged against three RTO targets. The live views are
taken from a terminal (tmux) in which the shipped regional outage runs in a lab of its own, and from `drill serve`.
They are of one run: where the machine was too busy for it, or one of its moments was not seen, none is changed.
"""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from made_pages import RTO_TARGETS, sample_report
from serving import serving
from sheets import HINT, Look, chromium_path, opened
from stages import ROOT, Stage, stage_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IMAGES = ROOT / "docs" / "images"
BYTES_MOST = 120_000
WINDOW = Look(width=1180, height=720)
COLUMNS, ROWS = 100, 22
LOOK_EVERY_SECONDS = 0.25
RUN_SECONDS_MOST = 240.0
# The live view as it is at the end of these phases.
MOMENTS = {"baseline": "▶baseline", "outage": "▶detect", "served-again": "▶recover"}
IN_THE_BROWSER, SERVED = "▶failover", "serve-live"
PROBES_LATE, A_CALM_RUN = "F106", "a run whose probes were asked in time"
FRAME = """<!doctype html><meta charset="utf-8"><style>{stylesheet}
body {{ margin: 0; background: {background}; color: {foreground} }}
pre {{ margin: 0; padding: 14px 18px; width: max-content; font: 14px/1.25 "DejaVu Sans Mono", monospace }}</style>
<body><pre>{code}</pre>"""


def reports(browser: Browser, folder: Path) -> None:
    """The first screens in light, in dark and without scripts; one without scripts and styles."""
    for outcome, target in RTO_TARGETS.items():
        page = folder / f"{outcome}.html"
        page.write_text(sample_report(target)[1], encoding="utf-8")
        for name, dark in (("light", False), ("dark", True)):
            with opened(browser, page.as_uri(), replace(WINDOW, dark=dark)) as sheet:
                sheet.page.screenshot(path=str(IMAGES / f"report-{outcome}-{name}.png"))
        with opened(browser, page.as_uri(), replace(WINDOW, scripts=False)) as sheet:
            sheet.page.screenshot(path=str(IMAGES / f"report-{outcome}-no-scripts.png"))
    with opened(browser, (folder / "missed.html").as_uri(), replace(WINDOW, scripts=False)) as sheet:
        sheet.page.evaluate("document.querySelectorAll('style').forEach((one) => one.remove())")
        sheet.page.screenshot(path=str(IMAGES / "report-missed-no-scripts-no-styles.png"))


@contextmanager
def terminal(command: list[str], stage: Stage, socket: Path) -> Iterator[list[str]]:
    """A terminal in which a command runs; gives what tmux is called with. The terminal ends with the block."""
    tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]
    settings = [f"{name}={value}" for name, value in stage.environment.items()]
    line = shlex.join(["env", *settings, "COLORTERM=truecolor", *command])
    size = ["-x", str(COLUMNS), "-y", str(ROWS)]
    subprocess.run([*tmux, "new-session", "-d", *size, "-c", str(stage.folder), line], check=True)
    try:
        yield tmux
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)


def frames(tmux: list[str]) -> Iterator[str]:
    """What the terminal shows, again and again until its command has ended."""
    until = time.monotonic() + RUN_SECONDS_MOST
    while time.monotonic() < until:
        shown = subprocess.run([*tmux, "capture-pane", "-p", "-e"], check=False, capture_output=True, text=True)
        if shown.returncode != 0:
            return
        yield shown.stdout
        time.sleep(LOOK_EVERY_SECONDS)


@dataclass
class Seen:
    """What was seen of a run: the last frame of each of its MOMENTS, and a picture of the served page."""

    frames: dict[str, str] = field(default_factory=dict)
    served: bytes = b""

    @property
    def missing(self) -> list[str]:
        return [name for name in MOMENTS if name not in self.frames] + ([] if self.served else [SERVED])


def moments(browser: Browser, stage: Stage, socket: Path) -> Seen:
    """A regional outage in a terminal and on the served page."""
    command = stage.command("run", "regional-outage", "--reports", str(stage.reports))
    seen = Seen()
    with (
        serving(stage) as served,
        opened(browser, served.signed_in, WINDOW, within=served.origin) as sheet,
        terminal(command, stage, socket) as tmux,
    ):
        for frame in frames(tmux):
            plain = Text.from_ansi(frame).plain
            seen.frames.update({name: frame for name, mark in MOMENTS.items() if mark in plain})
            if IN_THE_BROWSER in plain and not seen.served:
                sheet.page.reload()
                sheet.page.locator("#runs tbody a").first.click()
                sheet.page.locator("#part-phases").wait_for()
                seen.served = sheet.page.screenshot()
    return seen


def as_page(frame: str) -> str:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(frame.rstrip()), end="", no_wrap=True)
    return console.export_html(theme=SVG_EXPORT_THEME, code_format=FRAME, inline_styles=True)


def is_disturbed(stage: Stage) -> bool:
    """Whether the run's own report finds that its probes were not asked in time."""
    verdict = json.loads((stage.run_folder() / "verdict.json").read_text(encoding="utf-8"))
    return any(finding["code"] == PROBES_LATE for finding in verdict["findings"])


def live_views(browser: Browser, folder: Path) -> list[str]:
    """Writes the pictures of a run; gives the names of what was not seen, and then writes none."""
    stage = stage_in(folder / "stage")
    (stage.folder / "drills" / "regional-outage.yaml").symlink_to(ROOT / "drills" / "regional-outage.yaml")
    stage.reports.mkdir()
    try:
        seen = moments(browser, stage, folder / "tmux")
    finally:
        stage.drill("lab", "down", "--topology", "checkout")
    missing = [*seen.missing, *([A_CALM_RUN] if is_disturbed(stage) else [])]
    if missing:
        return missing
    (IMAGES / f"{SERVED}.png").write_bytes(seen.served)
    for name, frame in seen.frames.items():
        page = folder / f"live-{name}.html"
        page.write_text(as_page(frame), encoding="utf-8")
        with opened(browser, page.as_uri()) as sheet:
            sheet.page.locator("pre").screenshot(path=str(IMAGES / f"live-{name}.png"))
    return []


def main() -> int:
    from playwright.sync_api import sync_playwright

    IMAGES.mkdir(parents=True, exist_ok=True)
    executable = chromium_path()
    if executable is None:
        print(f"there is no Chromium ({HINT})", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable)
        reports(browser, Path(name))
        missing = live_views(browser, Path(name))
        browser.close()
    if missing:
        advice = "the live views are as they were; try again while nothing else runs here"
        print(f"never seen: {', '.join(missing)}; {advice}", file=sys.stderr)
    heavy = [path.name for path in IMAGES.glob("*.png") if path.stat().st_size > BYTES_MOST]
    if heavy:
        print(f"heavier than {BYTES_MOST:,} bytes: {', '.join(heavy)}", file=sys.stderr)
    return 1 if heavy or missing else 0


if __name__ == "__main__":
    sys.exit(main())
