"""after-action.md: the after-action report for a ticket, a wiki or a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from drillrunner.model.exercise_outcome import RATING_WORDS
from drillrunner.reporting.exercise import report as told
from drillrunner.reporting.exercise import wording as said
from drillrunner.reporting.exercise.report import AfterAction
from drillrunner.reporting.markdown import escaped
from drillrunner.reporting.wording import length, utc_minute


def render_report_markdown(report: AfterAction) -> str:
    """The whole page; every text of people is escaped."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: AfterAction) -> Iterator[str]:
    outcome = report.outcome
    began = utc_minute(outcome.began_at.isoformat()) if outcome.began_at else "not begun"
    yield f"## {escaped(told.headline(report))} · {escaped(outcome.drill)}"
    yield ""
    yield f"After-action report: {escaped(outcome.title)}"
    yield ""
    yield f"{began} · {escaped(report.exercise_id)} · played for {length(outcome.people_seconds)}"
    yield ""
    for words in filter(None, (told.status_words(report), *report.warnings)):
        yield from ("> [!WARNING]", f"> {said.whole_markdown(words)}", "")
    yield from _objectives(report)
    yield from _decision(report)
    yield from _injects(report)
    yield from _expected(report)
    yield from _findings(report)
    yield f"{len(report.events)} events were written down. Nothing was injected anywhere: this was a talk."


def _objectives(report: AfterAction) -> Iterator[str]:
    yield "### Objectives"
    yield ""
    yield "; ".join(f"**{letter}** {words}" for letter, words in RATING_WORDS.items())
    yield ""
    rows = (
        (one.rating or "–", said.whole_markdown(one.text), said.whole_markdown(one.reason or "not rated"))
        for one in report.outcome.objectives
    )
    yield from _table(("rating", "objective", "why"), rows)


def _decision(report: AfterAction) -> Iterator[str]:
    yield "### The decision, beside what was measured"
    yield ""
    yield said.whole_markdown(told.decide_sentence(report))
    yield ""
    decided = {one.measured.run_id: one for one in report.decided}
    rows = []
    for one in report.measured:
        other = decided.get(one.run_id)
        figures = (length(one.decide_seconds), told.decided_words(other) if other else "—")
        rows.append((f"{told.SOURCES[one.source]}, {escaped(one.run_id)}", told.measured_words(one), *figures))
    if rows:
        yield from _table(("where", "RTO measured", "of that, to decide", "with this decision time"), rows)
    else:
        yield from (said.whole_markdown(told.no_measure_sentence(report.outcome.drill)), "")
    yield from (line for one in report.decided for line in (f"- {said.whole_markdown(told.decided_sentence(one))}", ""))


def _injects(report: AfterAction) -> Iterator[str]:
    yield "### Injects and decisions"
    yield ""
    rows = (
        (
            escaped(one.inject_id),
            said.moment_words(one.published_seconds) if one.status == "published" else one.status,
            said.whole_markdown(one.decision or one.skipped_reason or "—"),
            escaped(said.actor_words(one.decided_by)),
            "—" if one.decision_latency_seconds is None else length(one.decision_latency_seconds),
        )
        for one in report.outcome.injects
    )
    yield from _table(("inject", "published", "first decision", "by", "after"), rows)


def _expected(report: AfterAction) -> Iterator[str]:
    yield f"### Expected, and done: {told.expected_count(report.outcome.expected)}"
    yield ""
    rows = (
        (
            said.EXPECTED_MARKS[one.status],
            escaped(one.inject_id),
            said.whole_markdown(one.action),
            escaped(one.who or "—"),
            said.deadline_words(one),
        )
        for one in report.outcome.expected
    )
    yield from _table(("", "inject", "expected", "of", "when"), rows)


def _findings(report: AfterAction) -> Iterator[str]:
    outcome = report.outcome
    yield "### Strengths"
    yield ""
    yield from ([f"- {said.whole_markdown(row.text)}" for row in outcome.strengths()] or ["None was written down."])
    yield ""
    yield "### Areas for improvement, and the plan"
    yield ""
    if not outcome.improvements():
        yield from ("None was written down.", "")
        return
    rows = (
        (
            str(row.number),
            said.whole_markdown(row.text),
            said.whole_markdown(row.action or "—"),
            *(escaped(value or "—") for value in (row.owner, row.due, row.ticket, row.retest)),
            ", ".join(f"{action.id} {action.status}" for action in told.actions_of(row, report.actions)) or "—",
        )
        for row in outcome.improvements()
    )
    yield from _table(("#", "to improve", "action", "owner", "due", "ticket", "retest", "kept as"), rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'|'.join('---' for _ in header)}|"
    yield from (f"| {' | '.join(cells)} |" for cells in rows)
    yield ""
