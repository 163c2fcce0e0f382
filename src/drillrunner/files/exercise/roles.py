"""The roles of an exercise as they are read: facilitator, scribe, evaluator, players, observers, simulated."""

from __future__ import annotations

from dataclasses import dataclass, field

from drillrunner.files.nearest import choices
from drillrunner.files.section import Section, kind_of, shorten
from drillrunner.model.exercise import ALL, FACILITATOR, Role, RoleKind
from drillrunner.yaml_source import ListNode, MapNode, Node, Problems, ScalarNode, Span

LONGEST_ROLE = 64
_SINGLE: tuple[RoleKind, ...] = ("facilitator", "scribe", "evaluator")
RESERVED = (ALL, *_SINGLE)


@dataclass(slots=True)
class Roles:
    """The roles that were read. `unreadable` is set where one could not be: then nobody is called unknown."""

    roles: list[Role] = field(default_factory=list)
    unreadable: bool = False

    def names(self, *kinds: RoleKind) -> list[str]:
        return [role.name for role in self.roles if role.kind in kinds]

    def take_sender(self, section: Section) -> str:
        """The role under `from`: anybody's, the facilitator's where there is none."""
        taken = section.scalar("from")
        if taken is None:
            return FACILITATOR
        kinds: tuple[RoleKind, ...] = (*_SINGLE, "player", "observer", "simulated")
        return self._known(section, *taken, self.names(*kinds), "nobody at the table is")

    def take_player(self, section: Section, key: str) -> str | None:
        """The player's role under that key, if there is one."""
        taken = section.scalar(key)
        return self.known_player(section, *taken) if taken else None

    def known_player(self, section: Section, node: ScalarNode, text: str) -> str:
        return self._known(section, node, text, self.names("player"), "no player is")

    def take_to(self, section: Section) -> tuple[str, ...]:
        """The players under `to`: `all`, one role or a list of them; all where there is none."""
        node = section.take("to")
        if node is None:
            return (ALL,)
        if isinstance(node, MapNode):
            message = f'"to" must be {ALL}, a role or a list of roles, not {kind_of(node)}'
            section.reading.add("103", message, node.span)
            return (ALL,)
        named = [self._one(section, item) for item in (node.items if isinstance(node, ListNode) else (node,))]
        found = tuple(dict.fromkeys(name for name in named if name))
        if not named:
            section.reading.add("106", '"to" names nobody', node.span, f"write {ALL}, a role or a list of roles")
        return (ALL,) if ALL in found or not found else found

    def _one(self, section: Section, node: Node) -> str | None:
        if not isinstance(node, ScalarNode):
            section.reading.add("103", f"a role must be a single value, not {kind_of(node)}", node.span)
            return None
        return ALL if node.text == ALL else self.known_player(section, node, node.text)

    def _known(self, section: Section, node: ScalarNode, text: str, known: list[str], nobody: str) -> str:
        if text not in known and not self.unreadable:
            advice = choices(text, known) or "name it under roles"
            section.reading.problems.add("X111", f'{nobody} "{shorten(text)}"', node.span, advice)
        return text


def read_roles(top: Section) -> Roles:
    """Read `roles: {facilitator, scribe, evaluator, players, observers, simulated}`. A facilitator is always there."""
    roles = Roles()
    span, before = top.span_of("roles"), len(top.reading.problems.found)
    section = top.section("roles")
    if section is None:
        roles.unreadable = len(top.reading.problems.found) > before
        roles.roles.append(Role(name=FACILITATOR, kind="facilitator"))
    else:
        for kind in _SINGLE:
            _read_single(section, kind, roles)
        _read_many(section, "players", "player", roles)
        _read_many(section, "observers", "observer", roles)
        _read_many(section, "simulated", "simulated", roles)
        section.finish()
        roles.unreadable = len(top.reading.problems.found) > before
    if not roles.names("player") and not roles.unreadable:
        advice = "write roles: {players: [incident commander, …]}"
        top.reading.problems.add("X121", "the exercise has no players", span, advice)
    return roles


def _read_single(section: Section, kind: RoleKind, roles: Roles) -> None:
    """A role that one person has: `scribe: Sre`. The facilitator needs no line of their own."""
    there = kind in section
    person = section.text(kind, longest=LONGEST_ROLE)
    if there or kind == FACILITATOR:
        roles.roles.append(Role(name=kind, kind=kind, person=person))


def _read_many(section: Section, key: str, kind: RoleKind, roles: Roles) -> None:
    for number, node in enumerate(section.items(key), 1):
        role = _read_role(section, node, f"{kind} {number}", kind)
        if role is not None:
            _check_new(section.reading.problems, role.name, node.span, roles)
            roles.roles.append(role)


def _read_role(section: Section, node: Node, what: str, kind: RoleKind) -> Role | None:
    """`incident commander`, or `{role: incident commander, person: Api}`."""
    reading = section.reading
    if isinstance(node, MapNode):
        inner = Section(reading, node, what, node.span)
        name = inner.text("role", required=True, longest=LONGEST_ROLE)
        person = inner.text("person", longest=LONGEST_ROLE)
        inner.finish()
        return Role(name=name, kind=kind, person=person) if name else None
    if not isinstance(node, ScalarNode):
        reading.add("103", f"a role must be a name or a mapping, not {kind_of(node)}", node.span)
        return None
    if not node.text.strip() or len(node.text) > LONGEST_ROLE:
        message = "a role has no name" if not node.text.strip() else f"a role has {len(node.text)} characters"
        reading.add("106", message, node.span, f"name it in at most {LONGEST_ROLE} characters")
        return None
    return Role(name=node.text, kind=kind)


def _check_new(problems: Problems, name: str, span: Span, roles: Roles) -> None:
    if name.casefold() in RESERVED:
        advice = f"{', '.join(RESERVED)} mean something else here"
        problems.add("X112", f'no role can be called "{name}"', span, advice)
    elif name.casefold() in {role.name.casefold() for role in roles.roles}:
        problems.add("X112", f'the role "{shorten(name)}" is given twice', span)
