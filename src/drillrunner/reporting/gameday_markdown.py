"""report.md of a game day: for a pull request, a wiki or a step summary."""

from __future__ import annotations

from collections.abc import Iterator

from drillrunner.model.gameday_course import Course
from drillrunner.reporting.gameday_text import check_rows, drill_row, headline
from drillrunner.reporting.markdown import escaped
from drillrunner.reporting.wording import length, utc_minute


def render_gameday_markdown(course: Course) -> str:
    """The whole page; every name and reason is literal text."""
    return "\n".join(_lines(course)) + "\n"


def _lines(course: Course) -> Iterator[str]:
    said = headline(course)
    yield f"# {said.word} · {escaped(said.reason)}"
    yield ""
    ended = f" to {utc_minute(course.ended_at)}" if course.ended_at else ""
    where = f"**{escaped(course.gameday.name)}** · {escaped(course.environment)}"
    yield f"{escaped(course.gameday.title)}"
    yield ""
    yield f"{where} · {utc_minute(course.began_at)}{ended} · plan `{course.plan_hash[:12]}`"
    yield ""
    left = [text for one in course.drills for text in one.left]
    if left:
        yield "> [!CAUTION]"
        yield "> **STILL INJECTED**"
        yield from (f"> - {escaped(text)}" for text in left)
        yield ""
    yield "| | Drill | Verdict | RTO | RPO | Put back | Run |"
    yield "|---|---|---|---|---|---|---|"
    for one in course.drills:
        cells = [escaped(cell) for cell in drill_row(one)]
        if one.report:
            cells[-1] = f"[{cells[-1]}]({one.report})"
        yield f"| {' | '.join(cells)} |"
    yield ""
    for one in course.drills:
        if one.why:
            yield f"- {escaped(one.id)}: {escaped(one.why)}"
        if one.cool_down is not None:
            state = "steady again" if one.cool_down.steady else f"not steady: {escaped(one.cool_down.why or '')}"
            yield f"- {escaped(one.id)}: {state} after {length(one.cool_down.seconds)}"
    yield ""
    yield "## Checks"
    yield ""
    yield from (f"- {name}: {escaped(value)}" for name, value in check_rows(course))
    yield ""
    yield "## Roles"
    yield ""
    yield from (f"- {role}: {escaped(', '.join(people))}" for role, people in course.gameday.roles.items())
