"""Reads what must hold around a game day: its roles, announcements, freeze windows, approvals and rehearsal gate."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from drillrunner.files.locate import is_there
from drillrunner.files.nearest import choices
from drillrunner.files.section import DAY_SECONDS, Section, check_name, kind_of, read_moment, read_percent, shorten
from drillrunner.model.environment import Environment
from drillrunner.model.freeze import FreezeWindow
from drillrunner.model.gameday import MOMENTS, ROLE_NAMES, ApprovalRule, Moment, RehearsalRule, RoleName
from drillrunner.yaml_source import ListNode, MapNode, Node, ScalarNode, Span

LEAD_SECONDS_HIGH = DAY_SECONDS
MAX_AGE_SECONDS_HIGH = 31 * DAY_SECONDS
MOST_RUNS = 10_000
ONE_PERSON: tuple[RoleName, ...] = ("facilitator", "owner", "scribe")
_ACTING: tuple[RoleName, ...] = ("facilitator", "scribe", "safety", "participants")
_WHOLE = re.compile(r"\d{1,9}\Z")


class Frozen(NamedTuple):
    """The windows with the place of each, and the calendars' files."""

    windows: tuple[FreezeWindow, ...]
    spans: tuple[Span, ...]
    calendars: tuple[Path, ...]


def read_roles(top: Section) -> dict[RoleName, tuple[str, ...]]:
    """Who does what. A facilitator there must be; who only observes does nothing else."""
    if "roles" not in top:
        top.take("roles", required=True)
        return {}
    section = top.section("roles")
    if section is None:
        return {}
    found: dict[RoleName, tuple[str, ...]] = {}
    for name, (key, node) in section.left().items():
        section.drop(name)
        role = next((known for known in ROLE_NAMES if known == name), None)
        if role is None:
            message = f'there is no role "{shorten(name)}"'
            section.reading.problems.add("G115", message, key.span, choices(name, ROLE_NAMES))
            continue
        if isinstance(node, ListNode) and not node.items:
            continue  # nobody, as though the role were not there
        found[role] = _people(section, role, key.span, node)
    if "facilitator" not in found:
        advice = "write facilitator: and the name of who leads the day"
        section.reading.problems.add("G116", "nobody is the facilitator", section.span, advice)
    _check_observers(section, found)
    return found


def _people(section: Section, role: RoleName, span: Span, node: Node) -> tuple[str, ...]:
    people: list[str] = []
    for item in node.items if isinstance(node, ListNode) else (node,):
        if not isinstance(item, ScalarNode) or item.value is None:
            section.reading.add("103", f'"{role}" must be a name or a list of names, not {kind_of(item)}', item.span)
        elif not item.text.strip() or len(item.text) > 200:
            section.reading.add("106", f'a name under "{role}" is empty or longer than 200 characters', item.span)
        elif item.text in people:
            section.reading.problems.add("G117", f'"{shorten(item.text)}" is there twice under {role}', item.span)
        else:
            people.append(item.text)
    if role in ONE_PERSON and len(people) > 1:
        message = f'"{role}" is one person, not {len(people)}'
        section.reading.problems.add("G116", message, span, "name the others under participants")
    return tuple(people)


def _check_observers(section: Section, roles: dict[RoleName, tuple[str, ...]]) -> None:
    for role in _ACTING:
        for person in sorted({*roles.get(role, ())} & {*roles.get("observers", ())}):
            message = f'"{shorten(person)}" cannot both observe and be {role}'
            section.reading.problems.add("G117", message, section.span, "who observes takes no part")


def read_announcements(top: Section) -> tuple[dict[Moment, str], float]:
    """The texts, and how many drill seconds lie between `before` and the start."""
    section = top.section("announcements")
    if section is None:
        return {}, 0.0
    texts: dict[Moment, str] = {}
    for moment in MOMENTS:
        text = section.text(moment, longest=1_000)
        if text is not None:
            texts[moment] = text
    lead_span = section.span_of("lead")
    lead = section.duration("lead", 0.0, high=LEAD_SECONDS_HIGH)
    section.finish()
    if lead and "before" not in texts:
        section.reading.add("101", '"lead" needs "before", which is what it comes after', lead_span)
    return texts, lead


def read_freeze(top: Section, folder: Path) -> Frozen:
    """The list under `freeze`: windows `{from, to, why}` and calendars `{ics: file}`, from the game day's folder."""
    windows: list[FreezeWindow] = []
    spans: list[Span] = []
    calendars: list[Path] = []
    for number, node in enumerate(top.items("freeze"), 1):
        if not isinstance(node, MapNode):
            top.reading.add("103", f"freeze window {number} must be a mapping, not {kind_of(node)}", node.span)
            continue
        section = Section(top.reading, node, f"freeze window {number}", node.span)
        if "ics" in section:
            calendars += _read_calendar(section, folder)
        elif window := _read_window(section, top.reading.problems.file):
            windows.append(window)
            spans.append(node.span)
    return Frozen(tuple(windows), tuple(spans), tuple(calendars))


def _read_calendar(section: Section, folder: Path) -> list[Path]:
    span, name = section.value_span("ics"), section.text("ics", longest=1_000)
    section.finish()
    if name is None:
        return []
    path = folder / name
    if not is_there(path):
        advice = "the path is taken from the game day's folder"
        section.reading.problems.add("G120", f'there is no calendar "{shorten(name)}"', span, advice)
        return []
    return [path]


def _read_window(section: Section, file: str) -> FreezeWindow | None:
    span = section.span_of("to")
    begins, ends = read_moment(section, "from", "G118"), read_moment(section, "to", "G118")
    why = section.text("why", required=True)
    section.finish()
    if begins is None or ends is None or why is None:
        return None
    if ends <= begins:
        section.reading.problems.add("G119", "the freeze window ends before it begins", span, "swap from and to")
        return None
    return FreezeWindow(starts=begins, ends=ends, summary=why, source=Path(file).name)


def read_approvals(top: Section, folder: Path) -> ApprovalRule | None:
    """`approvals: {needed, by, allowed_signers}`."""
    section = top.section("approvals")
    if section is None:
        return None
    needed_span = section.value_span("needed")
    needed = read_whole(section, "needed", 1, 1, 100, required=True)
    by: list[str] = []
    for node in section.items("by"):
        name = node.text if isinstance(node, ScalarNode) else ""
        if check_name(section.reading, name, "an approver", node.span) and name not in by:
            by.append(name)
    signers_span, signers = section.value_span("allowed_signers"), section.text("allowed_signers", longest=1_000)
    section.finish()
    if by and needed > len(by):
        message = f"{needed} approvals are needed, and {len(by)} may approve"
        section.reading.problems.add("G122", message, needed_span, "name more under by, or need fewer")
    path = folder / signers if signers is not None and "\0" not in signers else None
    if signers is not None and (path is None or not is_there(path)):
        advice = "the path is taken from the game day's folder"
        section.reading.problems.add("G123", f'there is no file "{shorten(signers)}"', signers_span, advice)
    return ApprovalRule(needed=needed, by=tuple(by), allowed_signers=str(path.resolve()) if path else None)


def read_rehearsal(top: Section, environment: Environment | None, folder: Path) -> RehearsalRule | None:
    """`rehearsal: {runs, at_least, seed, max_age, topology}`."""
    span, section = top.span_of("rehearsal"), top.section("rehearsal")
    if section is None:
        return None
    runs = read_whole(section, "runs", 20, 1, MOST_RUNS)
    at_least = _read_share(section)
    seed = read_whole(section, "seed", 1, 0, 999_999_999)
    max_age = section.duration("max_age", 0.0, high=MAX_AGE_SECONDS_HIGH)
    topology = section.text("topology", longest=1_000)
    section.finish()
    if topology is None and environment is not None and environment.topology is None:
        message = f'the environment "{environment.name}" is no lab: a rehearsal needs a topology of it'
        advice = f"drill snapshot --environment {environment.name} -o topology.yaml, then topology: topology.yaml"
        section.reading.problems.add("G129", message, span, advice)
    if topology is not None and is_there(folder / topology):
        topology = str((folder / topology).resolve())
    return RehearsalRule(runs=runs, at_least=at_least, seed=seed, max_age_seconds=max_age, topology=topology)


def _read_share(section: Section) -> float:
    """`at_least: 90%`, or the fraction `0.9`."""
    taken = section.scalar("at_least", required=True)
    if taken is None:
        return 1.0
    node, text = taken
    value = node.value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    share = read_percent(section.reading, node, text)
    return 1.0 if share is None else share


def read_whole(section: Section, key: str, default: int, low: int, high: int, *, required: bool = False) -> int:
    """A whole number between `low` and `high`; the default where it is missing or wrong."""
    taken = section.scalar(key, required=required)
    if taken is None:
        return default
    node, text = taken
    if _WHOLE.match(text) and low <= int(text) <= high:
        return int(text)
    message = f'"{key}" must be a whole number between {low} and {high}, not "{shorten(text)}"'
    section.reading.problems.add("G121", message, node.span)
    return default
