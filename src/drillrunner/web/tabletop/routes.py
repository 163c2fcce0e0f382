"""The addresses of tabletop exercises: those below /play are for who joined with a code, all others for the token."""

from __future__ import annotations

from aiohttp import web

from drillrunner.web.tabletop import facilitator, players
from drillrunner.web.tabletop.guesses import Guesses
from drillrunner.web.tabletop.tables import TABLES, Tables

_ID = r"{exercise:\d{8}-\d{6}-tabletop-[A-Za-z0-9_-]+-[0-9a-f]{6}}"
EXERCISE = f"/exercises/{_ID}"
PLAY = "/play"
SEAT = f"{PLAY}/{_ID}"
_DOING = r"/do/{doing:[a-z-]+}"
_FILE = r"/artifacts/{name:.+}"


def routes() -> list[web.RouteDef]:
    return [
        web.get("/exercises", facilitator.exercises),
        web.get(EXERCISE, facilitator.exercise),
        web.post(EXERCISE + "/take-up", facilitator.take_up),
        web.post(EXERCISE + _DOING, facilitator.do),
        web.post(EXERCISE + "/report", facilitator.write_report),
        web.get(EXERCISE + "/events", facilitator.events, allow_head=False),
        web.get(EXERCISE + "/log", facilitator.log),
        web.get(EXERCISE + _FILE, facilitator.shown),
        web.get(EXERCISE + "/files/{name}", facilitator.report),
        web.get(PLAY, players.code_form),
        web.post(PLAY, players.give_code),
        web.get(SEAT, players.play),
        web.post(SEAT + "/join", players.join),
        web.post(SEAT + "/say", players.say),
        web.post(SEAT + "/leave", players.leave),
        web.post(SEAT + _DOING, players.do),
        web.get(SEAT + "/events", players.events, allow_head=False),
        web.get(SEAT + "/log", players.log),
        web.get(SEAT + _FILE, players.shown),
    ]


def is_for_seats(request: web.Request) -> bool:
    """Whether the address is one of those that a join code opens: by the route that was found, not by its text."""
    resource = request.match_info.route.resource
    return resource is not None and (resource.canonical == PLAY or resource.canonical.startswith(f"{PLAY}/"))


def add_tables(app: web.Application, tables: Tables) -> None:
    """Play those exercises for as long as the application is served."""
    app[TABLES], app[players.GUESSES] = tables, Guesses()
    app.add_routes(routes())
    app.on_startup.append(_start)
    app.on_shutdown.append(_end_streams)
    app.on_cleanup.append(_close)


async def _start(app: web.Application) -> None:
    app[TABLES].start()


async def _end_streams(app: web.Application) -> None:
    app[TABLES].end_streams()


async def _close(app: web.Application) -> None:
    await app[TABLES].close()
