"""A first drill from a few answers: the drill, its environment and its runbook, as texts that teach. Pure."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import jinja2

from drillrunner.authoring.schema_pieces import NAME
from drillrunner.model.duration import format_duration, parse_duration
from drillrunner.model.noun import Noun
from drillrunner.model.region import known_region

NONE = "none"
_LONGEST_RTO_SECONDS = 6 * 3600.0
_LEAST_WAIT_SECONDS = 300.0
_LEAST_STOP_SECONDS = 60.0


class Answers(Noun):
    """What a starter is made from. `url` is what users ask; the functions are throttled in the primary region."""

    name: str
    kind: Literal["lab", "aws"]
    environment: str
    account: str | None = None
    owner: str
    primary: str
    standby: str
    url: str
    functions: tuple[str, ...]
    table: str | None = None
    health_check: str | None = None
    rto: str
    rpo: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question: the field that it fills, its words, its default for each kind, and what checks an answer.

    A check raises ValueError with what is wrong. A question with `only` is asked where that field has that value
    (or, with None, any).
    """

    field: str
    words: str
    lab: str | None
    aws: str | None
    check: Callable[[str], object]
    only: tuple[str, str | None] | None = None
    optional: bool = False

    def default(self, kind: str | None) -> str | None:
        return self.aws if kind == "aws" else self.lab

    def is_asked(self, given: Mapping[str, str | None]) -> bool:
        if self.only is None:
            return True
        field, value = self.only
        return given.get(field) is not None if value is None else given.get(field) == value

    def read(self, text: str) -> str | None:
        """The answer, or None for `none` where it may be left out. Raises ValueError."""
        stripped = text.strip()
        if self.optional and stripped in {"", NONE}:
            return None
        self.check(stripped)
        return stripped


def _matching(pattern: str, what: str) -> Callable[[str], object]:
    def check(text: str) -> None:
        if not re.fullmatch(pattern, text):
            raise ValueError(f'"{text}" is not {what}')

    return check


def _url(text: str) -> None:
    if urlsplit(text).scheme not in {"http", "https"} or not urlsplit(text).hostname or re.search(r"[\s\"`$]", text):
        raise ValueError(f'"{text}" is not an http:// or https:// address')


def _functions(text: str) -> None:
    for name in text.split(","):
        _matching(r"[A-Za-z0-9_-]{1,64}", "the name of a function")(name.strip())


def _rto(text: str) -> None:
    if not 1.0 <= parse_duration(text) <= _LONGEST_RTO_SECONDS:
        raise ValueError("an RTO of 1s to 6h can be practised")


def _rpo(text: str) -> None:
    if parse_duration(text) > 86_400.0:
        raise ValueError("an RPO is at most 24h")


_name = _matching(NAME, "a name: at most 64 letters, digits, hyphens and underscores")
_account = _matching(r"\d{12}", "an account: those have twelve digits")
_line = _matching(r"[^\n$]{1,200}", "a short text")
_table = _matching(r"[A-Za-z0-9_.-]{3,255}", "the name of a table")

QUESTIONS: tuple[Question, ...] = (
    Question("name", "The drill's name", "checkout-outage", "checkout-outage", _name),
    Question(
        "kind",
        "Where it runs: lab (simulated, on this machine) or aws",
        "lab",
        "lab",
        _matching("lab|aws", "lab or aws"),
    ),
    Question("environment", "The environment's name", "lab", "staging", _name),
    Question("account", "The AWS account that it may touch", None, None, _account, only=("kind", "aws")),
    Question("owner", "Who answers for the drill", "team-checkout", "team-checkout", _line),
    Question("primary", "The region that is to fail", "us-east-1", "us-east-1", known_region),
    Question("standby", "The region that is to take over", "eu-west-1", "eu-west-1", known_region),
    Question(
        "url", "The URL of the health endpoint, as users ask it", "https://checkout.example.test/health", None, _url
    ),
    Question("functions", "Lambda functions to throttle there, with commas between", "checkout", None, _functions),
    Question("table", "A DynamoDB global table to count losses in, or none", "orders", NONE, _table, optional=True),
    Question(
        "health_check",
        "The Route 53 health check that fails over (id or Name tag), or none",
        "checkout-us-east-1",
        NONE,
        _line,
        optional=True,
    ),
    Question("rto", "RTO: the longest that users may be without the service", "3m", "15m", _rto),
    Question("rpo", "RPO: the most that may be lost", "5s", "1m", _rpo, only=("table", None)),
)


def starter_of(given: Mapping[str, str | None]) -> Answers:
    """The answers to all questions that were asked, by field. Raises ValueError."""
    if given["primary"] == given["standby"]:
        raise ValueError("the standby must be another region than the primary")
    functions = tuple(name.strip() for name in (given["functions"] or "").split(","))
    return Answers.model_validate({**given, "functions": functions})


def drill_text(answers: Answers) -> str:
    """The drill's YAML."""
    rto = parse_duration(answers.rto)
    return _rendered(
        "drill.yaml.j2",
        answers,
        within=format_duration(max(2 * rto, _LEAST_WAIT_SECONDS)),
        fails_for=format_duration(max(2 * rto, _LEAST_STOP_SECONDS)),
        detection=format_duration(max(rto / 2, 10.0)),
    )


def environment_text(answers: Answers) -> str:
    """The environment's entry in environments.yaml."""
    return _rendered("environment.yaml.j2", answers)


def runbook_text(answers: Answers) -> str:
    """The page for people, in Markdown."""
    return _rendered("runbook.md.j2", answers)


def added_to(file: str, entry: str) -> str:
    """The text of a file of environments with one more entry at its end, indented as the others are."""
    nested = re.search(r"^environments:\s*$\n(?:\s*(?:#.*)?\n)*( +)", file, re.MULTILINE)
    indent = nested.group(1) if nested else ""
    lines = [f"{indent}{line}".rstrip() for line in entry.splitlines()]
    return f"{file.rstrip()}\n\n" + "\n".join(lines) + "\n"


@functools.cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("drillrunner.authoring", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = functools.partial(json.dumps, ensure_ascii=False)
    return environment


def _rendered(template: str, answers: Answers, **more: str) -> str:
    return _templates().get_template(template).render({**answers.model_dump(), **more})
