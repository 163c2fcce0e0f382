"""Pages of runs: the list, one that is over, one that is under way, its files, its stream, and its stop."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import anyio.to_thread
from aiohttp import web
from markupsafe import Markup

from drillrunner.files.run_folder import RunFolder, read_plan, read_verdict
from drillrunner.model.history import BrokenRun, PastRun, worst_of
from drillrunner.model.runbook_walk import NAME_CHARACTERS_MOST
from drillrunner.reporting import wording
from drillrunner.reporting.history_text import where_words
from drillrunner.reporting.outside_text import masked, visible
from drillrunner.web.access import Access
from drillrunner.web.answers import (
    ACCESS,
    FOLLOWINGS,
    SHELF,
    SOURCES,
    NotShown,
    drill_query,
    is_plain,
    page,
    run_folder,
)
from drillrunner.web.following import Update
from drillrunner.web.gamedays import gameday_rows
from drillrunner.web.headers import REPORT_POLICY, WITH_A_FORM
from drillrunner.web.live_parts import Moment, live_parts
from drillrunner.web.shelf import is_under_way
from drillrunner.web.tail import RunTail

RUNS_MOST = 50
GAMEDAYS_MOST = 10
AGAIN_REAL_MS = 2000
# name: content type and what it is
FILES = {
    "report.html": ("text/html", "the report"),
    "report.md": ("text/plain", "the report for a pull request"),
    "junit.xml": ("application/xml", "the objectives as test cases"),
    "verdict.json": ("application/json", "the verdict as data"),
    "plan.json": ("application/json", "what was planned"),
    "journal.jsonl": ("application/x-ndjson", "what was done, entry by entry"),
    "readings.sqlite": ("application/vnd.sqlite3", "what every probe saw"),
}
MASKED = frozenset({"plan.json", "journal.jsonl"})
_TINTS = {"met": "pass", "missed": "fail", "inconclusive": "unsure"}


@dataclass(frozen=True, slots=True)
class Row:
    """One run in the list."""

    began: str
    run_id: str
    drill: str
    where: str
    outcome: str
    tint: str
    rto: str
    rpo: str
    reverted: str
    left: bool
    ended: str


def row_of(run: PastRun) -> Row:
    """What the list says of a run."""
    rto, rpo = worst_of(run.objectives, "rto"), worst_of(run.objectives, "rpo")
    return Row(
        began=wording.utc_minute(run.began_wall),
        run_id=run.run_id,
        drill=run.drill,
        where=where_words(run.environment, run.kind),
        outcome="▶ under way" if run.under_way else f"{wording.OUTCOME_MARK[run.outcome]} {run.outcome}",
        tint="" if run.under_way else run.outcome,
        rto="—" if rto is None else f"{wording.measured(rto)} / {wording.target(rto)}",
        rpo="—" if rpo is None else wording.measured(rpo),
        reverted=reverted_words(run),
        left=bool(run.revert and run.revert.left),
        ended=run.ended_by,
    )


def reverted_words(run: PastRun) -> str:
    """`2/2`, with what is left said aloud."""
    if run.revert is None:
        return "—"
    return f"{run.revert.reverted}/{run.revert.of}{' STILL INJECTED' if run.revert.left else ''}"


async def runs(request: web.Request) -> web.Response:
    """The list, newest first."""
    reports = request.app[SOURCES].reports
    found = await anyio.to_thread.run_sync(request.app[SHELF].runs)
    chosen = request.query.get("drill", "")
    held = [] if chosen else await anyio.to_thread.run_sync(gameday_rows, reports)
    gamedays = held if request.query.get("all") else held[:GAMEDAYS_MOST]
    readable = [one for one in found if isinstance(one, PastRun)]
    wanted = [one for one in readable if chosen in ("", one.drill)]
    shown = wanted if request.query.get("all") else wanted[:RUNS_MOST]
    values = {
        "chosen": chosen,
        "address": drill_query(chosen),
        "drills": sorted({one.drill for one in readable}),
        "rows": [row_of(one) for one in shown],
        "left": [row_of(one) for one in readable if one.revert and one.revert.left],
        "older": len(wanted) - len(shown),
        "gamedays": gamedays,
        "older_gamedays": len(held) - len(gamedays),
        "broken": [one for one in found if isinstance(one, BrokenRun)],
    }
    return page("runs.html.j2", values, here="/")


async def run(request: web.Request) -> web.Response:
    """One run: the live page while its process lives, else what came of it."""
    folder = run_folder(request)
    if await anyio.to_thread.run_sync(is_under_way, folder):
        return await _live(request, folder)
    return await _over(request, folder)


async def _over(request: web.Request, folder: RunFolder) -> web.Response:
    past = await anyio.to_thread.run_sync(request.app[SHELF].run, folder)
    if isinstance(past, BrokenRun):
        raise NotShown(500, f"Run {folder.run_id} cannot be read: {past.why}")
    verdict = await anyio.to_thread.run_sync(read_verdict, folder)
    headline = f"{past.outcome.upper()} · {past.why}" if verdict is None else str(wording.headline(verdict))
    aborted = verdict is not None and headline.startswith(("ABORTED", "REFUSED"))
    values = {
        "run": past,
        "headline": headline,
        "tint": ("unsure" if headline.startswith("REFUSED") else "fail") if aborted else _TINTS[past.outcome],
        "left": past.revert.left if past.revert else (),
        "reverted": reverted_words(past),
        "has_report": (folder.path / "report.html").is_file(),
        "files": list(_files(folder)),
    }
    return page("run.html.j2", values)


def _files(folder: RunFolder) -> Iterator[dict[str, str]]:
    for name, (_, what) in FILES.items():
        if is_plain(folder.path / name):
            yield {"name": name, "what": what, "size": _size_words((folder.path / name).stat().st_size)}


def _size_words(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"


async def _live(request: web.Request, folder: RunFolder) -> web.Response:
    clock, access = request.app[SOURCES].clock, request.app[ACCESS]

    def looked() -> tuple[RunTail, dict[str, str]]:
        tail = RunTail(folder, read_plan(folder), request.app[SOURCES].durations(folder))
        tail.look()
        picture = tail.picture(tail.now(clock, alive=True))
        moment = Moment(picture, tail.plan, tail.scale, clock.wall(), True, folder.stop_request.exists())
        return tail, live_parts(moment)

    tail, parts = await anyio.to_thread.run_sync(looked)
    values = {
        "drill": tail.plan.drill.name,
        "run_id": folder.run_id,
        "parts": {name: Markup(text) for name, text in parts.items()},  # drawn and escaped by live_parts
        "told": list(tail.told),
        "last": tail.told[-1].seq if tail.told else 0,
        "may_stop": may_act(request, access),
        "form_token": access.form_token if may_act(request, access) else "",
        "by": request.query.get("by", "")[:NAME_CHARACTERS_MOST],
    }
    return page("live.html.j2", values, headers=WITH_A_FORM)


def may_act(request: web.Request, access: Access) -> bool:
    """Whether the browser holds the cookie that the printed address gives."""
    return access.is_cookie(request.cookies.get(cookie_name(request), ""))


def cookie_name(request: web.Request) -> str:
    """A name for each port: cookies are shared by all that a machine serves."""
    return f"drill-{request.url.port or 80}"


async def stop(request: web.Request) -> web.Response:
    """Ask the run to stop and put everything back, as `drill stop` does. The request has been let in already."""
    folder = run_folder(request)
    if not await anyio.to_thread.run_sync(is_under_way, folder):
        raise NotShown(400, f"Run {folder.run_id} is not running here, so there is nothing to stop.")
    await anyio.to_thread.run_sync(folder.stop_request.touch)
    raise web.HTTPSeeOther(f"/runs/{folder.run_id}")


async def file(request: web.Request) -> web.StreamResponse:
    """One of the run's files, by a name that is known."""
    folder, name = run_folder(request), request.match_info["name"]
    path = folder.path / name
    if name not in FILES or not await anyio.to_thread.run_sync(is_plain, path):
        raise NotShown(404, f"Run {folder.run_id} has no file of that name.")
    headers = {"Content-Type": FILES[name][0]}
    if name == "report.html":
        return web.FileResponse(path, headers={**headers, "Content-Security-Policy": REPORT_POLICY})
    headers["Content-Disposition"] = f'attachment; filename="{folder.run_id}-{name}"'
    if name in MASKED:
        return web.Response(body=await anyio.to_thread.run_sync(_without_secrets, path), headers=headers)
    return web.FileResponse(path, headers=headers)


def _without_secrets(path: Path) -> bytes:
    """The file with what names call a password or token masked; to the byte as it is where there is none."""
    if path.suffix == ".json":
        return _masked(path.read_bytes(), indent=1)
    with path.open("rb") as lines:
        return b"".join(map(_masked, lines))


def _masked(document: bytes, indent: int | None = None) -> bytes:
    try:
        value = json.loads(document)
        hidden = masked(value)
    except (ValueError, RecursionError):
        return b"" if indent is None else b"null\n"  # a line that is torn: nobody can say what is in it
    return document if hidden == value else json.dumps(hidden, indent=indent).encode() + b"\n"


async def events(request: web.Request) -> web.StreamResponse:
    """The run as it goes on, as server-sent events; told from `Last-Event-ID` on where there is one."""
    folder, followings = run_folder(request), request.app[FOLLOWINGS]
    if followings.is_full:
        raise NotShown(503, "No more pages can follow a run at once.", "Close some of them.")
    after = _number(request.headers.get("Last-Event-ID") or request.query.get("after", ""))
    async with followings.of(folder) as following:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await answer.prepare(request)
        await answer.write(f"retry: {AGAIN_REAL_MS}\n\n".encode())
        try:
            async for update in following.updates(after):
                await answer.write(b"".join(_pieces(update)))
        except ConnectionError:
            return answer  # the page was closed
        return answer


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _pieces(update: Update) -> Iterable[bytes]:
    event = partial(json.dumps, ensure_ascii=True)
    for one in update.told:
        yield f"id: {one.seq}\nevent: told\ndata: {event(_shown(asdict(one)))}\n\n".encode()
    if update.parts:
        yield f"event: parts\ndata: {event(dict(update.parts))}\n\n".encode()
    if update.over:
        yield b"event: over\ndata: {}\n\n"
    if not update.told and not update.parts:
        yield b": still here\n\n"


def _shown(told: dict[str, object]) -> dict[str, object]:
    return {name: visible(value) if isinstance(value, str) else value for name, value in told.items()}
