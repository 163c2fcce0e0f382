"""The Markdown of a runbook: its numbered steps with the comments that say what exercises them, and its links.

Line by line, in time that grows with the file's length alone. Code (fenced or between backticks) is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from drillrunner.files.runbook.comment import Comment, StepComments, is_about_a_step, place_of
from drillrunner.files.section import Reading
from drillrunner.model.runbook import Link, RunbookStep
from drillrunner.yaml_source import Span

_MOST_STEPS = 500
_MOST_LINKS = 1_000
_LONGEST_TEXT = 200
_OPENS, _CLOSES = "<!--", "-->"
_FENCE = re.compile(r" *(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(\S.*)")
_ITEM = re.compile(r" ?(\d{1,9}[.)])[ \t]+(\S.*)")
_CODE = re.compile(r"`[^`]*`")
_INLINE_LINK = re.compile(r"\]\([ \t]*(<[^<>]*>|[^\s()<>]*)")
_LINK_DEFINITION = re.compile(r" {0,3}\[[^\]]{1,100}\]:[ \t]*(\S+)")
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|/|#|\?")


class Body(NamedTuple):
    """What follows the front matter."""

    steps: tuple[RunbookStep, ...]
    links: tuple[Link, ...]


@dataclass(slots=True)
class _OpenStep:
    """A step whose end was not met yet."""

    section: str
    number: int
    text: str
    span: Span
    comments: StepComments

    def closed(self) -> RunbookStep:
        return self.comments.complete(
            RunbookStep(section=self.section, number=self.number, text=self.text, place=place_of(self.span))
        )


def read_body(reading: Reading, lines: tuple[str, ...], start: int, folder: Path) -> Body:
    """The steps and links from the line at position `start`. Links are looked for from `folder`."""
    body = _Body(reading, folder)
    for number, line in enumerate(lines[start:], start + 1):
        if line.strip():
            body.take(number, line)
        else:
            body.after_blank = True
    return Body(tuple(step.closed() for step in body.steps), tuple(body.links))


@dataclass(slots=True)
class _Body:
    """What was read so far, and within what the next line stands."""

    reading: Reading
    folder: Path
    steps: list[_OpenStep] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    after_blank: bool = True
    _section: str = ""
    _count: int = 0
    _open: _OpenStep | None = None
    _fence: str = ""
    _in_comment: bool = False

    def take(self, number: int, line: str) -> None:
        """One line that is not blank."""
        if self._in_code(line):
            self.after_blank = False
            return
        shown, plain, comments = self._without_comments(number, line)
        if heading := _HEADING.match(shown):
            self._section, self._count, self._open = _cut(heading.group(1).rstrip("# \t")), 0, None
        elif item := _ITEM.match(shown):
            self._begin(number, item, plain)
        elif self.after_blank and shown.strip() and not shown.startswith((" ", "\t")):
            self._open = None
        for comment in comments:
            self._take_comment(comment)
        for target, at in _targets(shown):
            self._take_link(target, Span(number, at + 1, max(1, len(target))))
        self.after_blank = False

    def _in_code(self, line: str) -> bool:
        """Whether the line is part of fenced code, whose fences count as code too."""
        if self._in_comment:
            return False
        match = _FENCE.match(line)
        if not self._fence:
            begins = match is not None and not (match.group(1)[0] == "`" and "`" in match.group(2))
            self._fence = match.group(1) if match and begins else ""
            return begins
        if match and match.group(1).startswith(self._fence) and not match.group(2).strip():
            self._fence = ""
        return True

    def _without_comments(self, number: int, line: str) -> tuple[str, str, list[Comment]]:
        """The line with spaces for its comments and code, the line with spaces for comments alone, and its comments."""
        masked = line if self._in_comment else _CODE.sub(lambda code: " " * len(code.group()), line)
        shown, plain, found, at = [], [], [], 0
        while at < len(masked):
            begin = at if self._in_comment else masked.find(_OPENS, at)
            if begin < 0:
                shown.append(masked[at:])
                plain.append(line[at:])
                break
            inside = begin if self._in_comment else begin + len(_OPENS)
            end = line.find(_CLOSES, inside)
            text = line[inside : end if end >= 0 else len(line)]
            if not self._in_comment:
                found.append(Comment(text, Span(number, inside + 1, max(1, len(text))), is_closed=end >= 0))
            after = end + len(_CLOSES) if end >= 0 else len(line)
            shown += [masked[at:begin], " " * (after - begin)]
            plain += [line[at:begin], " " * (after - begin)]
            self._in_comment, at = end < 0, after
        return "".join(shown), "".join(plain), found

    def _begin(self, number: int, item: re.Match[str], plain: str) -> None:
        span = Span(number, item.start(1) + 1, len(item.group().rstrip()) - item.start(1))
        if len(self.steps) >= _MOST_STEPS:
            self.reading.problems.stop("R112", f"the runbook has more than {_MOST_STEPS} steps", span)
        self._count += 1
        text = _cut(plain[item.start(2) :].rstrip())
        self._open = _OpenStep(self._section, self._count, text, span, StepComments(self.reading))
        self.steps.append(self._open)

    def _take_comment(self, comment: Comment) -> None:
        if self._open:
            self._open.comments.take(comment)
        elif is_about_a_step(comment):
            advice = "write it at the end of a step's line"
            self.reading.problems.add("R111", "this comment belongs to no step", comment.span, advice)

    def _take_link(self, target: str, span: Span) -> None:
        if len(self.links) >= _MOST_LINKS:
            self.reading.problems.stop("R112", f"the runbook has more than {_MOST_LINKS} links to files", span)
        self.links.append(Link(target=target, found=_is_there(self.folder, target), place=place_of(span)))


def _targets(shown: str) -> Iterator[tuple[str, int]]:
    """The relative links of a line, each with its position: those without a scheme that begin with neither / nor #."""
    definition = _LINK_DEFINITION.match(shown)
    for match in [definition] if definition else _INLINE_LINK.finditer(shown):
        written = match.group(1)
        target = written.strip("<>")
        if target and not _ELSEWHERE.match(target):
            yield target, match.start(1) + written.index(target)


def _is_there(folder: Path, target: str) -> bool:
    path = unquote(re.split(r"[#?]", target, maxsplit=1)[0])
    try:
        return (folder / path).exists()
    except (OSError, ValueError):
        return False  # no file has such a name


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
