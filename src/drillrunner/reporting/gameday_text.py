"""A game day in words: its plan before it, its course after it, for the terminal and for the pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from drillrunner.model.gameday import GameDay, GameDayDrill, GameDayPlan
from drillrunner.model.gameday_course import Course, CourseOutcome, DrillCourse, DrillState
from drillrunner.model.schedule import cadence_words
from drillrunner.model.verdict import Interval
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.table_text import aligned
from drillrunner.reporting.wording import length, span, utc_minute

Tint = Literal["pass", "fail", "unsure"]


class Ending(NamedTuple):
    """How an outcome is said, and how it is coloured."""

    word: str
    reason: str
    tint: Tint


OUTCOMES: dict[CourseOutcome, Ending] = {
    "met": Ending("PASS", "every drill met all its objectives", "pass"),
    "missed": Ending("FAIL", "an objective was missed", "fail"),
    "inconclusive": Ending("INCONCLUSIVE", "not everything was decided", "unsure"),
    "aborted": Ending("ABORTED", "ended early; what was injected has been put back", "fail"),
    "refused": Ending("REFUSED", "a check said no", "unsure"),
    "left": Ending("STILL INJECTED", "something of it is still injected", "fail"),
    "died": Ending("DIED", "its process ended without a word", "fail"),
    "running": Ending("RUNNING", "it is under way", "unsure"),
    "abandoned": Ending("ABANDONED", "its process died, and another game day was begun", "unsure"),
}
MARKS: dict[DrillState, str] = {
    "met": "✓",
    "missed": "✗",
    "inconclusive": "?",
    "aborted": "✗",
    "refused": "!",
    "left": "✗",
    "died": "✗",
    "running": "▶",
    "not begun": "·",
}
_COLUMNS = ("", "drill", "verdict", "RTO", "RPO", "put back", "run")


def headline(course: Course) -> Ending:
    """The outcome's word and reason; why it stopped goes before."""
    said = OUTCOMES[course.outcome]
    return said._replace(reason=course.why) if course.why else said


def measured(interval: Interval | None, target: float | None) -> str:
    """`1m19s–1m20s / ≤ 2m`; a dash where the drill asks for none, `not measured` where its run gave none."""
    if target is None:
        return "—"
    found = span(interval.low, interval.high, target) if interval else "not measured"
    return f"{found} / ≤ {length(target)}"


def drill_row(one: DrillCourse) -> tuple[str, ...]:
    """What a table shows of one drill."""
    begun = one.run_id is not None
    return (
        MARKS[one.state],
        one.id if one.id == one.drill else f"{one.id} ({one.drill})",
        one.state,
        measured(one.rto, one.rto_target) if begun else "—",
        measured(one.rpo, one.rpo_target) if begun else "—",
        one.reverted or "—",
        one.run_id or "—",
    )


def summary_lines(course: Course, page: Path | None) -> list[str]:
    """The end of a game day for the terminal."""
    said = headline(course)
    name = f"game day {course.gameday.name} · {course.environment} · {course.gameday_id}"
    table = aligned([_COLUMNS, *map(drill_row, course.drills)])
    why = [f"  {one.id}: {one.why}" for one in course.drills if one.why and one.state not in ("met", "running")]
    lines = [f"{said.word} · {said.reason} · {name}", *(f"  {line}" for line in table), *why]
    lines += [f"  {name}: {value}" for name, value in check_rows(course)]
    left = [text for one in course.drills for text in one.left]
    lines += [f"  STILL INJECTED: {text}" for text in left]
    lines += [f"  report: {page}"] if page is not None else []
    return [visible(line) for line in lines]


def check_rows(course: Course) -> list[tuple[str, str]]:
    """What was checked and told, each with what came of it."""
    return [*_checks(course), *_gate(course), *_announcements(course)]


def _checks(course: Course) -> Iterator[tuple[str, str]]:
    if course.freeze is not None:
        looked = f"{utc_minute(course.freeze.begin)} to {utc_minute(course.freeze.end)}"
        yield "freeze", f"✗ {course.freeze.why}" if course.freeze.why else f"✓ clear from {looked}"
    if course.approvals is not None:
        names = ", ".join(course.approvals.counted) or "nobody"
        count = f"{len(course.approvals.counted)} of {course.approvals.needed}"
        yield "approvals", f"✓ {count}: {names}" if course.approvals.ok else f"✗ {course.approvals.why}"
        for one in course.approvals.ignored:
            yield "not counted", f"{one.approver}: {one.why}"


def _gate(course: Course) -> Iterator[tuple[str, str]]:
    for one in course.gate:
        mark = "✓" if one.ok else "✗"
        if not one.runs:
            yield "gate", f"{mark} {one.id}: not rehearsed, since it asks for 0%"
            continue
        kept = ", from an earlier rehearsal" if one.reused else ""
        asked = f"at least {one.at_least:.0%} are needed"
        yield "gate", f"{mark} {one.id}: {one.chance:.0%} of {one.runs} rehearsed runs met everything, {asked}{kept}"


def _announcements(course: Course) -> Iterator[tuple[str, str]]:
    for one in course.announcements:
        sent = sum(each.ok for each in one.deliveries)
        failed = [f"{each.sink}: {each.why}" for each in one.deliveries if not each.ok]
        told = f"told to {sent} of {len(one.deliveries)}" if one.deliveries else "nobody is named in signals"
        yield f"told {one.moment}", told + (f"; {'; '.join(failed)}" if failed else "")


def plan_lines(plan: GameDayPlan, refusals: Sequence[str], longest_wall_seconds: float) -> list[str]:
    """The plan of a game day for those who approve it. Nothing in it has happened."""
    gameday = plan.gameday
    lines = [
        f"Game day {gameday.name}: {gameday.title}",
        f"  on {gameday.environment}; at the longest {length(longest_wall_seconds)} of the wall clock",
        *(f"  {role}: {', '.join(people)}" for role, people in gameday.roles.items()),
        "",
        "Drills",
        *(line for number in range(len(plan.plans)) for line in _drill_lines(number, plan)),
        "",
        "Conditions",
        *(f"  {line}" for line in _conditions(gameday)),
        *([""] if refusals else []),
        *(f"would be refused: {why}" for why in refusals),
        "",
        f"sha256 {plan.hash}",
    ]
    return [visible(line, 4_000) for line in lines]


def _drill_lines(number: int, plan: GameDayPlan) -> Iterator[str]:
    entry, one = plan.gameday.drills[number], plan.plans[number]
    yield f"  {number + 1}. {entry.id}: {one.drill.title}"
    targets = [change.target for item in (*one.faults, *one.failover, *one.failback) for change in item.changes]
    yield f"     changes {', '.join(dict.fromkeys(targets))}"
    yield f"     {conditions_of(entry)}"
    yield f"     sha256 {one.hash}"


def conditions_of(entry: GameDayDrill) -> str:
    """When a drill is begun, and what follows it."""
    said = ["a miss ends the day" if entry.on_miss == "stop" else "goes on after a miss"]
    said += [f"needs {', '.join(entry.needs)}"] if entry.needs else []
    said += [f"cools down for at most {length(entry.cool_down_seconds)}"] if entry.cool_down_seconds else []
    said += [f"vars {', '.join(f'{name}={value}' for name, value in entry.vars.items())}"] if entry.vars else []
    return "; ".join(said)


def _conditions(gameday: GameDay) -> Iterator[str]:
    box = gameday.time_box_seconds
    yield f"time box {length(box)}: no drill is begun that could outlast it" if box else "no time box"
    rule = gameday.approvals
    if rule is not None:
        by = f" by {', '.join(rule.by)}" if rule.by else ""
        yield f"{rule.needed} approvals of this plan{by}{', signed' if rule.allowed_signers else ''}"
    gate = gameday.rehearsal
    if gate is not None:
        yield f"rehearsed first: {gate.at_least:.0%} of {gate.runs} runs must meet everything"
    for window in gameday.freeze:
        yield f"frozen {window.starts:%Y-%m-%d %H:%M%z} to {window.ends:%Y-%m-%d %H:%M%z}: {window.summary}"
    for calendar in gameday.calendars:
        yield f"frozen by the events of {Path(calendar).name}"
    for name, value in gameday.settings.items():
        yield f"the lab is started with {name}={value}"
    if gameday.schedule is not None:
        yield f"schedule {cadence_words(gameday.schedule)}"
