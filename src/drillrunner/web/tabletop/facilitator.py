"""The facilitator's addresses: the list of exercises, one that is played here, one that rests, and all its doings.

Whatever is in an exercise is for the facilitator alone, who has the token, also where nothing else here needs one.
"""

from __future__ import annotations

from dataclasses import dataclass

import anyio.to_thread
from aiohttp import web

from drillrunner.errors import ExerciseBusy
from drillrunner.files.exercise.folder import ExerciseFolder
from drillrunner.model.exercise import FACILITATOR, format_offset
from drillrunner.model.exercise_event import Actor
from drillrunner.tabletop.session import ExerciseState
from drillrunner.web.answers import ACCESS, NotShown, page
from drillrunner.web.headers import REPORT_POLICY, WITH_A_FORM
from drillrunner.web.runs import may_act
from drillrunner.web.tabletop.answers import artifact, stream
from drillrunner.web.tabletop.desk import desk_page, done, drawn, log_page
from drillrunner.web.tabletop.door import Door
from drillrunner.web.tabletop.parts import Codes, DeskPage
from drillrunner.web.tabletop.rows import STATUS_WORDS, allowed
from drillrunner.web.tabletop.table import Table
from drillrunner.web.tabletop.tables import TABLES, Standing

# name: content type
REPORTS = {
    "after-action.html": "text/html",
    "after-action.md": "text/plain",
    "after-action.json": "application/json",
}
REPORT = "after-action.html"
FRAME = "base.html.j2"


@dataclass(frozen=True, slots=True)
class Row:
    """One exercise in the list."""

    id: str
    drill: str
    title: str
    words: str
    tint: str
    began: str


def row_of(standing: Standing) -> Row:
    state = standing.state
    if state is None:
        return Row(standing.folder.exercise_id, "", "", f"cannot be read: {standing.why}", "bad", "")
    words = {
        "here": f"here: {STATUS_WORDS[state.status]}",
        "elsewhere": "another process runs it",
        "interrupted": "interrupted",
        "ended": "ended",
    }[standing.stand]
    tint = "bad" if standing.stand == "interrupted" else ""
    began = f"{state.began_at:%Y-%m-%d %H:%M}" if state.began_at else ""
    return Row(standing.folder.exercise_id, state.exercise.drill, state.exercise.title, words, tint, began)


async def exercises(request: web.Request) -> web.Response:
    """Every exercise of the reports folder, newest first. Its title and drill are no secret."""
    found = await anyio.to_thread.run_sync(request.app[TABLES].standings)
    values = {"rows": [row_of(one) for one in found], "may_act": may_act(request, request.app[ACCESS])}
    return page("exercises.html.j2", values, here="/exercises")


async def exercise(request: web.Request) -> web.Response:
    """The facilitator's desk; of an exercise that is not played here, how it stands."""
    folder = _folder(request)
    table = request.app[TABLES].get(folder.exercise_id)
    if table is None:
        return _resting(request, await _standing(request, folder))
    return desk_page(table, _whose(request, table), FRAME, FACILITATOR)


def _resting(request: web.Request, standing: Standing) -> web.Response:
    state = _state(standing)
    values = {
        "title": state.exercise.title,
        "drill": state.exercise.drill,
        "exercise_id": standing.folder.exercise_id,
        "base": _base(standing.folder),
        "stand": standing.stand,
        "scenario": format_offset(state.clock.scenario_seconds),
        "ended": f"{state.ended_at:%Y-%m-%d %H:%M} UTC" if state.ended_at else "",
        "reports": _reports(standing.folder),
        "form_token": request.app[ACCESS].form_token,
    }
    return page("tabletop_resting.html.j2", values, here="/exercises", headers=WITH_A_FORM)


async def take_up(request: web.Request) -> web.Response:
    """Go on here with an exercise that a process left."""
    folder = _folder(request)
    try:
        await request.app[TABLES].take_up(folder)
    except ExerciseBusy as error:
        raise NotShown(409, f"Not now: {error.message}.", error.advice or "") from error
    raise web.HTTPSeeOther(_base(folder))


async def do(request: web.Request) -> web.Response:
    """One of the facilitator's doings. The request has been let in already."""
    table = _table(request)
    return await done(request, table, _whose(request, table))


async def events(request: web.Request) -> web.StreamResponse:
    """The desk as it changes."""
    table = _table(request)
    whose = _whose(request, table)
    return await stream(request, table, FACILITATOR, lambda: drawn(table, whose))


async def log(request: web.Request) -> web.Response:
    """Every event in words, of an exercise that rests too."""
    folder = _folder(request)
    table = request.app[TABLES].get(folder.exercise_id)
    state = table.state if table else _state(await _standing(request, folder))
    return log_page(state, folder, _base(folder), FRAME)


async def shown(request: web.Request) -> web.Response:
    """A file that an inject shows, or will show."""
    table = _table(request)
    return await artifact(table.folder, request.match_info["name"], table.exercise.artifacts())


async def write_report(request: web.Request) -> web.Response:
    """Write the after-action report of an exercise that has ended, and show it."""
    folder = _folder(request)
    table = request.app[TABLES].get(folder.exercise_id)
    state = table.state if table else _state(await _standing(request, folder))
    if state.status != "ended":
        raise NotShown(409, "The exercise has not ended.", "End it first; then its report can be written.")
    await anyio.to_thread.run_sync(request.app[TABLES].report, folder)
    raise web.HTTPSeeOther(f"{_base(folder)}/files/{REPORT}")


async def report(request: web.Request) -> web.StreamResponse:
    """The after-action report, where it is written."""
    folder, name = _folder(request), request.match_info["name"]
    path = folder.path / name
    if name not in REPORTS or path.is_symlink() or not path.is_file():
        raise NotShown(404, "There is nothing at this address.")
    headers = {"Content-Type": REPORTS[name]}
    if name == REPORT:
        headers["Content-Security-Policy"] = REPORT_POLICY
    return web.FileResponse(path, headers=headers)


def _codes(request: web.Request, door: Door) -> Codes:
    return Codes(f"{request.scheme}://{request.host}/play", door.players_code, door.staff_code)


def _whose(request: web.Request, table: Table) -> DeskPage:
    role = table.exercise.role(FACILITATOR)
    by = Actor(role=FACILITATOR, person=role.person if role else None)
    return DeskPage(
        exercise_id=table.exercise_id,
        base=_base(table.folder),
        by=by,
        form_token=request.app[ACCESS].form_token,
        may=allowed(table.state, by),
        codes=_codes(request, table.door),
        reports=_reports(table.folder),
    )


def _folder(request: web.Request) -> ExerciseFolder:
    """The exercise that an address names, for whoever has the token. Raises NotShown."""
    if not may_act(request, request.app[ACCESS]):
        raise NotShown(
            401,
            "What is in an exercise is shown to its facilitator alone.",
            "Open the address that drill serve printed, with its token. Players join at /play.",
        )
    folder = ExerciseFolder(request.app[TABLES].reports / request.match_info["exercise"])
    if not folder.exists():
        raise NotShown(404, f"There is no exercise {folder.exercise_id}.")
    return folder


def _table(request: web.Request) -> Table:
    """The exercise that is played here. Raises NotShown."""
    folder = _folder(request)
    table = request.app[TABLES].get(folder.exercise_id)
    if table is None:
        raise NotShown(409, "This exercise is not played here.", "Load its page again, and go on with it there.")
    return table


def _reports(folder: ExerciseFolder) -> tuple[str, ...]:
    return tuple(name for name in REPORTS if (folder.path / name).is_file())


async def _standing(request: web.Request, folder: ExerciseFolder) -> Standing:
    return await anyio.to_thread.run_sync(request.app[TABLES].standing, folder)


def _state(standing: Standing) -> ExerciseState:
    if standing.state is None:
        raise NotShown(500, f"This exercise cannot be read: {standing.why}")
    return standing.state


def _base(folder: ExerciseFolder) -> str:
    return f"/exercises/{folder.exercise_id}"
