"""What in `signals` of an environment may be a secret, and how problems are told without it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from drillrunner.errors import InvalidInput, Problem
from drillrunner.files.section import shorten
from drillrunner.model.signal import GrafanaSpec, OtlpSpec, WebhookSpec
from drillrunner.yaml_source import ListNode, Node, ScalarNode

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
# keys whose values are no secrets, unless they hold an address
_SHOWN = ("body", "on", "tags", "dashboard_uid")
_RECEIVERS = (WebhookSpec.sink, GrafanaSpec.sink, OtlpSpec.sink)
# characters; what is shorter is no secret, and stars in its place everywhere would leave no line to be read
_SHORTEST = 4
_ADDRESS = re.compile(r"\S*://\S*")
_TELLING = re.compile(r"://|bearer|token|secret|password|api_?key|routing_key", re.IGNORECASE)


def secrets_in(node: Node, *, shown: bool = False) -> Iterator[ScalarNode]:
    """Every value below that may be an address or a token: all but those that are known to be something else."""
    if isinstance(node, ScalarNode):
        if _may_be_secret(node, shown):
            yield node
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from secrets_in(item, shown=shown)
    else:
        for key, (key_node, value) in node.entries.items():
            if "://" in key:
                yield key_node
            named = key.endswith("_env") and isinstance(value, ScalarNode) and VARIABLE.match(value.text)
            yield from secrets_in(value, shown=bool(named) or key in _SHOWN)


def _may_be_secret(node: ScalarNode, shown: bool) -> bool:
    if len(node.text) < _SHORTEST or node.text in _RECEIVERS or isinstance(node.value, bool | None):
        return False
    return not shown or "://" in node.text


def without_secrets(problem: Problem, secrets: Iterable[ScalarNode]) -> Problem:
    """The same, with stars for every secret: as many, so that a caret points where it did."""
    known = tuple(secrets)
    message = _masked(problem.message, (shape for node in known for shape in _shapes(node)))
    line = _masked(problem.source_line, (node.text for node in known))
    for node in known:
        on_its_line = problem.line == node.span.line
        start = node.span.column - 1
        if on_its_line and node.text not in problem.source_line[start:]:  # escaped, folded, or on several lines
            line = line[:start] + "*" * len(line[start:])
        if node.span.length == 1 and problem.line > node.span.line:  # perhaps the rest of one on several lines
            line = _masked(line, (piece for piece in node.text.split() if len(piece) >= _SHORTEST))
    return replace(problem, message=message, source_line=line)


def _shapes(node: ScalarNode) -> Iterator[str]:
    """How a message may show a text: as it is, filled in, and cut short."""
    for text in (node.text, node.text.replace("$${", "${")):
        yield text
        yield shorten(text)


def _masked(text: str, secrets: Iterable[str]) -> str:
    # the longest first: one may begin another, whose rest would be shown
    for secret in sorted(set(secrets), key=len, reverse=True):
        text = text.replace(secret, "*" * len(secret))
    return text


def without_addresses(error: InvalidInput) -> InvalidInput:
    """The problems of a file that is no YAML, so that nobody can tell what in it is a secret: no line that might
    hold one is shown."""
    problems = [
        replace(
            problem,
            message=_ADDRESS.sub("****", problem.message),
            source_line="" if _TELLING.search(problem.source_line) else problem.source_line,
        )
        for problem in error.problems
    ]
    return InvalidInput(error.message, problems=problems, where=error.where, advice=error.advice)
