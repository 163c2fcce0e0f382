"""Reads `environments.yaml`: where drills run, and the guards that hold there."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from drillrunner.errors import InvalidInput
from drillrunner.files.locate import ENVIRONMENTS, locate_environments
from drillrunner.files.nearest import choices
from drillrunner.files.section import Reading, Section, check_name, kind_of, read_moment, shorten
from drillrunner.files.variables import Variables
from drillrunner.model.environment import Database, Environment, FreezeWindow
from drillrunner.model.region import REGIONS, nearest_region
from drillrunner.yaml_source import Document, MapNode, Node, Problems, ScalarNode, Span, read_yaml

if TYPE_CHECKING:
    from drillrunner.files.signal_entry import SignalReader
    from drillrunner.model.signal import SignalSpec

# what `environment: lab` means where no environments.yaml defines it
EMBEDDED_LAB = Environment(
    name="lab",
    kind="lab",
    regions=(),
    topology="checkout",
    time_scale=10.0,
    max_targets=10,
    allow_irreversible=True,
    confirm=False,
)
_KINDS = ("lab", "aws")
_LAB_KEYS = ("topology", "time_scale")
_AWS_KEYS = ("account", "profile", "role_arn", "endpoint_url", "freeze", "resolver", "port_map", "ca_file", "databases")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]{1,512}\Z")
_RESOLVER = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-Fa-f:]+\]):\d{1,5}\Z")


def read_environments(path: Path) -> dict[str, Environment]:
    """Every environment in a file, by name. Raises InvalidInput with every problem (codes E1xx)."""
    return {name: environment for name, (environment, _) in _read_file(path).items()}


def _read_file(path: Path) -> dict[str, tuple[Environment, tuple[SignalSpec, ...]]]:
    """Every environment, and apart from it who is told of its runs: that is not part of what a plan is bound to."""
    return _read_version(path, _version(path))


def _version(path: Path) -> tuple[int, int]:
    """What changes when a file does; zeros where there is none, which its reading tells."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1)
def _read_version(path: Path, version: tuple[int, int]) -> dict[str, tuple[Environment, tuple[SignalSpec, ...]]]:
    """The file as it was then: one command asks for the same environments again and again."""
    document = _read_document(path)
    problems = Problems(document.file, document.lines)
    reading = Reading(problems, Variables(problems), "E")
    top = Section(reading, document.root, "the file", Span())
    body = top.mapping("environments") if "environments" in document.root.entries else document.root
    if "environments" in document.root.entries:
        top.finish()
    signals = _signal_reader(body)
    environments = {}
    for name, (key, node) in (body.entries if body else {}).items():
        found = _read_environment(reading, signals, name, key, node)
        if found:
            environments[name] = found
    if body is not None and not body.entries:
        problems.add("E117", "the file defines no environment", body.span)
    if problems.found:
        if signals:
            signals.hide(problems)
        problems.refuse()
    return environments


def _read_document(path: Path) -> Document:
    try:
        return read_yaml(path)
    except InvalidInput as error:
        from drillrunner.files.signal_secrets import without_addresses

        raise without_addresses(error) from None


def _signal_reader(body: MapNode | None) -> SignalReader | None:
    """One for all of the file's `signals`; None, and nothing loaded, where no environment has any."""
    nodes = [node for _, node in body.entries.values()] if body else []
    told = [node.entries["signals"][1] for node in nodes if isinstance(node, MapNode) and "signals" in node.entries]
    if not told:
        return None
    from drillrunner.files.signal_entry import SignalReader
    from drillrunner.files.signal_secrets import secrets_in

    return SignalReader(secrets=tuple(secret for node in told for secret in secrets_in(node)))


def find_environment(name: str, near: Path) -> Environment:
    """The environment of that name: from the file beside the drill `near`, else `./drills/environments.yaml`.

    Where there is no such file, `lab` is the embedded lab. Raises InvalidInput.
    """
    path = locate_environments(near)
    environments = read_environments(path) if path else {EMBEDDED_LAB.name: EMBEDDED_LAB}
    if name in environments:
        return environments[name]
    advice = choices(name, environments) or f"define it in {path or ENVIRONMENTS}"
    raise InvalidInput(f'there is no environment "{name}"', where=str(path or near), advice=advice)


def find_signals(name: str, near: Path) -> tuple[SignalSpec, ...]:
    """Who is told of runs on the environment of that name, found as `find_environment` does. Raises InvalidInput."""
    path = locate_environments(near)
    found = _read_file(path).get(name) if path else None
    return found[1] if found else ()


def environment_names(near: Path) -> list[str]:
    """The names that `find_environment` knows. Raises InvalidInput when the file is wrong."""
    path = locate_environments(near)
    return sorted(read_environments(path)) if path else [EMBEDDED_LAB.name]


def _read_environment(
    reading: Reading, signals: SignalReader | None, name: str, key: ScalarNode, node: Node
) -> tuple[Environment, tuple[SignalSpec, ...]] | None:
    if not check_name(reading, name, "an environment's name", key.span):
        return None
    if not isinstance(node, MapNode):
        reading.add("103", f'the environment "{name}" must be a mapping, not {kind_of(node)}', node.span)
        return None
    section = Section(reading, node, f'the environment "{name}"', key.span)
    kind = _read_kind(section)
    if kind is None:
        return None
    account = _read_account(section, kind)
    environment = Environment(
        name=name,
        kind=kind,
        regions=_read_regions(section, kind),
        max_targets=_read_whole(section, "max_targets", 5, 1, 1_000),
        allow_irreversible=section.boolean("allow_irreversible", kind == "lab"),
        confirm=section.boolean("confirm", kind == "aws"),
        freeze=_read_freeze(section),
        account=account,
        profile=section.text("profile"),
        role_arn=_read_role(section, account),
        endpoint_url=_read_endpoint(section),
        topology=section.text("topology", longest=1_000) or ("checkout" if kind == "lab" else None),
        time_scale=_read_scale(section),
        resolver=_read_resolver(section),
        port_map=_read_port_map(section),
        ca_file=section.text("ca_file", longest=1_000),
        databases=_read_databases(section),
    )
    told = signals.read(section) if signals else ()
    section.finish()
    return environment, told


def _read_kind(section: Section) -> Literal["lab", "aws"] | None:
    taken = section.scalar("kind", required=True)
    if taken is None:
        return None
    node, text = taken
    if text not in _KINDS:
        section.reading.problems.add(
            "E108", f'there is no kind of environment "{shorten(text)}"', node.span, "one of aws, lab"
        )
        return None
    kind: Literal["lab", "aws"] = "lab" if text == "lab" else "aws"
    for key in _AWS_KEYS if kind == "lab" else _LAB_KEYS:
        if key in section:
            message = f'"{key}" does not belong to an environment of kind {kind}'
            section.reading.problems.add("E109", message, section.span_of(key), "leave it out")
    return kind


def _read_account(section: Section, kind: str) -> str | None:
    taken = section.scalar("account", required=kind == "aws")
    if taken is None:
        return None
    node, text = taken
    if not re.fullmatch(r"\d{12}", text):
        section.reading.problems.add(
            "E114", f'"{shorten(text)}" is not an account: those have twelve digits', node.span
        )
    return text


def _read_role(section: Section, account: str | None) -> str | None:
    taken = section.scalar("role_arn")
    if taken is None:
        return None
    node, text = taken
    match = _ROLE.match(text)
    if not match:
        advice = "write it like arn:aws:iam::123456789012:role/drillrunner"
        section.reading.problems.add("E115", f'"{shorten(text)}" is not the ARN of an IAM role', node.span, advice)
    elif account and match.group(1) != account:
        message = f"the role belongs to account {match.group(1)}, not to {account}"
        section.reading.problems.add("E115", message, node.span, "a drill touches one account alone")
    return text


def _read_regions(section: Section, kind: str) -> tuple[str, ...]:
    if "regions" not in section and kind == "lab":
        return ()
    if "regions" not in section:
        section.take("regions", required=True)
        return ()
    regions = []
    for node in section.items("regions"):
        text = node.text if isinstance(node, ScalarNode) else ""
        if text in REGIONS:
            regions.append(text)
            continue
        near = nearest_region(text)
        advice = f'did you mean "{near}"?' if near else None
        section.reading.problems.add("E110", f"{kind_of(node)} is not an AWS region", node.span, advice)
    return tuple(regions)


def _read_whole(section: Section, key: str, default: int, low: int, high: int) -> int:
    taken = section.scalar(key)
    if taken is None:
        return default
    node, text = taken
    if re.fullmatch(r"\d{1,9}", text) and low <= int(text) <= high:
        return int(text)
    message = f'"{key}" must be a whole number between {low} and {high}, not "{shorten(text)}"'
    section.reading.problems.add("E113", message, node.span)
    return default


def _read_scale(section: Section) -> float:
    taken = section.scalar("time_scale")
    if taken is None:
        return 1.0
    node, text = taken
    if re.fullmatch(r"\d{1,4}(\.\d{1,6})?", text) and 0.1 <= float(text) <= 100:
        return float(text)
    message = f'"time_scale" must be between 0.1 and 100, not "{shorten(text)}"'
    section.reading.problems.add("E113", message, node.span, "10 makes ten drill seconds of every real one")
    return 1.0


def _read_freeze(section: Section) -> tuple[FreezeWindow, ...]:
    windows = []
    for number, node in enumerate(section.items("freeze"), start=1):
        if not isinstance(node, MapNode):
            section.reading.add("103", f"freeze window {number} must be a mapping, not {kind_of(node)}", node.span)
            continue
        window = _read_window(Section(section.reading, node, f"freeze window {number}", node.span))
        if window:
            windows.append(window)
    return tuple(windows)


def _read_window(section: Section) -> FreezeWindow | None:
    span = section.span_of("to")
    begins, ends = read_moment(section, "from", "E111"), read_moment(section, "to", "E111")
    reason = section.text("reason", required=True)
    section.finish()
    if begins is None or ends is None or reason is None:
        return None
    if ends <= begins:
        section.reading.problems.add("E112", "the freeze window ends before it begins", span, "swap from and to")
    return FreezeWindow(begins=begins, ends=ends, reason=reason)


def _read_endpoint(section: Section) -> str | None:
    taken = section.scalar("endpoint_url")
    if taken is None:
        return None
    node, text = taken
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        message = f'"{shorten(text)}" is no http or https address'
        section.reading.problems.add("E116", message, node.span, "write it like https://localhost.example.test:4566")
    return text


def _read_resolver(section: Section) -> str | None:
    taken = section.scalar("resolver")
    if taken is None:
        return None
    node, text = taken
    if not _RESOLVER.match(text):
        message = f'"{shorten(text)}" is no resolver'
        section.reading.problems.add("E116", message, node.span, "write address and port, like 10.0.0.2:53")
    return text


def _read_port_map(section: Section) -> dict[int, int]:
    ports: dict[int, int] = {}
    node = section.mapping("port_map")
    for text, (key, value) in (node.entries if node else {}).items():
        target = value.text if isinstance(value, ScalarNode) else ""
        if _is_port(text) and _is_port(target):
            ports[int(text)] = int(target)
        else:
            message = f'"{shorten(text)}: {shorten(target)}" maps no port to a port'
            section.reading.problems.add("E113", message, key.span, "ports are numbers from 1 to 65535")
    return ports


def _is_port(text: str) -> bool:
    return bool(re.fullmatch(r"\d{1,5}", text)) and 1 <= int(text) <= 65_535


def _read_databases(section: Section) -> dict[str, Database]:
    databases = {}
    node = section.mapping("databases")
    for name, (key, body) in (node.entries if node else {}).items():
        if not isinstance(body, MapNode):
            message = f'the database "{name}" must be a mapping, not {kind_of(body)}'
            section.reading.add("103", message, body.span)
            continue
        if check_name(section.reading, name, "a database's name", key.span):
            databases[name] = _read_database(Section(section.reading, body, f'the database "{name}"', key.span))
    return databases


def _read_database(section: Section) -> Database:
    if "password" in section:
        span = section.span_of("password")
        section.take("password")
        advice = 'did you mean "password_env"? name the environment variable that holds it'
        section.reading.add("102", "a password does not belong in a file", span, advice)
    database = Database(
        host=section.text("host", required=True) or "",
        port=_read_whole(section, "port", 5432, 1, 65_535),
        dbname=section.text("dbname") or "postgres",
        user=section.text("user") or "postgres",
        password_env=section.text("password_env"),
    )
    section.finish()
    return database
