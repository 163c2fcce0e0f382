"""Game days that were run: how each went, for the list of runs, and the report of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread
from aiohttp import web

from drillrunner.errors import DrillError
from drillrunner.files.gameday.folder import GameDayFolder, gameday_folders, is_held
from drillrunner.files.journal_file import read_journal
from drillrunner.model.gameday_course import CourseOutcome
from drillrunner.model.journal import Entry
from drillrunner.reporting import wording
from drillrunner.reporting.gameday_html import PAGE
from drillrunner.reporting.gameday_text import OUTCOMES
from drillrunner.web.answers import SOURCES, NotShown, is_plain
from drillrunner.web.headers import REPORT_POLICY

_TINTS = {"pass": "met", "fail": "missed", "unsure": "inconclusive"}


@dataclass(frozen=True, slots=True)
class GameDayRow:
    """One game day in the list. `problem` says why its journal cannot be read."""

    gameday_id: str
    name: str
    environment: str = ""
    began: str = ""
    word: str = ""
    reason: str = ""
    tint: str = ""
    has_report: bool = False
    problem: str = ""


def gameday_rows(reports: Path) -> list[GameDayRow]:
    """Every game day of the reports folder, newest first; one that is broken hides no other. Reads files."""
    return [_row(folder) for folder in gameday_folders(reports)]


def _row(folder: GameDayFolder) -> GameDayRow:
    try:
        entries = read_journal(folder.journal)
    except DrillError as error:
        return GameDayRow(folder.gameday_id, folder.gameday, problem=error.message)
    except OSError as error:
        return GameDayRow(folder.gameday_id, folder.gameday, problem=error.strerror or type(error).__name__)
    first, last = (entries[0], entries[-1]) if entries else (None, None)
    said = OUTCOMES[_outcome(entries, folder)]
    return GameDayRow(
        gameday_id=folder.gameday_id,
        name=folder.gameday,
        environment=str(first.data.get("environment") or "") if first else "",
        began=wording.utc_minute(first.wall) if first else "",
        word=said.word,
        reason=str((last.data.get("why") if last else None) or said.reason),
        tint=_TINTS[said.tint],
        has_report=is_plain(folder.path / PAGE),
    )


def _outcome(entries: Sequence[Entry], folder: GameDayFolder) -> CourseOutcome:
    """As its last entry says; without an end it is under way, or its process died."""
    for entry in reversed(entries):
        said = entry.data.get("outcome")
        if entry.kind == "gameday.ended" and said in OUTCOMES:
            return said
    return "running" if is_held(folder) else "died"


async def report(request: web.Request) -> web.StreamResponse:
    """The report of one game day, sandboxed as a run's is; the route lets nothing through but a game day's id."""
    folder = GameDayFolder(request.app[SOURCES].reports / request.match_info["gameday"])
    if not await anyio.to_thread.run_sync(folder.journal.exists):
        raise NotShown(404, f"There is no game day {folder.gameday_id} in {request.app[SOURCES].reports}.")
    page = folder.path / PAGE
    if not await anyio.to_thread.run_sync(is_plain, page):
        advice = f"Write one with: drill gameday report {folder.gameday_id}"
        raise NotShown(404, f"Game day {folder.gameday_id} has no report yet.", advice)
    headers = {"Content-Type": "text/html", "Content-Security-Policy": REPORT_POLICY}
    return web.FileResponse(page, headers=headers)


async def report_of_run(request: web.Request) -> web.StreamResponse:
    """Where the report's own links to its runs lead, which are relative to the reports folder."""
    raise web.HTTPSeeOther(f"/runs/{request.match_info['run']}/files/report.html")
