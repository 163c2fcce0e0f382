"""trend.html: one offline page of every drill's objectives over the past runs, in the style of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from drillrunner.model.trend import By, Period, Trend, TrendLine, TrendRun
from drillrunner.reporting import trend_wording as said
from drillrunner.reporting.pages import page_template
from drillrunner.reporting.trend_charts import OUTCOME_COLOURS, runs_left_out, trend_chart
from drillrunner.reporting.wording import OUTCOME_MARK, utc_minute

ROWS_MOST = 500
BROKEN_MOST = 50


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """One quarter, month or run."""

    name: str
    median: str
    spread: str
    runs: int
    met: str
    targets: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run, with the link to its report where there is one."""

    run: TrendRun
    when: str
    measured: str
    target: str
    mark: str
    link: str | None


@dataclass(frozen=True, slots=True)
class LineView:
    """One objective: its newest figure, its drawing and its tables."""

    line: TrendLine
    title: str
    targets: str
    changed: bool
    newest: RunRow
    met: str
    chart: Markup
    periods: tuple[PeriodRow, ...]
    runs: tuple[RunRow, ...]
    rows_left_out: int
    bars_left_out: int


def render_trend_html(trend: Trend, links: Mapping[str, str]) -> str:
    """The whole document. `links` are from a run's id to its report, relative to the page. No script is in it."""
    sections = [
        (drill, place, [_view(line, trend.by, links) for line in lines]) for drill, place, lines in _groups(trend)
    ]
    stamps = sorted(run.began_wall for line in trend.lines for run in line.runs)
    return page_template("trend.html.j2").render(
        by=trend.by,
        sections=sections,
        runs=len({run.run_id for line in trend.lines for run in line.runs}),
        first=utc_minute(stamps[0])[:10] if stamps else "",
        last=utc_minute(stamps[-1])[:10] if stamps else "",
        left_out=list(said.left_out_words(trend.left_out)),
        broken=trend.broken[:BROKEN_MOST],
        broken_left_out=max(0, len(trend.broken) - BROKEN_MOST),
        outcome_colours=OUTCOME_COLOURS,
    )


def _groups(trend: Trend) -> Sequence[tuple[str, str, list[TrendLine]]]:
    return list(said.groups(trend))


def _view(line: TrendLine, by: By, links: Mapping[str, str]) -> LineView:
    rows = tuple(_run(line, run, links) for run in reversed(line.runs[-ROWS_MOST:]))
    met = sum(run.outcome == "met" for run in line.runs)
    return LineView(
        line=line,
        title=said.title(line),
        targets=said.targets_words(line),
        changed=len(line.targets) > 1,
        newest=rows[0],
        met=f"{met} of {len(line.runs)} met",
        chart=trend_chart(line, by),
        periods=tuple(_period(line, period) for period in reversed(line.periods)) if by != "run" else (),
        runs=rows,
        rows_left_out=len(line.runs) - len(rows),
        bars_left_out=runs_left_out(line),
    )


def _period(line: TrendLine, period: Period) -> PeriodRow:
    return PeriodRow(
        name=period.name,
        median=said.median_words(line, period),
        spread=said.bounds(line.objective, period.low, period.high),
        runs=period.runs,
        met=said.met_words(period),
        targets=said.period_targets(line, period),
    )


def _run(line: TrendLine, run: TrendRun, links: Mapping[str, str]) -> RunRow:
    measured = said.bounds(line.objective, run.low, run.high)
    return RunRow(
        run=run,
        when=utc_minute(run.began_wall),
        measured=f"~{measured} (estimate)" if run.estimated else measured,
        target=said.target_words(line.objective, run.target),
        mark=OUTCOME_MARK[run.outcome],
        link=links.get(run.run_id),
    )
