"""What the handlers share: the application's keys, pages from templates, errors as pages, and waiting for files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from aiohttp import web
from markupsafe import Markup

from drillrunner.errors import DrillError
from drillrunner.files.run_folder import RunFolder
from drillrunner.web.access import Access
from drillrunner.web.following import Followings
from drillrunner.web.shelf import Shelf
from drillrunner.web.sources import Sources
from drillrunner.web.templates_of import template

SOURCES = web.AppKey("sources", Sources)
ACCESS = web.AppKey("access", Access)
SHELF = web.AppKey("shelf", Shelf)
FOLLOWINGS = web.AppKey("followings", Followings)

_TITLES = {
    400: "That cannot be asked",
    401: "The token is needed",
    403: "Refused",
    404: "Not found",
    405: "Not so",
    500: "Something went wrong here",
    503: "Too many pages are open",
}


def page(
    name: str, values: Mapping[str, object], *, here: str = "", status: int = 200, headers: Mapping[str, str] = {}
) -> web.Response:
    """A template with its values as an answer. `here` is the address that the navigation marks."""
    text = template(name).render({"here": here, **values})
    body = text.encode("utf-8", "backslashreplace")
    return web.Response(body=body, status=status, headers=headers, content_type="text/html", charset="utf-8")


def message(status: int, what: str, advice: str = "") -> web.Response:
    """An error as a page, without a traceback."""
    title = _TITLES.get(status, "Not so")
    return page("message.html.j2", {"title": title, "what": what, "advice": advice}, status=status)


class NotShown(DrillError):
    """What was asked for is not there, or not to be given: a page with this status says so."""

    def __init__(self, status: int, what: str, advice: str = "") -> None:
        super().__init__(what, advice=advice)
        self.status = status


def run_folder(request: web.Request) -> RunFolder:
    """The run that an address names; the route lets nothing through but a run's id. Raises NotShown."""
    folder = RunFolder(request.app[SOURCES].reports / request.match_info["run"])
    if not folder.exists():
        raise NotShown(404, f"There is no run {folder.run_id} in {request.app[SOURCES].reports}.")
    return folder


def is_plain(path: Path) -> bool:
    """A file of a folder's own: not a link to somewhere else."""
    return path.is_file() and not path.is_symlink()


def drill_query(drill: str | None) -> Markup:
    """`&drill=…` for a link; empty for all drills."""
    return Markup(f"&amp;drill={quoted(drill)}") if drill else Markup("")  # letters, digits and % alone


def quoted(text: str) -> Markup:
    """A text as a part of a link."""
    return Markup(quote(text, safe="", errors="replace"))
