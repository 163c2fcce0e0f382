"""report.md: the verdict for a pull request or a step summary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from drillrunner.model.plan import Plan
from drillrunner.model.verdict import Verdict
from drillrunner.reporting.actions import ShownAction, ShownActions
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.runbook_table import HEADINGS
from drillrunner.reporting.story import CallStory, ChangeStory, Story
from drillrunner.reporting.wording import (
    OUTCOME_MARK,
    PART_TITLES,
    data_mark,
    data_words,
    headline,
    length,
    mark,
    measured,
    objective_title,
    revert_command,
    revert_words,
    reverted_mark,
    steady_words,
    still_injected,
    target,
    utc_minute,
)

ROWS_MOST = 200
_SIGNIFICANT = re.compile(r"([\\`*_{}\[\]()#+!|~$])")
_MENTION = re.compile(r"@(?=\w)")
_LINK = re.compile(r"(?i)(https?|ftp)(?=:)|(www)(?=\.)")
_LIST = re.compile(r"\A(\s*)([-+>]|\d+(?=[.)]))")


def escaped(text: str) -> str:
    """Outside text as literal text of GitHub's Markdown: no markup, no HTML, no mention, no link (GFM 2.4, 6.9)."""
    harmless = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    harmless = _SIGNIFICANT.sub(r"\\\1", harmless)
    harmless = _MENTION.sub("@<!-- -->", harmless)
    harmless = _LINK.sub(lambda match: f"{match.group()}<!-- -->", harmless)
    return _LIST.sub(r"\1<!-- -->\2", harmless)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(header)} |", f"|{'|'.join('---' for _ in header)}|"]
    return [*lines, *(f"| {' | '.join(cells)} |" for cells in rows), ""]


def _left(verdict: Verdict, story: Story) -> list[str]:
    left = still_injected(verdict) or tuple(f"{one.kind} {one.target}" for one in story.harmed)
    if not left:
        return []
    named = [f"> - {escaped(one)}" for one in left]
    return [
        "> [!CAUTION]",
        "> **STILL INJECTED**",
        *named,
        ">",
        f"> Put it back: **{escaped(revert_command(verdict.run_id))}**",
        "",
    ]


def _objectives(plan: Plan, verdict: Verdict) -> list[str]:
    rows = [
        (
            escaped(objective_title(one, plan)),
            escaped(one.probe),
            measured(one),
            target(one),
            f"{OUTCOME_MARK[one.outcome]} {one.outcome}",
            escaped(one.why + (f" ({one.decide})" if one.decide else "")),
        )
        for one in verdict.objectives
    ]
    return _table(("Objective", "Probe", "Measured", "Target", "Outcome", "Why"), rows)


def _anatomy(verdict: Verdict) -> list[str]:
    if not verdict.anatomy:
        return []
    rows = [
        (
            PART_TITLES[share.part],
            length(share.seconds),
            "" if share.least_seconds is None else length(share.least_seconds),
            escaped(share.why or ""),
        )
        for share in verdict.anatomy
    ]
    probe = escaped(verdict.anatomy_probe or "")
    return [f"### Anatomy of the RTO ({probe})", "", *_table(("Part", "Took", "Least possible", "Why"), rows)]


def _checks(verdict: Verdict) -> list[str]:
    lines = [
        f"- Reverted {revert_words(verdict)} {reverted_mark(verdict)}",
        f"- Steady state before: {steady_words(verdict.steady_before)} {mark(verdict.steady_before)};"
        f" after: {steady_words(verdict.steady_after)} {mark(verdict.steady_after)}",
    ]
    if verdict.ledgers:
        lines.append(f"- Data: {escaped(data_words(verdict))} {data_mark(verdict)}")
    if verdict.revert is not None:
        lines += [f"- Cannot be put back: {escaped(one)}" for one in verdict.revert.irreversible]
    return [*lines, ""]


def _read_back(call: CallStory) -> str:
    return "" if call.value is None else f", read back {call.value} {mark(call.holds)}"


def _change_row(change: ChangeStory) -> tuple[str, ...]:
    calls = "; ".join(f"{call.name} ({call.outcome})" for call in change.applied)
    back = "; ".join(f"{call.name} ({call.outcome}{_read_back(call)})" for call in change.reverted)
    cells = (f"{change.kind} {change.target}", change.prior, calls, back, change.state)
    return tuple(escaped(cell) for cell in cells)


def _changes(story: Story) -> list[str]:
    if not story.changes:
        return []
    changes = story.told_one_by_one
    rows = _table(("What", "Was there", "Applied by", "Put back by", "State"), map(_change_row, changes[:ROWS_MOST]))
    more = len(changes) - ROWS_MOST
    note = [f"{more} more are in journal.jsonl.", ""] if more > 0 else []
    together = [f"- {escaped(one)}" for one in story.told_together]
    return ["### What was injected, and how it was put back", "", *rows, *together, *([""] if together else []), *note]


def _runbook(story: Story) -> list[str]:
    table = story.runbook
    if not table.rows:
        return []
    rows = [[escaped(cell) for cell in row.cells] for row in table.rows]
    note = [escaped(table.note), ""] if table.note else []
    return [f"### The runbook's steps ({escaped(table.file)})", "", *_table(HEADINGS, rows), *note]


def _findings(verdict: Verdict) -> list[str]:
    if not verdict.findings:
        return []
    lines = [f"- **{escaped(one.code)}** {escaped(one.message)} — {escaped(one.advice)}" for one in verdict.findings]
    return ["### Findings", "", *lines, ""]


def _action_row(one: ShownAction) -> tuple[str, ...]:
    action = one.action
    cells = (action.id, action.title, action.owner, action.due.isoformat(), one.late, one.retested)
    return tuple(escaped(cell) for cell in cells)


def _actions(shown: ShownActions | None) -> list[str]:
    if not shown:
        return []
    if shown.unread:
        return ["### Actions", "", f"actions.yaml could not be read: {escaped(shown.unread)}", ""]
    more = [f"{shown.left_out} more are in actions.yaml.", ""] if shown.left_out else []
    table = _table(("Action", "What", "Owner", "Due", f"On {shown.on}", "This run"), map(_action_row, shown.rows))
    return ["### Actions", "", *table, *more]


def render_markdown(plan: Plan, story: Story, verdict: Verdict, actions: ShownActions | None = None) -> str:
    """The whole page. Verdict first; every outside text escaped."""
    simulated = ", simulated in the lab" if plan.environment.kind == "lab" else ""
    lines = [
        f"## {escaped(str(headline(verdict)))} · {escaped(verdict.drill)}",
        "",
        *_left(verdict, story),
        f"{escaped(verdict.title)}",
        "",
        f"Environment {escaped(verdict.environment)}{simulated} · {escaped(utc_minute(verdict.began_wall))}"
        f" · run {escaped(verdict.run_id)}",
        "",
        *_objectives(plan, verdict),
        *_checks(verdict),
        *_anatomy(verdict),
        *_findings(verdict),
        *_actions(actions),
        *_runbook(story),
        *_changes(story),
        f"Plan sha256 {escaped(verdict.plan_hash)} · journal head {escaped(story.head)}"
        f" · {verdict.readings_count:,} readings",
    ]
    return "\n".join(lines) + "\n"
