"""Reads a runbook: Markdown that begins with YAML front matter, and says what cannot be read of it with its place."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import NamedTuple

from drillrunner.files.runbook.body import read_body
from drillrunner.files.runbook.comment import place_of
from drillrunner.files.section import Reading, Section, check_name, kind_of, shorten
from drillrunner.files.variables import PlainTexts
from drillrunner.model.runbook import REVIEW_EVERY_DAYS, Contact, Named, Runbook
from drillrunner.yaml_source import (
    Expected,
    ListNode,
    MapNode,
    Node,
    Problems,
    ScalarNode,
    Span,
    parse_yaml,
    read_text,
    split_lines,
)

NEVER = "never"
_FENCE = "---"
_EXPECTED = Expected("a Markdown file", "runbooks are kept in runbooks/", "a runbook is a few kilobytes")
_MOST_LINES = 20_000
_LONGEST_LINE = 10_000
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_DAYS = re.compile(r"([1-9]\d{0,3})d\Z", re.ASCII)
# the longest that each can be
_DAYS_IN = {"week": 7, "month": 31, "quarter": 92, "year": 366}


class RunbookFile(NamedTuple):
    """A runbook that was read, its name as the user gave it, and its lines, to show them."""

    runbook: Runbook
    file: str
    lines: tuple[str, ...]


def read_runbook(path: Path) -> Runbook:
    """The runbook in a file of at most 1 MiB. Raises InvalidInput with everything that is wrong (codes Y1xx, R1xx)."""
    return read_runbook_file(path).runbook


def read_runbook_file(path: Path) -> RunbookFile:
    """The runbook with its lines. Raises InvalidInput as `read_runbook` does."""
    lines = split_lines(read_text(path, Problems(str(path)), _EXPECTED))
    problems = Problems(str(path), lines)
    _check_size(problems, lines)
    end = _end_of_front_matter(problems, lines)
    document = parse_yaml("\n".join(lines[:end]), str(path))
    reading = Reading(problems, PlainTexts(problems), "R")
    head = _read_head(Section(reading, document.root, "the runbook", Span(1, 1, len(_FENCE))))
    body = read_body(reading, lines, end + 1, path.parent)
    if head is None or problems.found:
        problems.refuse()
    return RunbookFile(head.model_copy(update={"steps": body.steps, "links": body.links}), str(path), lines)


def _check_size(problems: Problems, lines: tuple[str, ...]) -> None:
    if len(lines) > _MOST_LINES:
        problems.stop("R112", f"the runbook has {len(lines)} lines; at most {_MOST_LINES} are allowed")
    for number, line in enumerate(lines, 1):
        if len(line) > _LONGEST_LINE:
            message = f"a line of {len(line)} characters; at most {_LONGEST_LINE} are allowed"
            problems.stop("R112", message, Span(number))


def _end_of_front_matter(problems: Problems, lines: tuple[str, ...]) -> int:
    """The position of the line that closes it."""
    advice = "begin the file with ---, the keys drill, owner, reviewed and contacts, and --- again"
    if lines[0].rstrip() != _FENCE:
        problems.stop("R108", "the file does not begin with front matter", Span(), advice)
    end = next((at for at, line in enumerate(lines) if at and line.rstrip() == _FENCE), None)
    if end is None:
        problems.stop("R108", "the front matter does not end", Span(1, 1, len(_FENCE)), advice)
    if all(not line.strip() or line.lstrip().startswith("#") for line in lines[1:end]):
        problems.stop("R108", "the front matter is empty", Span(1, 1, len(_FENCE)), advice)
    return end


def _read_head(top: Section) -> Runbook | None:
    """A runbook without steps and links; None, noted, where something that it needs is missing."""
    drills = _read_drills(top)
    owner = top.text("owner", required=True)
    reviewed_span, reviewed = top.value_span("reviewed"), _read_reviewed(top)
    every_days = _read_review_every(top)
    contacts_span, contacts = top.span_of("contacts"), _read_contacts(top)
    top.finish()
    if top.reading.problems.found or owner is None:
        return None
    return Runbook(
        drills=drills,
        owner=owner,
        reviewed=reviewed,
        reviewed_place=place_of(reviewed_span),
        review_every_days=every_days,
        contacts=contacts,
        contacts_place=place_of(contacts_span),
    )


def _read_drills(top: Section) -> tuple[Named, ...]:
    """The name, or the list of names, under `drill`."""
    node = top.take("drill", required=True)
    if node is None:
        return ()
    items = node.items if isinstance(node, ListNode) else (node,)
    if not items:
        top.reading.add("106", '"drill" names no drill', node.span)
    return tuple(named for item in items if (named := _read_named(top.reading, item)))


def _read_named(reading: Reading, node: Node) -> Named | None:
    if not isinstance(node, ScalarNode):
        reading.add("103", f'"drill" must be a name or a list of names, not {kind_of(node)}', node.span)
        return None
    if not check_name(reading, node.text, '"drill"', node.span):
        return None
    return Named(drill=node.text, place=place_of(node.span))


def _read_reviewed(top: Section) -> date | None:
    taken = top.scalar("reviewed", required=True)
    if taken is None or taken[1] == NEVER:
        return None
    node, text = taken
    try:
        if _DATE.match(text):
            return date.fromisoformat(text)
    except ValueError:
        top.reading.problems.add("R109", f'there is no day "{text}"', node.span, f"write a date, or {NEVER}")
        return None
    advice = f"write it like 2026-11-21, or {NEVER}"
    top.reading.problems.add("R109", f'"{shorten(text)}" is not a date', node.span, advice)
    return None


def _read_review_every(top: Section) -> int:
    """Days."""
    taken = top.scalar("review_every")
    if taken is None:
        return REVIEW_EVERY_DAYS
    node, text = taken
    if text in _DAYS_IN:
        return _DAYS_IN[text]
    if match := _DAYS.match(text):
        return int(match.group(1))
    advice = "write a number of days like 90d, or week, month, quarter, year"
    top.reading.add("104", f'"{shorten(text)}" does not say how often', node.span, advice)
    return REVIEW_EVERY_DAYS


def _read_contacts(top: Section) -> tuple[Contact, ...]:
    nodes = top.items("contacts")
    found = (_read_contact(top.reading, node, number) for number, node in enumerate(nodes, 1))
    return tuple(contact for contact in found if contact)


def _read_contact(reading: Reading, node: Node, number: int) -> Contact | None:
    if not isinstance(node, MapNode):
        advice = 'write {role: incident commander, how: "#incident"}'
        reading.add("103", f"a contact must be a mapping, not {kind_of(node)}", node.span, advice)
        return None
    section = Section(reading, node, f"contact {number}", node.span)
    role, name, how = section.text("role"), section.text("name"), section.text("how", required=True)
    if not {"role", "name"} & node.entries.keys():
        reading.add("101", f'{section.name} needs "role" or "name"', node.span)
    section.finish()
    return Contact(role=role, name=name, how=how) if how else None
