"""The application: its addresses, who is let in, and how it is served until somebody ends it."""

from __future__ import annotations

import errno
import importlib.resources
import signal
from collections.abc import Awaitable, Callable

import anyio
import anyio.to_thread
from aiohttp import web

from drillrunner.errors import DrillError, InvalidInput
from drillrunner.web import gamedays, lists, runs, steps
from drillrunner.web.access import Access, comes_from_here
from drillrunner.web.answers import ACCESS, FOLLOWINGS, SHELF, SOURCES, NotShown, message
from drillrunner.web.following import Followings
from drillrunner.web.headers import COMMON
from drillrunner.web.shelf import Shelf
from drillrunner.web.sources import Sources
from drillrunner.web.tabletop import players
from drillrunner.web.tabletop.routes import add_tables, is_for_seats
from drillrunner.web.tabletop.tables import Tables

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

RUN_ID = r"{run:\d{8}-\d{6}-[0-9a-f]{6}}"
RUN = f"/runs/{RUN_ID}"
GAMEDAYS = "/gamedays/"
GAMEDAY_ID = r"{gameday:\d{8}-\d{6}-gameday-[A-Za-z0-9_-]+-[0-9a-f]{6}}"
SHUTDOWN_REAL_SECONDS = 2.0
BODY_BYTES_MOST = 65_536  # 4,000 characters of any script, as a form writes them
# name: the room that it lies in, its path there, its type
STATIC = {
    "web.css": ("drillrunner.web", "static/web.css", "text/css"),
    "live.js": ("drillrunner.web", "static/live.js", "text/javascript"),
    "tabletop.css": ("drillrunner.web", "static/tabletop.css", "text/css"),
    "tabletop.js": ("drillrunner.web", "static/tabletop.js", "text/javascript"),
    "report.css": ("drillrunner.reporting", "templates/report.css", "text/css"),
}
OPEN_TO_ALL = ("/healthz", "/static/")


def make_app(sources: Sources, access: Access, tables: Tables) -> web.Application:
    """Everything that is served, without a socket."""
    app = web.Application(middlewares=[_errors, _hosts, _tokens, _forms], client_max_size=BODY_BYTES_MOST)
    app[SOURCES], app[ACCESS] = sources, access
    app[SHELF] = Shelf(sources.reports, sources.past)
    app[FOLLOWINGS] = Followings(sources.clock, sources.durations)
    app.add_routes(
        [
            web.get("/", runs.runs),
            web.get(RUN, runs.run),
            web.get(RUN + "/events", runs.events, allow_head=False),
            web.post(RUN + "/stop", runs.stop),
            web.post(RUN + "/step", steps.say),
            web.get(RUN + "/files/{name}", runs.file),
            web.get(GAMEDAYS + RUN_ID + "/report.html", gamedays.report_of_run),
            web.get(GAMEDAYS + GAMEDAY_ID + "/report.html", gamedays.report),
            web.get("/drills", lists.drills),
            web.get("/trends", lists.trends),
            web.get("/trends/page", lists.trend_page),
            web.get("/catalogue", lists.catalogue),
            web.get("/static/{name}", _static),
            web.get("/healthz", _health),
            web.get("/metrics", _metrics),
        ]
    )
    add_tables(app, tables)
    app.on_response_prepare.append(_headers)
    app.on_shutdown.append(_close)
    return app


async def _close(app: web.Application) -> None:
    app[FOLLOWINGS].close()


async def _headers(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in COMMON.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "drillrunner"


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error as a page."""
    try:
        return await handler(request)
    except NotShown as error:
        return message(error.status, error.message, error.advice or "")
    except DrillError as error:
        return message(500, str(error))
    except web.HTTPSeeOther:
        raise
    except web.HTTPException as error:
        return message(error.status, "There is nothing at this address." if error.status == 404 else error.reason)
    except OSError as error:
        return message(500, f"A file cannot be read: {error.strerror or type(error).__name__}.")
    except Exception as error:  # noqa: BLE001  no traceback reaches a user
        return message(500, f"This page could not be made ({type(error).__name__}).")


@web.middleware
async def _hosts(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page elsewhere can point a name of its own at this machine; what it asks for has that name as its host."""
    if not request.app[ACCESS].knows_host(request.headers.get("Host", "")):
        raise NotShown(403, "This name is not one of ours.", "Ask for the address that drill serve printed.")
    return await handler(request)


@web.middleware
async def _tokens(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The token in the address becomes a cookie, and leaves the address. Beyond loopback nothing is shown without."""
    access = request.app[ACCESS]
    if "token" in request.query:
        if request.method != "GET" or not access.is_token(request.query["token"]):
            raise NotShown(403, "That is not the token.", "drill serve prints it when it starts.")
        return _signed_in(request, access)
    bearer = request.headers.get("Authorization", "")
    allowed = runs.may_act(request, access) or access.is_token(bearer.removeprefix("Bearer "))
    is_open = request.path.startswith(OPEN_TO_ALL) or is_for_seats(request)
    if access.everything_needs_token and not allowed and not is_open:
        raise NotShown(401, "Nothing is shown without the token.", "Ask for the address that drill serve printed.")
    return await handler(request)


def _signed_in(request: web.Request, access: Access) -> web.Response:
    rest = {name: value for name, value in request.query.items() if name != "token"}
    answer = web.Response(status=303, headers={"Location": str(request.rel_url.with_query(rest))})
    answer.set_cookie(runs.cookie_name(request), access.cookie, httponly=True, samesite="Strict", path="/")
    return answer


@web.middleware
async def _forms(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What acts needs the cookie, the form's own token, and a browser that says that the form is ours.

    At a tabletop exercise the seat's cookie stands for that of the token.
    """
    if request.method in ("GET", "HEAD"):
        return await handler(request)
    access = request.app[ACCESS]
    if not comes_from_here(request.headers):
        raise NotShown(403, "This did not come from a page of ours.")
    seated = is_for_seats(request)
    if not seated and not runs.may_act(request, access):
        raise NotShown(403, "This needs the token.", "Ask for the address that drill serve printed.")
    form = await request.post()
    given = request.headers.get("X-Drill-Form") or form.get("form")
    given = given if isinstance(given, str) else ""
    if seated:
        players.check_form(request, given)
    elif not access.is_form_token(given):
        raise NotShown(403, "The form is not from this drill serve.", "Load the page again.")
    return await handler(request)


async def _static(request: web.Request) -> web.Response:
    known = STATIC.get(request.match_info["name"])
    if known is None:
        raise NotShown(404, "There is nothing at this address.")
    room, path, type_ = known
    text = importlib.resources.files(room).joinpath(path).read_text(encoding="utf-8")
    return web.Response(text=text, content_type=type_, charset="utf-8", headers={"Cache-Control": "no-cache"})


async def _health(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _metrics(request: web.Request) -> web.Response:
    """The runs for Prometheus."""
    sources = request.app[SOURCES]
    if sources.metrics is None:
        raise NotShown(404, "This version writes no metrics.")
    verdicts = await anyio.to_thread.run_sync(request.app[SHELF].verdicts)
    body = sources.metrics(verdicts).encode("utf-8", "backslashreplace")
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def serve(app: web.Application, port: int, ready: Callable[[int], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; `ready` is told the port. Raises InvalidInput where it cannot listen."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_REAL_SECONDS)
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        await runner.setup()
        try:
            await _listen(runner, app[ACCESS].bind, port)
            ready(runner.addresses[0][1])
            async for _ in signals:
                return
        finally:
            await runner.cleanup()


async def _listen(runner: web.AppRunner, bind: str, port: int) -> None:
    try:
        await web.TCPSite(runner, bind, port).start()
    except OSError as error:
        busy = error.errno == errno.EADDRINUSE
        why = "the port is busy" if busy else error.strerror or str(error)
        advice = "choose another with --port (0 takes any that is free)" if busy else "choose another --bind or --port"
        raise InvalidInput(f"cannot listen: {why}", where=f"{bind}:{port}", advice=advice) from error
