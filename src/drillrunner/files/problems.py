"""Renders problems for people and for programs: file, line, column, code, the line with a caret, advice."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from drillrunner.errors import Problem
from drillrunner.files.codes import CODES

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


def render_with_hint(problems: Sequence[Problem]) -> str:
    """All problems as `render_text` has them, and how to learn more about one."""
    return f"{render_text(problems)}\nmore about a code: drill explain {problems[0].code}"


def render_problem(problem: Problem) -> str:
    """One problem, of one to three lines, without control characters."""
    severity = severity_of(problem)
    place = f"{_visible(problem.file)}:{problem.line}:{problem.column}"
    lines = [f"{place} {severity}[{problem.code}] {_visible(problem.message)}"]
    advice = _visible(problem.advice or "")
    if problem.source_line.strip():
        lines += _excerpt(problem, advice)
    elif advice:
        lines.append(f"  {advice}")
    return "\n".join(lines)


def severity_of(problem: Problem) -> str:
    """`warning` where the drill may run all the same, else `error`."""
    return "warning" if problem.code.startswith("W") else "error"


def told(problem: Problem) -> str:
    """What is wrong, and below it what to do, without control characters."""
    return "\n".join(_visible(text) for text in (problem.message, problem.advice) if text)


def render_github(problems: Sequence[Problem]) -> str:
    """A workflow command of GitHub Actions for each problem, which its runner turns into an annotation.

    Both columns belong to what is marked. (docs.github.com, "Workflow commands for GitHub Actions")
    """
    return "\n".join(_workflow_command(problem) for problem in problems)


def _workflow_command(problem: Problem) -> str:
    properties = {
        "file": _visible(shown_path(problem.file)),
        "line": problem.line,
        "endLine": problem.line,
        "col": problem.column,
        "endColumn": problem.column + max(1, problem.length) - 1,
        "title": f"{problem.code}: {CODES[problem.code]}",
    }
    given = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{severity_of(problem)} {given}::{_message(told(problem))}"


def shown_path(file: str) -> str:
    """The path from the folder that we are in, where the file is below it: annotations name files of a repository."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else file


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


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
