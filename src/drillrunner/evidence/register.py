"""The register: every record on one page for auditors, static and offline, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from drillrunner.evidence.check import Checked
from drillrunner.evidence.record import Record, SignOff
from drillrunner.evidence.verify import Verification
from drillrunner.model.action import Action
from drillrunner.model.history import moment
from drillrunner.model.noun import JsonValue
from drillrunner.reporting import wording
from drillrunner.reporting.actions import retest_words
from drillrunner.reporting.pages import content_policy, inlined, page_template
from drillrunner.reporting.wording import utc_minute

ROWS_MOST = 500
LINES_MOST = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One record as the page shows it. `link` is to its report, relative to the page; None where there is none."""

    name: str
    state: str
    sound: bool
    signed: str
    link: str | None
    record: Record | None
    when: str
    result: str
    mark: str
    objectives: tuple[str, ...]
    put_back: str


@dataclass(frozen=True, slots=True)
class Line:
    """Something of one record: a finding, a sign-off, a control, a limitation."""

    name: str
    what: str
    words: str


def rows_of(found: Verification, page: Path | None = None) -> tuple[Row, ...]:
    """Newest first. `page` is where the page will lie, for its links."""
    return tuple(_row(one, page) for one in reversed(found.records))


def chain_words(found: Verification) -> str:
    """`3 records, all sound; the chain holds`, or how many are not."""
    count = len(found.records)
    records = "1 record" if count == 1 else f"{count} records"
    damaged = sum(not one.sound for one in found.records)
    if not damaged and not found.gaps:
        chain = "the chain holds" if found.whole else "its place in the chain holds"
        return f"{records}, {'' if count == 1 else 'all '}sound{'' if found.notes else f'; {chain}'}"
    gaps = f"; {'; '.join(found.gaps)}" if found.gaps else ""
    return f"{records}, {damaged} of them damaged or unreadable{gaps}"


def register_json(found: Verification) -> dict[str, JsonValue]:
    """What the page shows, for programs."""
    return {
        "schema_version": 1,
        "exit_code": found.exit_code,
        "gaps": list(found.gaps),
        "notes": list(found.notes),
        "records": [_as_json(one) for one in found.records],
    }


def _as_json(one: Checked) -> dict[str, JsonValue]:
    document: dict[str, JsonValue] = one.record.model_dump(mode="json") if one.record else {}
    shown = ("run_id", "kind", "simulated", "drill", "service", "environment", "began_wall", "ended_wall", "outcome")
    more = ("why", "ended_by", "objectives", "findings", "sign_offs", "controls", "retain_until", "incomplete", "left")
    added = ("approvals", "corrective_actions")
    return {
        "record": one.placed.name,
        "number": one.placed.number,
        "manifest_sha256": one.manifest_sha256,
        "state": one.state,
        "signature": one.signed,
        "problems": [{"file": problem.file, "what": problem.what} for problem in one.problems],
        **{name: document.get(name) for name in (*shown, *more, *added)},
    }


def render_register(found: Verification, page: Path) -> str:
    """The whole page; no script is in it."""
    rows = rows_of(found, page)
    records = [row.record for row in rows if row.record is not None]
    style = inlined("templates/report.css")
    return page_template("register.html.j2").render(
        style=style,
        policy=content_policy([style], []),
        chain=chain_words(found),
        sound=found.exit_code == 0,
        count=len(rows),
        rows=rows[:ROWS_MOST],
        rows_left_out=max(0, len(rows) - ROWS_MOST),
        problems=[
            Line(one.placed.name, problem.file, problem.what) for one in found.records for problem in one.problems
        ][:LINES_MOST],
        gaps=found.gaps,
        open_findings=_open(records)[:LINES_MOST],
        sign_offs=[line for record in records for line in _sign_offs(record)][:LINES_MOST],
        controls=[
            Line(record.id, f"{one.framework} {one.reference}", one.supports)
            for record in records
            for one in record.controls
        ][:LINES_MOST],
        limitations=list(dict.fromkeys(words for record in records for words in record.limitations))[:LINES_MOST],
        statement=records[0].statement if records else "",
        newest=found.records[-1].manifest_sha256 or "not known",
    )


def _row(one: Checked, page: Path | None) -> Row:
    record = one.record
    return Row(
        name=one.placed.name,
        state=one.state,
        sound=one.sound,
        signed=one.signed,
        link=_link(one.placed.path / "report.html", page),
        record=record,
        when=utc_minute(record.began_wall) if record else "",
        result=record.outcome if record else "",
        mark=wording.OUTCOME_MARK[record.outcome] if record else "?",
        objectives=tuple(_objectives(record)) if record else (),
        put_back=_put_back(record) if record else "",
    )


def _objectives(record: Record) -> Iterator[str]:
    for rated in record.exercise.objectives if record.exercise else ():
        yield f"{rated.objective_id} {rated.rating or 'not rated'}"
    for one in record.objectives:
        figures = f"{wording.measured(one)} / {wording.target(one)} {wording.OUTCOME_MARK[one.outcome]}"
        yield f"{wording.objective_title(one)} {figures}"


def _put_back(record: Record) -> str:
    if record.left:
        return f"STILL INJECTED: {'; '.join(record.left)}"
    if record.kind == "tabletop":
        return "nothing was touched"
    if record.revert is None:
        return "nothing recorded"
    return f"{record.revert.reverted} of {record.revert.of} put back"


def _open(records: Sequence[Record]) -> list[Line]:
    """What is still injected, then open actions, then the findings that no action has closed.

    Each record tells of actions as they were when it was made: the newest one counts.
    """
    actions: dict[str, tuple[Action, str]] = {}
    for record in sorted(records, key=lambda one: one.number):
        actions.update({one.id: (one, record.id) for one in record.corrective_actions})
    closed = {(one.source, one.finding) for one, _ in actions.values() if one.status == "done"}
    left = [Line(record.id, "STILL INJECTED", words) for record in records for words in record.left]
    waiting = [Line(name, one.id, _waiting(one)) for one, name in actions.values() if one.status == "open"]
    return [*left, *waiting] + [
        Line(record.id, one.code, f"{one.message} — {one.advice}")
        for record in records
        for one in record.findings
        if (record.run_id, one.code) not in closed
    ]


def _waiting(action: Action) -> str:
    retest = retest_words(action)
    return f"{action.title} — {action.owner}, due {action.due}{f'; retest: {retest}' if retest else ''}"


def _sign_offs(record: Record) -> Iterator[Line]:
    """Approvals of the plan, then sign-offs of the record."""
    for one in record.approvals:
        by = f"signed with {one.key_fingerprint}" if one.signature else "not signed"
        began = moment(record.began_wall)
        late = ", after it had begun" if began is not None and one.at > began else ""
        words = f"{utc_minute(one.at.isoformat())}{late} {one.words} ({by}; not verified here)"
        yield Line(record.id, f"{one.approver}, approved {one.what}", words)
    for sign_off in record.sign_offs:
        yield _signed(sign_off, record)


def _signed(one: SignOff, record: Record) -> Line:
    return Line(record.id, f"{one.name}, {one.role}", one.text)


def _link(report: Path, page: Path | None) -> str | None:
    import os
    from urllib.parse import quote

    if page is None or not report.is_file():
        return None
    return quote(os.path.relpath(report.resolve(), page.absolute().parent.resolve()))
