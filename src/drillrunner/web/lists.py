"""Pages that list: drills, game days and exercises with how they stand, trends over the runs, and the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast, get_args

import anyio.to_thread
from aiohttp import web
from markupsafe import Markup

from drillrunner import registry
from drillrunner.errors import DrillError, InvalidInput
from drillrunner.files.drill_file import read_drill
from drillrunner.files.locate import DRILLS, drill_names, locate_drill
from drillrunner.judge.trend import trend
from drillrunner.model.drill import Drill
from drillrunner.model.history import BrokenRun, PastRun
from drillrunner.model.schedule import DueState
from drillrunner.model.trend import By, Trend, TrendLine
from drillrunner.reporting import trend_wording as said
from drillrunner.reporting import wording
from drillrunner.reporting.trend_charts import trend_chart
from drillrunner.reporting.trend_html import render_trend_html
from drillrunner.web.answers import SHELF, SOURCES, drill_query, page, quoted
from drillrunner.web.headers import TREND_POLICY
from drillrunner.web.runs import Row, row_of
from drillrunner.web.shelf import Shelf
from drillrunner.web.sources import Occasion, Sources, Standing

ROLES: tuple[registry.Role, ...] = ("fault", "step", "probe", "condition")
# what says it without a colour
DUE_MARK: dict[DueState, str] = {"never": "·", "ok": "✓", "due": "!", "overdue": "✗"}


@dataclass(frozen=True, slots=True)
class DrillRow:
    """One drill file, and the last run of its drill. `problem` says why it cannot be read.

    `due` is None where it has no schedule.
    """

    name: str
    address: Markup
    title: str
    owner: str
    environment: str
    objectives: str
    problem: str
    last: Row | None
    due: Standing | None = None


async def drills(request: web.Request) -> web.Response:
    """Every drill file, how its last run went, and when it is due; then game days and exercises, in the same way."""
    sources, shelf = request.app[SOURCES], request.app[SHELF]

    def found() -> tuple[list[DrillRow], Sequence[Occasion]]:
        runs = [one for one in shelf.runs() if isinstance(one, PastRun)]
        others = sources.occasions(sources.base, sources.reports, sources.clock.wall())
        return [_drill_row(sources, name, runs) for name in drill_names(sources.base)], others

    rows, others = await anyio.to_thread.run_sync(found)
    named = [(row.name, row.due) for row in rows] + [(f"{one.kind} {one.name}", one.due) for one in others]
    values = {
        "rows": rows,
        "others": others,
        "folder": sources.base / DRILLS,
        "overdue": [name for name, due in named if due and due.state == "overdue"],
        "count": len(named),
        "marks": DUE_MARK,
    }
    return page("drills.html.j2", values, here="/drills")


def _drill_row(sources: Sources, name: str, runs: Sequence[PastRun]) -> DrillRow:
    try:
        file = locate_drill(name, sources.base / DRILLS)
        drill = read_drill(file)
        due = sources.standing(drill, file, runs, sources.clock.wall())
    except (DrillError, OSError) as error:
        count = len(error.problems) if isinstance(error, InvalidInput) else 1
        problem = f"{count or 1} {'problem' if count <= 1 else 'problems'}; see them with: drill validate {name}"
        return DrillRow(name, quoted(name), "", "", "", "", problem, _last(name, runs))
    return DrillRow(
        name=drill.name,
        address=quoted(drill.name),
        title=drill.title,
        owner=drill.owner,
        environment=drill.environment,
        objectives=", ".join(_objective_words(drill)),
        problem="",
        last=_last(drill.name, runs),
        due=due,
    )


def _objective_words(drill: Drill) -> list[str]:
    return [
        f"{wording.OBJECTIVE_TITLES[one.name]} {said.target_words(one.name, one.target)}" for one in drill.objectives
    ]


def _last(drill: str, runs: Sequence[PastRun]) -> Row | None:
    return next((row_of(one) for one in runs if one.drill == drill), None)


@dataclass(frozen=True, slots=True)
class LineView:
    """One objective's line: its newest figure and its drawing."""

    title: str
    targets: str
    newest: str
    run_id: str
    chart: Markup


async def trends(request: web.Request) -> web.Response:
    """Every objective over the runs, drawn."""
    by, chosen = _asked(request)
    names, found = await anyio.to_thread.run_sync(_found, request.app[SHELF], by, chosen)
    sections = [(drill, place, [_line(one, by) for one in lines]) for drill, place, lines in said.groups(found)]
    values = {"by": by, "chosen": chosen, "address": drill_query(chosen), "drills": names, "sections": sections}
    return page("trends.html.j2", values, here="/trends")


def _asked(request: web.Request) -> tuple[By, str]:
    by = request.query.get("by", "quarter")
    return cast("By", by) if by in get_args(By) else "quarter", request.query.get("drill", "")


def _found(shelf: Shelf, by: By, chosen: str) -> tuple[list[str], Trend]:
    everything = shelf.runs()
    runs = [one for one in everything if isinstance(one, PastRun)]
    broken = tuple(one for one in everything if isinstance(one, BrokenRun))
    found = trend([one for one in runs if chosen in ("", one.drill)], by)
    return sorted({one.drill for one in runs}), found.model_copy(update={"broken": broken})


def _line(line: TrendLine, by: By) -> LineView:
    newest = line.runs[-1]
    mark = wording.OUTCOME_MARK[newest.outcome]
    return LineView(
        title=said.title(line),
        targets=said.targets_words(line),
        newest=f"{said.bounds(line.objective, newest.low, newest.high)} {mark}",
        run_id=newest.run_id,
        chart=trend_chart(line, by),
    )


async def trend_page(request: web.Request) -> web.Response:
    """The page that `drill trend -o` writes, with links to the reports here."""
    by, chosen = _asked(request)
    _, found = await anyio.to_thread.run_sync(_found, request.app[SHELF], by, chosen)
    links = {run.run_id: f"/runs/{run.run_id}" for line in found.lines for run in line.runs}
    body = render_trend_html(found, links).encode("utf-8", "backslashreplace")
    headers = {"Content-Security-Policy": TREND_POLICY}
    return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)


@dataclass(frozen=True, slots=True)
class KindView:
    """One kind, as the catalogue explains it. `prose` are its paragraphs."""

    name: str
    summary: str
    prose: tuple[str, ...]
    marks: tuple[str, ...]
    params: tuple[dict[str, object], ...]


async def catalogue(request: web.Request) -> web.Response:
    """Every fault, step, probe and condition."""
    param_rows = request.app[SOURCES].param_rows

    def views() -> list[tuple[registry.Role, list[KindView]]]:
        return [(role, [_kind(one, param_rows(one)) for one in registry.kinds(role)]) for role in ROLES]

    return page("catalogue.html.j2", {"roles": await anyio.to_thread.run_sync(views)}, here="/catalogue")


def _kind(kind: registry.Kind, params: Sequence[dict[str, object]]) -> KindView:
    marks = {
        "irreversible": kind.irreversible,
        "signals detection": kind.detects,
        "measures RPO": kind.ledger,
        "estimates RPO": kind.estimates_rpo,
    }
    paragraphs = kind.description.removeprefix(kind.summary).split("\n\n")
    return KindView(
        name=kind.name,
        summary=kind.summary,
        prose=tuple(" ".join(one.split()) for one in paragraphs if one.strip()),
        marks=tuple(mark for mark, holds in marks.items() if holds),
        params=tuple(params),
    )
