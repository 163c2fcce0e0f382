"""A dashboard as people would see it at one moment of a drill: an SVG that knows nothing of what comes later.

It is drawn from a rehearsal's or a run's readings by the report's own charts. What became of a record, or when the
outage ended, is knowledge of afterwards and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.reporting.charts import LEFT, PLOT_HEIGHT, PLOT_TOP, RIGHT, WIDTH, Chart, all_charts
from drillrunner.reporting.plotted import all_plots
from drillrunner.reporting.series import Columns, gather
from drillrunner.reporting.svg import TimeAxis, clipped, drawing, element, group, rect, text
from drillrunner.reporting.wording import length

# how much there is to see of the time before the fault, where the baseline was so long
BEFORE_SECONDS_MOST = 60.0
PANELS = ("requests", "errors", "latency", "lag")
_HEAD, _PANEL_HEAD, _AXIS = 46.0, 44.0, 26.0
# as high as shows the lowest value's label, and not the chart's own axis
_PLOT = PLOT_TOP + PLOT_HEIGHT + 5
_LEGEND_GAP, _CHARACTER = 26.0, 6.6
_TITLE_CHARACTERS = 84


def dashboard_svg(
    plan: Plan, readings: Sequence[Reading], *, effect_at: float, moment_seconds: float, title: str, source: str
) -> str:
    """The whole drawing. `effect_at` is when the fault took effect, on the readings' clock: T+0 of the axis.

    `moment_seconds` after it is the moment of the picture; `source` says in words where it comes from.
    """
    before = min(BEFORE_SECONDS_MOST, 10.0 * max(1, round(plan.drill.baseline_seconds / 10.0)))
    began, until = effect_at - before, effect_at + moment_seconds
    known = [one for one in readings if began <= one.asked and one.answered <= until]
    series = gather(plan, lambda: iter(known), began, until)
    plots = [plot for plot in all_plots(series) if plot.key.split("-")[0] in PANELS]
    charts = all_charts(plots, None)
    parts = [rect(0, 0, WIDTH, _HEAD, "panel"), *_head(title, moment_seconds, source)]
    top = _HEAD
    for chart in charts:
        parts.append(_panel(chart, top, before))
        top += _PANEL_HEAD + _PLOT + _AXIS
    if not charts:
        parts.append(text(LEFT, top + 40, "No reading is there yet.", size=15))
        top += 80.0
    whole = [rect(0, 0, WIDTH, top, "white"), *parts]
    label = f"{title}, as seen at {scenario_moment(moment_seconds)}"
    return str(drawing(whole, WIDTH, top, label)).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"


def scenario_moment(seconds: float) -> str:
    """`T+2m10s`, `T-30s`, `T+0`."""
    if abs(seconds) < 0.5:
        return "T+0"
    return f"T{'-' if seconds < 0 else '+'}{length(abs(seconds))}"


def _head(title: str, moment_seconds: float, source: str) -> Iterator[Markup]:
    yield text(16, 29, clipped(title, _TITLE_CHARACTERS * 6.4), colour="ink", size=17)
    yield text(WIDTH - 16, 20, scenario_moment(moment_seconds), colour="ink", size=15, anchor="end")
    yield text(WIDTH - 16, 38, clipped(source, 440), size=11, anchor="end")


def _panel(chart: Chart, top: float, before_seconds: float) -> Markup:
    """Heading, legend, the chart without its own axis, and an axis that counts from T+0."""
    plot = chart.plot
    inside = element("svg", chart.drawing, width=WIDTH, height=_PLOT, viewBox=f"0 0 {WIDTH} {_PLOT:g}", x=0, y=top + 44)
    heading = text(16, top + 20, plot.heading, colour="ink", size=14)
    note = text(16, top + 38, plot.note, size=11)
    return group(
        [heading, note, *_legend(chart, top), inside, *_axis(plot.drawn, top + _PANEL_HEAD + _PLOT, before_seconds)]
    )


def _legend(chart: Chart, top: float) -> Iterator[Markup]:
    """Names beside their signs, flush right; what does not fit is left to the chart's own labels."""
    right = RIGHT
    for one in reversed(chart.legend):
        name = clipped(one.name, 260)
        width = len(name) * _CHARACTER + _LEGEND_GAP + 24
        if right - width < LEFT + 160:
            return
        yield group([one.key], transform=f"translate({right - width + 20:.1f} {top + 11:.1f})")
        yield text(right, top + 21, name, size=12, anchor="end")
        right -= width


def _axis(columns: Columns, top: float, before_seconds: float) -> Iterator[Markup]:
    axis = TimeAxis(columns.span_seconds, LEFT, RIGHT)
    for moment in axis.ticks():
        x = axis.x(moment)
        if x <= RIGHT - 20:
            yield text(x, top + 14, scenario_moment(moment - before_seconds), size=11, anchor="middle")
