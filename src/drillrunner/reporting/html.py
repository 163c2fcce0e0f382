"""report.html: one offline file that an engineer, a manager and an auditor can each read, the verdict first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from drillrunner.model.history import EarlierRun
from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.verdict import Finding, Latency, ObjectiveVerdict, Share, Verdict
from drillrunner.reporting import wording
from drillrunner.reporting.actions import ShownActions
from drillrunner.reporting.charts import all_charts, time_axis
from drillrunner.reporting.deviations import deviations
from drillrunner.reporting.embedded import plots_and_data
from drillrunner.reporting.lines import clock_time, remember, told
from drillrunner.reporting.pages import Inlined, content_policy, inlined, page_template
from drillrunner.reporting.runbook_table import HEADINGS
from drillrunner.reporting.series import Columns, Series
from drillrunner.reporting.story import ChangeStory, Story, number_of, text_of
from drillrunner.reporting.svg import drawing, line, rect
from drillrunner.reporting.timeline import band_of, moment_link, timeline

CHANGES_MOST = 120
EVENTS_MOST = 400
ROWS_MOST = 150
DEVIATIONS_MOST = 40
FINDINGS_SHORT = 3
FINDING_CHARACTERS = 90
EARLIER_MOST = 4
BAR_WIDTH, BAR_HEIGHT = 600.0, 14.0
ANATOMY_WIDTH, ANATOMY_HEIGHT = 1000.0, 26.0
PART_COLOURS = {"detect": "blue", "decide": "orange", "switch": "purple", "propagate": "sky", "stabilise": "green"}
OUTCOME_COLOURS = {"met": "green", "missed": "red", "inconclusive": "yellow"}


@dataclass(frozen=True, slots=True)
class ObjectiveView:
    """An objective as the first screen shows it."""

    objective: ObjectiveVerdict
    title: str
    measured: str
    target: str
    mark: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class ShareView:
    """One part of the anatomy."""

    share: Share
    title: str
    took: str
    least: str
    colour: str


@dataclass(frozen=True, slots=True)
class EventView:
    """One line of the run's record. `seconds` after the run began, with the address of that moment in the page."""

    seq: int
    seconds: float
    at: str
    since: str
    what: str
    words: str
    link: str


def objective_bar(objective: ObjectiveVerdict) -> Markup:
    """What was measured against its target, on one scale: solid to `low`, paler to `high`, an upright at the target."""
    known = [value for value in (objective.low, objective.high, objective.target) if value is not None]
    scale = 1.0 if objective.name == "availability" else max(*known, objective.target * 1.25, 1e-9) * 1.02
    colour = OUTCOME_COLOURS[objective.outcome]
    low = (objective.low or 0.0) * BAR_WIDTH / scale
    high = BAR_WIDTH if objective.high is None else objective.high * BAR_WIDTH / scale
    at = objective.target * BAR_WIDTH / scale
    parts = [rect(0, 2, BAR_WIDTH, BAR_HEIGHT - 4, "panel")]
    if objective.low is not None or objective.high is not None:
        parts.append(rect(0, 2, low, BAR_HEIGHT - 4, colour))
        parts.append(rect(low, 2, max(2.0, high - low), BAR_HEIGHT - 4, colour, fill_opacity="0.45"))
    parts.append(line(at, 0, at, BAR_HEIGHT, "ink", 3))
    label = f"{wording.measured(objective)} measured, target {wording.target(objective)}"
    return _stretched(drawing(parts, BAR_WIDTH, BAR_HEIGHT, label, "bar"))


def _stretched(picture: Markup) -> Markup:
    return Markup(str(picture).replace("<svg ", '<svg preserveAspectRatio="none" ', 1))  # already escaped


def anatomy_bar(anatomy: Sequence[Share]) -> Markup:
    """The parts side by side; the dark underline is the least that the configuration allows."""
    whole = sum(share.seconds for share in anatomy) or 1.0
    parts, left = [], 0.0
    for share in anatomy:
        width = share.seconds * ANATOMY_WIDTH / whole
        title = wording.share_words(share)
        parts.append(rect(left, 0, max(0.0, width - 2), ANATOMY_HEIGHT - 7, PART_COLOURS[share.part], title))
        if share.least_seconds:
            least = min(width, share.least_seconds * ANATOMY_WIDTH / whole)
            parts.append(rect(left, ANATOMY_HEIGHT - 5, max(0.0, least - 2), 4, "ink"))
        left += width
    return _stretched(drawing(parts, ANATOMY_WIDTH, ANATOMY_HEIGHT, "The RTO's parts", "bar"))


def _objectives(plan: Plan, verdict: Verdict) -> list[ObjectiveView]:
    return [
        ObjectiveView(
            objective=one,
            title=wording.objective_title(one, plan),
            measured=wording.measured(one),
            target=wording.target(one),
            mark=wording.OUTCOME_MARK[one.outcome],
            bar=objective_bar(one),
        )
        for one in verdict.objectives
    ]


def _shares(verdict: Verdict) -> list[ShareView]:
    return [
        ShareView(
            share=share,
            title=wording.PART_TITLES[share.part],
            took=wording.length(share.seconds),
            least="" if share.least_seconds is None else wording.length(share.least_seconds),
            colour=PART_COLOURS[share.part],
        )
        for share in verdict.anatomy
    ]


def _events(entries: Sequence[Entry], began_at: float) -> Iterator[EventView]:
    undos: dict[str, Entry] = {}
    for entry in entries:
        remember(entry, undos)
        words = told(entry, undos)
        if words is not None:
            seconds = round(entry.at - began_at, 3)
            link = moment_link(seconds)
            yield EventView(entry.seq, seconds, clock_time(entry.wall), wording.length(seconds), *words, link)


def _middle_left_out(rows: list[EventView], most: int) -> tuple[list[EventView], list[EventView], int]:
    """The first rows, the last rows, and how many between them are left out."""
    if len(rows) <= most:
        return rows, [], 0
    return rows[: most - most // 4], rows[-(most // 4) :], len(rows) - most


def _changes(story: Story) -> tuple[list[ChangeStory], int]:
    """What to show one by one, and how many are left to the journal."""
    ordered = story.told_one_by_one
    return list(ordered[:CHANGES_MOST]), max(0, len(ordered) - CHANGES_MOST)


def _latencies(verdict: Verdict) -> list[Latency]:
    return list(verdict.latencies[:ROWS_MOST])


def _run_facts(entries: Sequence[Entry]) -> dict[str, str]:
    began = next((entry.data for entry in entries if entry.kind == "run.began"), {})
    scale, seed = number_of(began, "time_scale"), began.get("seed")
    facts = {"host": text_of(began, "host"), "drillrunner": text_of(began, "version")}
    if scale is not None and scale != 1:
        facts["time scale"] = f"{scale:g} drill seconds in each real one"
    if seed is not None:
        facts["seed"] = str(seed)
    return {name: value for name, value in facts.items() if value}


def _errors(series: Series, began: float) -> list[tuple[str, str, int, str, str]]:
    rows = sorted(series.errors.items(), key=lambda item: (item[0][0], -item[1].count))
    return [
        (probe, why, row.count, wording.length(row.first - began), wording.length(row.last - began))
        for (probe, why), row in rows
    ]


def _tint(headline: wording.Headline) -> str:
    return {"PASS": "pass", "INCONCLUSIVE": "unsure", "REFUSED": "unsure"}.get(headline.word, "fail")


def _charts_end(columns: Columns) -> str:
    return wording.length(columns.span_seconds)


def _short(finding: Finding) -> str:
    """A finding for the first screen."""
    words = finding.message
    return words if len(words) <= FINDING_CHARACTERS else f"{words[: FINDING_CHARACTERS - 1]}…"


def _earlier(runs: Sequence[EarlierRun]) -> list[tuple[EarlierRun, str]]:
    """The last few, each with the middle of its RTO's interval and its mark: `22m ✓`."""
    return [(run, f"{_middle(run)} {wording.OUTCOME_MARK[run.outcome]}") for run in runs[-EARLIER_MOST:]]


def _middle(run: EarlierRun) -> str:
    return "—" if run.rto_seconds is None else wording.length(run.rto_seconds)


def _styles() -> Inlined:
    return inlined("templates/report.css", "vendor/uPlot.min.css")


def _scripts() -> tuple[Inlined, ...]:
    return inlined("vendor/uPlot.iife.min.js"), inlined("scripts/report.js")


def render_html(
    plan: Plan,
    entries: Sequence[Entry],
    story: Story,
    series: Series,
    verdict: Verdict,
    files: Mapping[str, str] | None = None,
    earlier: Sequence[EarlierRun] = (),
    actions: ShownActions | None = None,
) -> str:
    """The whole document. `files` maps names of the run's other files to their SHA-256 in hex; `earlier` are the
    last runs of the same drill in the same place, oldest first; `actions` the corrective actions beside it.
    """
    axis = time_axis(series.columns)
    band = band_of(verdict, axis.seconds)
    plots, data = plots_and_data(series, band)
    styles, scripts = _styles(), _scripts()
    departures = deviations(plan, entries, story, verdict)
    headline = wording.headline(verdict)
    first, last, left_out = _middle_left_out(list(_events(entries, story.began_at)), EVENTS_MOST)
    changes, changes_left_out = _changes(story)
    left = wording.still_injected(verdict)
    if verdict.revert is None:
        left = tuple(f"{change.kind} {change.target}" for change in story.harmed)
    return page_template(
        "report.html.j2"
    ).render(
        plan=plan,
        verdict=verdict,
        story=story,
        headline=headline,
        tint=_tint(headline),
        left=left,
        irreversible=verdict.revert.irreversible if verdict.revert is not None else (),
        objectives=_objectives(plan, verdict),
        shares=_shares(verdict),
        anatomy_bar=anatomy_bar(verdict.anatomy),
        anatomy_seconds=wording.length(sum(share.seconds for share in verdict.anatomy)),
        timeline=timeline(verdict, story, axis),
        charts=all_charts(plots, band),
        data_block=Markup(data),  # base64
        styles=styles.text,
        scripts=[one.text for one in scripts],
        policy=content_policy([styles], scripts),
        short_findings=[(one.code, _short(one)) for one in verdict.findings[:FINDINGS_SHORT]],
        earlier=_earlier(earlier),
        actions=actions or None,
        deviations=[(one, one.at is not None and moment_link(one.at)) for one in departures[:DEVIATIONS_MOST]],
        deviations_left_out=max(0, len(departures) - DEVIATIONS_MOST),
        step_headings=HEADINGS,
        has_band=band is not None,
        charts_end=_charts_end(series.columns),
        changes=changes,
        changes_left_out=changes_left_out,
        events_first=first,
        events_last=last,
        events_left_out=left_out,
        latencies=_latencies(verdict),
        errors=_errors(series, story.began_at),
        unknown=series.unknown,
        run_facts=_run_facts(entries),
        files=dict(files or {}),
    )
