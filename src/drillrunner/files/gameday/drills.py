"""Reads the drills of a game day: which file each is, what it needs, and whether they can follow each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from drillrunner.errors import InvalidInput
from drillrunner.files.drill_file import read_drill
from drillrunner.files.environment_rules import check_against
from drillrunner.files.locate import ENVIRONMENTS, is_gameday, is_there, locate_drill
from drillrunner.files.nearest import choices, did_you_mean
from drillrunner.files.section import Reading, Section, check_name, kind_of, shorten
from drillrunner.model.drill import Drill
from drillrunner.model.environment import Environment
from drillrunner.model.gameday import GameDayDrill, OnMiss
from drillrunner.yaml_source import ListNode, MapNode, Node, ScalarNode, Span

MOST_DRILLS = 50
COOL_DOWN_SECONDS_HIGH = 6 * 3600.0
_ON_MISS: dict[str, OnMiss] = {"stop": "stop", "go_on": "go_on"}


class FoundDrill(NamedTuple):
    """The file that an entry names, and the drill in it as the entry's `vars` make it."""

    file: Path
    drill: Drill


@dataclass(frozen=True, slots=True)
class PlacedDrill:
    """An entry that was read, with the places of what can be wrong with it among the others."""

    entry: GameDayDrill
    settings: dict[str, str]
    found: FoundDrill | None
    id_span: Span
    need_spans: dict[str, Span]
    settings_span: Span


def read_drills(top: Section, folder: Path, environment: Environment | None) -> tuple[PlacedDrill, ...]:
    """The list under `drills`; drills are looked for in the game day's folder, the one above it, and `./drills`."""
    span = top.span_of("drills")
    if "drills" not in top:
        top.take("drills", required=True)
        return ()
    nodes = top.items("drills")
    problems = top.reading.problems
    if not nodes:
        problems.add("G124", "the game day has no drill", span, "name at least one: - drill: lambda-throttle")
    if len(nodes) > MOST_DRILLS:
        problems.add("G121", f"a game day has at most {MOST_DRILLS} drills, not {len(nodes)}", span)
    entries = (_Entry(top.reading, folder, environment, number, node) for number, node in enumerate(nodes, 1))
    placed = tuple(found for entry in entries if (found := entry.read()) is not None)
    _check_ids(top.reading, placed)
    _check_needs(top.reading, placed)
    return placed


def settings_of(reading: Reading, placed: Sequence[PlacedDrill], environment: Environment | None) -> dict[str, str]:
    """What the lab that all of them share is started with. Two that ask for different values are noted."""
    together: dict[str, str] = {}
    for one in placed:
        for name, value in one.settings.items():
            if together.setdefault(name, value) != value:
                message = f'"{name}" is set to {shorten(value)} here, and to {shorten(together[name])} further up'
                reading.problems.add("G126", message, one.settings_span, "the drills of a game day share one lab")
        if one.settings and environment is not None and environment.kind != "lab":
            message = f'"set" belongs to a lab, and the environment "{environment.name}" is none'
            reading.problems.add("G126", message, one.settings_span, "leave it out")
    return together


class _Entry:
    """One item of the list."""

    def __init__(
        self, reading: Reading, folder: Path, environment: Environment | None, number: int, node: Node
    ) -> None:
        self._reading, self._folder, self._environment = reading, folder, environment
        self._number, self._node = number, node

    def read(self) -> PlacedDrill | None:
        if not isinstance(self._node, MapNode):
            message = f"drill {self._number} must be a mapping, not {kind_of(self._node)}"
            self._reading.add("103", message, self._node.span, "write - drill: lambda-throttle")
            return None
        section = Section(self._reading, self._node, f"drill {self._number}", self._node.span)
        drill_span, drill = section.value_span("drill"), section.text("drill", required=True, longest=1_000)
        id_span = section.value_span("id") if "id" in section else drill_span
        given = section.name_text("id")
        variables_span, variables = section.span_of("vars"), _texts(section, "vars")
        settings_span, settings = section.span_of("set"), _texts(section, "set")
        on_miss = _read_on_miss(section)
        needs = _read_needs(section)
        cool_down = section.duration("cool_down", 0.0, high=COOL_DOWN_SECONDS_HIGH)
        at_least = section.percent("at_least")
        section.finish()
        if drill is None:
            return None
        found = self._find(drill, drill_span, variables, variables_span)
        name = given or (found.drill.name if found else Path(drill).stem)
        entry = GameDayDrill(
            id=name,
            drill=drill,
            vars=variables,
            on_miss=on_miss,
            needs=tuple(needs),
            cool_down_seconds=cool_down,
            at_least=at_least,
        )
        return PlacedDrill(entry, settings, found, id_span, needs, settings_span)

    def _find(self, name: str, span: Span, variables: Mapping[str, str], variables_span: Span) -> FoundDrill | None:
        """The drill, with every reason why it cannot be one of this game day noted."""
        problems = self._reading.problems
        try:
            path = locate_among(name, self._folder)
        except InvalidInput:
            near = did_you_mean(Path(name).stem, _names_in(self._folder))
            advice = near or "it is looked for beside the game day, in the folder above, and in drills/"
            problems.add("G109", f'there is no drill "{shorten(name)}"', span, advice)
            return None
        try:
            drill = read_drill(path)
            unknown = [variable for variable in variables if variable not in drill.vars]
            for variable in unknown:
                advice = choices(variable, drill.vars) or "it has no vars"
                problems.add("G128", f'{drill.name} has no variable "{variable}"', variables_span, advice)
            if variables and not unknown:
                drill = read_drill(path, variables=variables)
        except InvalidInput as error:
            self._cannot(name, path, span, error)
            return None
        if self._environment is not None:
            for one in check_against(drill, self._environment, str(path)):
                problems.add("G110", f"{drill.name} does not fit the environment: {one.message}", span, one.advice)
        return FoundDrill(path, drill)

    def _cannot(self, name: str, path: Path, span: Span, error: InvalidInput) -> None:
        count = len(error.problems)
        what = f"has {count} problem{'s' * (count > 1)}" if count else "cannot be read"
        advice = f"see what is wrong with: drill validate {path}"
        self._reading.problems.add("G110", f'the drill "{shorten(name)}" {what}', span, advice)


def _names_in(folder: Path) -> list[str]:
    """What could be a drill of a game day in the folder."""
    found = [path for base in (folder, folder.parent) for path in base.glob("*.y*ml")]
    return sorted({path.stem for path in found if path.name != ENVIRONMENTS and not is_gameday(path)})


def locate_among(name: str, folder: Path) -> Path:
    """A drill's file as a game day in `folder` names it: there, in the folder above, else as `drill run` would find it.

    Raises InvalidInput.
    """
    if "\0" not in name:
        for base in (folder, folder.parent):
            for candidate in (base / name, base / f"{name}.yaml", base / f"{name}.yml"):
                if is_there(candidate):
                    return candidate
    return locate_drill(name, Path())


def _texts(section: Section, key: str) -> dict[str, str]:
    node = section.mapping(key)
    found: dict[str, str] = {}
    for name, (_, value) in (node.entries if node else {}).items():
        if not isinstance(value, ScalarNode) or value.value is None:
            message = f'"{shorten(name)}" in {key} must be a single value, not {kind_of(value)}'
            section.reading.add("103", message, value.span)
        else:
            found[name] = value.text
    return found


def _read_on_miss(section: Section) -> OnMiss:
    taken = section.scalar("on_miss")
    if taken is None:
        return "stop"
    node, text = taken
    if text not in _ON_MISS:
        message = f'"{shorten(text)}" is nothing to do on a miss'
        section.reading.problems.add("G127", message, node.span, choices(text, _ON_MISS))
    return _ON_MISS.get(text, "stop")


def _read_needs(section: Section) -> dict[str, Span]:
    """The ids, each with its place; one id alone needs no list."""
    node = section.take("needs")
    if node is None:
        return {}
    found: dict[str, Span] = {}
    for item in node.items if isinstance(node, ListNode) else (node,):
        if not isinstance(item, ScalarNode):
            section.reading.add("103", f'"needs" must be a list of ids, not {kind_of(item)}', item.span)
        elif check_name(section.reading, item.text, "an id", item.span):
            found[item.text] = item.span
    return found


def _check_ids(reading: Reading, placed: Sequence[PlacedDrill]) -> None:
    seen: set[str] = set()
    for one in placed:
        if one.entry.id in seen:
            advice = "give the second an id of its own"
            reading.problems.add("G111", f'the id "{one.entry.id}" is used twice', one.id_span, advice)
        seen.add(one.entry.id)


def _check_needs(reading: Reading, placed: Sequence[PlacedDrill]) -> None:
    """Every id that is needed is that of an earlier drill; what goes round in a circle is said as one."""
    order = {one.entry.id: number for number, one in enumerate(placed)}
    wanted = {one.entry.id: one.entry.needs for one in placed}
    told: set[frozenset[str]] = set()
    for number, one in enumerate(placed):
        for name, span in one.need_spans.items():
            circle = _circle(one.entry.id, name, wanted)
            if name not in order:
                advice = choices(name, set(order) - {one.entry.id})
                reading.problems.add("G112", f'no drill of this game day has the id "{name}"', span, advice)
            elif circle:
                if frozenset(circle) not in told:
                    message = f"the drills need each other: {' needs '.join(circle)}"
                    reading.problems.add("G113", message, span, "leave one of these needs out")
                told.add(frozenset(circle))
            elif order[name] >= number:
                advice = "put it before, or leave the need out"
                reading.problems.add("G114", f'"{name}" comes later than what needs it', span, advice)


def _circle(start: str, through: str, wanted: Mapping[str, Sequence[str]]) -> list[str]:
    """The way from `start` over `through` back to `start`, if there is one; both ends are in it."""
    trail: dict[str, str] = {through: start}
    waiting = [through]
    while waiting:
        here = waiting.pop()
        if here == start:
            return _walked(trail, start, through)
        for name in wanted.get(here, ()):
            if name not in trail:
                trail[name] = here
                waiting.append(name)
    return []


def _walked(trail: Mapping[str, str], start: str, through: str) -> list[str]:
    def back() -> Iterator[str]:
        here = start
        while here != through:
            yield here
            here = trail[here]

    return [start, through, *reversed(list(back()))] if start != through else [start, start]
