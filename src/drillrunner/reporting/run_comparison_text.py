"""Two runs side by side for the terminal: what got worse first, then everything that differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drillrunner.model.noun import JsonValue
from drillrunner.model.run_comparison import (
    InjectedChange,
    ObjectiveChange,
    RunComparison,
    RunSide,
    SettingChange,
)
from drillrunner.model.verdict import Finding, ObjectiveVerdict
from drillrunner.reporting.history_text import where_words
from drillrunner.reporting.outside_text import compact, masked_at, visible
from drillrunner.reporting.table_text import aligned
from drillrunner.reporting.wording import (
    OBJECTIVE_TITLES,
    OUTCOME_MARK,
    PART_TITLES,
    length,
    measured,
    target,
    utc_minute,
)

_DIRECTION_MARKS = {"better": "▲", "worse": "▼", "same": "=", "unknown": "≈"}
_NAMES = {"before": "first", "after": "second"}
VALUE_MOST = 120


def run_comparison_lines(comparison: RunComparison) -> list[str]:
    """The whole comparison, its result first."""
    lines = [
        _headline(comparison),
        f"  before  {_side(comparison.before)}",
        f"  after   {_side(comparison.after)}",
        *(f"  ! {caution}" for caution in comparison.cautions),
    ]
    return [
        *map(visible, lines),
        *_indented(_objectives(comparison)),
        *_indented(_parts(comparison)),
        *map(visible, _settings(comparison.settings)),
        *map(visible, _injected(comparison.injected)),
        *map(visible, _findings("findings gone", comparison.findings_gone)),
        *map(visible, _findings("findings new", comparison.findings_new)),
    ]


def _headline(comparison: RunComparison) -> str:
    if comparison.worse:
        return f"WORSE · {'; '.join(comparison.worse)}"
    better = any(one.direction == "better" for one in comparison.objectives)
    return "BETTER · and nothing is worse" if better else "NO WORSE · no objective is known to differ for the worse"


def _side(side: RunSide) -> str:
    outcome = f"{OUTCOME_MARK[side.outcome]} {side.outcome}"
    when = f"{utc_minute(side.began_wall)} · run {side.run_id}"
    return f"{outcome} · {side.drill} · {where_words(side.environment, side.kind)} · {when}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" if line else "" for line in lines)


def _objectives(comparison: RunComparison) -> list[str]:
    if not comparison.objectives:
        return []
    header = ("", "objective", "target", "before", "", "after", "", "difference")
    return ["", *aligned([header, *map(_objective, comparison.objectives)])]


def _objective(one: ObjectiveChange) -> tuple[str, ...]:
    title = f"{OBJECTIVE_TITLES[one.name]} {one.probe}"
    return (
        _DIRECTION_MARKS[one.direction],
        title,
        _targets(one),
        *_measured(one.before),
        *_measured(one.after),
        one.sentence,
    )


def _targets(one: ObjectiveChange) -> str:
    targets = [target(each) for each in (one.before, one.after) if each is not None]
    return " → ".join(dict.fromkeys(targets))


def _measured(one: ObjectiveVerdict | None) -> tuple[str, str]:
    return ("—", "") if one is None else (measured(one), OUTCOME_MARK[one.outcome])


def _parts(comparison: RunComparison) -> list[str]:
    if not comparison.parts:
        return []
    rows = [(PART_TITLES[one.part], _took(one.before), _took(one.after)) for one in comparison.parts]
    return ["", *aligned([("part of the RTO", "before", "after"), *rows], right=(1, 2))]


def _took(seconds: float | None) -> str:
    return "—" if seconds is None else length(seconds)


def _settings(settings: Iterable[SettingChange]) -> Iterator[str]:
    rows = [f"  {_setting(one)}" for one in settings]
    yield from ["", "what differed in the plan:", *rows] if rows else ["", "the plans are alike"]


def _setting(one: SettingChange) -> str:
    if one.only is not None:
        value = one.before if one.only == "before" else one.after
        return f"{one.path}: only the {_NAMES[one.only]} has it: {_value(one.path, value)}"
    return f"{one.path}: {_value(one.path, one.before)} → {_value(one.path, one.after)}"


def _value(path: str, value: JsonValue) -> str:
    """A value on one line, masked where its path calls it a secret."""
    words = compact(masked_at(path, value))
    return words if len(words) <= VALUE_MOST else words[: VALUE_MOST - 1] + "…"


def _injected(changes: Iterable[InjectedChange]) -> Iterator[str]:
    rows = [row for one in changes for row in _injected_rows(one)]
    if rows:
        yield from ["", "what differed in what was injected:", *rows]


def _injected_rows(one: InjectedChange) -> Iterator[str]:
    name = f"{one.section}: {one.kind} {one.target}"
    yield f"  {name}" + (f": only in the {_NAMES[one.only]} run" if one.only else "")
    yield from (f"    {_setting(each)}" for each in one.changes)


def _findings(title: str, findings: tuple[Finding, ...]) -> Iterator[str]:
    if findings:
        yield from ["", f"{title}:", *(f"  {one.code} {one.message}" for one in findings)]
