"""The report's timeline: phases, faults, steps, what users saw, and the moments between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from drillrunner.model.verdict import Recovery, Verdict
from drillrunner.reporting.charts import LEFT, RIGHT, WIDTH, Band, outage_band
from drillrunner.reporting.story import Moment, Story
from drillrunner.reporting.svg import TimeAxis, clipped, drawing, element, figure, fits, group, line, rect, text
from drillrunner.reporting.wording import length

ROW, BAR = 26.0, 16.0
ROWS_MOST = 10
SYMBOLS = {"fault in effect": "●", "detected": "◆", "recovered": "★", "stop": "■", "interrupted": "■"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A span in seconds after the run began. `ended` None: it never ended."""

    label: str
    began: float
    ended: float | None
    colour: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the timeline: its name in the margin, its bars."""

    name: str
    bars: tuple[Bar, ...]


def outage_of(verdict: Verdict) -> Recovery | None:
    """The recovery that the anatomy is about, or else the first that saw a failure."""
    seen = [recovery for recovery in verdict.recoveries if recovery.first_failed_at is not None]
    named = [recovery for recovery in seen if recovery.probe == verdict.anatomy_probe]
    return next(iter(named or seen), None)


def band_of(verdict: Verdict, seconds: float) -> Band:
    """The span of the outage that users saw, for shading; to the end where no recovery was seen."""
    recovery = outage_of(verdict)
    if recovery is None or recovery.first_failed_at is None:
        return None
    return recovery.first_failed_at, seconds if recovery.recovered_at is None else recovery.recovered_at


def _phase_row(verdict: Verdict) -> Row:
    colours = {"inject": "red", "detect": "orange", "failover": "purple", "recover": "sky", "revert": "green"}
    bars = tuple(
        Bar(phase.phase, phase.began, phase.ended, colours.get(phase.phase, "grey")) for phase in verdict.phases
    )
    return Row("phases", bars)


def _outage_rows(verdict: Verdict) -> Iterable[Row]:
    for recovery in verdict.recoveries:
        if recovery.first_failed_at is None:
            continue
        seen = recovery.first_failed_at, recovery.recovered_at
        words = "no recovery seen" if seen[1] is None else f"{length(seen[1] - seen[0])} of outage"
        relapsed = f", {recovery.relapses} relapses" if recovery.relapses else ""
        vantage = "" if recovery.vantage == "here" else f" from {recovery.vantage}"
        yield Row(f"users: {recovery.probe}{vantage}", (Bar(words + relapsed, *seen, "red"),))


def _change_rows(story: Story) -> Iterable[Row]:
    for change in story.of_role("fault"):
        if change.began is None:
            continue
        ended = None if change.ended is None else change.ended - story.began_at
        words = change.target if not change.harmed else f"{change.target} — NOT PUT BACK"
        yield Row(change.kind, (Bar(words, change.began - story.began_at, ended, "orange"),))


def _step_rows(story: Story) -> Iterable[Row]:
    for step in story.steps:
        ended = None if step.ended is None else step.ended - story.began_at
        words = step.text or step.kind
        failed = "" if step.ok is not False else " — FAILED"
        colour = "sky" if step.by == "person" else "purple"
        yield Row(
            f"{step.section} {step.index + 1}", (Bar(words + failed, step.began - story.began_at, ended, colour),)
        )


def _limited(rows: Iterable[Row], what: str) -> list[Row]:
    """The first rows, and one that gathers the rest."""
    every = list(rows)
    if len(every) <= ROWS_MOST:
        return every
    rest = every[ROWS_MOST - 1 :]
    together = tuple(Bar("", bar.began, bar.ended, bar.colour) for row in rest for bar in row.bars)
    return [*every[: ROWS_MOST - 1], Row(f"{len(rest)} more {what}", together)]


def _place_label(bar: Bar, left: float, right: float, middle: float) -> Markup:
    """Inside the bar where it fits, else to its right, else to its left."""
    words = bar.label
    if not words:
        return Markup("")
    if fits(words, right - left):
        return element("text", words, x=left + 5, y=middle + 4, fill="#111111", font_size=11.5)
    room_right, room_left = RIGHT - right - 6, left - LEFT - 6
    if fits(words, room_right) or room_right >= room_left:
        return text(right + 5, middle + 4, clipped(words, room_right), colour="ink")
    return text(left - 5, middle + 4, clipped(words, room_left), colour="ink", anchor="end")


def _draw_bar(axis: TimeAxis, bar: Bar, top: float, *, alone: bool) -> Markup:
    ended = axis.seconds if bar.ended is None else bar.ended
    left, right = axis.x(bar.began), axis.x(ended)
    right = max(right, left + 2)
    took = f"{bar.label} +{length(bar.began)} to " + ("no end" if bar.ended is None else f"+{length(bar.ended)}")
    y = top + (ROW - BAR) / 2
    drawn = rect(left, y, right - left, BAR, bar.colour, title=took, rx="2")
    if alone:
        return group([drawn, _place_label(bar, left, right, top + ROW / 2)])
    if bar.label and fits(bar.label, right - left):
        return group([drawn, _place_label(bar, left, right, top + ROW / 2)])
    return drawn


def _draw_row(axis: TimeAxis, row: Row, top: float) -> Markup:
    margin = text(LEFT - 8, top + ROW / 2 + 4, clipped(row.name, LEFT - 10), anchor="end")
    bars = [_draw_bar(axis, bar, top, alone=len(row.bars) == 1) for bar in row.bars]
    return group([margin, *bars])


def moment_link(seconds: float) -> str:
    """The address within the page of a moment, in seconds after the run began."""
    return f"#t={figure(max(0.0, seconds))}"


def _lanes(axis: TimeAxis, moments: Sequence[Moment], story: Story) -> list[tuple[int, float, str, float]]:
    """Each moment's lane, pixel, words and seconds after the run began, such that no two labels touch."""
    free = [0.0, 0.0, 0.0]
    placed = []
    for moment in sorted(moments, key=lambda one: one.high):
        at = moment.high - story.began_at
        x, words = axis.x(at), f"{SYMBOLS.get(moment.name, '●')} {moment.name} +{length(at)}"
        width = len(words) * 6.6
        start = min(x, RIGHT - width)
        lane = next((number for number, end in enumerate(free) if end <= start), len(free) - 1)
        free[lane] = start + width + 8
        placed.append((lane, x, words, at))
    return placed


def _draw_moments(axis: TimeAxis, story: Story, bottom: float) -> tuple[list[Markup], float]:
    placed = _lanes(axis, [one for one in story.moments if one.high - story.began_at <= axis.seconds], story)
    depth = 1 + max((lane for lane, *_ in placed), default=-1)
    parts = []
    for lane, x, words, at in placed:
        y = 12.0 + lane * 17
        late = x + len(words) * 6.6 > RIGHT
        parts.append(line(x, y + 4, x, bottom + depth * 17, "soft", 1, stroke_dasharray="3 3"))
        label = text(x + (-4 if late else -5), y, words, colour="ink", anchor="end" if late else "start")
        parts.append(element("a", label, href=moment_link(at)))
    return parts, depth * 17.0


def timeline(verdict: Verdict, story: Story, axis: TimeAxis) -> Markup:
    """One drawing: phases, outages, faults and steps as bars, moments as uprights across them."""
    rows = [
        _phase_row(verdict),
        *_limited(_outage_rows(verdict), "probes"),
        *_limited(_change_rows(story), "faults"),
        *_limited(_step_rows(story), "steps"),
    ]
    body = len(rows) * ROW
    moments, head = _draw_moments(axis, story, body + 4)
    top, bottom = head + 4, head + 4 + body
    parts = [outage_band(axis, band_of(verdict, axis.seconds), top, bottom), axis.drawn(top, bottom), *moments]
    parts += [_draw_row(axis, row, top + number * ROW) for number, row in enumerate(rows)]
    label = "Timeline of the run: phases, outage, faults, steps and moments"
    return drawing(parts, WIDTH, bottom + 22, label, role="group")
