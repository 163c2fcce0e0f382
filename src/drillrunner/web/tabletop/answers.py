"""What the facilitator's and the players' addresses share: streams, files that injects show, and refusals as pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import PurePosixPath

import anyio.to_thread
from aiohttp import web

from drillrunner.errors import ExerciseRefused, JournalUnwritable
from drillrunner.files.exercise.folder import ExerciseFolder
from drillrunner.model.exercise_event import ExerciseEvent
from drillrunner.web.answers import NotShown
from drillrunner.web.tabletop.table import Doing, Parts, Table

AGAIN_REAL_MS = 1000
# by the end of its name: the type that a file is given as
ARTIFACT_TYPES = {
    ".md": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
# a drawing may be styled; whatever else it holds is not run
ARTIFACT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"


async def act(table: Table, doing: Doing) -> tuple[ExerciseEvent, ...]:
    """Do it, on disk before anybody is told. Raises NotShown where it is refused, or cannot be written down."""
    try:
        return await table.act(doing)
    except ExerciseRefused as error:
        raise NotShown(409, f"Not now: {error.message}.", error.advice or "") from error
    except JournalUnwritable as error:
        raise NotShown(507, f"Nothing was kept: {error.message}.", error.advice or "") from error


async def stream(request: web.Request, table: Table, seat: str, draw: Callable[[], Parts]) -> web.StreamResponse:
    """The pieces that change, as server-sent events, for as long as the page is open."""
    with table.watched(seat) as has_room:
        if not has_room:
            raise NotShown(503, "No more pages can follow this exercise at once.", "Close some of them.")
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await answer.prepare(request)
        try:
            await answer.write(f"retry: {AGAIN_REAL_MS}\n\n".encode())
            async for parts in table.updates(draw):
                await answer.write(_event(parts))
        except ConnectionError:
            return answer  # the page was closed
        return answer


def _event(parts: Parts) -> bytes:
    if not parts:
        return b": still here\n\n"
    return f"event: parts\ndata: {json.dumps(dict(parts), ensure_ascii=True)}\n\n".encode()


async def artifact(folder: ExerciseFolder, name: str, allowed: tuple[str, ...]) -> web.Response:
    """A file that an inject shows, where that is one of the allowed. Raises NotShown."""
    type_ = ARTIFACT_TYPES.get(PurePosixPath(name).suffix.lower())
    content = await anyio.to_thread.run_sync(_content, folder, name) if name in allowed and type_ else None
    if content is None or type_ is None:
        raise NotShown(404, "There is nothing at this address.")
    return web.Response(body=content, headers={"Content-Type": type_, "Content-Security-Policy": ARTIFACT_POLICY})


def _content(folder: ExerciseFolder, name: str) -> bytes | None:
    """None for what is not a file within the folder, whatever links lead there."""
    path = folder.path / name
    try:
        inside = path.resolve().is_relative_to(folder.path.resolve())
        return path.read_bytes() if inside and path.is_file() else None
    except OSError:
        return None
