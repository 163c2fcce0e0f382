"""rehearsal.html: one offline file that says what a rehearsal promises, the verdict first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from drillrunner.model.rehearsal import Rehearsal, RehearsedRun
from drillrunner.model.rehearsal_figures import Move, ObjectiveFigures, PartFigures, RehearsalFigures
from drillrunner.model.verdict import Share
from drillrunner.reporting import rehearsal_wording as said
from drillrunner.reporting.html import PART_COLOURS, anatomy_bar
from drillrunner.reporting.pages import page_template
from drillrunner.reporting.rehearsal_charts import LAYERS, rto_histogram, tornado_chart
from drillrunner.reporting.wording import OBJECTIVE_TITLES, OUTCOME_MARK, PART_TITLES, length, percent

RUNS_MOST = 500
TINTS = {"met": "pass", "missed": "fail", "inconclusive": "unsure"}


@dataclass(frozen=True, slots=True)
class ObjectiveCard:
    """An objective as the first screen shows it."""

    figures: ObjectiveFigures
    title: str
    mark: str
    target: str
    promised: str
    percentiles: tuple[tuple[str, str], ...]
    chance: str


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part of the anatomy."""

    title: str
    took: str
    share: str
    colour: str


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting that was varied."""

    move: Move
    values: str
    medians: str
    chances: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run, so that its seed can be rehearsed again."""

    run: RehearsedRun
    mark: str
    measured: tuple[str, ...]
    ended: str
    took: str


def _card(one: ObjectiveFigures) -> ObjectiveCard:
    p = one.percentiles
    named = tuple((name, said.percentile_of(one, value)) for name, value in (("P50", p.p50), ("P99", p.p99)))
    return ObjectiveCard(
        figures=one,
        title=OBJECTIVE_TITLES[one.name],
        mark=OUTCOME_MARK[one.outcome],
        target=said.target_of(one),
        promised=said.percentile_of(one, p.p90),
        percentiles=named,
        chance=said.chance_words(one),
    )


def _part(part: PartFigures) -> PartRow:
    return PartRow(PART_TITLES[part.part], length(part.mean_seconds), f"{part.share:.0%}", PART_COLOURS[part.part])


def _setting(move: Move) -> SettingRow:
    values, medians = said.move_values(move)
    chances = f"{percent(move.first_chance)} → {percent(move.second_chance)}"
    return SettingRow(move, values, medians, chances)


def _run(run: RehearsedRun, objectives: Sequence[ObjectiveFigures]) -> RunRow:
    by_place = {(one.name, one.probe): one for one in run.objectives}
    measured = (by_place.get((one.name, one.probe)) for one in objectives)
    return RunRow(
        run=run,
        mark=OUTCOME_MARK[run.outcome],
        measured=tuple("—" if one is None else said.measured_in(one) for one in measured),
        ended=said.ended_words(run),
        took=length(run.drill_seconds),
    )


def _anatomy(figures: RehearsalFigures) -> Markup:
    return anatomy_bar([Share(part=part.part, seconds=part.mean_seconds) for part in figures.anatomy])


def render_rehearsal_html(rehearsal: Rehearsal, figures: RehearsalFigures) -> str:
    """The whole document, of which `figures` are the judge's. It needs no script and nothing from anywhere."""
    headline = said.rehearsal_headline(figures)
    rto = next((one for one in figures.objectives if one.name == "rto"), None)
    return page_template("rehearsal.html.j2").render(
        rehearsal=rehearsal,
        figures=figures,
        said=said,
        headline=headline,
        tint=TINTS[figures.outcome],
        cards=[_card(one) for one in figures.objectives],
        rto=rto,
        histogram=rto_histogram(rto) if rto and rto.histogram_fine else None,
        layers=LAYERS,
        parts=[_part(part) for part in figures.anatomy],
        anatomy_bar=_anatomy(figures),
        anatomy_seconds=length(sum(part.mean_seconds for part in figures.anatomy)),
        tornado=tornado_chart(figures.tornado, rto.target if rto else None) if figures.tornado else None,
        settings=[_setting(move) for move in figures.tornado],
        no_change=said.no_change_words(rehearsal, figures),
        endings=said.endings_words(figures),
        runs=[_run(run, figures.objectives) for run in rehearsal.runs[:RUNS_MOST]],
        runs_left_out=max(0, len(rehearsal.runs) - RUNS_MOST),
    )
