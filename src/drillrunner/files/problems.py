"""Renders problems for people and for programs: file, line, column, code, the line with a caret, advice."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict

from drillrunner.errors import Problem

_SHOWN_WIDTH = 160


def render_text(problems: Sequence[Problem]) -> str:
    """All problems, one after the other, each as

    ```
    drills/regional-outage.yaml:7:3 error[D102] unknown key "rpoo" in objectives
    7 |   rpoo: 60s
      |   ^^^^ did you mean "rpo"?
    ```
    """
    return "\n".join(render_problem(problem) for problem in problems)


def render_problem(problem: Problem) -> str:
    """One problem, of one to three lines, without control characters."""
    severity = "warning" if problem.code.startswith("W") else "error"
    place = f"{_visible(problem.file)}:{problem.line}:{problem.column}"
    lines = [f"{place} {severity}[{problem.code}] {_visible(problem.message)}"]
    advice = _visible(problem.advice or "")
    if problem.source_line.strip():
        lines += _excerpt(problem, advice)
    elif advice:
        lines.append(f"  {advice}")
    return "\n".join(lines)


def as_json(problems: Sequence[Problem]) -> list[dict[str, str | int | None]]:
    """The problems as JSON values; the keys are Problem's fields."""
    return [asdict(problem) for problem in problems]


def _excerpt(problem: Problem, advice: str) -> list[str]:
    start = max(0, problem.column - 1)
    skipped = max(0, start - _SHOWN_WIDTH // 2) if len(problem.source_line) > _SHOWN_WIDTH else 0
    shown = problem.source_line[skipped : skipped + _SHOWN_WIDTH]
    before = shown[: start - skipped]
    marked = shown[start - skipped :][: problem.length]
    number = str(problem.line)
    carets = "^" * max(1, _width(marked.rstrip()))
    pad = " " * _width(before)
    return [
        f"{number} | {_visible(shown).rstrip()}",
        f"{' ' * len(number)} | {pad}{carets} {advice}".rstrip(),
    ]


def _visible(text: str) -> str:
    """Without what could move a terminal's cursor: one space for a tab, escapes for the rest."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character == "\t":
        return " "
    if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Cs"}:
        return character.encode("unicode_escape", "surrogatepass").decode()
    return character


def _width(text: str) -> int:
    """How many columns a terminal gives the text."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in {"W", "F"}:
        return 2
    return len(_shown(character))
