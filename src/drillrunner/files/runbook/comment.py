"""The comment at a runbook's step: `<!-- step: failover 1; probe: checkout; expect: 5m; who: on-call engineer -->`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from drillrunner.files.nearest import choices
from drillrunner.files.section import Reading, check_name, read_duration, shorten
from drillrunner.model.runbook import DrillStepMention, Place, ProbeMention, RunbookStep
from drillrunner.yaml_source import ScalarNode, Span

STEP, PROBE, EXPECT, WHO, NOT_DRILLED = KEYS = ("step", "probe", "expect", "who", "not drilled")
_EXAMPLE = "write it like <!-- step: failover 1; probe: checkout; expect: 5m; who: on-call engineer -->"
_KEY = re.compile(r"\s*([A-Za-z][A-Za-z _-]{0,30}?)\s*:")
_MENTION = re.compile(r"(?:([A-Za-z0-9][A-Za-z0-9_-]{0,63})[ ]+)?(failover|failback|revert)[ ]+([1-9][0-9]{0,2})\Z")
_MOST_MENTIONS = 50
_LONGEST_TEXT = 300


class Comment(NamedTuple):
    """What stands between the comment's signs, and where. `is_closed` is whether it ends on its line."""

    text: str
    span: Span
    is_closed: bool


class _Part(NamedTuple):
    text: str
    span: Span


def place_of(span: Span) -> Place:
    return Place(line=span.line, column=span.column, length=span.length)


def is_about_a_step(comment: Comment) -> bool:
    """Whether the comment begins with one of the keys."""
    match = _KEY.match(comment.text)
    return match is not None and match.group(1) in KEYS


@dataclass(slots=True)
class StepComments:
    """What the comments of one step say. A comment that does not begin with `word:` is anybody's, and passed over."""

    reading: Reading
    _said: dict[str, Any] = field(default_factory=dict)

    def complete(self, step: RunbookStep) -> RunbookStep:
        """The step with what its comments say of it."""
        said = {_FIELDS[key]: value for key, value in self._said.items() if value is not None}
        return step.model_copy(update=said)

    def take(self, comment: Comment) -> None:
        """Read one comment; what is wrong with it is noted."""
        if not _KEY.match(comment.text):
            return
        span = _trimmed(_Part(comment.text, comment.span)).span
        if not comment.is_closed:
            self._note("the comment does not end on its line", span, _EXAMPLE)
            return
        for part in _split(_Part(comment.text, comment.span), ";"):
            self._take_part(part)
        if NOT_DRILLED in self._said and {STEP, PROBE} & self._said.keys():
            advice = "leave one of them out"
            self._note("the step is said to be drilled and not to be", span, advice)

    def _take_part(self, part: _Part) -> None:
        match = _KEY.match(part.text)
        if not match:
            self._note(f'"{shorten(part.text)}" is no key and its value', part.span, _EXAMPLE)
            return
        key, value = match.group(1), _trimmed(_Part(part.text[match.end() :], _moved(part.span, match.end())))
        if key not in KEYS:
            span = Span(part.span.line, part.span.column, len(key))
            self.reading.add("102", f'unknown key "{key}" in a step\'s comment', span, choices(key, KEYS))
        elif key in self._said:
            self._note(f'"{key}" is given twice', part.span, "separate several values with commas")
        elif not value.text:
            self.reading.add("106", f'"{key}" is empty', part.span)
        else:
            self._said[key] = self._value(key, value)

    def _value(self, key: str, value: _Part) -> Any:
        if key == STEP:
            return tuple(mention for one in self._several(value) if (mention := self._mention(one)))
        if key == PROBE:
            return tuple(probe for one in self._several(value) if (probe := self._probe(one)))
        if key == EXPECT:
            node = ScalarNode(value.span, value.text, plain=True)
            return read_duration(self.reading, key, node, value.text, low=1.0)
        if len(value.text) > _LONGEST_TEXT:
            message = f'"{key}" has {len(value.text)} characters; at most {_LONGEST_TEXT} are allowed'
            self.reading.add("106", message, value.span)
        return value.text

    def _several(self, value: _Part) -> list[_Part]:
        parts = list(_split(value, ","))
        if len(parts) > _MOST_MENTIONS:
            self._note(f"{len(parts)} values; at most {_MOST_MENTIONS} are allowed", value.span, None)
            return []
        return parts

    def _mention(self, one: _Part) -> DrillStepMention | None:
        match = _MENTION.match(one.text)
        if not match:
            advice = "write failover, failback or revert and its number, as in failover 1"
            if "·" in one.text:
                advice = 'separate what is said of a step with ";"'
            self._note(f'"{shorten(one.text)}" names no step of a drill', one.span, advice)
            return None
        drill, role, number = match.groups()
        return DrillStepMention.model_validate(
            {"drill": drill, "role": role, "number": int(number), "place": place_of(one.span)}
        )

    def _probe(self, one: _Part) -> ProbeMention | None:
        if not check_name(self.reading, one.text, '"probe"', one.span):
            return None
        return ProbeMention(probe=one.text, place=place_of(one.span))

    def _note(self, message: str, span: Span, advice: str | None) -> None:
        self.reading.problems.add("R110", message, span, advice)


_FIELDS = {
    STEP: "drill_steps",
    PROBE: "probes",
    EXPECT: "expect_seconds",
    WHO: "who",
    NOT_DRILLED: "not_drilled",
}


def _split(part: _Part, sign: str) -> Iterator[_Part]:
    """The pieces between the signs, each with its own place."""
    at = 0
    for piece in part.text.split(sign):
        yield _trimmed(_Part(piece, _moved(part.span, at)))
        at += len(piece) + len(sign)


def _trimmed(part: _Part) -> _Part:
    text = part.text.strip()
    before = len(part.text) - len(part.text.lstrip())
    span = _moved(part.span, before if text else 0)
    return _Part(text, Span(span.line, span.column, max(1, len(text))))


def _moved(span: Span, characters: int) -> Span:
    return Span(span.line, span.column + characters, span.length)
