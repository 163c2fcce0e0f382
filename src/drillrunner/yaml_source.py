"""Reads one YAML file strictly, and keeps the line and column of every key and value.

The YAML taken is the part that people write: mappings, lists, texts, numbers, true and false,
comments, anchors, merge keys. Tags, duplicate keys and further documents are refused, and `no` or
`1:30` stay texts, as in YAML 1.2. Size, depth and expansion are bounded, so no file can hang a reader.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml

from drillrunner.errors import InvalidInput, Problem

MAX_BYTES = 1_048_576
MAX_DEPTH = 20
MAX_VALUES = 10_000
MAX_TEXT = 10_000

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18}(?:[eE][-+]?[0-9]{1,2})?|[eE][-+]?[0-9]{1,2})\Z")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class Span(NamedTuple):
    """A place in a file. Line and column count from 1; `length` is in characters of that line."""

    line: int = 1
    column: int = 1
    length: int = 1


class ScalarNode(NamedTuple):
    """A single value. `plain` ones may be null, true, false or a number; quoted ones are texts."""

    span: Span
    text: str
    plain: bool

    @property
    def value(self) -> bool | int | float | str | None:
        if not self.plain:
            return self.text
        if self.text in _NULLS:
            return None
        if self.text in _BOOLEANS:
            return _BOOLEANS[self.text]
        if _INTEGER.match(self.text):
            return int(self.text)
        return float(self.text) if _FLOAT.match(self.text) else self.text


class ListNode(NamedTuple):
    span: Span
    items: tuple[Node, ...]


class MapNode(NamedTuple):
    """`entries` holds each key's own node beside its value, in the file's order."""

    span: Span
    entries: dict[str, tuple[ScalarNode, Node]]


Node = ScalarNode | ListNode | MapNode


class Document(NamedTuple):
    """A file that was read: its name as the user gave it, its lines, and the mapping at its top."""

    file: str
    lines: tuple[str, ...]
    root: MapNode


@dataclass(slots=True)
class Problems:
    """Collects what is wrong with one file, so that all of it can be told at once."""

    file: str
    lines: tuple[str, ...] = ()
    found: list[Problem] = field(default_factory=list)
    _seen: set[Problem] = field(default_factory=set)

    def add(self, code: str, message: str, span: Span | None = None, advice: str | None = None) -> None:
        """Note a problem. Without a span it belongs to the file as a whole."""
        place = span or Span()
        line = self.lines[place.line - 1] if span and place.line <= len(self.lines) else ""
        problem = Problem(code, message, self.file, place.line, place.column, place.length, line, advice)
        if problem not in self._seen:
            self._seen.add(problem)
            self.found.append(problem)

    def stop(self, code: str, message: str, span: Span | None = None, advice: str | None = None) -> NoReturn:
        """Note a problem after which nothing more can be read."""
        self.add(code, message, span, advice)
        self.refuse()

    def refuse(self) -> NoReturn:
        """Raise InvalidInput with everything that was found, in the file's order."""
        found = sorted(self.found, key=lambda problem: (problem.line, problem.column, problem.code))
        count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
        raise InvalidInput(f"{self.file} has {count}", problems=found)


def read_yaml(path: Path, *, most_values: int = MAX_VALUES) -> Document:
    """Read a file of at most 1 MiB. Raises InvalidInput (codes Y1xx)."""
    text = read_text(path, Problems(str(path)))
    return parse_yaml(text, str(path), most_values=most_values)


class Expected(NamedTuple):
    """What a file should have been, as advice says it."""

    what: str = "a YAML file"
    home: str = "drills are kept in drills/"
    size: str = "a drill is a few kilobytes"


_YAML_FILE = Expected()


def read_text(path: Path, problems: Problems, expected: Expected = _YAML_FILE) -> str:
    """The text of a regular file of at most 1 MiB. Raises InvalidInput (codes Y1xx)."""
    return _decode(read_bytes(path, problems, expected), problems)


def read_bytes(path: Path, problems: Problems, expected: Expected = _YAML_FILE) -> bytes:
    """The bytes of a regular file of at most 1 MiB. Raises InvalidInput (codes Y1xx)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                problems.stop("Y102", _what_instead(path), advice=f"give the path of {expected.what}")
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        problems.stop("Y101", "there is no such file", advice=f"check the path; {expected.home}")
    except IsADirectoryError:
        problems.stop("Y102", _what_instead(path), advice=f"give the path of {expected.what}")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problems.stop("Y103", f"the file cannot be read: {reason}", advice="check its permissions")
    if len(data) > MAX_BYTES:
        advice = f"{expected.size}; is this the right file?"
        problems.stop("Y105", "the file is larger than 1 MiB", advice=advice)
    return data


def split_lines(text: str) -> tuple[str, ...]:
    """The lines as YAML counts them."""
    return tuple(_LINE_BREAK.split(text))


def parse_yaml(text: str, file: str, *, most_values: int = MAX_VALUES) -> Document:
    """Parse a text that stands for a file of that name. Raises InvalidInput (codes Y1xx)."""
    problems = Problems(file, split_lines(text))
    try:
        root = _Composer(yaml.parse(text, Loader=yaml.SafeLoader), problems, most_values).document()
    except yaml.MarkedYAMLError as error:
        problems.stop("Y107", *_explain(error, problems))
    except yaml.reader.ReaderError as error:
        before = _LINE_BREAK.split(text[: error.position])
        problems.stop(
            "Y106",
            f"holds the control character U+{ord(text[error.position]):04X}: this is not a text file",
            Span(len(before), len(before[-1]) + 1),
        )
    if root is None:
        problems.stop("Y104", "the file is empty", advice="drills/regional-outage.yaml is an example to begin from")
    if not isinstance(root, MapNode):
        problems.stop("Y112", "the top of the file is not a mapping of keys to values", root.span)
    if problems.found:
        problems.refuse()
    return Document(file, problems.lines, root)


def as_data(node: Node) -> Any:
    """The node as Python's own mappings, lists and values."""
    if isinstance(node, MapNode):
        return {key: as_data(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, ListNode):
        return [as_data(item) for item in node.items]
    return node.value


def span_at(root: Node, path: Sequence[str | int]) -> Span:
    """Where the value at that path of keys and positions stands; as far along the path as the file goes."""
    node, span = root, root.span
    for step in path:
        if isinstance(node, MapNode) and step in node.entries:
            key, node = node.entries[str(step)]
            span = key.span
        elif isinstance(node, ListNode) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            span = node.span
        else:
            break
    return span


def _what_instead(path: Path) -> str:
    return "this is a directory, not a file" if path.is_dir() else "this is a device or a pipe, not a file"


def _decode(data: bytes, problems: Problems) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        problems.stop(
            "Y106",
            f"byte 0x{data[error.start]:02X} is not UTF-8",
            Span(line, column),
            "save the file as UTF-8 text",
        )


def _explain(error: yaml.MarkedYAMLError, problems: Problems) -> tuple[str, Span, str | None]:
    mark = error.problem_mark or error.context_mark
    span = Span(mark.line + 1, mark.column + 1) if mark else Span()
    what = error.problem or str(error)
    if "found undefined alias" in what:
        what = "an alias names nothing"
    line = problems.lines[span.line - 1] if span.line <= len(problems.lines) else ""
    advice = "indent with spaces, not tabs" if "\t" in line[: span.column] else None
    if advice is None and "${" in line:
        advice = "between { and }, a value that begins with ${ needs quotes"
    return f"not valid YAML: {what}", span, advice


def _span(event: yaml.Event) -> Span:
    start, end = event.start_mark, event.end_mark
    if start is None or end is None:
        return Span()
    length = end.column - start.column if end.line == start.line else 1
    return Span(start.line + 1, start.column + 1, max(1, length))


class _Composer:
    """Builds nodes from the parser's events, counting as it goes so that nothing is built in vain."""

    def __init__(self, events: Iterator[yaml.Event], problems: Problems, most_values: int) -> None:
        self._events = events
        self._problems = problems
        self._most_values = most_values
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._values = 0

    def document(self) -> Node | None:
        """The only document's top, or None where there is none."""
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        root = self._node(next(self._events), 1)
        next(self._events)
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._problems.stop("Y108", "a second document begins here", _span(event), "keep one drill in one file")
        empty = isinstance(root, ScalarNode) and root.plain and not root.text
        return None if empty else root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._count(event, 1)
        if depth > MAX_DEPTH:
            self._problems.stop("Y110", f"nested more than {MAX_DEPTH} levels deep", _span(event))
        before = self._values - 1
        node = self._build(event, depth)
        anchor = getattr(event, "anchor", None)
        if anchor:
            self._anchors[anchor] = (node, self._values - before)
        return node

    def _build(self, event: yaml.Event, depth: int) -> Node:
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._problems.stop("Y113", f'the tag "{tag}" is not allowed', _span(event), "quote it if it is a text")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(event, depth)
        return self._mapping(event, depth)

    def _scalar(self, event: yaml.ScalarEvent) -> ScalarNode:
        if len(event.value) > MAX_TEXT:
            message = f"a value of {len(event.value)} characters; at most {MAX_TEXT} are allowed"
            self._problems.stop("Y117", message, _span(event))
        if half := _HALF_PAIR.search(event.value):
            message = f"the escape for U+{ord(half.group()):04X} is half a character: no text"
            self._problems.stop("Y106", message, _span(event), "write the character itself")
        return ScalarNode(_span(event), event.value, event.style is None)

    def _list(self, event: yaml.Event, depth: int) -> ListNode:
        items = []
        while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(item, depth + 1))
        return ListNode(_span(event), tuple(items))

    def _mapping(self, event: yaml.Event, depth: int) -> MapNode:
        entries: dict[str, tuple[ScalarNode, Node]] = {}
        merges: list[tuple[ScalarNode, Node]] = []
        while not isinstance(item := next(self._events), yaml.MappingEndEvent):
            key = self._key(self._node(item, depth + 1))
            value = self._node(next(self._events), depth + 1)
            if key.plain and key.text == "<<":
                merges.append((key, value))
            elif key.text in entries:
                self._repeated(key, entries[key.text][0])
            else:
                entries[key.text] = (key, value)
        for key, value in merges:
            self._merge(entries, key, value)
        return MapNode(_span(event), entries)

    def _key(self, node: Node) -> ScalarNode:
        if isinstance(node, ScalarNode) and node.text:
            return node
        self._problems.stop("Y114", "a key must be plain text", node.span, "a value that begins with ${ needs quotes")

    def _repeated(self, key: ScalarNode, first: ScalarNode) -> None:
        advice = f"it is on line {first.span.line} already"
        self._problems.add("Y109", f'the key "{key.text}" is given twice', key.span, advice)

    def _merge(self, entries: dict[str, tuple[ScalarNode, Node]], key: ScalarNode, value: Node) -> None:
        sources = value.items if isinstance(value, ListNode) else (value,)
        for source in sources:
            if not isinstance(source, MapNode):
                self._problems.stop("Y116", "<< takes a mapping or a list of mappings", key.span)
            for name, entry in source.entries.items():
                entries.setdefault(name, entry)

    def _alias(self, event: yaml.AliasEvent) -> Node:
        if event.anchor not in self._anchors:
            message = f'the alias "*{event.anchor}" names no anchor that was finished before it'
            self._problems.stop("Y115", message, _span(event), "quote the value if it is a text")
        node, size = self._anchors[event.anchor]
        self._count(event, size)
        return node

    def _count(self, event: yaml.Event, size: int) -> None:
        self._values += size
        if self._values > self._most_values:
            message = f"more than {self._most_values} values, counting each use of an alias"
            self._problems.stop("Y111", message, _span(event), "a drill needs a few hundred at most")
