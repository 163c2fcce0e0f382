"""The injects and random events of an exercise as they are read, each with its places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast, get_args

from drillrunner.files.exercise.roles import Roles
from drillrunner.files.nearest import choices
from drillrunner.files.section import Reading, Section, check_name, kind_of, shorten
from drillrunner.model.exercise import ExpectedAction, Inject, RandomEvent, Subject, parse_offset
from drillrunner.model.journal import PHASES, Phase
from drillrunner.yaml_source import ListNode, MapNode, Node, ScalarNode, Span

LONGEST_INJECT = 4_000
LONGEST_OFFSET_SECONDS = 7 * 86_400.0
WRITE_OFFSET = "write it like T+5m, 90s or T+0"


@dataclass(slots=True)
class PlacedInject:
    """An inject, or a random event as the inject that it may become, with the places of its values."""

    inject: Inject
    span: Span
    spans: dict[str, Span]
    after_spans: tuple[Span, ...] = ()
    by_spans: tuple[Span, ...] = ()


@dataclass(slots=True)
class ReadInjects:
    """What was read. `ids` also holds those whose inject could not be read: nothing is told twice."""

    placed: list[PlacedInject] = field(default_factory=list)
    random: list[tuple[RandomEvent, PlacedInject]] = field(default_factory=list)
    ids: dict[str, Span] = field(default_factory=dict)
    unreadable: bool = False


def read_injects(top: Section, roles: Roles) -> ReadInjects:
    """Read `injects` and `randomise`."""
    read = ReadInjects()
    span, before = top.span_of("injects"), len(top.reading.problems.found)
    nodes = top.items("injects")
    if not nodes and len(top.reading.problems.found) == before:
        advice = "write injects: [{id: alarm, at: T+0, text: …}]"
        top.reading.problems.add("X121", "the exercise has no injects", span, advice)
    for number, node in enumerate(nodes, 1):
        section = _mapping(top.reading, node, f"inject {number}", read)
        if section is not None and (placed := _read_inject(section, roles, read)):
            read.placed.append(placed)
    for number, node in enumerate(top.items("randomise"), 1):
        section = _mapping(top.reading, node, f"random event {number}", read)
        if section is not None:
            _read_random(section, roles, read)
    return read


def take_offset(section: Section, key: str, *, required: bool = False) -> float | None:
    """Seconds of scenario time under that key; None, noted, where they cannot be read."""
    taken = section.scalar(key, required=required)
    if taken is None:
        return None
    node, text = taken
    try:
        seconds = parse_offset(text)
    except ValueError:
        message = f'"{shorten(text)}" is no moment of the scenario'
        section.reading.problems.add("X113", message, node.span, _nearest_offset(text) or WRITE_OFFSET)
        return None
    if seconds > LONGEST_OFFSET_SECONDS:
        section.reading.problems.add("X113", f'"{key}" must be at most T+168h, not {shorten(text)}', node.span)
        return None
    return seconds


def _nearest_offset(text: str) -> str | None:
    """`did you mean "T+5m"?` for `5 min`, `T+5` or `+5m`."""
    from drillrunner.files.nearest import nearest_duration

    bare = text.strip().upper().removeprefix("T").strip().removeprefix("+").strip().lower()
    if bare.isdigit():
        return f'did you mean "T+{bare}m"?'
    near = nearest_duration(bare)
    return near.replace('"', '"T+', 1) if near else None


def _mapping(reading: Reading, node: Node, what: str, read: ReadInjects) -> Section | None:
    if not isinstance(node, MapNode):
        reading.add("103", f"{what} must be a mapping of keys to values, not {kind_of(node)}", node.span)
        read.unreadable = True
        return None
    first = next(iter(node.entries.values()))[0].span if node.entries else node.span
    return Section(reading, node, what, first)


def _read_inject(section: Section, roles: Roles, read: ReadInjects) -> PlacedInject | None:
    spans = {key: section.value_span(key) for key in ("at", "artifact", "step")}
    inject_id = _take_id(section, read)
    at = take_offset(section, "at", required=True)
    sender, to = roles.take_sender(section), roles.take_to(section)
    after, after_spans = _read_after(section)
    expected, by_spans = _read_expected(section, inject_id or "", roles)
    text = section.text("text", required=True, longest=LONGEST_INJECT)
    values = {
        "phase": _take_phase(section),
        "artifact": section.text("artifact"),
        "hints": _read_hints(section),
        "facilitator_only": section.text("facilitator_only", longest=LONGEST_INJECT),
        "step": section.text("step"),
    }
    section.finish()
    if inject_id is None or at is None or text is None:
        read.unreadable = read.unreadable or inject_id is None
        return None
    inject = Inject.model_validate(
        {"id": inject_id, "at_seconds": at, "text": text, "sender": sender, "to": to, "after": after} | values
    ).model_copy(update={"expected": expected})
    return PlacedInject(inject, section.span, spans, after_spans, by_spans)


def _read_random(section: Section, roles: Roles, read: ReadInjects) -> None:
    spans = {"at": section.value_span("at")}
    event_id = _take_id(section, read)
    text = section.text("text", required=True, longest=LONGEST_INJECT)
    to, at = roles.take_to(section), take_offset(section, "at")
    if "chance" not in section:
        section.take("chance", required=True)
    chance = section.percent("chance")
    section.finish()
    if event_id is not None and text is not None and chance is not None:
        event = RandomEvent(id=event_id, text=text, chance=chance, to=to, at_seconds=at or 0.0)
        read.random.append((event, PlacedInject(event.as_inject(), section.span, spans)))


def _take_id(section: Section, read: ReadInjects) -> str | None:
    span = section.value_span("id")
    name = section.name_text("id", required=True)
    if name is None:
        return None
    if name in read.ids:
        advice = f"it is on line {read.ids[name].line} already"
        section.reading.problems.add("X115", f'the id "{name}" is given twice', span, advice)
    read.ids.setdefault(name, span)
    return name


def _take_phase(section: Section) -> Phase | None:
    taken = section.scalar("phase")
    if taken is None:
        return None
    node, text = taken
    if text in PHASES:
        return text
    section.reading.problems.add("X110", f'a drill has no phase "{shorten(text)}"', node.span, choices(text, PHASES))
    return None


def _read_after(section: Section) -> tuple[tuple[str, ...], tuple[Span, ...]]:
    """The ids under `after`, one or a list, each with its place."""
    node = section.take("after")
    if node is None:
        return (), ()
    found: dict[str, Span] = {}
    for item in node.items if isinstance(node, ListNode) else (node,):
        if not isinstance(item, ScalarNode):
            section.reading.add("103", f'"after" must be an id or a list of ids, not {kind_of(item)}', item.span)
        elif check_name(section.reading, item.text, '"after"', item.span):
            found.setdefault(item.text, item.span)
    return tuple(found), tuple(found.values())


def _read_hints(section: Section) -> tuple[str, ...]:
    node = section.take("hints")
    if node is None:
        return ()
    hints = []
    for item in node.items if isinstance(node, ListNode) else (node,):
        if not isinstance(item, ScalarNode):
            section.reading.add("103", f"a hint must be a text, not {kind_of(item)}", item.span)
        elif not item.text.strip() or len(item.text) > LONGEST_INJECT:
            what = f"has {len(item.text)} characters; at most {LONGEST_INJECT} are allowed"
            section.reading.add("106", f"a hint {what if item.text.strip() else 'is empty'}", item.span)
        else:
            hints.append(item.text)
    return tuple(hints)


def _read_expected(
    section: Section, inject_id: str, roles: Roles
) -> tuple[tuple[ExpectedAction, ...], tuple[Span, ...]]:
    found, spans = [], []
    for number, node in enumerate(section.items("expected"), 1):
        if not isinstance(node, MapNode):
            advice = "write {action: …, by: T+10m, who: …}"
            section.reading.add("103", f"an expected action must be a mapping, not {kind_of(node)}", node.span, advice)
            continue
        inner = Section(section.reading, node, f"expected action {number}", node.span)
        by_span = inner.value_span("by")
        action = inner.text("action", required=True, longest=1_000)
        by = take_offset(inner, "by", required=True)
        who, decides = roles.take_player(inner, "who"), _take_decides(inner)
        inner.finish()
        if action is not None and by is not None:
            expected_id = f"{inject_id}.{number}"
            found.append(ExpectedAction(id=expected_id, action=action, by_seconds=by, who=who, decides=decides))
            spans.append(by_span)
    return tuple(found), tuple(spans)


def _take_decides(section: Section) -> Subject | None:
    taken = section.scalar("decides")
    if taken is None:
        return None
    node, text = taken
    subjects = get_args(Subject)
    if text in subjects:
        return cast(Subject, text)
    section.reading.add("103", f'"decides" cannot be "{shorten(text)}"', node.span, choices(text, subjects))
    return None
