"""after-action.html: one offline page of what an exercise showed, the ratings first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from drillrunner.model.exercise_measured import DecidedRto, MeasuredRto
from drillrunner.model.exercise_outcome import RATING_WORDS
from drillrunner.reporting.exercise import report as told
from drillrunner.reporting.exercise import wording as said
from drillrunner.reporting.exercise.events import EVENT_TITLES, event_words
from drillrunner.reporting.exercise.guide import Shown, page_styles, shown_artifact
from drillrunner.reporting.exercise.report import AfterAction
from drillrunner.reporting.html import PART_COLOURS, anatomy_bar
from drillrunner.reporting.pages import content_policy, page_template
from drillrunner.reporting.wording import length, utc_minute

EVENTS_MOST = 1_000


@dataclass(frozen=True, slots=True)
class MeasuredCard:
    """One measured RTO, and what it would have been with people's decision."""

    measured: MeasuredRto
    decided: DecidedRto | None
    source: str
    when: str
    bar: Markup
    decided_bar: Markup | None


def render_report_html(report: AfterAction, artifacts: Mapping[str, bytes]) -> str:
    """The whole document. `artifacts` are the files that injects showed, by their paths; no script is in it."""
    styles = page_styles()
    return page_template("exercise_report.html.j2").render(
        report=report,
        outcome=report.outcome,
        headline=told.headline(report),
        tint=told.tint(report),
        status=told.status_words(report),
        told=told,
        said=said,
        ratings=RATING_WORDS,
        length=length,
        utc_minute=utc_minute,
        part_colours=PART_COLOURS,
        measured=_cards(report),
        shown=_shown(report, artifacts),
        events=[(event, EVENT_TITLES[event.kind], event_words(event)) for event in report.events[:EVENTS_MOST]],
        events_left_out=max(0, len(report.events) - EVENTS_MOST),
        styles=styles.text,
        policy=content_policy([styles], []),
    )


def _cards(report: AfterAction) -> list[MeasuredCard]:
    decided = {id(one.measured): one for one in report.decided}
    cards = []
    for one in report.measured:
        other = decided.get(id(one))
        # a rehearsal's clock is virtual: its stamps say nothing
        when = "" if one.source == "rehearsal" else utc_minute(one.began_wall)
        decided_bar = anatomy_bar(other.anatomy) if other else None
        cards.append(MeasuredCard(one, other, told.SOURCES[one.source], when, anatomy_bar(one.anatomy), decided_bar))
    return cards


def _shown(report: AfterAction, artifacts: Mapping[str, bytes]) -> list[tuple[str, Shown]]:
    """What was shown at the table: of injects that were published alone."""
    published = {one.inject_id for one in report.outcome.injects if one.status == "published"}
    found = []
    for inject in said.in_order(report.exercise):
        shown = shown_artifact(inject.artifact, artifacts)
        if shown is not None and inject.id in published:
            found.append((inject.id, shown))
    return found
