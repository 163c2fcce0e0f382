"""Corrective actions on disk, `reports/actions.yaml`: read with places, and written by one command at a time.

People edit the file. What a command changes in it is changed in its text, so that comments and order stay.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from drillrunner.errors import InvalidInput, Refused
from drillrunner.files.actions_text import as_text, edited
from drillrunner.files.nearest import choices
from drillrunner.files.section import Reading, Section, kind_of, shorten
from drillrunner.files.variables import PlainTexts
from drillrunner.model.action import OBJECTIVE_NAMES, Action, Status, next_id, number_of_id, objective_of
from drillrunner.yaml_source import (
    Document,
    Expected,
    MapNode,
    Node,
    Problems,
    Span,
    parse_yaml,
    read_text,
)

ACTIONS = "actions.yaml"
_EXPECTED = Expected("a YAML file", "actions are kept in reports/actions.yaml", "that is thousands of actions")
_MOST_VALUES = 200_000
_STATUS: dict[str, Status] = {"open": "open", "done": "done", "dropped": "dropped"}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z\Z", re.ASCII)
_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}\Z", re.ASCII)
_LOOKS = 200
_LOOK_PAUSE_SECONDS = 0.05


def read_actions(path: Path) -> tuple[Action, ...]:
    """Every action, in the file's order; none where there is no file. Raises InvalidInput (codes Y1xx, A1xx)."""
    text = _text_of(path)
    return () if text is None else parse_actions(text, str(path))


def parse_actions(text: str, file: str) -> tuple[Action, ...]:
    """The actions of a text that stands for a file of that name. Raises InvalidInput (codes Y1xx, A1xx)."""
    document = parse_yaml(text, file, most_values=_MOST_VALUES)
    problems = Problems(file, document.lines)
    actions = _read_list(document, Reading(problems, PlainTexts(problems), "A"))
    if problems.found:
        problems.refuse()
    return actions


def write_actions(path: Path, actions: Sequence[Action]) -> bool:
    """Write them; call it within `actions_lock` where others may write too.

    What does not differ from the file stays as it is there. False where the file's form did not allow that, so that
    comments are gone. Raises InvalidInput where the file there is broken (it stays as it is), cannot be written, or an
    action holds what the file cannot.
    """
    text, target = _text_of(path), path.resolve()
    wanted = tuple(actions)
    fresh = as_text(wanted)
    kept = None if text is None else edited(text, parse_actions(text, str(path)), wanted, str(path))
    if kept is not None and _says(kept, wanted, str(path)):
        _replace(target, kept)
        return True
    if not _says(fresh, wanted, str(path)):
        raise InvalidInput("an action holds what the file cannot say", where=str(path))
    _replace(target, fresh)
    return text is None


def change_actions(path: Path, change: Callable[[tuple[Action, ...]], Sequence[Action]]) -> tuple[Action, ...]:
    """Read, change and write them with nobody between. Raises InvalidInput, Refused, and what `change` raises."""
    with actions_lock(path):
        actions = tuple(change(read_actions(path)))
        write_actions(path, actions)
        return actions


def add_actions(path: Path, drafts: Sequence[Action]) -> tuple[Action, ...]:
    """Add them under new ids, whatever ids they have; gives them as they were added. Raises InvalidInput, Refused."""
    added: list[Action] = []

    def with_drafts(there: tuple[Action, ...]) -> tuple[Action, ...]:
        for draft in drafts:
            added.append(draft.model_copy(update={"id": next_id((*there, *added))}))
        return (*there, *added)

    change_actions(path, with_drafts)
    return tuple(added)


@contextmanager
def actions_lock(path: Path) -> Iterator[None]:
    """Keep other commands from writing, by a lock beside the file. Raises Refused where one is at it for long."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.parent / f".{path.name}.lock"
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        _take(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    for look in range(_LOOKS):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if look + 1 < _LOOKS:
                time.sleep(_LOOK_PAUSE_SECONDS)
    raise Refused("another command is writing the actions", where=str(path), advice="try again when it has ended")


def _text_of(path: Path) -> str | None:
    """The file's text; None where there is no file. Raises InvalidInput (codes Y1xx)."""
    if not path.exists() and not path.is_symlink():
        return None
    return read_text(path, Problems(str(path)), _EXPECTED)


def _says(text: str, wanted: tuple[Action, ...], file: str) -> bool:
    """Whether a reader would find exactly these actions in the text."""
    try:
        return parse_actions(text, file) == wanted
    except InvalidInput:
        return False


def _replace(path: Path, text: str) -> None:
    """The file whole or not at all, on disk when this returns."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with beside.open("xb") as file:
            if path.is_file():
                beside.chmod(stat.S_IMODE(path.stat().st_mode))
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        beside.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> InvalidInput:
    advice = "free some space or choose another --reports folder"
    return InvalidInput(f"the actions cannot be written: {error.strerror or error}", where=str(path), advice=advice)


def _read_list(document: Document, reading: Reading) -> tuple[Action, ...]:
    top = Section(reading, document.root, "the file", Span())
    if "actions" not in top:
        reading.add("101", 'the file needs "actions"', Span(), "list them under it; without any: actions: []")
    found = [_read_action(reading, node, number) for number, node in enumerate(top.items("actions"), 1)]
    top.finish()
    seen: dict[str, int] = {}
    for action, span in (one for one in found if one is not None):
        if action.id in seen:
            advice = f"it is on line {seen[action.id]} already"
            reading.problems.add("A109", f'the id "{action.id}" is given twice', span, advice)
        seen.setdefault(action.id, span.line)
    return tuple(one[0] for one in found if one is not None)


def _read_action(reading: Reading, node: Node, number: int) -> tuple[Action, Span] | None:
    """The action and where its id stands; None, noted, where something that it needs is missing or wrong."""
    if not isinstance(node, MapNode):
        reading.add("103", f"an action must be a mapping, not {kind_of(node)}", node.span)
        return None
    before = len(reading.problems.found)
    section = Section(reading, node, f"action {number}", node.span)
    span = section.value_span("id")
    fields = _read_fields(section)
    section.finish()
    return None if len(reading.problems.found) > before else (Action.model_validate(fields), span)


def _read_fields(section: Section) -> dict[str, object]:
    spans = {key: section.span_of(key) for key in ("status", "closed", "closed_by", "objective", "environment")}
    opened, opened_at = _read_opened(section)
    fields: dict[str, object] = {
        "id": _read_id(section),
        "title": section.text("title", required=True, longest=300),
        "owner": section.text("owner", required=True),
        "due": _read_date(section, "due", required=True),
        "status": _read_status(section),
        "ticket": section.text("ticket"),
        "retest": section.name_text("retest"),
        "objective": _read_objective(section),
        "environment": section.name_text("environment"),
        "source": section.text("source"),
        "finding": section.text("finding"),
        "drill": section.name_text("drill"),
        "opened": opened,
        "opened_at": opened_at,
        "closed": _read_date(section, "closed"),
        "closed_by": section.text("closed_by", longest=1_000),
    }
    _check_closing(section, fields, spans)
    _check_retest(section, fields, spans)
    return fields


def _read_id(section: Section) -> str | None:
    taken = section.scalar("id", required=True)
    if taken is None or number_of_id(taken[1]) is not None:
        return taken[1] if taken else None
    section.reading.problems.add("A108", f'"{shorten(taken[1])}" is no id', taken[0].span, "write it like A-7")
    return None


def _read_date(section: Section, key: str, *, required: bool = False) -> date | None:
    taken = section.scalar(key, required=required)
    if taken is None:
        return None
    node, text = taken
    found = _date(text) if _DATE.match(text) else None
    if found is None:
        section.reading.problems.add("A110", f'"{shorten(text)}" is no date', node.span, "write it like 2026-12-24")
    return found


def _read_opened(section: Section) -> tuple[date | None, datetime | None]:
    """The day, and the moment too where one is written."""
    taken = section.scalar("opened", required=True)
    if taken is None:
        return None, None
    node, text = taken
    if _DATE.match(text) and (day := _date(text)):
        return day, None
    if _MOMENT.match(text) and (at := _moment(text)):
        return at.date(), at
    advice = "write it like 2026-11-21, or in UTC like 2026-11-21T14:30:00Z"
    section.reading.problems.add("A110", f'"{shorten(text)}" is no date', node.span, advice)
    return None, None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        return None


def _read_status(section: Section) -> Status | None:
    """None, noted, where it is not known."""
    taken = section.scalar("status")
    if taken is None or taken[1] in _STATUS:
        return _STATUS[taken[1]] if taken else "open"
    message = f'there is no status "{shorten(taken[1])}"'
    section.reading.problems.add("A111", message, taken[0].span, choices(taken[1], _STATUS))
    return None


def _read_objective(section: Section) -> str | None:
    taken = section.scalar("objective")
    if taken is None or objective_of(taken[1]) is not None:
        return taken[1] if taken else None
    advice = choices(taken[1].partition(" ")[0], OBJECTIVE_NAMES)
    advice = f"write the objective and its probe, like rto checkout{f'; {advice}' if advice else ''}"
    section.reading.problems.add("A113", f'"{shorten(taken[1])}" is no objective', taken[0].span, advice)
    return None


def _check_closing(section: Section, fields: dict[str, object], spans: dict[str, Span]) -> None:
    problems, status = section.reading.problems, fields["status"]
    said = [key for key in ("closed", "closed_by") if fields[key] is not None]
    if status == "open" and said:
        advice = "drill actions close says when and by what"
        problems.add("A112", f'the action is open and has "{said[0]}"', spans[said[0]], advice)
    elif status in ("done", "dropped") and len(said) < 2:
        missing = "closed" if fields["closed"] is None else "closed_by"
        problems.add("A112", f'the action is {status} and needs "{missing}"', spans["status"])
    elif status == "done" and fields["retest"] and not _RUN_ID.match(str(fields["closed_by"])):
        message = f'a run of {fields["retest"]} closes this action, and "closed_by" names none'
        advice = "close it with: drill actions close ID --run RUN; or drop it, with the reason"
        problems.add("A115", message, spans["closed_by"], advice)


def _check_retest(section: Section, fields: dict[str, object], spans: dict[str, Span]) -> None:
    for key in ("objective", "environment"):
        if fields[key] is not None and fields["retest"] is None:
            message = f'"{key}" is given, and no "retest"'
            section.reading.problems.add("A114", message, spans[key], "name the drill that is to be run again")
