"""`${name}` in a drill's values: it reads the drill's `vars` and nothing else. `$${` writes a plain `${`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from drillrunner.files.nearest import did_you_mean
from drillrunner.yaml_source import Problems, ScalarNode, Span

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}\Z")
_REFERENCE = re.compile(r"\$\$\{|\$\{([^}\n]{0,64})(\}?)")


def is_variable_name(text: str) -> bool:
    return bool(_NAME.match(text))


@dataclass(slots=True)
class Variables:
    """The drill's variables, by name."""

    problems: Problems
    values: Mapping[str, str] = field(default_factory=dict)

    def fill(self, node: ScalarNode) -> str:
        """The node's text with every reference replaced; what cannot be replaced is noted and left."""
        return _REFERENCE.sub(lambda match: self._replace(match, node), node.text)

    def _replace(self, match: re.Match[str], node: ScalarNode) -> str:
        if match.group() == "$${":
            return "${"
        name, closed = match.group(1), match.group(2)
        if not closed or not is_variable_name(name):
            advice = "only the name of a variable may stand between ${ and }; a plain ${ is written $${"
            self.problems.add(
                "D118", f'"{match.group()}" is no reference to a variable', self._span(match.group(), node), advice
            )
        elif name not in self.values:
            advice = did_you_mean(name, self.values) or "define it under vars, or give --var"
            self.problems.add("D115", f'there is no variable "{name}"', self._span(match.group(), node), advice)
        else:
            return self.values[name]
        return match.group()

    def _span(self, text: str, node: ScalarNode) -> Span:
        start = node.span.column - 1
        line = self.problems.lines[node.span.line - 1]
        found = line.find(text, start)
        return Span(node.span.line, found + 1, len(text)) if found >= 0 else node.span


class PlainTexts(Variables):
    """For files that have no variables: `${…}` is what it looks like."""

    def fill(self, node: ScalarNode) -> str:
        return node.text
