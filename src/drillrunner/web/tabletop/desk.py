"""The desk's page, its forms and its log: the facilitator's, and with less on it the scribe's and the evaluator's."""

from __future__ import annotations

from aiohttp import web
from markupsafe import Markup

from drillrunner.files.exercise.folder import ExerciseFolder
from drillrunner.model.exercise_event import ExerciseEvent
from drillrunner.tabletop.desk import Desk
from drillrunner.tabletop.session import ExerciseState
from drillrunner.web.answers import NotShown, page
from drillrunner.web.headers import WITH_A_FORM
from drillrunner.web.tabletop.answers import act
from drillrunner.web.tabletop.forms import FORMS, Form
from drillrunner.web.tabletop.log import log_lines
from drillrunner.web.tabletop.parts import DeskPage, desk_parts, prose
from drillrunner.web.tabletop.table import Table


def drawn(table: Table, desk: DeskPage) -> dict[str, str]:
    """The desk's pieces as they are now."""
    return desk_parts(table.state, table.now(), desk, table.trouble)


def desk_page(table: Table, desk: DeskPage, frame: str, seat: str, *, leave: bool = False) -> web.Response:
    """The page as it is now, in that frame. `leave` where the seat can be left."""
    parts = {name: Markup(text) for name, text in drawn(table, desk).items()}  # drawn and escaped by desk_parts
    values = {
        "frame": frame,
        "title": table.exercise.title,
        "drill": table.exercise.drill,
        "exercise_id": table.exercise_id,
        "base": desk.base,
        "seat": seat,
        "parts": parts,
        "injects": [(name, text) for name, text in parts.items() if name.startswith("inject-")],
        "may": desk.may,
        "leave": leave,
        "form_token": desk.form_token,
    }
    return page("tabletop_desk.html.j2", values, here="/exercises", headers=WITH_A_FORM)


async def done(request: web.Request, table: Table, desk: DeskPage) -> web.Response:
    """What a form of the desk asks for, and back to the place where it was. The request has been let in already."""
    form = Form(await request.post())
    make = FORMS.get(request.match_info["doing"])
    if make is None:
        raise NotShown(404, "There is nothing at this address.")

    def doing(at_desk: Desk) -> tuple[ExerciseEvent, ...]:  # a field that says nothing is refused there too
        return make(form, desk.by)(at_desk)

    await act(table, doing)
    raise web.HTTPSeeOther(desk.base + form.place())


def log_page(state: ExerciseState, folder: ExerciseFolder, base: str, frame: str) -> web.Response:
    """Every event in words."""
    values = {
        "frame": frame,
        "title": state.exercise.title,
        "exercise_id": folder.exercise_id,
        "base": base,
        "lines": log_lines(state.events),
        "prose": prose,
    }
    return page("tabletop_log.html.j2", values, here="/exercises")
