"""Problems as SARIF 2.1.0 (OASIS), which code hosts and editors show beside the lines that they are about."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from drillrunner import __version__
from drillrunner.authoring.explanations import Explanation, explanations
from drillrunner.errors import Problem
from drillrunner.files.problems import severity_of, shown_path, told

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(problems: Sequence[Problem]) -> dict[str, Any]:
    """One run with every problem; its rules are the codes that occur, each with its explanation."""
    codes = sorted({problem.code for problem in problems})
    driver = {
        "name": "drillrunner",
        "version": __version__,
        "rules": [_rule(explanations()[code]) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, codes.index(problem.code)) for problem in problems],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(explanation: Explanation) -> dict[str, Any]:
    level = "warning" if explanation.code.startswith("W") else "error"
    help_text = f"{explanation.meaning}\n\ndrill explain {explanation.code}"
    return {
        "id": explanation.code,
        "shortDescription": {"text": explanation.title},
        "fullDescription": {"text": explanation.meaning},
        "help": {"text": help_text, "markdown": _markdown(explanation)},
        "defaultConfiguration": {"level": level},
    }


def _markdown(explanation: Explanation) -> str:
    parts = [explanation.meaning]
    for heading, example in (("Wrong", explanation.wrong), ("Mended", explanation.mended)):
        if example:
            parts.append(f"{heading}:\n\n~~~yaml\n{example}~~~")
    return "\n\n".join(parts)


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    region = {
        "startLine": problem.line,
        "startColumn": problem.column,
        "endLine": problem.line,
        "endColumn": problem.column + max(1, problem.length),
    }
    place = {"artifactLocation": {"uri": _uri(problem.file)}, "region": region}
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": severity_of(problem),
        "message": {"text": told(problem)},
        "locations": [{"physicalLocation": place}],
    }


def _uri(file: str) -> str:
    """Relative to the folder that we are in, where the file is below it; else absolute."""
    path = Path(shown_path(file))
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))
