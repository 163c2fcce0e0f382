"""One mapping of a file being read: typed keys are taken from it, and what is left over is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from drillrunner.files.nearest import choices, nearest_duration
from drillrunner.files.variables import Variables
from drillrunner.model.duration import format_duration, parse_duration, parse_percent
from drillrunner.model.noun import JsonValue
from drillrunner.yaml_source import ListNode, MapNode, Node, Problems, ScalarNode, Span

DAY_SECONDS = 86_400.0
EARLIEST_YEAR, LATEST_YEAR = 1971, 9000
_MEANT = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?\Z")


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one file needs everywhere. `prefix` is the letter of the seven shared codes."""

    problems: Problems
    variables: Variables
    prefix: str

    def add(self, rule: str, message: str, span: Span, advice: str | None = None) -> None:
        """Note a breach of one of the shared rules, `101` to `107`."""
        self.problems.add(self.prefix + rule, message, span, advice)


def kind_of(node: Node) -> str:
    """What a node is, for messages."""
    if isinstance(node, MapNode):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list"
    return "empty" if node.value is None else f'"{shorten(node.text)}"'


def shorten(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


class Section:
    """The keys of one mapping. `name` says where it is in messages, `span` points at it.

    Every `take` notes what is wrong and answers None (or the default) then; `finish` refuses what
    was not taken.
    """

    def __init__(self, reading: Reading, node: MapNode, name: str, span: Span) -> None:
        self.reading = reading
        self.name = name
        self.span = span
        self._left = dict(node.entries)
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._left

    @property
    def known(self) -> tuple[str, ...]:
        """The keys that were asked for so far."""
        return tuple(self._known)

    def left(self) -> dict[str, tuple[ScalarNode, Node]]:
        """The keys that nothing has taken yet."""
        return dict(self._left)

    def also_known(self, *keys: str) -> None:
        """Keys that could stand here, though none of them does."""
        self._known.extend(keys)

    def drop(self, key: str) -> None:
        """Count a key from `left` as taken."""
        del self._left[key]

    def take(self, key: str, *, required: bool = False) -> Node | None:
        """The key's node; None, noted if it was required, when it is not there or empty."""
        self._known.append(key)
        found = self._left.pop(key, None)
        if found is not None and not (isinstance(found[1], ScalarNode) and found[1].value is None):
            return found[1]
        if required:
            span = found[0].span if found else self.span
            self.reading.add("101", f'{self.name} needs "{key}"', span)
        elif found:
            self.reading.add("103", f'"{key}" is empty', found[0].span, "give it a value, or leave the key out")
        return None

    def scalar(self, key: str, *, required: bool = False) -> tuple[ScalarNode, str] | None:
        """A single value and its text with variables filled in."""
        node = self.take(key, required=required)
        if node is None:
            return None
        if not isinstance(node, ScalarNode):
            self.reading.add("103", f'"{key}" must be a single value, not {kind_of(node)}', node.span)
            return None
        return node, self.reading.variables.fill(node)

    def text(self, key: str, *, required: bool = False, longest: int = 200) -> str | None:
        taken = self.scalar(key, required=required)
        if taken is None:
            return None
        node, text = taken
        if not text.strip():
            self.reading.add("106", f'"{key}" is empty', node.span)
            return None
        if len(text) > longest:
            self.reading.add("106", f'"{key}" has {len(text)} characters; at most {longest} are allowed', node.span)
            return None
        return text

    def name_text(self, key: str, *, required: bool = False) -> str | None:
        """A text that is a name: letters, digits, hyphens and underscores, at most 64."""
        taken = self.scalar(key, required=required)
        if taken is None:
            return None
        return taken[1] if check_name(self.reading, taken[1], f'"{key}"', taken[0].span) else None

    def duration(
        self, key: str, default: float, *, low: float = 0.0, high: float = DAY_SECONDS, required: bool = False
    ) -> float:
        """Seconds between `low` and `high`; the default where the key is missing or wrong."""
        taken = self.scalar(key, required=required)
        if taken is None:
            return default
        seconds = read_duration(self.reading, key, *taken, low=low, high=high)
        return default if seconds is None else seconds

    def percent(self, key: str) -> float | None:
        taken = self.scalar(key)
        return read_percent(self.reading, *taken) if taken else None

    def boolean(self, key: str, default: bool) -> bool:
        taken = self.scalar(key)
        if taken is None:
            return default
        node, text = taken
        if text in {"true", "false"}:
            return text == "true"
        meant = _MEANT.get(text.lower())
        advice = f'did you mean "{str(meant).lower()}"?' if meant is not None else None
        self.reading.add("103", f'"{key}" must be true or false, not "{shorten(text)}"', node.span, advice)
        return default if meant is None else meant

    def mapping(self, key: str, *, required: bool = False) -> MapNode | None:
        node = self.take(key, required=required)
        if node is None or isinstance(node, MapNode):
            return node
        self.reading.add("103", f'"{key}" must be a mapping of keys to values, not {kind_of(node)}', node.span)
        return None

    def section(self, key: str) -> Section | None:
        """A mapping below this one, to be read in the same way."""
        span = self.span_of(key)
        node = self.mapping(key)
        return Section(self.reading, node, key, span) if node else None

    def items(self, key: str) -> tuple[Node, ...]:
        node = self.take(key)
        if node is None:
            return ()
        if isinstance(node, ListNode):
            return node.items
        advice = "begin each entry with a hyphen"
        self.reading.add("103", f'"{key}" must be a list, not {kind_of(node)}', node.span, advice)
        return ()

    def span_of(self, key: str) -> Span:
        """Where the key stands, if it does; else where this section does."""
        return self._left[key][0].span if key in self._left else self.span

    def value_span(self, key: str) -> Span:
        """Where the key's value stands, if it does; else where this section does."""
        return self._left[key][1].span if key in self._left else self.span

    def finish(self, also_known: Iterable[str] = ()) -> None:
        """Refuse every key that was not taken."""
        known = [*self._known, *also_known]
        for key, (node, _) in self._left.items():
            self.unknown_key(key, node.span, known)

    def unknown_key(self, key: str, span: Span, known: Iterable[str]) -> None:
        message = f'unknown key "{shorten(key)}" in {self.name}'
        self.reading.add("102", message, span, choices(key, known))


def check_name(reading: Reading, text: str, what: str, span: Span) -> bool:
    """Whether the text can be a name; noted if it cannot."""
    if _NAME.match(text):
        return True
    message = f'{what} cannot be "{shorten(text)}"'
    reading.add("107", message, span, "use at most 64 letters, digits, hyphens and underscores")
    return False


def read_duration(
    reading: Reading, what: str, node: ScalarNode, text: str, *, low: float = 0.0, high: float = DAY_SECONDS
) -> float | None:
    """Seconds, or None after noting what is wrong."""
    try:
        seconds = parse_duration(text)
    except ValueError:
        message = f'"{shorten(text)}" is not a duration; write it like 500ms, 30s, 5m or 1h30m'
        reading.add("104", message, node.span, nearest_duration(text))
        return None
    if low <= seconds <= high:
        return seconds
    bounds = f"must be at most {format_duration(high)}"
    if low > 0:
        bounds = f"must be between {format_duration(low)} and {format_duration(high)}"
    reading.add("104", f'"{what}" {bounds}, not {shorten(text)}', node.span)
    return None


def read_percent(reading: Reading, node: ScalarNode, text: str) -> float | None:
    """A fraction, or None after noting what is wrong."""
    try:
        return parse_percent(text)
    except ValueError:
        message = f'"{shorten(text)}" is not a percentage between 0% and 100%'
        reading.add("105", message, node.span, _nearest_percent(text))
        return None


def read_moment(section: Section, key: str, code: str) -> datetime | None:
    """A moment with its time zone, of an age that calendars know; None after noting under `code` what is wrong."""
    taken = section.scalar(key, required=True)
    if taken is None:
        return None
    node, text = taken
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        advice = "write it like 2026-12-20T00:00:00Z"
        section.reading.problems.add(code, f'"{shorten(text)}" is no date and time', node.span, advice)
        return None
    if moment.tzinfo is not None and EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        return moment
    what, advice = "has no time zone", f'did you mean "{moment.isoformat()}Z"?'
    if moment.tzinfo is not None:
        what, advice = "is far away", "write a year of this age"
    section.reading.problems.add(code, f'"{shorten(text)}" {what}', node.span, advice)
    return None


def _nearest_percent(text: str) -> str | None:
    match = re.match(r"(\d{1,3}(?:\.\d+)?)\s*(?:%|percent)?\Z", text)
    if not match or float(match.group(1)) > 100:
        return None
    number = float(match.group(1))
    return f'did you mean "{number if number > 1 or text.endswith("%") else number * 100:g}%"?'


def plain_value(node: Node, variables: Variables) -> JsonValue:
    """The node as JSON, with variables filled in. A text that held a variable stays a text."""
    if isinstance(node, MapNode):
        return {key: plain_value(value, variables) for key, (_, value) in node.entries.items()}
    if isinstance(node, ListNode):
        return [plain_value(item, variables) for item in node.items]
    value = node.value
    return variables.fill(node) if isinstance(value, str) else value
