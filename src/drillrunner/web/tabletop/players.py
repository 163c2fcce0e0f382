"""The addresses of those who join with a code, below /play: the code, the seat, and what is seen from it.

Players see what `players_view` shows and nothing else; scribe and evaluator, who join with a code of their own, a desk
with fewer forms. Nothing here needs the token of `drill serve`, and nothing else is reached from here.
"""

from __future__ import annotations

from typing import NamedTuple

import anyio.to_thread
from aiohttp import web
from markupsafe import Markup

from drillrunner.errors import DrillError, ExerciseRefused
from drillrunner.model.exercise_event import Actor
from drillrunner.tabletop import talk
from drillrunner.tabletop.players_view import PlayersView, players_view
from drillrunner.web.answers import NotShown, page
from drillrunner.web.headers import WITH_A_FORM
from drillrunner.web.tabletop.answers import act, artifact, stream
from drillrunner.web.tabletop.desk import desk_page, done, drawn, log_page
from drillrunner.web.tabletop.door import Door, Seat, seats_of
from drillrunner.web.tabletop.door_file import read_door
from drillrunner.web.tabletop.forms import Form
from drillrunner.web.tabletop.guesses import Guesses
from drillrunner.web.tabletop.parts import DeskPage, players_parts
from drillrunner.web.tabletop.rows import allowed, named
from drillrunner.web.tabletop.table import Doing, Parts, Table
from drillrunner.web.tabletop.tables import TABLES

GUESSES = web.AppKey("guesses", Guesses)
FRAME = "tabletop_frame.html.j2"
NAME_CHARACTERS_MOST = 64
COOKIE_SECONDS = 7 * 86_400
KINDS = {
    "player": (("decision", "We decide this"), ("action", "We do this"), ("question", "Ask the facilitator")),
    "observer": (("observation", "Write down what I saw"),),
}


class Guest(NamedTuple):
    """Somebody with a seat at a table that is played here."""

    table: Table
    seat: Seat
    cookie: str

    @property
    def actor(self) -> Actor:
        return Actor(role=self.seat.role or "", person=self.seat.person)

    @property
    def base(self) -> str:
        return f"/play/{self.table.exercise_id}"

    @property
    def form_token(self) -> str:
        return self.table.door.form_token(self.cookie)

    def view(self) -> PlayersView:
        return players_view(self.table.state, self.actor.role, self.table.now())

    def desk(self) -> DeskPage:
        """For scribe and evaluator."""
        may = allowed(self.table.state, self.actor)
        return DeskPage(self.table.exercise_id, self.base, self.actor, self.form_token, may)


async def code_form(request: web.Request) -> web.Response:
    """Where everybody begins who joins."""
    values = {"refused": "", "code": request.query.get("code", "")}
    return page("tabletop_code.html.j2", values, headers=WITH_A_FORM)


async def give_code(request: web.Request) -> web.Response:
    """Let somebody in whose code is one of an exercise that is played here."""
    code = Form(await request.post()).text("code")[:100]
    tables, guesses = request.app[TABLES], request.app[GUESSES]
    address, now = request.remote or "", tables.monotonic()
    wait = guesses.wait_seconds(address, now)
    if wait > 0:
        refused = f"Too many wrong codes came from your address. Try again in {wait:.0f} seconds."
        headers = {"Retry-After": f"{wait:.0f}", **WITH_A_FORM}
        return page("tabletop_code.html.j2", {"refused": refused, "code": ""}, status=429, headers=headers)
    sides = [(table, side) for table in tables if (side := table.door.side_of(code))]
    if not sides:
        guesses.wrong(address, now)
        refused = "No exercise that goes on here has that code. Ask the facilitator for it."
        return page("tabletop_code.html.j2", {"refused": refused, "code": ""}, status=403, headers=WITH_A_FORM)
    table, side = sides[0]
    return _seated(table.door, Seat(exercise_id=table.exercise_id, side=side))


def _seated(door: Door, seat: Seat) -> web.Response:
    """Back to the table, with the seat in a cookie that no script can read."""
    answer = web.Response(status=303, headers={"Location": f"/play/{seat.exercise_id}"})
    name, cookie = cookie_name(seat.exercise_id), door.cookie_of(seat)
    answer.set_cookie(name, cookie, httponly=True, samesite="Strict", path="/play", max_age=COOKIE_SECONDS)
    return answer


def cookie_name(exercise_id: str) -> str:
    """A name for each exercise: who sits at two tables has two seats, whatever port serves them."""
    return f"drill-seat-{exercise_id[-6:]}"


async def play(request: web.Request) -> web.Response:
    """What is seen from a seat; the choice of one, where none is taken yet."""
    guest = await _guest(request)
    if guest is None:
        return page("tabletop_rests.html.j2", {"base": f"/play/{request.match_info['exercise']}"}, status=503)
    if not guest.seat.is_taken:
        return _seat_form(guest)
    if guest.seat.side == "staff":
        return desk_page(guest.table, guest.desk(), FRAME, named(guest.actor), leave=True)
    view = guest.view()
    parts = {name: Markup(text) for name, text in players_parts(view, guest.base).items()}  # escaped there
    values = {
        "view": view,
        "base": guest.base,
        "seat": named(guest.actor),
        "parts": parts,
        "kinds": KINDS[_kind(guest)],
        "form_token": guest.form_token,
    }
    return page("tabletop_play.html.j2", values, headers=WITH_A_FORM)


def _seat_form(guest: Guest) -> web.Response:
    exercise = guest.table.exercise
    values = {
        "title": exercise.title,
        "base": guest.base,
        "roles": seats_of(exercise, guest.seat.side),
        "form_token": guest.form_token,
    }
    return page("tabletop_seat.html.j2", values, headers=WITH_A_FORM)


async def join(request: web.Request) -> web.Response:
    """Take a seat. Whoever comes back under the same name and role is the same person."""
    guest = await _sitting(request, taken=False)
    form = Form(await request.post())
    person, role = " ".join(form.text("person").split()), form.text("role")
    if not 0 < len(person) <= NAME_CHARACTERS_MOST:
        raise NotShown(400, f"A name is needed, of at most {NAME_CHARACTERS_MOST} characters.", "Go back and give one.")
    if role not in {each.name for each in seats_of(guest.table.exercise, guest.seat.side)}:
        raise NotShown(400, "That code has no such seat.", "Go back and choose one of those that there are.")
    actor = Actor(role=role, person=person)
    if all(one.actor != actor for one in guest.table.state.present()):
        await act(guest.table, lambda desk: desk.do(talk.join, actor))
    return _seated(guest.table.door, guest.seat.model_copy(update={"role": role, "person": person}))


async def say(request: web.Request) -> web.Response:
    """A decision, an action, a question, or what an observer saw. What was said just so already is not said twice."""
    guest = await _sitting(request)
    form = Form(await request.post())
    doing = _spoken(guest, form)
    if doing is not None:
        await act(guest.table, doing)
    raise web.HTTPSeeOther(guest.base)


def _spoken(guest: Guest, form: Form) -> Doing | None:
    """Nothing is taken from the form but what players have fields for: a refusal must tell them nothing either."""
    kind, text, about = form.text("kind"), form.text("text").strip(), form.maybe("about")
    if guest.seat.side != "players" or kind not in {name for name, _ in KINDS[_kind(guest)]}:
        raise NotShown(400, "That is nothing that you can say here.")
    if about is not None and about not in {inject.id for inject in guest.view().injects}:
        raise NotShown(400, "That is about nothing that you were told.")
    if _was_said(guest, kind, text, about):
        return None
    by = guest.actor
    if kind == "decision":
        return lambda desk: desk.do(talk.decide, by, text=text, inject_id=about)
    if kind == "action":
        return lambda desk: desk.do(talk.act, by, text=text, inject_id=about)
    if kind == "question":
        return lambda desk: desk.do(talk.ask, by, text=text, inject_id=about)
    return lambda desk: desk.do(talk.observe, by, text=text, inject_id=about)


def _was_said(guest: Guest, kind: str, text: str, about: str | None) -> bool:
    """Whether it is the last that this person said: a form that was sent twice, or once more after a crash."""
    own = (event for event in reversed(guest.table.state.events) if event.actor == guest.actor)
    last = next((event for event in own if event.kind not in ("joined", "left")), None)
    return last is not None and (last.kind, last.data.get("text"), last.data.get("inject")) == (kind, text, about)


async def leave(request: web.Request) -> web.Response:
    """Get up; the seat can be taken again with the code."""
    guest = await _sitting(request)
    if any(one.actor == guest.actor for one in guest.table.state.present()):
        await act(guest.table, lambda desk: desk.do(talk.leave, guest.actor))
    answer = web.Response(status=303, headers={"Location": "/play"})
    answer.del_cookie(cookie_name(guest.table.exercise_id), path="/play")
    return answer


async def do(request: web.Request) -> web.Response:
    """One of the doings of scribe or evaluator."""
    guest = await _sitting(request, side="staff")
    return await done(request, guest.table, guest.desk())


async def events(request: web.Request) -> web.StreamResponse:
    """The page as it changes."""
    guest = await _sitting(request)
    if guest.seat.side == "staff":
        desk = guest.desk()
        return await stream(request, guest.table, guest.cookie, lambda: drawn(guest.table, desk))

    def draw() -> Parts:
        return guest.table.drawn_once(guest.actor.role, lambda: players_parts(guest.view(), guest.base))

    return await stream(request, guest.table, guest.cookie, draw)


async def log(request: web.Request) -> web.Response:
    """The whole log, for scribe and evaluator."""
    guest = await _sitting(request, side="staff")
    return log_page(guest.table.state, guest.table.folder, guest.base, FRAME)


async def shown(request: web.Request) -> web.Response:
    """A file that an inject shows which they were told of; for scribe and evaluator, any."""
    guest = await _sitting(request)
    table = guest.table
    allowed_files = table.exercise.artifacts() if guest.seat.side == "staff" else guest.view().artifacts()
    return await artifact(table.folder, request.match_info["name"], allowed_files)


def check_form(request: web.Request, given: str) -> None:
    """Whether a form below /play carries what the seat's pages put into it. Raises NotShown."""
    exercise_id = request.match_info.get("exercise")
    if exercise_id is None:
        return  # the code itself is what lets in
    table = request.app[TABLES].get(exercise_id)
    cookie = request.cookies.get(cookie_name(exercise_id), "")
    if table is not None and not table.door.is_form_token(cookie, given):
        raise NotShown(403, "The form is not from this table.", "Load the page again.")


async def _sitting(request: web.Request, *, taken: bool = True, side: str | None = None) -> Guest:
    """The guest, who must have a seat and that code. Raises NotShown."""
    guest = await _guest(request)
    if guest is None:
        advice = "Go back, keep what you wrote, and send it again when the facilitator goes on."
        raise NotShown(503, "The exercise is not going on at the moment: nothing was written down.", advice)
    if taken and not guest.seat.is_taken:
        raise web.HTTPSeeOther(guest.base)
    if side is not None and guest.seat.side != side:
        raise NotShown(404, "There is nothing at this address.")
    return guest


async def _guest(request: web.Request) -> Guest | None:
    """Whose seat the cookie says; None where the exercise is not played here now. Without a seat: to the code."""
    exercise_id = request.match_info["exercise"]
    cookie = request.cookies.get(cookie_name(exercise_id), "")
    table = request.app[TABLES].get(exercise_id)
    door = table.door if table else await anyio.to_thread.run_sync(_kept, exercise_id)
    seat = door.seat_of(cookie) if door else None
    if seat is None:
        raise web.HTTPSeeOther("/play")
    return Guest(table, seat, cookie) if table else None


def _kept(exercise_id: str) -> Door | None:
    try:
        return read_door(exercise_id)
    except DrillError:  # whoever has no seat learns nothing of it; the facilitator is told when the exercise goes on
        return None


def _kind(guest: Guest) -> str:
    role = guest.table.exercise.role(guest.actor.role)
    if role is None or role.kind not in KINDS:
        raise ExerciseRefused(f'"{guest.actor.role}" is no seat for players')
    return role.kind
