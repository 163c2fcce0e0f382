"""The live picture as pieces of a page: the same for a page that is asked for once and for one that is kept fresh."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from drillrunner.model.plan import Plan
from drillrunner.reporting.lines import clock_time
from drillrunner.reporting.picture import Picture, Row, about_words, clock_words, freeze_words, guards_words
from drillrunner.reporting.step_words import is_late, state_words, time_words
from drillrunner.reporting.svg import element, rect
from drillrunner.reporting.wording import length
from drillrunner.web.templates_of import template

PARTS = ("state", "clocks", "phases", "rows", "injected", "guards", "step", "steps")
CELL_WIDTH, SPARK_HEIGHT = 6, 22


@dataclass(frozen=True, slots=True)
class Moment:
    """A picture, and what belongs to it: `asked` to stop already, `alive` the process that makes the run."""

    picture: Picture
    plan: Plan
    scale: float
    wall: datetime
    alive: bool
    asked: bool


def spark(row: Row) -> Markup:
    """The last stretches as bars: good answers, and on top of them in another colour the bad ones."""
    most = max((sum(cell) for cell in row.cells if cell is not None), default=0) or 1
    bars: list[Markup] = []
    for number, cell in enumerate(row.cells):
        bottom = float(SPARK_HEIGHT)
        for count, colour in zip(cell or (), ("blue", "red"), strict=False):
            height = count * SPARK_HEIGHT / most
            bottom -= height
            if count:
                bars.append(rect(number * CELL_WIDTH, bottom, CELL_WIDTH - 1, height, colour))
    width = len(row.cells) * CELL_WIDTH
    inside = Markup("").join(bars)
    box = f"0 0 {width} {SPARK_HEIGHT}"
    return element("svg", inside, viewBox=box, width=width, height=SPARK_HEIGHT, class_="spark", aria_hidden="true")


def _guards(moment: Moment) -> str:
    freeze = freeze_words(moment.plan, moment.wall)
    held = moment.alive or bool(moment.picture.ended)
    return guards_words(moment.picture, freeze, lock_held=held)


def live_parts(moment: Moment) -> dict[str, str]:
    """Each part's markup by its name; what came from outside is made visible and escaped."""
    page = template("live_parts.html.j2").make_module(
        {
            "picture": moment.picture,
            "moment": moment,
            "fast": f" at {moment.scale:g}×" if moment.scale != 1 else "",
            "watched": _guards(moment),
            "about": about_words(moment.picture, moment.scale),
            "clock_words": clock_words,
            "clock_time": clock_time,
            "is_late": is_late,
            "state_words": state_words,
            "time_words": time_words,
            "length": length,
            "spark": spark,
        }
    )
    return {name: str(getattr(page, name)()).strip() for name in PARTS}
